"""Hours to days: gas R-75-3.4 (arithmetic), water R-356-7.2 (weighted by volume)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mingcha.core.aggregates import HourCode
from mingcha.stats.codes import Seconds, Values
from mingcha.stats.hours import settled, weighted_mean
from mingcha.stats.validity import Validity

HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class DayHour:
    """What a day needs of an hour. ``volume``: water of the hour in m³, None = not known."""

    code: HourCode
    mean: float | None
    converted: float | None = None
    total: float | None = None
    volume: float | None = None

    @property
    def valid(self) -> bool:
        return self.code is HourCode.NORMAL and self.mean is not None


@dataclass(frozen=True, slots=True)
class DayStat:
    """``partial``: the source ran fewer than 24 h and the day is judged on those.

    ``minimum``, ``maximum``: of the means of the valid hours, whether or not these are enough for a day.
    """

    valid_hours: int
    running_hours: int
    mean: float | None
    converted: float | None
    total: float | None
    partial: bool
    minimum: float | None = None
    maximum: float | None = None


def enough_hours(valid: int, running: int, law: Validity) -> bool:
    """R-75-3.4: 20 of 24. Fewer running hours are judged with the same share of them, our default."""
    return valid > 0 and valid * HOURS_A_DAY >= law.min_valid_hours * running


def gas_day(hours: Sequence[DayHour], law: Validity) -> DayStat:
    """A day of a gas factor from its hours; an hour missing from ``hours`` is an invalid running hour.

    The converted mean is the arithmetic mean of the converted hours (R-WI-3) and needs as many.
    """
    valid = [hour for hour in hours if hour.valid]
    running = HOURS_A_DAY - sum(hour.code is HourCode.STOPPED for hour in hours)
    converted = [hour.converted for hour in valid if hour.converted is not None]
    means = [hour.mean for hour in valid if hour.mean is not None]
    return DayStat(
        len(valid),
        running,
        _average(means, running, law),
        _average(converted, running, law),
        day_total(valid),
        running < HOURS_A_DAY,
        min(means, default=None),
        max(means, default=None),
    )


def _average(values: Sequence[float], running: int, law: Validity) -> float | None:
    if not enough_hours(len(values), running, law):
        return None
    return settled(math.fsum(values) / len(values))


def water_day(hours: Sequence[DayHour], law: Validity) -> DayStat:
    """A day of a water factor: ``Σ(C·Q)/ΣQ`` over valid hours, valid with 75 % of the results due.

    Due are the hours with flow: all but the stopped ones. Where a valid hour's volume is not known,
    the mean is arithmetic.
    """
    valid = [hour for hour in hours if hour.valid]
    due = HOURS_A_DAY - sum(hour.code is HourCode.STOPPED for hour in hours)
    enough = bool(valid) and len(valid) >= law.min_water_share * due
    mean = _water_mean(valid) if enough else None
    means = [hour.mean for hour in valid if hour.mean is not None]
    return DayStat(
        len(valid),
        due,
        mean,
        None,
        day_total(valid),
        due < HOURS_A_DAY,
        min(means, default=None),
        max(means, default=None),
    )


def _water_mean(valid: Sequence[DayHour]) -> float:
    means = np.array([hour.mean for hour in valid], dtype=np.float64)
    volumes = [hour.volume for hour in valid]
    if any(v is None for v in volumes) or sum(v for v in volumes if v is not None) <= 0:
        return weighted_mean(means, np.ones(len(valid)))
    return weighted_mean(means, np.array(volumes, dtype=np.float64))


def day_total(valid: Sequence[DayHour]) -> float | None:
    """Sum of the hours' amounts (R-75-C.8 sums); None when no valid hour has one."""
    totals = [hour.total for hour in valid if hour.total is not None]
    return settled(math.fsum(totals)) if totals else None


def time_share_within(values: Values, lengths: Seconds, low: float, high: float) -> float | None:
    """Share of the time in which a value was from ``low`` to ``high``, both included; pH, R-356-7.2 (our default).

    Over the time that has a value; None where none has.
    """
    known = ~np.isnan(values)
    whole = int(lengths[known].sum())
    if whole == 0:
        return None
    return int(lengths[known & (values >= low) & (values <= high)].sum()) / whole
