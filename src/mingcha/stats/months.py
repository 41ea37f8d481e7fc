"""Days to months: gas R-75-3.4 (at least 25 valid days, February 23), water R-356-7.3 (75 % of the days due)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from mingcha.stats.hours import settled
from mingcha.stats.validity import Validity

FEBRUARY = 2


@dataclass(frozen=True, slots=True)
class MonthDay:
    """What a month needs of a day. ``due``: the source ran on it. ``mean`` None: no valid day."""

    due: bool
    mean: float | None
    converted: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class MonthStat:
    """``valid_days``: with a mean. ``minimum``, ``maximum``: of the means of the valid days, enough or not.

    ``total``: sum of all days that have one, None where no day has.
    """

    valid_days: int
    due_days: int
    mean: float | None
    converted: float | None
    total: float | None
    minimum: float | None
    maximum: float | None


def gas_month(days: Sequence[MonthDay], *, month: date, law: Validity) -> MonthStat:
    """A month of a gas factor from its days; ``month`` is any day of it. A day left out is not valid.

    The standard asks for a number of days whatever the source ran, so a month with long stops has no mean. The
    converted mean needs as many converted days.
    """
    least = law.min_valid_days_february if month.month == FEBRUARY else law.min_valid_days
    return _month(days, least)


def water_month(days: Sequence[MonthDay], law: Validity) -> MonthStat:
    """A month of a water factor from all its days: the arithmetic mean of the valid ones, of 75 % of those due."""
    due = sum(day.due for day in days)
    return _month(days, max(law.min_water_month_share * due, 1))


def _month(days: Sequence[MonthDay], least: float) -> MonthStat:
    means = _known(day.mean for day in days)
    totals = _known(day.total for day in days)
    return MonthStat(
        len(means),
        sum(day.due for day in days),
        _average(means, least),
        _average(_known(day.converted for day in days), least),
        settled(math.fsum(totals)) if totals else None,
        min(means, default=None),
        max(means, default=None),
    )


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _average(values: Sequence[float], least: float) -> float | None:
    return settled(math.fsum(values) / len(values)) if values and len(values) >= least else None
