"""计划: tasks with their windows, and who does them (ui.md §3.10)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from mingcha.apps.accounts import selectors as accounts
from mingcha.apps.accounts.permissions import Person, can
from mingcha.apps.accounts.roles import Role
from mingcha.apps.maintenance import selectors, services
from mingcha.core import clock
from mingcha.portals.agency import access
from mingcha.portals.agency.tasks.forms import AssignForm
from mingcha.portals.shared import forms
from mingcha.portals.shared.access import viewer

TASKS = "agency/tasks/tasks.html"
ASSIGNABLE = ("planned", "assigned")
VIEWS = {
    "open": ("planned", "assigned", "in_progress"),
    "missed": ("missed",),
    "done": ("done",),
    "all": ("planned", "assigned", "in_progress", "done", "missed", "cancelled"),
}
TITLES = {"open": noop("未完成"), "missed": noop("漏做"), "done": noop("完成"), "all": noop("全部")}


@access.people
def tasks(request: HttpRequest) -> HttpResponse:
    return render(request, TASKS, _page(request, None))


@access.planners
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    form = _form(user, request)
    if not forms.carried_out(form, lambda clean: _assign_all(user, clean)):
        return forms.rejected(request, TASKS, _page(request, form))
    count = len(form.cleaned_data["task"])
    messages.success(request, _("已分配 %(count)d 项任务。") % {"count": count})
    return redirect("agency:tasks")


def _page(request: HttpRequest, form: AssignForm | None) -> dict[str, Any]:
    user = viewer(request)
    asked = request.GET.get("show", "open")
    show = asked if asked in VIEWS else "open"
    rows = selectors.tasks_visible_to(user)
    return {
        "title": _("计划"),
        "page": forms.page_of(request, rows.filter(state__in=VIEWS[show])),
        "form": form or _form(user, request),
        "chosen": [int(pk) for pk in request.POST.getlist("task") if pk.isdigit()],
        "show": show,
        "tabs": [
            (f"?show={name}", _(TITLES[name]), rows.filter(state__in=states).count(), name == show)
            for name, states in VIEWS.items()
        ],
        "may_assign": can(user, "task.assign"),
        "assignable": ASSIGNABLE,
        "open_states": VIEWS["open"],
    }


def _form(user: Person, request: HttpRequest) -> AssignForm:
    rows = selectors.tasks_visible_to(user).filter(state__in=ASSIGNABLE)
    people = accounts.people_visible_to(user).filter(role=Role.TECHNICIAN, organisation=user.organisation)
    return AssignForm(
        request.POST or None,
        tasks=list(rows.values_list("pk", flat=True)),
        people=[(person.pk, str(person)) for person in people],
    )


def _assign_all(user: Person, clean: dict[str, Any]) -> None:
    person = accounts.people_visible_to(user).get(pk=clean["assignee"])
    now = clock.now()
    for task_id in clean["task"]:
        task = selectors.task_get(user, task_id)
        services.task_assign(task=task, assignee=person, by=user, at=now)
