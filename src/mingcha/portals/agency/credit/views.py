"""信用: our score of a year, and every lost point with the object and clause it came from (ui.md §3.13)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.credit import selectors
from mingcha.core import clock
from mingcha.core.errors import NotFound
from mingcha.portals.agency import access
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.form_words import english

YEARS = 3  # the present year and those before it that a page offers


@access.people
def credit(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    if user.organisation is None:
        raise NotFound("the account belongs to no agency")
    this_year = clock.beijing(clock.now()).year
    years = [this_year - back for back in range(YEARS)]
    asked = request.GET.get("year", "")
    year = int(asked) if asked in map(str, years) else this_year
    score = selectors.score_of(user, user.organisation, year)
    context = {
        "title": _("信用"),
        "tabs": [(f"?year={one}", str(one), None, one == year) for one in years],
        "score": score,
        "lost": sum(len(row.lost) for heading in score.headings for row in heading.indicators),
        "en": english(),
    }
    return render(request, "agency/credit/credit.html", context)
