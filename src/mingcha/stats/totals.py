"""Emission of a quarter or year against the permitted amount, with a forecast (method: our default).

The forecast adds to what was emitted so far, for each day that is left, (a) the mean of the last 30 days that have
an emission and (b) the mean of all days of the year so far that have one; ``low`` and ``high`` are the lesser and
the greater. Days of the past without an emission count nothing and are told apart (``missing_days``).
"""

import math
from dataclasses import dataclass

import numpy as np

from mingcha.stats.codes import Values
from mingcha.stats.hours import settled


@dataclass(frozen=True, slots=True)
class ForecastLaw:
    """``recent_days``: of the shorter mean."""

    recent_days: int = 30


@dataclass(frozen=True, slots=True)
class Forecast:
    """Amounts in the unit of the days. ``used``: share of the permitted amount so far, None without one.

    ``low``, ``high``: expected at the end; None while there is no day to forecast from and days are left.
    ``days_left``: of the period. ``passed_on``: the earliest of the days left (1 = the next) by whose end the
    permitted amount is passed at the higher mean; 0 when it is passed already, None when it is not to be passed.
    """

    so_far: float
    permitted: float | None
    used: float | None
    low: float | None
    high: float | None
    days_left: int
    missing_days: int
    passed_on: int | None

    @property
    def exceeded(self) -> bool | None:
        """Whether the amount is passed already; None without a permitted one."""
        return None if self.permitted is None else self.so_far > self.permitted


def forecast(
    year: Values, period_days: int, period_length: int, permitted: float | None, law: ForecastLaw
) -> Forecast:
    """``year``: the days of the year so far, NaN = no emission known; the last ``period_days`` of them lie in the
    period, which has ``period_length`` days. For the year itself all days do.

    Raises:
        ValueError: the period has more days than were given or than it is long, or a permitted amount below 0.
    """
    if not 0 <= period_days <= min(year.size, period_length):
        raise ValueError(
            f"{period_days} days of a period of {period_length}, {year.size} given: expected to fit"
        )
    if permitted is not None and permitted < 0:
        raise ValueError(f"permitted amount {permitted:g}: expected 0 or more")
    period = year[year.size - period_days :]
    known = year[~np.isnan(year)]
    so_far = settled(math.fsum(period[~np.isnan(period)].tolist()))
    left = period_length - period_days
    low, high = sorted((_mean(known[-law.recent_days :]), _mean(known)))
    ahead = left == 0 or known.size > 0
    return Forecast(
        so_far,
        permitted,
        so_far / permitted if permitted else None,
        settled(so_far + low * left) if ahead else None,
        settled(so_far + high * left) if ahead else None,
        left,
        int(np.isnan(period).sum()),
        _passed_on(so_far, high, left, permitted),
    )


def _mean(values: Values) -> float:
    return math.fsum(values.tolist()) / values.size if values.size else 0.0


def _passed_on(so_far: float, a_day: float, left: int, permitted: float | None) -> int | None:
    if permitted is None:
        return None
    if so_far > permitted:
        return 0
    if a_day <= 0 or so_far + a_day * left <= permitted:
        return None
    return min(math.floor((permitted - so_far) / a_day) + 1, left)
