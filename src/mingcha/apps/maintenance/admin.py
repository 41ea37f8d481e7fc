from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.maintenance.models import Contract, Record, Task, Visit


@admin.register(Contract)
class ContractAdmin(ReadOnly):
    list_display = ["number", "agency", "discharger", "start", "end", "ended_early_on"]
    search_fields = ["number"]


@admin.register(Task)
class TaskAdmin(ReadOnly):
    list_display = ["outlet", "activity", "window_start", "window_end", "assignee", "state"]
    list_filter = ["state", "activity"]


@admin.register(Visit)
class VisitAdmin(ReadOnly):
    list_display = [
        "number",
        "outlet",
        "agency",
        "technician",
        "activity",
        "state",
        "sign_in_at",
        "sign_out_at",
    ]
    list_filter = ["state", "activity"]
    search_fields = ["number"]


@admin.register(Record)
class RecordAdmin(ReadOnly):
    list_display = ["visit", "form", "version", "author", "saved_at", "submitted"]
    list_filter = ["form", "submitted"]
    search_fields = ["visit__number", "digest"]
