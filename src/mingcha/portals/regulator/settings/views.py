"""A new row, a correction (the wrong row is undone with it), and an undoing; the list is shared by the portals."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mingcha.apps.accounts.permissions import require
from mingcha.apps.registry import selectors as registry
from mingcha.apps.registry import services
from mingcha.core.clock import beijing, now
from mingcha.core.errors import NotFound
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.regulator.settings.forms import FORMS, UndoForm
from mingcha.portals.shared import forms
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.settings import tables

NEW = "regulator/settings/new.html"
UNDO = "regulator/settings/undo.html"


@for_regulators
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, uscc: str, code: str, kind: str) -> HttpResponse:
    """``?replaces=<number>``: correct this row."""
    user, wanted = viewer(request), _kind(kind)
    outlet = registry.outlet_get(user, uscc, code)
    require(user, wanted.action)
    replaced = _replaced(request, wanted, outlet)
    form = FORMS[kind](
        request.POST if request.method == "POST" else None,
        initial=_initial(kind, replaced),
        factors=_factors(outlet),
    )
    context = _context(outlet, wanted) | {"form": form, "replaced": replaced, "title": _title(replaced)}
    if request.method != "POST":
        return render(request, NEW, context)
    if not forms.carried_out(
        form, lambda clean: SETTERS[kind](outlet, clean, replaces=replaced, by=user, at=now())
    ):
        return forms.rejected(request, NEW, context)
    messages.success(request, _("已保存。过去时段的小时值会重新计算。"))
    return HttpResponseRedirect(context["list_url"])


@for_regulators
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, uscc: str, code: str, kind: str, number: int) -> HttpResponse:
    """Ask why, then take the row out of force; it stays in the list."""
    user, wanted = viewer(request), _kind(kind)
    outlet = registry.outlet_get(user, uscc, code)
    require(user, wanted.action)
    row = _one(wanted, outlet, number)
    form = UndoForm(request.POST if request.method == "POST" else None)
    context = _context(outlet, wanted) | {
        "form": form, "row": row, "said": tables.said(row), "factor": tables.factor_word(row), "title": _("撤销一条设置"),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, UNDO, context)
    act = UNDOERS[kind]
    if not forms.carried_out(form, lambda clean: act(row, clean["why"], by=user, at=now())):
        return forms.rejected(request, UNDO, context)
    messages.success(request, _("已撤销，原内容保留可查。"))
    return HttpResponseRedirect(context["list_url"])


def _kind(key: str) -> tables.Kind:
    if key not in tables.KINDS:
        raise NotFound(f"no settings {key}")
    return tables.KINDS[key]


def _one(kind: tables.Kind, outlet: Any, number: int) -> Any:
    row = kind.rows(outlet).filter(pk=number).first()
    if row is None:
        raise NotFound(f"no {kind.key} {number} of {outlet.key}")
    return row


def _replaced(request: HttpRequest, kind: tables.Kind, outlet: Any) -> Any:
    text = request.GET.get("replaces", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(f"no {kind.key} {text[:20]!r}")
    return _one(kind, outlet, int(text))


def _title(replaced: Any) -> str:
    return _("更正一条设置") if replaced is not None else _("新增一条设置")


def _context(outlet: Any, kind: tables.Kind) -> dict[str, Any]:
    args = (outlet.discharger.uscc, outlet.code)
    return {
        "outlet": outlet, "kind": kind,
        "list_url": f"{reverse('regulator:outlet_settings', args=args)}?t={kind.key}",
    }  # fmt: skip


def _factors(outlet: Any) -> list[str]:
    """What is measured there, or was set before."""
    measured = {row.factor for row in registry.instruments_of(outlet)}
    return sorted(measured | {row.factor for row in registry.point_settings_of(outlet)})


def _initial(kind: str, replaced: Any) -> dict[str, Any]:
    moment = now().replace(second=0, microsecond=0)
    if replaced is None:
        return {"year": beijing(moment).year} if kind == "amounts" else {"valid_from": moment}
    names = [name for name in FORMS[kind].base_fields if name != "why"]
    found = {name: getattr(replaced, name) for name in names if hasattr(replaced, name)}
    if kind == "amounts":
        found |= {"scope": "outlet" if replaced.outlet_id else "", "tonnes": tables.plain(replaced.tonnes)}
    return found


def _set_point(outlet: Any, clean: dict[str, Any], **how: Any) -> Any:
    return services.point_setting_set(outlet=outlet, **clean, **how)


def _set_schedule(outlet: Any, clean: dict[str, Any], **how: Any) -> Any:
    return services.schedule_set(outlet=outlet, **clean, **how)


def _set_amount(outlet: Any, clean: dict[str, Any], **how: Any) -> Any:
    whole = clean.pop("scope") == ""
    return services.permitted_amount_set(
        discharger=outlet.discharger, outlet=None if whole else outlet, **clean, **how
    )


SETTERS: dict[str, Callable[..., Any]] = {
    "points": _set_point,
    "schedules": _set_schedule,
    "amounts": _set_amount,
}
UNDOERS: dict[str, Callable[..., Any]] = {
    "points": lambda row, why, **how: services.point_setting_undo(setting=row, why=why, **how),
    "schedules": lambda row, why, **how: services.schedule_undo(schedule=row, why=why, **how),
    "amounts": lambda row, why, **how: services.permitted_amount_undo(amount=row, why=why, **how),
}
