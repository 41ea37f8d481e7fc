"""Visits of the agency at my outlets: read the records, confirm, or send back with a reason (WF-8)."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from mingcha.apps.accounts.permissions import Person, can
from mingcha.apps.maintenance import selectors, services
from mingcha.core import clock
from mingcha.core.errors import BadInput
from mingcha.portals.discharger import access
from mingcha.portals.discharger.visits.forms import RejectForm
from mingcha.portals.shared import forms, records
from mingcha.portals.shared import visits as shared
from mingcha.portals.shared.access import viewer

VISIT = "discharger/visits/visit.html"
CONFIRM = "discharger/visits/confirm.html"

photo = access.people(shared.photo)


@access.people
def visits(request: HttpRequest) -> HttpResponse:
    context = shared.visit_list(request) | {"title": _("运维活动")}
    return render(request, "discharger/visits/visits.html", context)


@access.people
def visit(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, VISIT, _page(request, number, RejectForm()))


@access.people
@require_POST
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    user = viewer(request)
    found = selectors.visit_get(user, number)
    form = Form(request.POST)
    if not forms.carried_out(form, lambda _: services.visit_confirm(visit=found, by=user, at=clock.now())):
        return forms.rejected(request, VISIT, _page(request, number, RejectForm(), summary=form))
    messages.success(request, _("已确认 %(number)s。10 分钟内可以撤回确认。") % {"number": number})
    return redirect("discharger:visit", number)


@access.people
@require_POST
def reject(request: HttpRequest, number: str) -> HttpResponse:
    user = viewer(request)
    found = selectors.visit_get(user, number)
    form = RejectForm(request.POST)
    if not forms.carried_out(
        form, lambda clean: services.visit_reject(visit=found, by=user, at=clock.now(), **clean)
    ):
        return forms.rejected(request, VISIT, _page(request, number, form))
    messages.success(request, _("已退回 %(number)s，运维机构会看到理由。") % {"number": number})
    return redirect("discharger:visit", number)


@access.people
@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    user = viewer(request)
    found = selectors.visit_get(user, number)
    form = Form(request.POST)
    if not forms.carried_out(form, lambda _: services.visit_withdraw(visit=found, by=user, at=clock.now())):
        return forms.rejected(request, VISIT, _page(request, number, RejectForm(), summary=form))
    messages.success(request, _("已撤回对 %(number)s 的确认。") % {"number": number})
    return redirect("discharger:visit", number)


@access.confirmers
def confirm_many(request: HttpRequest) -> HttpResponse:
    """All visits that wait, with what each recorded; those ticked are confirmed one by one."""
    user = viewer(request)
    if request.method != "POST":
        return render(request, CONFIRM, _batch(user))
    numbers = request.POST.getlist("number")
    refused = dict(filter(None, (_confirm_one(user, number) for number in numbers)))
    done = len(numbers) - len(refused)
    if refused or not numbers:
        problem = "" if numbers else _("没有勾选活动。请先勾选看过的活动，再确认。")
        return forms.rejected(
            request, CONFIRM, _batch(user) | {"problem": problem, "refused": refused, "done": done}
        )
    messages.success(request, ngettext("已确认 %(n)d 项。", "已确认 %(n)d 项。", done) % {"n": done})
    return redirect("discharger:today")


def _confirm_one(user: Person, number: str) -> tuple[str, str] | None:
    """None when it is confirmed, else the number with the reason why not."""
    found = selectors.visit_get(user, number)
    try:
        services.visit_confirm(visit=found, by=user, at=clock.now())
    except BadInput as error:
        return number, str(error)
    return None


def _batch(user: Person) -> dict[str, Any]:
    waiting = shared.waiting_for_confirmation(user)
    rows = [{"visit": one, "lines": records.key_lines(user, one)} for one in waiting]
    return {"title": _("待确认的活动"), "rows": rows}


def _page(
    request: HttpRequest, number: str, form: RejectForm, *, summary: Form | None = None
) -> dict[str, Any]:
    context = shared.visit_page(request, number)
    user, found = viewer(request), context["visit"]
    waits = found.state in shared.TO_CONFIRM
    return context | {
        "form": form,
        "summary": summary or form,
        "waits": waits,
        "may_confirm": waits and can(user, "visit.confirm"),
        "may_withdraw": found.state == "confirmed" and can(user, "visit.withdraw"),
        "photos": reverse("discharger:visit", args=[number]) + "photos/",
        "lines": records.key_lines(user, found),
    }
