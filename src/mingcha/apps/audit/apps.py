from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "mingcha.apps.audit"
    label = "audit"
    verbose_name = "审计"
