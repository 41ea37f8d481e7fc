"""Left entries of the discharger's portal (ui.md §2)."""

from django.utils.translation import gettext_lazy as _

from mingcha.portals.shared.nav import Entry

NAV = (
    Entry(_("今日"), "discharger:today", "home", phone=True, pages=("finding",)),
    Entry(_("排放口"), "discharger:outlets", "chart-line", pages=("rate", "compare", "revision")),
    Entry(_("数据标记"), "discharger:marks", "flag", phone=True, pages=("codes",)),
    Entry(_("运维活动"), "discharger:visits", "tool", phone=True),
    Entry(_("时限"), "discharger:duties", "clock", phone=True),
    Entry(_("案件"), "discharger:cases", "briefcase"),
)
