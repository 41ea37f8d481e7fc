"""数据标记: what the discharger says of spans of its own data (WF-10, ui.md §3.9)."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mingcha.apps.accounts.permissions import Person, can
from mingcha.apps.marking import selectors, services
from mingcha.apps.marking.values import items
from mingcha.apps.registry import selectors as registry
from mingcha.core import clock
from mingcha.portals.discharger import access
from mingcha.portals.discharger.marks.forms import MarkForm
from mingcha.portals.shared import forms
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.tags import mark_item_name
from mingcha.portals.shared.words import factor_name

MARKS = "discharger/marks/marks.html"
NEW = "discharger/marks/new.html"
WITHDRAWABLE = ("submitted", "questioned")
PREFILLED = ("outlet", "factor", "start", "end", "item")


@access.people
def marks(request: HttpRequest) -> HttpResponse:
    return render(request, MARKS, _page(request))


@access.markers
def new(request: HttpRequest) -> HttpResponse:
    """Ask for outlet, span, item and reason; ``?outlet=&factor=&start=&end=`` come filled in from a chart."""
    user = viewer(request)
    form = _form(user, request)
    context = {"title": _("标记一个时段"), "form": form}
    if request.method != "POST":
        return render(request, NEW, context)
    if not forms.carried_out(form, lambda clean: _submit(user, clean)):
        return forms.rejected(request, NEW, context)
    messages.success(request, _("标记已提交。监管部门会同时看到数据和标记。"))
    return redirect("discharger:marks")


@access.markers
@require_POST
def withdraw(request: HttpRequest, mark_id: int) -> HttpResponse:
    user = viewer(request)
    mark = selectors.mark_get(user, mark_id)
    form = Form(request.POST)
    if not forms.carried_out(form, lambda _: services.mark_withdraw(mark=mark, by=user, at=clock.now())):
        return forms.rejected(request, MARKS, _page(request) | {"summary": form})
    messages.success(request, _("标记已撤回，原内容保留可查。"))
    return redirect("discharger:marks")


def _page(request: HttpRequest) -> dict[str, Any]:
    user = viewer(request)
    return {
        "title": _("数据标记"),
        "page": forms.page_of(request, selectors.marks_visible_to(user)),
        "may_mark": can(user, "mark.submit"),
        "withdrawable": WITHDRAWABLE,
    }


def _form(user: Person, request: HttpRequest) -> MarkForm:
    outlets = list(registry.outlets_visible_to(user).prefetch_related("instruments"))
    factors = sorted({instrument.factor for outlet in outlets for instrument in outlet.instruments.all()})
    now = clock.beijing(clock.now()).replace(second=0, microsecond=0)
    asked = {name: request.GET[name] for name in PREFILLED if name in request.GET}
    return MarkForm(
        request.POST if request.method == "POST" else None,
        initial={"start": now - timedelta(hours=1), "end": now} | asked,
        outlets=[(outlet.key, str(outlet)) for outlet in outlets],
        factors=[("", _("全部因子")), *((factor, factor_name(factor)) for factor in factors)],
        items=[("", _("请选择")), *((key, mark_item_name(key)) for key in items())],
    )


def _submit(user: Person, clean: dict[str, Any]) -> None:
    uscc, code = clean.pop("outlet").split("/")
    outlet = registry.outlet_get(user, uscc, code)
    services.mark_submit(outlet=outlet, by=user, at=clock.now(), **clean)
