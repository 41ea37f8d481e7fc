from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.duties.models import Duty


@admin.register(Duty)
class DutyAdmin(ReadOnly):
    list_display = ["kind", "organisation", "subject_kind", "subject_id", "due_at", "state"]
    list_filter = ["kind", "state"]
