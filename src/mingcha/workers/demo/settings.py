"""What an authority said of points: settings, schedules and amounts of ``region.yaml``; and quarters of codes.

Settings are entered before the data logger of their outlet, so that nothing that was computed has to be computed again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mingcha.apps.accounts import selectors as accounts
from mingcha.apps.marking import lock, quarters
from mingcha.apps.marking import services as marking
from mingcha.apps.registry import selectors as registry_read
from mingcha.apps.registry import services as registry
from mingcha.core.clock import beijing_day, day_start
from mingcha.store.telemetry import Telemetry
from mingcha.workers.demo.region import Region, Site

CONFIRMED_AFTER = timedelta(days=1, hours=10)  # on the second day of the next quarter


def load_settings(wanted: Region, outlet: Any, site: Site, at: datetime) -> None:
    """Everything entered for one outlet."""
    since = day_start(wanted.installed)
    for entry in wanted.settings:
        if entry["outlet"] == site.path:
            registry.point_setting_set(outlet=outlet, at=at, **_dated(entry, since))
    for entry in wanted.schedules:
        if entry["outlet"] == site.path:
            registry.schedule_set(outlet=outlet, at=at, **_dated(entry, since))
    for entry in wanted.amounts:
        if entry["outlet"] == site.path:
            _amounts(outlet, entry, at)


def _dated(entry: Mapping[str, Any], since: datetime) -> dict[str, Any]:
    """The line as arguments; ``since`` and ``until`` are days, the start of the register where none is said."""
    values = {name: value for name, value in entry.items() if name not in ("outlet", "since", "until")}
    start, end = entry.get("since"), entry.get("until")
    values["valid_from"] = since if start is None else day_start(start)
    values["valid_to"] = None if end is None else day_start(end)
    return values


def _amounts(outlet: Any, entry: Mapping[str, Any], at: datetime) -> None:
    """``tonnes`` by factor, for the year of loading; ``whole``: of the whole discharger."""
    for factor, tonnes in entry["tonnes"].items():
        registry.permitted_amount_set(
            discharger=outlet.discharger, outlet=None if entry.get("whole") else outlet, factor=factor, tonnes=tonnes,
            year=beijing_day(at).year, document=entry["document"], clause=entry["clause"], why=entry["why"], at=at,
        )  # fmt: skip


def load_quarters(wanted: Region, telemetry: Telemetry, at: datetime) -> None:
    """The last quarter of some outlets: confirmed, reopened, or still waiting; again changes nothing."""
    year, quarter = lock.last_ended(at)
    for entry in wanted.quarters:
        unit, site = wanted.sites[entry["outlet"]]
        outlet = registry_read.outlet_by_key(f"{unit.uscc}/{site.code}")
        row = marking.codes_open(outlet=outlet, year=year, quarter=quarter, at=at, duty=False)
        if row.state != "open" or entry["state"] == "open":
            continue
        figures = quarters.figures_now(telemetry, outlet, year, quarter)
        then = min(at, row.end + CONFIRMED_AFTER)
        marking.codes_confirm(
            confirmation=row, figures=figures, seen=figures["digest"], comment=entry["comment"],
            by=accounts.user_by_name(f"{unit.short}-officer"), at=then,
        )  # fmt: skip
        if entry["state"] == "reopened":
            by = accounts.user_by_name(entry["by"])
            marking.codes_reopen(confirmation=row, why=entry["why"], by=by, at=at)
