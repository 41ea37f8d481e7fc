from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "mingcha.apps.cases"
    label = "cases"
    verbose_name = "案件"
