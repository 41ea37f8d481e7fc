"""The tabs of the outlet page. A new one is a line here and its name in ``query.PARTS``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mingcha.apps.accounts.permissions import can
from mingcha.apps.devices import selectors as devices
from mingcha.apps.findings import selectors as findings
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import from_us
from mingcha.gateway.stats import boards
from mingcha.portals.shared import stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.outlet import calendar, data, emissions, overlays, reports, revisions
from mingcha.portals.shared.outlet.pages import ROWS_A_PAGE, Asked, link

COMMANDS_SHOWN = 10
Context = Callable[[HttpRequest, Asked, str], dict[str, Any]]  # (request, what is asked, portal)


@dataclass(frozen=True, slots=True)
class Tab:
    """``name``: of ``query.PARTS``, in the address as ``t``."""

    name: str
    word: str | Promise
    context: Context
    template: str


def om(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    ever = overlays.ever(found.now)
    return {"visits": overlays.visits_in(request, found.outlet, ever)[:ROWS_A_PAGE]}


def clues(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    ever = overlays.ever(found.now)
    return {"findings": findings.findings_of_outlet(viewer(request), found.outlet, ever)[:ROWS_A_PAGE]}


def file(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    user, outlet, seen = viewer(request), found.outlet, boards(stores.data_folder())
    return {
        "limits": registry.limits_of(outlet),
        "instruments": registry.instruments_of(outlet),
        "dataloggers": [(row, _heard(row, seen)) for row in registry.dataloggers_of(outlet)],
        "commands": _commands(user, outlet),
        "settings_url": link(namespace, "outlet_settings", outlet.discharger.uscc, outlet.code),
    }


def _heard(logger: Any, seen: Mapping[str, Mapping[str, Any]]) -> datetime | None:
    """When a logger in place last sent a usable frame; None where no gateway heard it since it was started."""
    last = seen.get(logger.mn, {}).get("last_seen_us") if logger.removed_at is None else None
    return from_us(last) if last else None


def _commands(user: Any, outlet: Any) -> list[Any]:
    """The newest commands to the loggers of an outlet, for who may read them."""
    if not can(user, "command.view"):
        return []
    return list(devices.commands_list(user, outlet=outlet.key)[:COMMANDS_SHOWN])


TABS = (
    Tab("data", _("数据"), data.context, "shared/outlet/data.html"),
    Tab("calendar", _("完整性"), calendar.context, "shared/outlet/calendar.html"),
    Tab("reports", _("报表"), reports.context, "shared/outlet/reports.html"),
    Tab("emissions", _("排放量"), emissions.context, "shared/outlet/emissions.html"),
    Tab("revisions", _("修订"), revisions.context, "shared/outlet/revisions.html"),
    Tab("om", _("运维"), om, "shared/outlet/om.html"),
    Tab("findings", _("线索案件"), clues, "shared/outlet/findings.html"),
    Tab("file", _("档案"), file, "shared/outlet/file.html"),
)


def tab_of(found: Asked) -> Tab:
    return next(tab for tab in TABS if tab.name == found.query.part)


def context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """The open tab, and the addresses of all."""
    open_tab = tab_of(found)
    args = (found.outlet.discharger.uscc, found.outlet.code)
    address = reverse(f"{namespace}:outlet", args=args)
    parts = [(address + found.query.address(part=tab.name), tab.word, None, tab is open_tab) for tab in TABS]
    return {"parts": parts, "tab": open_tab, **open_tab.context(request, found, namespace)}
