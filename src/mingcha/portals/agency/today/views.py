"""今日: visits that wait for review, windows that close, what was missed (ui.md §3.10)."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.maintenance import selectors
from mingcha.core import clock
from mingcha.portals.agency import access
from mingcha.portals.shared import visits
from mingcha.portals.shared.access import viewer

SHOWN = 10  # rows of one block; the rest is one click away
CLOSING = timedelta(days=3)  # a window that ends this soon is work of today
MISSED_SINCE = timedelta(days=30)
OPEN_STATES = ("planned", "assigned", "in_progress")


@access.people
def today(request: HttpRequest) -> HttpResponse:
    user, now = viewer(request), clock.now()
    tasks = selectors.tasks_visible_to(user)
    closing = tasks.filter(state__in=OPEN_STATES, window_end__lte=now + CLOSING).order_by("window_end")
    missed = tasks.filter(state="missed", window_end__gte=now - MISSED_SINCE)
    context = {
        "title": _("今日"),
        "now": now,
        "visits": visits.waiting_for_review(user)[:SHOWN],
        "visits_count": visits.waiting_for_review(user).count(),
        "closing": closing[:SHOWN],
        "closing_count": closing.count(),
        "missed": missed.order_by("-window_end")[:SHOWN],
        "missed_count": missed.count(),
        "next_task": tasks.filter(state__in=OPEN_STATES).order_by("window_end").first(),
    }
    return render(request, "agency/today/today.html", context)
