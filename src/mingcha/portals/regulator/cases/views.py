"""Cases: the list, and one case with its line of evidence and the moves that are legal now."""

from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from mingcha.apps.cases import selectors
from mingcha.core.clock import now
from mingcha.core.errors import BadInput, NotFound
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.regulator.cases.forms import CaseFilter
from mingcha.portals.regulator.cases.moves import MOVES, form_of, offers
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import add_problems, page_of


@for_regulators
@require_GET
def case_list(request: HttpRequest) -> HttpResponse:
    form = CaseFilter(request.GET)
    good = form.is_valid()
    wanted = form.cleaned_data
    found = selectors.cases_visible_to(viewer(request))
    state = wanted.get("state", "")
    if state == "":
        found = found.exclude(state="closed")
    elif state != "all":
        found = found.filter(state=state)
    if wanted.get("level"):
        found = found.filter(level=wanted["level"])
    if wanted.get("district"):
        found = found.filter(district__code=wanted["district"])
    if text := wanted.get("q", "").strip():
        found = found.filter(
            Q(number__icontains=text) | Q(title_zh__icontains=text) | Q(discharger__name__icontains=text)
        )
    found = found.order_by(F("due_at").asc(nulls_last=True), "-opened_at")
    context = {
        "title": gettext("案件"),
        "form": form,
        "page": page_of(request, found),
        "filtered": any(wanted.values()),
    }
    return render(request, "regulator/cases/cases.html", context, status=200 if good else 422)


@for_regulators
@require_GET
def case(request: HttpRequest, number: str) -> HttpResponse:
    found = selectors.case_get(viewer(request), number)
    return _page(request, found, offers(found, viewer(request)))


def _page(request: HttpRequest, found: Any, legal: list[Any], status: int = 200) -> HttpResponse:
    context = {
        "title": found.number,
        "case": found,
        "offers": legal,
        "timeline": selectors.timeline(found, user=viewer(request)),
        "findings": found.findings.select_related("outlet__discharger", "organisation"),
    }
    return render(request, "regulator/cases/case.html", context, status=status)


@for_regulators
@require_POST
def act(request: HttpRequest, number: str, move: str) -> HttpResponse:
    """Make one move; bad values come back beside their fields with everything that was typed."""
    user = viewer(request)
    found = selectors.case_get(user, number)
    if move not in MOVES:
        raise NotFound(f"no move {move!r}")
    form: Any = form_of(move, found, request.POST)
    if form.is_valid():
        try:
            MOVES[move].act(found, form, user, now())
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(
                request,
                gettext("%(number)s：%(move)s，已完成。") % {"number": number, "move": MOVES[move].word},
            )
            return redirect("regulator:case", number)
    return _page(request, found, offers(found, user, form, move), status=422)
