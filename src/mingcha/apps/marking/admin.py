from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.marking.models import Mark


@admin.register(Mark)
class MarkAdmin(ReadOnly):
    list_display = ["outlet", "factor", "item", "start", "end", "late", "state"]
    list_filter = ["item", "state", "late"]
