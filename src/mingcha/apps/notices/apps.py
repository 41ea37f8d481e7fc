from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "mingcha.apps.notices"
    label = "notices"
    verbose_name = "通知"
