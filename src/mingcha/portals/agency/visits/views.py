"""活动: visits of our technicians, and their review before the technician leaves (WF-8)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mingcha.apps.accounts.permissions import can
from mingcha.apps.maintenance import selectors, services
from mingcha.core import clock
from mingcha.portals.agency import access
from mingcha.portals.agency.visits.forms import ReviewForm
from mingcha.portals.shared import forms
from mingcha.portals.shared import visits as shared
from mingcha.portals.shared.access import viewer

VISIT = "agency/visits/visit.html"

photo = access.people(shared.photo)


@access.people
def visits(request: HttpRequest) -> HttpResponse:
    return render(request, "agency/visits/visits.html", shared.visit_list(request) | {"title": _("活动")})


@access.people
def visit(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, VISIT, _page(request, number, ReviewForm()))


@access.reviewers
@require_POST
def review(request: HttpRequest, number: str) -> HttpResponse:
    user = viewer(request)
    found = selectors.visit_get(user, number)
    form = ReviewForm(request.POST)
    if not forms.carried_out(
        form, lambda clean: services.visit_review(visit=found, by=user, at=clock.now(), **clean)
    ):
        return forms.rejected(request, VISIT, _page(request, number, form))
    passed = form.cleaned_data["decision"] == "approve"
    said = _("已审核通过 %(number)s。") if passed else _("已退回 %(number)s。")
    messages.success(request, said % {"number": number})
    return redirect("agency:visit", number)


def _page(request: HttpRequest, number: str, form: ReviewForm) -> dict[str, Any]:
    context = shared.visit_page(request, number)
    user, found = viewer(request), context["visit"]
    waits = found.state in shared.TO_REVIEW
    return context | {
        "form": form,
        "waits": waits,
        "may_review": waits and can(user, "visit.review") and found.technician_id != user.pk,
        "photos": reverse("agency:visit", args=[number]) + "photos/",
    }
