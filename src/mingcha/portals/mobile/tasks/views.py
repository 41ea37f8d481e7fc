"""任务: what is to be done, the nearest window first; sign-in at the station (ui.md §3.11)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mingcha.apps.accounts.permissions import can
from mingcha.apps.accounts.roles import Role
from mingcha.apps.maintenance import selectors, services
from mingcha.core import clock
from mingcha.portals.mobile import access
from mingcha.portals.mobile.tasks.forms import SignInForm
from mingcha.portals.shared import forms, stores
from mingcha.portals.shared.access import viewer

TASK = "mobile/tasks/task.html"
OPEN_STATES = ("planned", "assigned", "in_progress")


@access.readers
def tasks(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    rows = selectors.tasks_visible_to(user).filter(state__in=OPEN_STATES)
    mine = user.role == Role.TECHNICIAN
    context = {
        "title": _("任务"),
        "mine": rows.filter(assignee_id=user.pk) if mine else None,
        "page": forms.page_of(request, rows.exclude(assignee_id=user.pk) if mine else rows),
        "open_visits": selectors.open_visits_of(user) if mine else (),
    }
    return render(request, "mobile/tasks/tasks.html", context)


@access.readers
def task(request: HttpRequest, task_id: int) -> HttpResponse:
    return render(request, TASK, _page(request, task_id, SignInForm()))


@access.technicians
@require_POST
def sign_in(request: HttpRequest, task_id: int) -> HttpResponse:
    found = selectors.task_get(viewer(request), task_id)
    form = SignInForm(request.POST, request.FILES)
    visits: list[Any] = []
    form.station = (found.outlet.latitude, found.outlet.longitude, found.outlet.geofence_m)
    if not forms.carried_out(form, lambda clean: visits.append(_sign_in(request, found, clean))):
        return forms.rejected(request, TASK, _page(request, task_id, form))
    return redirect("mobile:visit", visits[0].number)


def _page(request: HttpRequest, task_id: int, form: SignInForm) -> dict[str, Any]:
    user = viewer(request)
    found = selectors.task_get(user, task_id)
    return {
        "title": found.outlet.discharger.name,
        "task": found,
        "form": form,
        "may_sign_in": can(user, "visit.sign_in") and found.state in OPEN_STATES,
        "open_visit": selectors.open_visits_of(user).filter(task=found).first(),
    }


def _sign_in(request: HttpRequest, found: Any, clean: dict[str, Any]) -> Any:
    photo = clean.pop("photo")
    digest = stores.blobs().put(photo.read()) if photo is not None else ""
    return services.visit_sign_in(
        task=found, technician=viewer(request), at=clock.now(), photo_sha256=digest, **clean
    )
