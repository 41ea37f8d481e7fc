"""Minute records to hours: HJ 75-2017, R-75-3.2 (mean), R-75-3.3 (code); water by flow, R-356-7.2."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mingcha.core.aggregates import HourCode
from mingcha.core.clock import HOUR_S
from mingcha.stats.codes import CODES, INDEX, NORMAL, STOPPED, Values
from mingcha.stats.records import Records, groups
from mingcha.stats.validity import Validity

STATES = (HourCode.STOPPED, HourCode.START, HourCode.SHUTDOWN, HourCode.BANKED)
EQUIPMENT = (HourCode.FAULT, HourCode.MAINTENANCE, HourCode.CALIBRATION)  # in the order that breaks ties


@dataclass(frozen=True, slots=True)
class HourStat:
    """One hour of one factor. ``start``: epoch seconds; ``seconds``: by code, in the order of CODES.

    ``total``: sum of the records' own amounts, None unless every valid record has one.
    """

    start: int
    seconds: tuple[int, ...]
    code: HourCode
    mean: float | None
    minimum: float | None
    maximum: float | None
    total: float | None

    @property
    def valid_minutes(self) -> int:
        return self.seconds[NORMAL] // 60


def settled(value: float) -> float:
    """``value`` without the noise of binary sums: 13 significant digits.

    So the mean of 35.0 and 35.2 is 35.1 and meets a limit of 35.1. Records of four decimals and
    weights of whole seconds differ from a limit by 1e-9 of it or not at all, so nothing is lost.
    """
    return float(f"{value:.13g}")


def hour_code(seconds: Sequence[int], law: Validity) -> HourCode:
    """The code of an hour from its seconds by code, R-75-3.3 in its order.

    Steps 3 and 4 give the same code: the largest of D, M, C where they make up more than 15 min
    together; ties D > M > C.
    """
    if seconds[NORMAL] >= law.min_valid_s:
        return HourCode.NORMAL
    for state in STATES:
        if seconds[INDEX[state]] >= law.min_state_s:
            return state
    if sum(seconds[INDEX[code]] for code in EQUIPMENT) > law.over_equipment_s:
        return max(EQUIPMENT, key=lambda code: seconds[INDEX[code]])
    return HourCode.NO_DATA


def water_hour_code(seconds: Sequence[int], law: Validity) -> HourCode:
    """The code of an hour of a water factor.

    In order: normal when the valid time is at least the share of R-356-7.2 of the time not known to be
    without flow; stopped when 45 minutes were without flow; the largest of D, M, C over 15 minutes;
    else no data. The standards set the share for days; its use for hours is our default.
    """
    due = HOUR_S - seconds[STOPPED]
    if seconds[NORMAL] and seconds[NORMAL] >= law.min_water_share * due:
        return HourCode.NORMAL
    if seconds[STOPPED] >= law.min_state_s:
        return HourCode.STOPPED
    if sum(seconds[INDEX[code]] for code in EQUIPMENT) > law.over_equipment_s:
        return max(EQUIPMENT, key=lambda code: seconds[INDEX[code]])
    return HourCode.NO_DATA


def gas_hours(records: Records, law: Validity) -> list[HourStat]:
    """Hours that hold a record, in order. The mean is over valid records, by length (R-75-3.2)."""
    return [_hour(records, part, hour_code(tally, law), tally, None) for part, tally in _tallies(records)]


def water_hours(records: Records, volumes: Values | None, law: Validity) -> list[HourStat]:
    """Hours of a water factor; the mean weighs each record by its volume ``volumes`` (R-356-7.2).

    Without ``volumes`` (pH, temperature, the flow itself), or where a valid record has none, the
    mean is by length.
    """
    return [
        _hour(records, part, water_hour_code(tally, law), tally, volumes) for part, tally in _tallies(records)
    ]


def _tallies(records: Records) -> Iterator[tuple[slice, tuple[int, ...]]]:
    for first, last in groups(records.times // HOUR_S):
        part = slice(first, last)
        tally = np.bincount(records.codes[part], weights=records.lengths[part], minlength=len(CODES))
        yield part, tuple(int(s) for s in tally)


def _hour(
    records: Records, part: slice, code: HourCode, tally: tuple[int, ...], volumes: Values | None
) -> HourStat:
    start = int(records.times[part.start] // HOUR_S * HOUR_S)
    if code is not HourCode.NORMAL:
        return HourStat(start, tally, code, None, None, None, None)
    good = records.codes[part] == NORMAL
    amounts = records.amounts[part][good]
    return HourStat(
        start,
        tally,
        code,
        _mean(records, part, good, volumes),
        float(records.lows[part][good].min()),
        float(records.highs[part][good].max()),
        None if np.isnan(amounts).any() else settled(math.fsum(amounts.tolist())),
    )


def _mean(records: Records, part: slice, good: np.ndarray, volumes: Values | None) -> float:
    values = records.values[part][good]
    weights = records.lengths[part][good].astype(np.float64)
    if volumes is not None:
        given = volumes[part][good]
        if not np.isnan(given).any() and (given >= 0).all() and given.sum() > 0:
            weights = given
    return weighted_mean(values, weights)


def weighted_mean(values: Values, weights: Values) -> float:
    """``Σ(v·w)/Σw``: the one formula of every mean here.

    Raises:
        ValueError: the weights do not sum to more than 0.
    """
    whole = math.fsum(weights.tolist())
    if not whole > 0:
        raise ValueError("weights sum to 0: there is nothing to average")
    return settled(math.fsum((values * weights).tolist()) / whole)
