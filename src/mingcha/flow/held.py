"""What came for an outlet over a span, ready to be computed day by day.

An hour is computed from its minute records (2051); where the outlet sent none in it, from its real-time records
(2011); where it sent neither, from its hour record (2061), whose own flag counts then (R-75-3.1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from mingcha.core.clock import HOUR_S, day_end, day_start, to_epoch, to_us
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import MINUTE, REALTIME
from mingcha.core.spans import Span
from mingcha.flow.arrivals import HourRecord, converted_times, hour_records
from mingcha.flow.ports import Readings
from mingcha.flow.readings import Raw, joined, read

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one Beijing day. ``realtime``: hours (epoch seconds) taken from real-time records.

    ``hourly``: hour records by factor and start; ``bare``: hours of which these are all there is.
    """

    raws: Mapping[str, Raw]
    realtime: frozenset[int]
    hourly: Mapping[str, Mapping[int, HourRecord]]
    bare: frozenset[int]
    source: "Held"
    day: date

    def factors(self) -> set[str]:
        return {*self.raws, *(name for name, held in self.hourly.items() if held)}

    def all_by(self, moment: datetime) -> bool:
        """Whether nothing of it was received after ``moment``."""
        until = to_us(moment)
        raws = all(int(raw.received.max()) <= until for raw in self.raws.values())
        return raws and all(r.received_us <= until for held in self.hourly.values() for r in held.values())

    def converted(self, factor: str) -> set[int]:
        """Times of minute records with a value at reference oxygen; read when first asked for."""
        return self.source.converted(self.day).get(factor, set())


@dataclass(slots=True)
class Held:
    """The readings of a span, read at once. ``as_of``: as received by then."""

    store: Readings
    facts: OutletFacts
    span: Span
    as_of: datetime | None
    raws: dict[str, Raw] = field(default_factory=dict)
    realtime: set[int] = field(default_factory=set)
    hourly: dict[str, dict[int, HourRecord]] = field(default_factory=dict)
    _converted: dict[date, dict[str, set[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.raws = read(self.store, self.facts, MINUTE, self.span, self.as_of)
        seen = _hours_of(self.raws)
        lacking = [start for start in self.span.steps(_HOUR) if to_epoch(start) not in seen]
        for gap in runs(lacking):
            found = read(self.store, self.facts, REALTIME, gap, self.as_of)
            self.realtime |= _hours_of(found)
            for factor, raw in found.items():
                self.raws[factor] = joined([self.raws[factor], raw]) if factor in self.raws else raw
        self.hourly = hour_records(self.store, self.facts, self.span, self.as_of)

    def of_day(self, day: date) -> Came:
        """The part of one day; factors of which nothing came are left out."""
        first = to_epoch(max(day_start(day), self.span.start))
        last = to_epoch(min(day_end(day), self.span.end))
        parts = {factor: raw.within(first, last) for factor, raw in self.raws.items()}
        raws = {factor: part for factor, part in parts.items() if part.times.size}
        hourly = {
            factor: {start: record for start, record in held.items() if first <= start < last}
            for factor, held in self.hourly.items()
        }
        told = {start for held in hourly.values() for start in held if start % HOUR_S == 0}
        realtime = frozenset(start for start in self.realtime if first <= start < last)
        return Came(raws, realtime, hourly, frozenset(told - _hours_of(raws)), self, day)

    def converted(self, day: date) -> dict[str, set[int]]:
        if day not in self._converted:
            span = Span(day_start(day), day_end(day))
            self._converted[day] = converted_times(self.store, self.facts, span, self.as_of)
        return self._converted[day]


def _hours_of(raws: Mapping[str, Raw]) -> set[int]:
    return {int(hour) * HOUR_S for raw in raws.values() for hour in np.unique(raw.times // HOUR_S)}


def runs(starts: Sequence[datetime]) -> list[Span]:
    """Spans of neighbouring hours."""
    out: list[Span] = []
    for start in starts:
        if out and out[-1].end == start:
            out[-1] = Span(out[-1].start, start + _HOUR)
        else:
            out.append(Span(start, start + _HOUR))
    return out
