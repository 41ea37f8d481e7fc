from django.contrib import admin

from mingcha.apps.accounts.admin import ReadOnly
from mingcha.apps.notices.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ["created_at", "user", "kind", "title_zh", "read_at"]
    list_filter = ["kind"]
