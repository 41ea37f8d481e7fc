"""Left entries of the agency's portal (ui.md §2)."""

from django.utils.translation import gettext_lazy as _

from mingcha.portals.shared.nav import Entry

NAV = (
    Entry(_("今日"), "agency:today", "home", phone=True),
    Entry(_("计划"), "agency:tasks", "calendar", phone=True),
    Entry(_("活动"), "agency:visits", "tool", phone=True),
    Entry(_("排放口"), "agency:outlets", "chart-line", pages=("rate", "compare", "revision")),
    Entry(_("人员"), "agency:people", "users"),
    Entry(_("信用"), "agency:credit", "award", phone=True, pages=("case",)),
)
