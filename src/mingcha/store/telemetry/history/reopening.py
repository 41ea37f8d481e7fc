"""Sealed days back into the recent store, before a writer compares anything with them. Inside its transaction.

The files stay as they are; ``reopened`` says that readers pass over these days there, and the next sealing writes them
anew.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mingcha.core.clock import DAY_S
from mingcha.core.spans import Span
from mingcha.store.telemetry.history import pointers
from mingcha.store.telemetry.history.layout import day_of, days_of, number_of, span_of
from mingcha.store.telemetry.history.readings import SECOND_US, flat
from mingcha.store.telemetry.history.shelf import microseconds
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.sealing import Wanted

if TYPE_CHECKING:
    from mingcha.store.telemetry.store import Telemetry

_DAY_US = DAY_S * SECOND_US


def reopen(telemetry: "Telemetry", session: Session, wanted: Iterable[Wanted]) -> None:
    """Bring days of points back; those not in history are passed over."""
    series: dict[tuple[str, str], set[int]] = {}
    for point, kind, day in wanted:
        series.setdefault((point, kind), set()).add(number_of(day))
    for (point, kind), days in series.items():
        span = Span(span_of(min(days)).start, span_of(max(days)).end)
        kept = telemetry.kept(kind, point, span)
        if kept is None:
            continue
        for number in sorted(days):
            rows = kept.rows(span_of(number))
            if rows:
                telemetry.restore(point, kind, rows)
                pointers.reopen(session, kind, point, [number])


def reopen_results(telemetry: "Telemetry", session: Session, level: str, outlet: str, span: Span) -> None:
    """Bring the days of an outlet that ``span`` touches back."""
    touched = days_of(span)
    if not touched:
        return
    # Whole days: a day with rows beside those touched must not be torn apart.
    whole = Span(span_of(touched[0]).start, span_of(touched[-1]).end)
    kept = telemetry.kept(level, outlet, whole)
    rows = [] if kept is None else kept.results(whole)
    if rows:
        telemetry.restore_results(level, rows)
        pointers.reopen(session, level, outlet, sorted({row.start // DAY_S for row in rows}))


def received_since(telemetry: "Telemetry", points: Sequence[str], since_us: int) -> list[Wanted]:
    """Sealed days with a row received since then."""
    found: list[Wanted] = []
    for kept in telemetry.kept_of(points):
        frames = kept.table("frames", columns=["point", "time", "delay"])
        delay = flat(frames["delay"])
        times = microseconds(frames["time"])
        late = delay.is_valid().to_numpy(zero_copy_only=False) & (
            times + delay.fill_null(0).to_numpy(zero_copy_only=False) >= since_us
        )
        days = np.unique(times[late] // _DAY_US).tolist()
        found += [(kept.name, kept.kind, day_of(day)) for day in days]
    return found


def newest_of_layouts(telemetry: "Telemetry", points: Collection[str]) -> list[Wanted]:
    """Sealed days that hold the newest row of a layout."""
    found: list[Wanted] = []
    for kept in telemetry.kept_of(sorted(points)):
        frames = kept.table("frames", columns=["point", "time", "layout"])
        last = frames.group_by("layout").aggregate([("time", "max")])
        days = set((microseconds(last["time_max"]) // _DAY_US).tolist())
        found += [(kept.name, kept.kind, day_of(day)) for day in sorted(days)]
    return found
