"""Readings to hour, day and month values of one outlet: the stage between store and judgement.

Every hour in which the register has a datalogger for the outlet has a value for every factor filed, also where nothing
came, with whether it was due and received, and why it does not count. What is computed of a Beijing day depends on
the readings, facts and surroundings of that day alone, so restating a part gives the same as restating all.

The first edition of an hour (R-TR-3) is what the readings received and the marks handed in by the first cut gave; it
is set once ``horizon`` has passed the cut, and follows from the evidence, not from when somebody computed it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from mingcha.core.aggregates import HourValue
from mingcha.core.clock import beijing_day, day_end, day_start, hour_start
from mingcha.core.facts import MarkSpan, OutletFacts, Surroundings
from mingcha.core.spans import Span
from mingcha.flow.grid import day_of, day_span, state_of
from mingcha.flow.gridlaw import first_cut
from mingcha.flow.held import Held
from mingcha.flow.law import first_cut_hour_on
from mingcha.flow.marks import known_by
from mingcha.flow.months import whole_months
from mingcha.flow.outlet import DayWork, Outlet
from mingcha.flow.ports import Readings
from mingcha.flow.readings import reporting
from mingcha.flow.units import Problem
from mingcha.flow.values import Restated
from mingcha.rules.engine import Registry, standard_registry

_HOUR = timedelta(hours=1)
_EVER = datetime.max.replace(tzinfo=UTC)


def restate(
    store: Readings,
    facts: OutletFacts,
    span: Span,
    *,
    horizon: datetime | None = None,
    as_of: datetime | None = None,
    registry: Registry | None = None,
    surroundings: Surroundings = Surroundings(),  # noqa: B008  frozen and empty
) -> Restated:
    """The hours that overlap ``span``, the Beijing days it touches, and the months it holds whole.

    ``horizon``: the caller's now; what ends after it is left out, and without it no hour has a first edition.
    ``as_of``: compute from what had been received and marked by then. ``surroundings``: outages of our own, frames that
    were lost. Hours in which no point was installed for the outlet are left out.

    Raises:
        BadInput: a flow is set to a unit nobody knows.
    """
    wanted = Span(hour_start(span.start), hour_start(span.end - timedelta(microseconds=1)) + _HOUR)
    days = _days(wanted)
    ends = horizon or _EVER
    wide = Span(
        day_start(days[0]), max(day_start(days[0]), min(day_end(days[-1]), hour_start(min(ends, _EVER))))
    )
    job = _Job.of(store, facts, as_of, registry or standard_registry(), surroundings, wide)
    hours = [hour for day in days if day_start(day) < wide.end for hour in job.day(day, horizon)]
    over = [day for day in days if day_end(day) <= ends]
    values = [value for day in over for value in job.outlet.day_values(day, hours)]
    return Restated(
        [hour for hour in hours if hour.start in wanted],
        values,
        whole_months(Span(wide.start, min(wide.end, day_end(over[-1]))), values, facts, job.outlet.registry)
        if over
        else [],
        _problems(job.outlet, hours),
    )


def _days(span: Span) -> list[date]:
    first = beijing_day(span.start)
    last = beijing_day(span.end - timedelta(microseconds=1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class _Job:
    held: Held
    outlet: Outlet
    surroundings: Surroundings

    @classmethod
    def of(
        cls,
        store: Readings,
        facts: OutletFacts,
        as_of: datetime | None,
        registry: Registry,
        surroundings: Surroundings,
        span: Span,
    ) -> "_Job":
        marks = facts.marks if as_of is None else known_by(facts.marks, as_of)
        return cls(Held(store, facts, span, as_of), Outlet(facts, registry, marks), surroundings)

    def day(self, day: date, horizon: datetime | None) -> list[HourValue]:
        """The hours of one day inside the span, by start and factor."""
        work = self.outlet.work(day, self.held.of_day(day))
        hours = day_of(self.outlet, work, self.surroundings, self._starts(day))
        cut = first_cut(day, first_cut_hour_on(day, self.outlet.facts.region, self.outlet.registry))
        if horizon is None or min(horizon, self.held.as_of or _EVER) < cut:
            return hours
        first = hours if self._settled(work, cut) else self._by(cut, day)
        states = {(value.factor, value.start): state_of(value) for value in first}
        return [replace(value, first=states.get((value.factor, value.start), "lost")) for value in hours]

    def _starts(self, day: date) -> Sequence[datetime]:
        return [*_installed(self.outlet.facts, self._inside(day))]

    def _inside(self, day: date) -> Span:
        span = day_span(day)
        return Span(max(span.start, self.held.span.start), min(span.end, self.held.span.end))

    def _settled(self, work: DayWork, cut: datetime) -> bool:
        """Whether nothing of the day was received or marked after the cut."""
        span = day_span(work.day)
        late = (m for m in self.outlet.marks if m.known_at > cut and _meets(m, span))
        return next(late, None) is None and work.came.all_by(cut)

    def _by(self, cut: datetime, day: date) -> list[HourValue]:
        """The hours as the cut saw them."""
        facts, registry = self.outlet.facts, self.outlet.registry
        earlier = _Job.of(self.held.store, facts, cut, registry, self.surroundings, self._inside(day))
        return earlier.day(day, None)


def _meets(mark: MarkSpan, span: Span) -> bool:
    return mark.start < span.end and span.start < mark.end


def _installed(facts: OutletFacts, span: Span) -> Iterator[datetime]:
    """The hours in some part of which a datalogger was installed."""
    parts = [part for _, part in reporting(facts.points, span)]
    whole = span in parts
    for start in span.steps(_HOUR):
        if whole or any(part.start < start + _HOUR and start < part.end for part in parts):
            yield start


def _problems(outlet: Outlet, hours: Sequence[HourValue]) -> list[Problem]:
    """Each factor filed in a unit that it is not sent in, once, with the first hour that it spoilt."""
    found: dict[tuple[str, str], Problem] = {}
    for hour in hours:
        expected = outlet.odd(hour.factor, hour.start)
        setting = outlet.settings.at(hour.factor, hour.start) if expected else None
        if setting is not None:
            problem = Problem(outlet.facts.key, hour.factor, hour.start, setting.unit, expected)
            found.setdefault((hour.factor, setting.unit), problem)
    return list(found.values())
