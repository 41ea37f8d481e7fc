from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "mingcha.site"
    label = "mingcha_site"
