from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "mingcha.apps.duties"
    label = "duties"
    verbose_name = "时限"
