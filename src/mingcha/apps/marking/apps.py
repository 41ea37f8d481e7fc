from django.apps import AppConfig


class MarkingConfig(AppConfig):
    name = "mingcha.apps.marking"
    label = "marking"
    verbose_name = "标记"
