from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.credit.models import CreditItem


@admin.register(CreditItem)
class CreditItemAdmin(ReadOnly):
    list_display = ["agency", "year", "indicator", "points", "source_id", "created_at", "withdrawn_at"]
    list_filter = ["year", "indicator"]
    search_fields = ["source_id"]
