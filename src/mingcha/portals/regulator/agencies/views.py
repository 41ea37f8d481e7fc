"""Agencies with their score of the year; one agency with every counted and lost object."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from mingcha.apps.credit import selectors
from mingcha.core.clock import beijing, now
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.shared.access import viewer

FIRST_YEAR = 2020


def _year(request: HttpRequest) -> int:
    this = beijing(now()).year
    text = request.GET.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else this
    return min(max(year, FIRST_YEAR), this)


@for_regulators
@require_GET
def agency_list(request: HttpRequest) -> HttpResponse:
    year = _year(request)
    context = {"title": gettext("运维机构"), "year": year, "rows": selectors.scores(viewer(request), year)}
    return render(request, "regulator/agencies/agencies.html", context | {"years": _years()})


def _years() -> range:
    this = beijing(now()).year
    return range(this, max(FIRST_YEAR, this - 4), -1)


@for_regulators
@require_GET
def agency(request: HttpRequest, uscc: str) -> HttpResponse:
    user, year = viewer(request), _year(request)
    found = selectors.agency_get(user, uscc)
    context = {
        "title": found.name, "agency": found, "year": year, "years": _years(),
        "score": selectors.score_of(user, found, year), "items": selectors.items_of(user, found, year, withdrawn=True),
    }  # fmt: skip
    return render(request, "regulator/agencies/agency.html", context)
