"""Entries of the public pages (ui.md §2)."""

from django.utils.translation import gettext_lazy as _

from mingcha.portals.shared.nav import Entry

NAV = (
    Entry(_("排放数据"), "public:outlets", "chart-line", phone=True),
    Entry(_("运维机构"), "public:agencies", "tool", phone=True),
)
