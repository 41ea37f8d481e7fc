from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.devices.models import Quarantine


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnly):
    list_display = ["mn", "first_seen", "last_seen", "frames", "last_ref"]
