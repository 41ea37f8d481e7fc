from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.registry.models import (
    Datalogger,
    Instrument,
    Outlet,
    OutletLimit,
    PermittedAmount,
    PointSetting,
    Profile,
    Schedule,
)


@admin.register(Profile)
class ProfileAdmin(ReadOnly):
    list_display = ["organisation", "permit_no", "permit_category", "industry"]


@admin.register(Outlet)
class OutletAdmin(ReadOnly):
    list_display = ["discharger", "code", "name", "medium", "state"]
    list_filter = ["medium", "state"]
    search_fields = ["discharger__name", "discharger__uscc", "name"]


@admin.register(Instrument)
class InstrumentAdmin(ReadOnly):
    list_display = ["outlet", "factor", "model", "unit", "installed_at", "removed_at"]


@admin.register(Datalogger)
class DataloggerAdmin(ReadOnly):
    list_display = ["mn", "st", "edition", "outlet", "installed_at", "removed_at"]


@admin.register(OutletLimit)
class OutletLimitAdmin(ReadOnly):
    list_display = ["outlet", "factor", "averaging", "value", "unit", "document", "valid_from", "valid_to"]


@admin.register(PointSetting)
class PointSettingAdmin(ReadOnly):
    list_display = ["outlet", "factor", "unit", "range_top", "valid_from", "valid_to", "set_by", "undone_at"]


@admin.register(Schedule)
class ScheduleAdmin(ReadOnly):
    list_display = ["outlet", "factor", "cause", "valid_from", "valid_to", "set_by", "undone_at"]


@admin.register(PermittedAmount)
class PermittedAmountAdmin(ReadOnly):
    list_display = ["discharger", "outlet", "factor", "year", "period", "tonnes", "set_by", "undone_at"]
