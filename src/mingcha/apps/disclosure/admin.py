from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.disclosure.models import Snapshot


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly):
    list_display = ["outlet", "version", "published_at", "why", "digest"]
    list_filter = ["why"]
    search_fields = ["digest"]
