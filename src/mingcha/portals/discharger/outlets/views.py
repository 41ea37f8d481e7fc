"""排放口: our outlets, whether they speak, and their newest values."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.registry import selectors
from mingcha.core import clock
from mingcha.portals.discharger import access
from mingcha.portals.shared import forms, live
from mingcha.portals.shared.access import viewer


@access.people
def outlets(request: HttpRequest) -> HttpResponse:
    rows = selectors.outlets_visible_to(viewer(request)).prefetch_related("instruments", "dataloggers")
    page = forms.page_of(request, rows)
    context = {
        "title": _("排放口"),
        "page": page,
        "outlets": live.states(page.object_list, clock.now(), view="discharger:outlet"),
    }
    return render(request, "discharger/outlets/outlets.html", context)
