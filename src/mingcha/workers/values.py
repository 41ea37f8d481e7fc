"""Hours, days and months of one outlet computed and kept, in one transaction, with what changed for whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mingcha import flow
from mingcha.core.aggregates import DayValue, HourValue, MonthValue
from mingcha.core.clock import beijing_day, day_end, day_start, hour_start
from mingcha.core.facts import OutletFacts, Surroundings
from mingcha.core.spans import Span, merged
from mingcha.flow.months import month_values, months_touched
from mingcha.flow.readings import reporting
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.recent.restatements import Restatement
from mingcha.workers.projection import heard_since

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=90)  # the last minute record of an hour is sent after the hour ends
DAY = timedelta(days=1)
MOST_DAYS = 31  # computed in one transaction: others that write wait so long


@dataclass(frozen=True, slots=True)
class Written:
    """How many values changed, and what was said of it where values in use did."""

    hours: int
    days: int
    months: int
    restatement: Restatement | None = None


def whole_days(span: Span) -> Span:
    """The Beijing days that ``span`` touches."""
    return Span(
        day_start(beijing_day(span.start)), day_end(beijing_day(span.end - timedelta(microseconds=1)))
    )


def in_parts(days: Span) -> Iterable[Span]:
    """Whole days, at most ``MOST_DAYS`` together."""
    for start in days.steps(MOST_DAYS * DAY):
        yield Span(start, min(start + MOST_DAYS * DAY, days.end))


def write(
    telemetry: Telemetry,
    facts: OutletFacts,
    days: Span,
    now: datetime,
    surroundings: Surroundings = Surroundings(),  # noqa: B008  frozen and empty
) -> Written:
    """Compute and keep the closed hours and days of whole Beijing ``days``, and their months.

    What is in use there and is no longer computed (a factor that only real-time values had, before the minute
    records came; a day that is in the grid no more) is withdrawn.
    """
    hours: list[HourValue] = []
    ends: list[DayValue] = []
    closed = hour_start(now - GRACE)
    for part in merged(grid_days(telemetry, facts, days, closed)):
        restated = flow.restate(telemetry, facts, part, horizon=now - GRACE, surroundings=surroundings)
        hours += restated.hours
        ends += restated.days
        for problem in restated.problems:
            log.error("factor cannot be computed", why=problem.text)
    with telemetry.writing():
        return _keep(telemetry, facts, days, closed, now, hours, ends)


def _keep(
    telemetry: Telemetry,
    facts: OutletFacts,
    days: Span,
    closed: datetime,
    now: datetime,
    hours: Sequence[HourValue],
    ends: Sequence[DayValue],
) -> Written:
    ended = Span(days.start, max(days.start, min(days.end, closed)))
    over = Span(days.start, max(days.start, min(days.end, day_start(beijing_day(closed)))))
    changed_hours = telemetry.write_hours(hours, at=now, whole=(facts.key, ended))
    before = len(telemetry.days(facts.key, over)) if over.length else 0
    changed_days = telemetry.write_days(ends, at=now, whole=(facts.key, over))
    months: list[MonthValue] = []
    if changed_days or before > len(ends):
        months = _months(telemetry, facts, over, now)
    points = dict.fromkeys(point.point for point in facts.points)
    said = telemetry.note_restated(facts.key, points, days, at=now)
    return Written(len(changed_hours), len(changed_days), len(months), said)


def _months(telemetry: Telemetry, facts: OutletFacts, over: Span, now: datetime) -> list[MonthValue]:
    """The months that ``over`` touches and that have ended, from the days in use."""
    changed: list[MonthValue] = []
    for month in months_touched(over):
        if month.end <= now - GRACE:
            values = month_values(facts, month, telemetry.days(facts.key, month))
            changed += telemetry.write_months(values, at=now, whole=(facts.key, month))
    return changed


def grid_days(telemetry: Telemetry, facts: OutletFacts, days: Span, closed: datetime) -> list[Span]:
    """The Beijing days of the outlet's life with an hour closed by ``closed``.

    Its life is that of its dataloggers, and begins when our first gateway first heard anything; what was
    measured before and came later counts as well.
    """
    heard = heard_since(telemetry)
    first = None if heard is None else day_start(beijing_day(heard))
    found = []
    for start in days.steps(DAY):
        if start >= closed:
            break
        parts = [*reporting(facts.points, Span(start, min(start + DAY, closed)))]
        if parts and ((first is not None and start >= first) or _came(telemetry, parts)):
            found.append(Span(start, start + DAY))
    return found


def _came(telemetry: Telemetry, parts: Iterable[tuple[str, Span]]) -> bool:
    return any(telemetry.has_readings(point, part) for point, part in parts)
