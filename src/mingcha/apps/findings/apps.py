from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "mingcha.apps.findings"
    label = "findings"
    verbose_name = "线索"
