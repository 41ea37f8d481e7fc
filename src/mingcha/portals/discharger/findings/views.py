"""What was found about us: the fact, the rule, what to do by when (ui.md §6)."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from mingcha.apps.findings import selectors
from mingcha.core import clock
from mingcha.portals.discharger import access
from mingcha.portals.shared import forms
from mingcha.portals.shared.access import viewer

OPEN_STATES = ("detected", "assigned", "confirmed", "in_case")


@access.people
def findings(request: HttpRequest) -> HttpResponse:
    rows = selectors.findings_visible_to(viewer(request))
    context = {"title": _("发现的情况"), "page": forms.page_of(request, rows)}
    return render(request, "discharger/findings/findings.html", context)


@access.people
def finding(request: HttpRequest, number: str) -> HttpResponse:
    found = selectors.finding_get(viewer(request), number)
    outlet = found.outlet
    start, end = (clock.beijing(moment).strftime("%Y-%m-%dT%H:%M") for moment in (found.start, found.end))
    context = {
        "title": found.number,
        "finding": found,
        "facts": selectors.facts_of(found, withdrawn=True),
        "open": found.state in OPEN_STATES,
        "outlet_address": outlet and reverse("discharger:outlet", args=[outlet.discharger.uscc, outlet.code]),
        "mark_address": outlet
        and reverse("discharger:mark_new")
        + "?"
        + urlencode({"outlet": outlet.key, "factor": found.factor, "start": start, "end": end}),
    }
    return render(request, "discharger/findings/finding.html", context)
