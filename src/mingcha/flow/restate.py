"""Readings to hour and day values of one outlet: the stage between store and judgement.

An hour is computed from its ten-minute or minute records (2051); where the outlet sent none in it, from
its real-time records (2011). What is computed depends on the readings of that hour alone (a day: of that
day), so restating a part gives the same values as restating all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np

from mingcha.core.aggregates import HourValue
from mingcha.core.clock import HOUR_S, beijing_day, day_end, day_start, hour_start, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import HOUR, MINUTE, REALTIME
from mingcha.core.spans import Span
from mingcha.flow.outlet import Outlet
from mingcha.flow.ports import Column, Readings
from mingcha.flow.readings import Raw, joined, read, reporting
from mingcha.flow.values import Restated
from mingcha.rules.engine import Registry, standard_registry

REPORTED = "Avg"  # of a 2061 frame
_HOUR = timedelta(hours=1)


def restate(
    store: Readings,
    facts: OutletFacts,
    span: Span,
    *,
    horizon: datetime | None = None,
    as_of: datetime | None = None,
    registry: Registry | None = None,
) -> Restated:
    """The hours that overlap ``span`` and the Beijing days it touches.

    ``horizon``: the caller's now; hours and days that end after it are left out. ``as_of``: compute
    from what had been received by then. An hour without readings is ``Md`` for every factor that has
    a setting; hours in which no point reported for the outlet are left out.

    Raises:
        BadInput: a flow is set to a unit nobody knows.
    """
    job = _Job(store, facts, as_of, Outlet(facts, registry or standard_registry()))
    wanted = Span(hour_start(span.start), hour_start(span.end - timedelta(microseconds=1)) + _HOUR)
    ends = horizon or datetime.max.replace(tzinfo=UTC)
    days = [day for day in _days(wanted) if day_end(day) <= ends]
    wide = wanted if not days else wanted.joined(Span(day_start(days[0]), day_end(days[-1])))
    hours = [hour for hour in job.hours(wide) if hour.start + _HOUR <= ends]
    return Restated(
        [hour for hour in hours if hour.start in wanted],
        [value for day in days for value in job.outlet.day_values(day, hours)],
    )


def _days(span: Span) -> list[date]:
    first = beijing_day(span.start)
    last = beijing_day(span.end - timedelta(microseconds=1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class _Job:
    store: Readings
    facts: OutletFacts
    as_of: datetime | None
    outlet: Outlet

    def hours(self, span: Span) -> list[HourValue]:
        """Every hour of ``span``, by start and factor."""
        raws = self._records_of(span)
        reported = self._reported(span)
        known = {setting.factor for setting in self.facts.settings}
        out: list[HourValue] = []
        for day, starts in groupby(self._reporting_hours(span), key=beijing_day):
            found = self.outlet.hours(day, _of_day(day, span, raws))
            for start in starts:
                first = to_epoch(start)
                held = found.get(first, {})
                for factor in sorted(known | held.keys()):
                    value = held.get(factor) or self.outlet.empty(factor, start)
                    sent = reported.get((factor, first))
                    out.append(value if sent is None else replace(value, reported=sent))
        return out

    def _reporting_hours(self, span: Span) -> Iterator[datetime]:
        for start in span.steps(_HOUR):
            if any(True for _ in reporting(self.facts.points, Span(start, start + _HOUR))):
                yield start

    def _records_of(self, span: Span) -> dict[str, Raw]:
        """Minute records; real-time records for the runs of hours that have none."""
        raws = read(self.store, self.facts, MINUTE, span, self.as_of)
        seen = {int(t) for raw in raws.values() for t in np.unique(raw.times // HOUR_S)}
        lacking = [start for start in span.steps(_HOUR) if to_epoch(start) // HOUR_S not in seen]
        for gap in _runs(lacking):
            for factor, raw in read(self.store, self.facts, REALTIME, gap, self.as_of).items():
                raws[factor] = joined([raws[factor], raw]) if factor in raws else raw
        return raws

    def _reported(self, span: Span) -> dict[tuple[str, int], float]:
        """What the logger itself sent as hourly mean (2061 Avg), by factor and start."""
        out: dict[tuple[str, int], float] = {}
        for point, part in reporting(self.facts.points, span):
            for factor, fields in self._of_hours(point, part).items():
                column = fields.get(REPORTED)
                if column is not None:
                    pairs = zip(column.times.tolist(), column.values.tolist(), strict=True)
                    out.update({(factor, t): v for t, v in pairs if not np.isnan(v)})
        return out

    def _of_hours(self, point: str, part: Span) -> Mapping[str, Mapping[str, Column]]:
        return self.store.packets(point, HOUR, part, as_of=self.as_of, fields=(REPORTED,))


def _of_day(day: date, span: Span, raws: Mapping[str, Raw]) -> dict[str, Raw]:
    """The records of one day inside ``span``; factors that have none are left out."""
    first, last = max(day_start(day), span.start), min(day_end(day), span.end)
    parts = {factor: raw.within(to_epoch(first), to_epoch(last)) for factor, raw in raws.items()}
    return {factor: part for factor, part in parts.items() if part.times.size}


def _runs(starts: Sequence[datetime]) -> list[Span]:
    """Spans of neighbouring hours."""
    out: list[Span] = []
    for start in starts:
        if out and out[-1].end == start:
            out[-1] = Span(out[-1].start, start + _HOUR)
        else:
            out.append(Span(start, start + _HOUR))
    return out
