"""The grid of an outlet: every hour of its life and every factor of it, due or not, received or not, and why.

An hour is in the grid where a datalogger was installed for the outlet in any part of it. Its factors are those with a
setting in force in it, and those that came all the same; these are not due, for nobody filed them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.causes import Cause
from mingcha.core.clock import HOUR_S, day_end, day_start, from_epoch, to_epoch
from mingcha.core.facts import Medium, Surroundings
from mingcha.core.spans import Span, merged
from mingcha.flow.arrivals import CONVERTED, NO_LINK, covered_s, required
from mingcha.flow.marks import NOTHING
from mingcha.flow.outlet import DayWork, Outlet
from mingcha.flow.readings import reporting
from mingcha.flow.reasons import Lost, Seen, cause_of, worst_of
from mingcha.flow.worked import CHECKED, FLOW
from mingcha.protocol.hj212.factors import lookup
from mingcha.stats.codes import CODES, INDEX, STOPPED
from mingcha.stats.expected import expected, named

CALIBRATION = INDEX[HourCode.CALIBRATION]
_HOUR = timedelta(hours=1)
_NO_SECONDS = (0,) * len(CODES)


@dataclass(frozen=True, slots=True)
class Around:
    """What happened around the outlet, for one day: seconds without any gateway, and hours with frames that were lost."""

    down: Mapping[int, int]
    quarantined: frozenset[int]
    unreadable: frozenset[int]

    @classmethod
    def of(cls, surroundings: Surroundings, day: Span) -> "Around":
        return cls(
            _seconds(surroundings.outages, day),
            frozenset(_seconds(surroundings.quarantined, day, least=1)),
            frozenset(_seconds(surroundings.unreadable, day, least=1)),
        )


def _seconds(spans: Sequence[Span], day: Span, *, least: int = 0) -> dict[int, int]:
    """Seconds of each hour of ``day`` that the spans cover; a moment counts ``least``."""
    found: dict[int, int] = {}
    for span in merged(s for s in spans if s.start < day.end and day.start <= s.end):
        start, end = max(span.start, day.start), min(span.end, day.end)
        first = to_epoch(start) // HOUR_S * HOUR_S
        while from_epoch(first) <= end and from_epoch(first) < day.end:
            inside = min(end, from_epoch(first + HOUR_S)) - max(start, from_epoch(first))
            seconds = max(int(inside.total_seconds()), least)
            if seconds:
                found[first] = found.get(first, 0) + seconds
            first += HOUR_S
    return found


@dataclass(frozen=True, slots=True)
class Grid:
    """Completes the hours of one day of an outlet. ``starts``: the hours of the day that are in the grid."""

    outlet: Outlet
    work: DayWork
    around: Around
    starts: Sequence[datetime]

    def values(self) -> list[HourValue]:
        """Every hour and factor, by start and factor."""
        if not self.starts:
            return []
        day = Span(self.starts[0], self.starts[-1] + _HOUR)
        known = self.outlet.settings.factors_within(day)
        factors = sorted(known | {name for held in self.work.values.values() for name in held})
        columns = {factor: self._column(factor, day, filed=factor in known) for factor in factors}
        return [column[start] for start in self.starts for column in columns.values() if start in column]

    def _column(self, factor: str, day: Span, *, filed: bool) -> dict[datetime, HourValue]:
        """The hours of one factor."""
        told = self._told(factor, day, filed=filed)
        held: dict[datetime, HourValue] = {}
        for start, off in zip(self.starts, told, strict=True):
            first = to_epoch(start)
            value = self.work.values.get(first, {}).get(factor)
            if value is None:
                if not filed or (
                    off == Cause.NOT_CONNECTED and self.outlet.settings.at(factor, start) is None
                ):
                    continue
                value = self.outlet.empty(factor, start)
            held[start] = value
        offs = dict(zip(self.starts, told, strict=True))
        arrived = self._received(factor, list(held))
        leaving = self._checks(factor, held, offs)
        return {
            start: self._completed(value, arrived[start], leaving.get(start, ""))
            for start, value in held.items()
        }

    # --- due ----------------------------------------------------------------------------------------

    def _told(self, factor: str, day: Span, *, filed: bool) -> list[str]:
        """By hour what the register says: "" due, else why not."""
        if not filed:
            return [Cause.NOT_CONNECTED.value] * len(self.starts)
        facts, setting = self.outlet.facts, self.outlet.settings.whole(factor, day)
        points = list(reporting(facts.points, day))
        whole = any(part == day for _, part in points)
        if setting is not None and whole and not facts.schedules and (setting.cycle_s or 0) <= HOUR_S:
            return [""] * len(self.starts)
        lives = merged(part for _, part in points)
        spans = merged(self.outlet.settings.spans(factor, day))
        connected = [
            Span(max(a.start, b.start), min(a.end, b.end)) for a in lives for b in spans if a.overlaps(b)
        ]
        times = np.array([to_epoch(start) for start in self.starts], dtype=np.int64)
        cycle = setting.cycle_s if setting is not None else None
        return named(
            expected(times, factor=factor, connected=connected, schedules=facts.schedules, cycle_s=cycle)
        )

    def _checks(
        self, factor: str, held: Mapping[datetime, HourValue], offs: Mapping[datetime, str]
    ) -> dict[datetime, str]:
        """By hour why it is not due: the register, marks, a stop, no discharge; then the hour a day of the standard check.

        The check's hour is the first of the day that is not valid and in which a check ran (R-TR-1).
        """
        found = {start: offs[start] or self._not_due(factor, value) for start, value in held.items()}
        if self.outlet.facts.medium is Medium.WATER and factor in CHECKED:
            checked = (
                s for s, v in held.items() if not found[s] and not v.valid and self._checking(factor, s)
            )
            for start in [*checked][: self.work.grid.standard_check_hours]:
                found[start] = Cause.STANDARD_CHECK.value
        return found

    def _not_due(self, factor: str, value: HourValue) -> str:
        one = self.work.factors.get(factor)
        if one is None:
            return ""
        first, law = to_epoch(value.start), self.work.law
        marked = one.marked.get(first, NOTHING)
        left = marked.not_due
        if sum(left.values()) >= law.min_state_s:
            return max(sorted(left), key=left.__getitem__)
        stat = one.stats.get(first)
        if stat is None or stat.code is not HourCode.STOPPED:
            return ""
        own = stat.seconds[STOPPED] - marked.by_code.get(STOPPED, 0) + sum(left.values())
        if own < law.min_state_s:
            return ""
        if 2 * one.dry.get(first, 0) < own:
            return Cause.STOPPED.value
        return Cause.NO_DISCHARGE.value if self.work.grid.zero_flow_leaves else ""

    def _checking(self, factor: str, start: datetime) -> bool:
        one = self.work.factors.get(factor)
        if one is None:
            return False
        first = to_epoch(start)
        marked, stat = one.marked.get(first, NOTHING), one.stats.get(first)
        if marked.seconds.get(Cause.STANDARD_CHECK, 0):
            return True
        own = 0 if stat is None else stat.seconds[CALIBRATION] - marked.by_code.get(CALIBRATION, 0)
        return bool(self.work.grid.flagged_check) and own > 0

    # --- received -----------------------------------------------------------------------------------

    def _received(self, factor: str, starts: Sequence[datetime]) -> dict[datetime, bool]:
        """R-TR-6: every required field came, in the hour record or in enough minutes."""
        known = lookup(factor)
        mass = known is not None and bool(known.unit_mass)
        needs = {start: self._required(factor, start, mass=mass) for start in starts}
        records = self.work.came.hourly.get(factor, {})
        found = {}
        for start, wanted in needs.items():
            record = records.get(to_epoch(start))
            found[start] = record is not None and record.carries(wanted)
        lacking = [start for start, came in found.items() if not came]
        raw, one = self.work.came.raws.get(factor), self.work.factors.get(factor)
        if lacking and raw is not None and one is not None:
            for wanted in {needs[start] for start in lacking}:
                seconds = self._covered(factor, wanted)
                for start in lacking:
                    if needs[start] == wanted:
                        found[start] = seconds.get(to_epoch(start), 0) >= self.work.grid.least_field_s
        return found

    def _covered(self, factor: str, wanted: tuple[str, ...]) -> dict[int, int]:
        """Seconds of each hour in whose records all of it came, of the kinds that count."""
        came, grid, one = self.work.came, self.work.grid, self.work.factors[factor]
        raw = came.raws[factor]
        first, last = to_epoch(day_start(came.day)), to_epoch(day_end(came.day))
        place = np.searchsorted(one.records.times, raw.times)  # beside them may be hour records
        lengths = one.records.lengths[place]
        found: dict[int, int] = {}
        if grid.minutes_count:
            times = came.converted(factor) if CONVERTED in wanted else set()
            found = covered_s(raw, lengths, wanted, times)
        live = covered_s(raw, lengths, (), set()) if grid.realtime_counts and came.realtime else {}
        kept = {start: seconds for start, seconds in found.items() if start not in came.realtime}
        kept.update({start: live[start] for start in came.realtime if start in live})
        return {start: seconds for start, seconds in kept.items() if first <= start < last}

    def _required(self, factor: str, start: datetime, *, mass: bool) -> tuple[str, ...]:
        facts, settings = self.outlet.facts, self.outlet.settings
        at_reference = settings.reference_o2(factor, start) is not None
        return required(facts.medium, mass, at_reference, settings.at(FLOW[facts.medium], start) is not None)

    # --- cause --------------------------------------------------------------------------------------

    def _completed(self, value: HourValue, received: bool, not_due: str) -> HourValue:
        if value.valid and received and not not_due:
            return value
        first = to_epoch(value.start)
        seen = Seen(
            received=received,
            valid=value.valid,
            not_due=not_due,
            own_downtime=self.around.down.get(first, 0) >= self.work.grid.own_downtime_s,
            quarantined=first in self.around.quarantined,
            unreadable=first in self.around.unreadable,
            link_down=not received and self._link_down(value.factor, first),
            something_came=not received and self._something(first),
            unit_mismatch=bool(self.outlet.odd(value.factor, value.start)),
            worst="" if value.valid else self._worst(value.factor, first),
        )
        return replace(value, due=not not_due, received=received, cause=cause_of(seen))

    def _worst(self, factor: str, first: int) -> str:
        one = self.work.factors.get(factor)
        if one is None:
            return ""
        stat, marked = one.stats.get(first), one.marked.get(first, NOTHING)
        seconds = _NO_SECONDS if stat is None else stat.seconds
        return worst_of(Lost(seconds, marked.seconds, marked.by_code), self.work.law)

    def _link_down(self, factor: str, first: int) -> bool:
        """The logger said so (flag B), or somebody marked more than 15 minutes of it."""
        came, one = self.work.came, self.work.factors.get(factor)
        record, raw = came.hourly.get(factor, {}).get(first), came.raws.get(factor)
        if record is not None and record.flag == NO_LINK:
            return True
        if raw is not None and any(text[3] == NO_LINK for text in raw.texts_within(first, first + HOUR_S)):
            return True
        marked = NOTHING if one is None else one.marked.get(first, NOTHING)
        return marked.seconds.get(Cause.LINK_DOWN, 0) > self.work.law.over_equipment_s

    def _something(self, first: int) -> bool:
        """Whether anything of the outlet came for the hour."""
        came = self.work.came
        if any(first in held for held in came.hourly.values()):
            return True
        return any(raw.texts_within(first, first + HOUR_S) for raw in came.raws.values())


def day_of(
    outlet: Outlet, work: DayWork, surroundings: Surroundings, starts: Sequence[datetime]
) -> list[HourValue]:
    """The complete hours of one day, by start and factor."""
    span = Span(day_start(work.day), day_end(work.day))
    return Grid(outlet, work, Around.of(surroundings, span), starts).values()


def state_of(value: HourValue) -> str:
    """What an hour is worth in the first edition: ``valid``, ``received`` or ``lost`` (R-TR-3)."""
    if not value.received:
        return "lost"
    return "valid" if value.valid else "received"


def day_span(day: date) -> Span:
    return Span(day_start(day), day_end(day))
