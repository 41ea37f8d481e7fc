"""Entries at the bottom of the phone (ui.md §2). The queue of unsent work comes with offline filling."""

from django.utils.translation import gettext_lazy as _

from mingcha.portals.shared.nav import Entry

NAV = (
    Entry(_("任务"), "mobile:tasks", "list", phone=True),
    Entry(_("填报"), "mobile:current", "pencil", phone=True, pages=("visit", "record")),
    Entry(_("我的"), "mobile:me", "user", phone=True),
)
