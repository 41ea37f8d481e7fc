"""Outlets with what they send: for first pages and lists of outlets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from mingcha.apps.accounts.permissions import Viewer
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day
from mingcha.core.packets import number
from mingcha.flow import reading
from mingcha.portals.shared import stores, words
from mingcha.store.telemetry import Latest

VALUES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Value:
    """One newest value. ``limit``: in the unit of the value; single readings are not judged by it."""

    factor: str
    name: str
    unit: str
    value: float | None
    text: str
    flag: str
    converted: bool
    limit: Decimal | None


@dataclass(frozen=True, slots=True)
class Station:
    """An outlet, whether it is heard, and its newest values."""

    outlet: Any
    link: str
    at: datetime | None
    values: tuple[Value, ...]


def stations(user: Viewer, now: datetime, outlets: Iterable[Any] | None = None) -> list[Station]:
    """Every outlet the viewer sees with its newest values; two queries and one read of the store."""
    found = registry.outlets_visible_to(user) if outlets is None else outlets
    rows = list(
        found.prefetch_related("dataloggers", "limits") if hasattr(found, "prefetch_related") else found
    )
    points = {p.point: row.key for row in rows for p in registry.points_of(row) if p.end is None}
    newest = reading.newest(stores.telemetry(), points) if points else {}
    return [_station(row, newest.get(row.key, []), now) for row in rows]


def _station(outlet: Any, newest: list[Latest], now: datetime) -> Station:
    link = "stopped" if outlet.state == "stopped" else reading.link_state(newest, now)
    day = beijing_day(now)
    held = [
        row
        for row in outlet.limits.all()
        if row.valid_from <= day and (row.valid_to is None or day < row.valid_to)
    ]
    limited = {row.factor for row in held}
    limits = {row.factor: row for row in held if row.averaging == "hour"}
    shown = sorted(newest, key=lambda row: row.factor not in limited)[:VALUES_SHOWN]
    return Station(
        outlet=outlet,
        link=link,
        at=max((row.time for row in newest), default=None),
        values=tuple(_value(row, limits.get(row.factor)) for row in shown),
    )


def _value(row: Latest, limit: Any) -> Value:
    wants = limit is not None and limit.reference_o2 is not None
    text, converted = reading.text_of(row, converted=wants)
    return Value(
        factor=row.factor,
        name=words.factor_name(row.factor),
        unit=limit.unit if limit is not None else words.factor_unit(row.factor),
        value=number(text),
        text=text,
        flag=row.flag,
        converted=converted,
        limit=limit.value if limit is not None else None,
    )
