"""今日: what to confirm, mark, report and answer; then my outlets (ui.md §3.9)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.duties import selectors as duties
from mingcha.apps.findings import selectors as findings
from mingcha.core import clock
from mingcha.portals.discharger import access
from mingcha.portals.shared import visits
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.stations import stations

SHOWN = 10  # rows of one block; the rest is one click away
OPEN_FINDINGS = ("detected", "assigned", "confirmed", "in_case")


@access.people
def today(request: HttpRequest) -> HttpResponse:
    user, now = viewer(request), clock.now()
    context = {
        "title": _("今日"),
        "now": now,
        "visits": visits.waiting_for_confirmation(user)[:SHOWN],
        "duties": duties.duties_visible_to(user).filter(state__in=["running", "late"])[:SHOWN],
        "findings": findings.findings_visible_to(user).filter(state__in=OPEN_FINDINGS)[:SHOWN],
        "outlets": stations(user, now),
    }
    return render(request, "discharger/today/today.html", context)
