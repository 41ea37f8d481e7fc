"""Which outlets speak, and what they said last: for lists of outlets on first pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from mingcha.apps.registry import selectors
from mingcha.core.packets import number
from mingcha.flow import reading
from mingcha.portals.shared import stores, words
from mingcha.store.telemetry import Latest

SHOWN = 4  # newest values of one outlet, its limited and measured factors first


@dataclass(frozen=True, slots=True)
class NewValue:
    """``value`` None where the text received is no number; ``text`` is as received."""

    factor: str
    value: float | None
    unit: str
    flag: str
    text: str


@dataclass(frozen=True, slots=True)
class OutletState:
    """``link``: online, delayed, offline, stopped or never. ``newest``: time of the newest reading."""

    outlet: Any
    link: str
    newest: datetime | None
    values: list[NewValue]
    address: str


def states(outlets: Iterable[Any], now: datetime, *, view: str) -> list[OutletState]:
    """The state of each outlet, in the order given. ``view``: name of the address of an outlet's page."""
    rows = list(outlets)
    points = {span.point: row.key for row in rows for span in selectors.points_of(row) if span.end is None}
    newest = reading.newest(stores.telemetry(), points) if points else {}
    return [_state(row, newest.get(row.key, []), now, view) for row in rows]


def _state(outlet: Any, latest: list[Latest], now: datetime, view: str) -> OutletState:
    measured = [instrument.factor for instrument in outlet.instruments.all()]
    ranked = sorted(
        latest, key=lambda row: measured.index(row.factor) if row.factor in measured else len(measured)
    )
    return OutletState(
        outlet=outlet,
        link=reading.link_state(latest, now),
        newest=max((row.time for row in latest), default=None),
        values=[_value(row) for row in ranked[:SHOWN]],
        address=reverse(view, args=[outlet.discharger.uscc, outlet.code]),
    )


def _value(row: Latest) -> NewValue:
    text, _ = reading.text_of(row, converted=False)
    return NewValue(row.factor, number(text), words.factor_unit(row.factor), row.flag, text)
