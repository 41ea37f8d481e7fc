from django.apps import AppConfig


class MaintenanceConfig(AppConfig):
    name = "mingcha.apps.maintenance"
    label = "maintenance"
    verbose_name = "运维"
