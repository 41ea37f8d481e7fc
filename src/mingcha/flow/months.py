"""Days to months of one outlet (R-75-3.4, R-356-7.3). A month has a value when its last day is over."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from mingcha.core.aggregates import DayValue, MonthValue
from mingcha.core.clock import beijing_day, day_start, to_epoch
from mingcha.core.digest import digest
from mingcha.core.facts import Medium, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow.law import validity_on
from mingcha.rules.engine import Registry, standard_registry
from mingcha.stats.months import MonthDay, gas_month, water_month


def month_of(day: date) -> Span:
    """The Beijing month that holds ``day``, as UTC."""
    first = day.replace(day=1)
    return Span(day_start(first), day_start((first + timedelta(days=31)).replace(day=1)))


def months_touched(span: Span) -> list[Span]:
    """The Beijing months that ``span`` touches, in order."""
    found: list[Span] = []
    moment = span.start
    while moment < span.end:
        found.append(month_of(beijing_day(moment)))
        moment = found[-1].end
    return found


def month_values(
    facts: OutletFacts, month: Span, days: Iterable[DayValue], *, registry: Registry | None = None
) -> list[MonthValue]:
    """One value per factor that has a day in ``month``. ``days``: all of the month that are in use."""
    by_factor: dict[str, list[DayValue]] = {}
    for value in sorted(days, key=lambda d: (d.factor, d.start)):
        if value.start in month:
            by_factor.setdefault(value.factor, []).append(value)
    law = validity_on(beijing_day(month.start), facts.region, registry or standard_registry())
    found = []
    for factor, held in by_factor.items():
        given = [_day(value) for value in held]
        stat = (
            gas_month(given, month=beijing_day(month.start), law=law)
            if facts.medium is Medium.GAS
            else water_month(given, law)
        )
        found.append(
            MonthValue(
                facts.key, factor, month.start, stat.valid_days, stat.due_days, stat.mean, stat.converted, stat.total,
                stat.minimum, stat.maximum, digest([(to_epoch(d.start), d.inputs) for d in held]),
            )
        )  # fmt: skip
    return found


def whole_months(
    span: Span, days: Sequence[DayValue], facts: OutletFacts, registry: Registry
) -> list[MonthValue]:
    """The months of which ``span`` holds every day."""
    inside = [m for m in months_touched(span) if span.start <= m.start and m.end <= span.end]
    return [value for month in inside for value in month_values(facts, month, days, registry=registry)]


def _day(value: DayValue) -> MonthDay:
    return MonthDay(value.running_hours > 0, value.mean, value.converted, value.total)
