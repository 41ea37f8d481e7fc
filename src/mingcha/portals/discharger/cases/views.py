"""Cases we are a party to, to read (ui.md §3.4: parties see their part)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.cases import selectors
from mingcha.portals.discharger import access
from mingcha.portals.shared import forms
from mingcha.portals.shared.access import viewer


@access.people
def cases(request: HttpRequest) -> HttpResponse:
    rows = selectors.cases_visible_to(viewer(request))
    return render(
        request, "discharger/cases/cases.html", {"title": _("案件"), "page": forms.page_of(request, rows)}
    )


@access.people
def case(request: HttpRequest, number: str) -> HttpResponse:
    found = selectors.case_get(viewer(request), number)
    context = {
        "title": found.number,
        "case": found,
        "timeline": selectors.timeline(found, user=viewer(request)),
    }
    return render(request, "discharger/cases/case.html", context)
