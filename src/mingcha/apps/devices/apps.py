from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "mingcha.apps.devices"
    label = "devices"
    verbose_name = "设备接入"
