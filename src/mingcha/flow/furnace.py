"""Furnace temperatures of a waste incinerator by day, from the five-minute means it sends (2111): R-WI-1, R-WI-2.

A window that came with a flag other than normal has no mean; one flagged stopped, or under a mark of a stop, is not
judged. A window that is neither measured nor excluded is missing, and no pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from mingcha.core.aggregates import HourCode
from mingcha.core.clock import DAY_S, beijing_day, day_start, from_epoch, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import FURNACE
from mingcha.core.spans import Span
from mingcha.flow.law import furnace_on
from mingcha.flow.readings import reporting
from mingcha.rules.engine import Registry, standard_registry
from mingcha.stats.furnace import (
    WINDOW_S,
    FurnaceLaw,
    FurnaceMark,
    LowWindows,
    Windows,
    excluded_windows,
    low_windows,
)
from mingcha.store.telemetry import Telemetry

FACTOR = "a01901"  # mean temperature in the furnace
PARAMETER = "order_10_2019.low_temperature_line"
CLAUSE = "R-WI-2"
NORMAL_FLAG, STOPPED_FLAG = "N", "F"


@dataclass(frozen=True, slots=True, eq=False)
class FurnaceDay:
    """One natural day. ``windows``: means, NaN where none counts. ``over``: more low windows than the law bears;
    None where missing windows leave it open.
    """

    day: date
    windows: Windows
    counts: LowWindows
    law: FurnaceLaw

    @property
    def over(self) -> bool | None:
        if self.counts.low > self.law.max_low_windows:
            return True
        return False if self.counts.low + self.counts.missing <= self.law.max_low_windows else None


def furnace_days(
    store: Telemetry, facts: OutletFacts, span: Span, *, registry: Registry | None = None
) -> list[FurnaceDay]:
    """The days of ``span`` (whole Beijing days) that have such data; an empty list for an outlet without a furnace."""
    windows, stops = _windows(store, facts, span)
    starts = windows.starts
    rules = registry or standard_registry()
    days = sorted({beijing_day(from_epoch(int(start))) for start in np.unique(_midnights(starts))})
    found = []
    for day in days:
        first = to_epoch(day_start(day))
        law = furnace_on(day, facts.region, rules)
        part = slice(*np.searchsorted(starts, [first, first + DAY_S]).tolist())
        own = Windows(starts[part], windows.means[part])
        excluded = excluded_windows(first, _marks(facts, stops), law)
        found.append(FurnaceDay(day, own, low_windows(own, first, excluded, law), law))
    return found


def _midnights(
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """00:00 Beijing of each."""
    return (starts + 8 * 3600) // DAY_S * DAY_S - 8 * 3600


def _windows(store: Telemetry, facts: OutletFacts, span: Span) -> tuple[Windows, list[Span]]:
    """The windows by start, and the spans of those that came flagged stopped."""
    means: dict[int, float] = {}
    stops: list[Span] = []
    for point, part in reporting(facts.points, span):
        column = store.packets(point, FURNACE, part, fields=("Avg",)).get(FACTOR, {}).get("Avg")
        if column is None:
            continue
        for time, value, flag in zip(
            column.times.tolist(), column.values.tolist(), column.flags, strict=True
        ):
            start = time // WINDOW_S * WINDOW_S
            means.setdefault(start, value if flag in ("", NORMAL_FLAG) else float("nan"))
            if flag == STOPPED_FLAG:
                stops.append(Span(from_epoch(start), from_epoch(start) + timedelta(seconds=WINDOW_S)))
    starts = np.array(sorted(means), dtype=np.int64)
    return Windows(starts, np.array([means[start] for start in starts.tolist()], dtype=np.float64)), stops


def _marks(facts: OutletFacts, stops: Sequence[Span]) -> list[tuple[FurnaceMark, Span]]:
    """Stops by flag, and by marks of the source that hold for the furnace."""
    marked = [
        Span(mark.start, mark.end)
        for mark in facts.marks
        if mark.code == HourCode.STOPPED and mark.factor in ("", FACTOR)
    ]
    return [(FurnaceMark.STOPPED, span) for span in (*stops, *marked)]
