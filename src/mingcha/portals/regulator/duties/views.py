"""The deadlines of everybody in the viewer's area, the next due first."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from mingcha.apps.duties import selectors
from mingcha.core.clock import now
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.regulator.duties.forms import DutyFilter
from mingcha.portals.shared import words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import page_of

UNDONE = ("running", "late")


@for_regulators
@require_GET
def duty_list(request: HttpRequest) -> HttpResponse:
    form = DutyFilter(request.GET)
    good = form.is_valid()
    wanted = form.cleaned_data
    found = selectors.duties_visible_to(viewer(request))
    state = wanted.get("state", "")
    if state == "":
        found = found.filter(state__in=UNDONE)
    elif state == "today":
        found = found.filter(state="running", due_at__gt=now(), due_at__lte=words.today(now())[1])
    elif state != "all":
        found = found.filter(state=state)
    if wanted.get("district"):
        found = found.filter(organisation__district__code=wanted["district"])
    if text := wanted.get("q", "").strip():
        found = found.filter(Q(organisation__name__icontains=text) | Q(title_zh__icontains=text))
    context = {
        "title": gettext("时限"),
        "form": form,
        "page": page_of(request, found),
        "filtered": any(wanted.values()),
    }
    return render(request, "regulator/duties/duties.html", context, status=200 if good else 422)
