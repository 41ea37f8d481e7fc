"""Left entries of the regulator's portal (ui.md §2)."""

from django.utils.translation import gettext_lazy as _

from mingcha.portals.shared.nav import Entry

NAV = (
    Entry(_("工作台"), "regulator:overview", "layout-dashboard", phone=True),
    Entry(_("线索"), "regulator:findings", "flag", phone=True),
    Entry(_("案件"), "regulator:cases", "briefcase", phone=True),
    Entry(
        _("在线监控"),
        "regulator:outlets",
        "chart-line",
        phone=True,
        pages=("rate", "compare", "revision", "mark", "codes"),
    ),
    Entry(_("时限"), "regulator:duties", "clock"),
    Entry(_("运维机构"), "regulator:agencies", "tool"),
    Entry(_("数采仪"), "regulator:devices", "device-desktop-analytics", pages=("quarantine",)),
    Entry(_("报文"), "regulator:frames", "binary"),
)
