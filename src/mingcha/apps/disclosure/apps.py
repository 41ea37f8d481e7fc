from django.apps import AppConfig


class DisclosureConfig(AppConfig):
    name = "mingcha.apps.disclosure"
    label = "disclosure"
    verbose_name = "公开"
