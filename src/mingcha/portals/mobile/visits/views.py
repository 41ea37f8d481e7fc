"""填报: the visit in hand: its records, handing in, leaving (ui.md §3.11)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mingcha.apps.accounts.roles import Role
from mingcha.apps.maintenance import selectors, services
from mingcha.apps.maintenance.forms import form_get
from mingcha.core import clock
from mingcha.core.errors import BadInput
from mingcha.portals.mobile import access
from mingcha.portals.mobile.records.sheet import ident, page_of_field
from mingcha.portals.mobile.tasks.forms import PlaceForm
from mingcha.portals.shared import forms
from mingcha.portals.shared import visits as shared
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.form_words import label, title

VISIT = "mobile/visits/visit.html"
CURRENT = ("open", "submitted", "reviewed", "confirmed", "complete")
MOST_PROBLEMS = 12  # listed at once; the rest is counted
MAY_LEAVE = ("submitted", "reviewed", "confirmed", "complete")

photo = access.readers(shared.photo)


@access.technicians
def current(request: HttpRequest) -> HttpResponse:
    """The visit I am at; where there are several, or none, the page says so."""
    user = viewer(request)
    mine = selectors.visits_visible_to(user).filter(technician_id=user.pk)
    here = list(mine.filter(state__in=CURRENT, sign_out_at=None))
    if len(here) == 1:
        return redirect("mobile:visit", here[0].number)
    return render(
        request, "mobile/visits/current.html", {"title": _("填报"), "visits": here, "last": mine.first()}
    )


@access.readers
def visit(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, VISIT, _page(request, number, PlaceForm()))


@access.technicians
@require_POST
def submit(request: HttpRequest, number: str) -> HttpResponse:
    found = selectors.visit_get(viewer(request), number)
    try:
        services.visit_submit(visit=found, by=viewer(request), at=clock.now())
    except BadInput as error:
        context = _page(request, number, PlaceForm()) | {"problems": _by_form(found, error)}
        return forms.rejected(request, VISIT, context)
    messages.success(request, _("已提交，等待排污单位确认和机构审核。"))
    return redirect("mobile:visit", number)


@access.technicians
@require_POST
def sign_out(request: HttpRequest, number: str) -> HttpResponse:
    found = selectors.visit_get(viewer(request), number)
    form = PlaceForm(request.POST)
    if not forms.carried_out(
        form,
        lambda clean: services.visit_sign_out(
            visit=found, by=viewer(request), at=clock.now(), **_leaving(clean)
        ),
    ):
        return forms.rejected(request, VISIT, _page(request, number, form))
    messages.success(request, _("已签退。"))
    return redirect("mobile:visit", number)


def _page(request: HttpRequest, number: str, form: PlaceForm) -> dict[str, Any]:
    user = viewer(request)
    context = shared.visit_page(request, number)
    found = context["visit"]
    own = user.role == Role.TECHNICIAN and found.agency_id == user.organisation_id
    return context | {
        "title": found.outlet.discharger.name,
        "needs": [(need, title(need.form)) for need in selectors.form_needs(found)],
        "form": form,
        "photos": reverse("mobile:visit", args=[number]) + "photos/",
        "may_fill": own and found.state == "open",
        "may_leave": own and found.state in MAY_LEAVE and found.sign_out_at is None,
    }


def _leaving(clean: dict[str, Any]) -> dict[str, Any]:
    """What sign-out takes of the form; the accuracy stays with the device."""
    return {name: clean[name] for name in ("latitude", "longitude", "reason")}


def _by_form(visit: Any, error: BadInput) -> list[tuple[str, str]]:
    """(address, sentence) of each problem, leading to the page of the form where it is mended."""
    found = [(_address(visit, name), _named(name, sentence)) for name, sentence in error.problems.items()]
    rest = len(found) - MOST_PROBLEMS
    return [*found[:MOST_PROBLEMS], ("", _("另有 %(n)d 处。") % {"n": rest})] if rest > 0 else found


def _named(name: str, sentence: str) -> str:
    """The sentence with the field's label before it, unless it says the label itself."""
    form_id, _dot, field = name.partition(".")
    item = form_get(form_id).field(field.partition(".")[0]) if form_id else None
    return sentence if item is None or label(item) in sentence else f"{label(item)}：{sentence}"


def _address(visit: Any, name: str) -> str:
    form_id, _, field = name.partition(".")
    if not form_id:
        return ""
    page = page_of_field(form_get(form_id), field.partition(".")[0])
    here = reverse("mobile:record", args=[visit.number, form_id])
    return f"{here}?page={page}" + (f"#{ident(field)}" if field else "")
