"""排放口: the outlets we serve by a running contract, whether they speak, and their newest values."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.registry import selectors
from mingcha.core import clock
from mingcha.portals.agency import access
from mingcha.portals.shared import forms
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.stations import stations


@access.people
def outlets(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    page = forms.page_of(
        request, selectors.outlets_visible_to(user).prefetch_related("dataloggers", "limits")
    )
    context = {
        "title": _("排放口"),
        "page": page,
        "outlets": stations(user, clock.now(), list(page.object_list)),
    }
    return render(request, "agency/outlets/outlets.html", context)
