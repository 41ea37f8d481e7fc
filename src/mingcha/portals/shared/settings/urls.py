"""Addresses of an outlet's settings for one portal: ``*setting_paths("agency", guard)`` in its ``urls.py``.

Name: ``outlet_settings`` with (uscc, code); ``?t=points|schedules|amounts``, ``&form=csv`` as a file.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.views.decorators.http import require_GET

from mingcha.apps.accounts.permissions import can
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import now
from mingcha.portals.shared import exports
from mingcha.portals.shared.access import View, viewer
from mingcha.portals.shared.settings import tables

PREFIX = "outlets/<str:uscc>/<str:code>/settings/"
TEMPLATE = "shared/settings/settings.html"


def setting_paths(namespace: str, guard: Callable[[View], View]) -> list[URLPattern]:
    """The one address that reads; ``guard`` is the portal's ``open_to(…)``."""

    @require_GET
    def page(request: HttpRequest, uscc: str, code: str) -> HttpResponse:
        outlet = registry.outlet_get(viewer(request), uscc, code)
        kind = tables.KINDS.get(request.GET.get("t", ""), tables.KINDS["points"])
        if request.GET.get("form") == "csv":
            name = f"{kind.key}-{uscc}-{code}"
            return exports.as_csv(name, [str(word) for word in tables.HEAD], tables.lines(kind.rows(outlet)))
        return render(request, TEMPLATE, settings_context(request, outlet, kind, namespace))

    return [path(PREFIX, guard(page), name="outlet_settings")]


def settings_context(request: HttpRequest, outlet: Any, kind: tables.Kind, namespace: str) -> dict[str, Any]:
    """One of the three lists, and what the viewer may do there; only the regulator's portal has forms."""
    args = (outlet.discharger.uscc, outlet.code)
    address = reverse(f"{namespace}:outlet_settings", args=args)
    moment = now()
    may_set = namespace == "regulator" and can(viewer(request), kind.action)
    return {
        "title": kind.title, "outlet": outlet, "kind": kind, "namespace": namespace, "now": moment,
        "outlets_url": _address(namespace, "outlets"), "outlet_url": reverse(f"{namespace}:outlet", args=args),
        "parts": [(f"{address}?t={one.key}", one.title, None, one is kind) for one in tables.KINDS.values()],
        "export": f"{address}?t={kind.key}&form=csv",
        "rows": [
            {"row": row, "state": tables.state(row, moment), "said": tables.said(row), "factor": tables.factor_word(row),
             "when": tables.when(row) if kind.key == "amounts" else ""}
            for row in kind.rows(outlet)
        ],
        "may_set": may_set,
        "stations": [row.mn for row in registry.dataloggers_of(outlet) if row.removed_at is None],
    }  # fmt: skip


def _address(namespace: str, view: str) -> str:
    try:
        return reverse(f"{namespace}:{view}")
    except NoReverseMatch:
        return ""
