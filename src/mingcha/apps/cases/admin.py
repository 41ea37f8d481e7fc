from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.cases.models import Case, Note


@admin.register(Case)
class CaseAdmin(ReadOnly):
    list_display = ["number", "title_zh", "level", "discharger", "agency", "state", "due_at"]
    list_filter = ["state", "level", "conclusion"]
    search_fields = ["number", "title_zh"]


@admin.register(Note)
class NoteAdmin(ReadOnly):
    list_display = ["case", "author", "at"]
    search_fields = ["case__number"]
