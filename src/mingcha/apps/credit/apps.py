from django.apps import AppConfig


class CreditConfig(AppConfig):
    name = "mingcha.apps.credit"
    label = "credit"
    verbose_name = "信用"
