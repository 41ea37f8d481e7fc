from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.marking.models import CodeConfirmation, Mark


@admin.register(Mark)
class MarkAdmin(ReadOnly):
    list_display = ["outlet", "factor", "item", "start", "end", "late", "state"]
    list_filter = ["item", "state", "late"]


@admin.register(CodeConfirmation)
class CodeConfirmationAdmin(ReadOnly):
    list_display = ["outlet", "year", "quarter", "state", "due_at", "confirmed_by", "confirmed_at"]
    list_filter = ["state", "year", "quarter"]
