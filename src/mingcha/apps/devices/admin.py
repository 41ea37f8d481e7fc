from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.devices.models import Command, Quarantine, Rewalk, StationKey, StationSetting, Target


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnly):
    list_display = ["kind", "mn", "hardware_id", "state", "first_seen", "last_seen", "frames", "last_ref"]
    list_filter = ["kind", "state"]


@admin.register(StationSetting)
class StationSettingAdmin(ReadOnly):
    list_display = ["datalogger", "edition", "valid_from", "set_by", "set_at", "why"]


@admin.register(StationKey)
class StationKeyAdmin(ReadOnly):
    list_display = [
        "datalogger",
        "state",
        "imported",
        "proposed_by",
        "approved_by",
        "in_force_from",
        "ended_at",
    ]
    exclude = ["sealed_key"]


@admin.register(Command)
class CommandAdmin(ReadOnly):
    list_display = ["datalogger", "command", "state", "asked_by", "asked_at", "ended_at", "reason"]
    list_filter = ["state", "command"]
    exclude = ["sealed_values"]


@admin.register(Rewalk)
class RewalkAdmin(ReadOnly):
    list_display = ["mn", "start", "end", "why", "asked_at", "done_at", "frames"]


@admin.register(Target)
class TargetAdmin(ReadOnly):
    list_display = ["name", "title", "host", "port", "edition", "tls", "active"]
    exclude = ["sealed_password", "sealed_key"]
