from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "mingcha.apps.registry"
    label = "registry"
    verbose_name = "登记"
