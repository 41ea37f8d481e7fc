"""运维机构: filed agencies with how many outlets they serve and their credit (WF-14 P1, P2)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mingcha.apps.credit import selectors
from mingcha.core import clock

YEARS = 3  # the present year and those before it that a page offers


@require_safe
def agencies(request: HttpRequest) -> HttpResponse:
    this_year = clock.beijing(clock.now()).year
    years = [this_year - back for back in range(YEARS)]
    asked = request.GET.get("year", "")
    year = int(asked) if asked in map(str, years) else this_year
    context = {
        "title": _("运维机构"),
        "year": year,
        "tabs": [(f"?year={one}", str(one), None, one == year) for one in years],
        "rows": selectors.score_public(year),
        "running": year == this_year,
    }
    return render(request, "public/agencies/agencies.html", context)
