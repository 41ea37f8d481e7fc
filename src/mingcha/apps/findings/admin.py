from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.findings.models import Fact, Finding


@admin.register(Finding)
class FindingAdmin(ReadOnly):
    list_display = ["number", "kind", "source", "outlet", "factor", "level", "state", "start", "end"]
    list_filter = ["kind", "level", "state"]
    search_fields = ["number", "source", "title_zh"]


@admin.register(Fact)
class FactAdmin(ReadOnly):
    list_display = ["key", "finding", "level", "recorded_at", "withdrawn_at"]
    search_fields = ["key", "digest"]
