"""时限: every deadline that runs against us, the nearest first (ui.md §3.5)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.duties import selectors
from mingcha.portals.discharger import access
from mingcha.portals.shared import forms
from mingcha.portals.shared.access import viewer

OPEN_STATES = ("running", "late")


@access.people
def duties(request: HttpRequest) -> HttpResponse:
    shown = "all" if request.GET.get("show") == "all" else "open"
    rows = selectors.duties_visible_to(viewer(request))
    if shown == "open":
        rows = rows.filter(state__in=OPEN_STATES)
    context = {"title": _("时限"), "page": forms.page_of(request, rows), "shown": shown}
    return render(request, "discharger/duties/duties.html", context)
