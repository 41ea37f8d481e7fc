"""人员: who works for us, and what each has in hand."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.accounts import selectors
from mingcha.apps.maintenance import selectors as maintenance
from mingcha.portals.agency import access
from mingcha.portals.shared.access import viewer

IN_HAND = ("assigned", "in_progress")


@access.people
def people(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    tasks = maintenance.tasks_visible_to(user).filter(state__in=IN_HAND)
    open_visits = maintenance.visits_visible_to(user).filter(state="open")
    rows = [
        {
            "person": person,
            "tasks": sum(1 for task in tasks if task.assignee_id == person.pk),
            "visit": next((visit for visit in open_visits if visit.technician_id == person.pk), None),
        }
        for person in selectors.people_visible_to(user).filter(organisation=user.organisation)
    ]
    return render(request, "agency/people/people.html", {"title": _("人员"), "rows": rows})
