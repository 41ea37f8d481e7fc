"""How gaps were filled under the rules of 2007, for data of that time only: HJ/T 75-2007 12.9, HJ/T 356-2007.

Today's rules fill no concentration and no flow. Every function here refuses an hour of today's rules.
"""

from datetime import date
from enum import StrEnum

import numpy as np

from mingcha.core.clock import HOUR_S, day_start, from_epoch, to_epoch
from mingcha.stats.codes import Mask, Times, Values
from mingcha.stats.hours import settled

GAS_UNTIL = date(2018, 3, 1)  # first day of HJ 75-2017
WATER_UNTIL = date(2020, 3, 24)  # first day of HJ 355-2019 and HJ 356-2019
SHORT_GAP_H = 24
LOOK_BACK_H = 720


class Quantity(StrEnum):
    """What a series of gas is: each was filled in its own way."""

    EMISSION = "emission"
    CONCENTRATION = "concentration"
    OTHER = "other"


def legacy_gas_fill(starts: Times, values: Values, valid: Mask, quantity: Quantity) -> Values:
    """The series with its gaps filled by HJ/T 75-2007 (R-75-12.9); NaN where nothing could be filled.

    Gap of at most 24 h: mean of the valid hours just before and just after. Longer: an emission is the greatest of
    the 720 valid hours before, another parameter their mean, a concentration stays empty. ``starts``: every hour.

    Raises:
        ValueError: an hour is not before 2018-03-01, or hours are left out.
    """
    _check(starts, values, valid, GAS_UNTIL)
    out = np.where(valid, values, np.nan)
    for first, last in gaps(valid):
        before = values[:first][valid[:first]][-LOOK_BACK_H:]
        if last - first <= SHORT_GAP_H:
            if before.size and last < values.size:
                out[first:last] = settled((float(before[-1]) + float(values[last])) / 2)
        elif before.size and quantity is Quantity.EMISSION:
            out[first:last] = before.max()
        elif before.size and quantity is Quantity.OTHER:
            out[first:last] = settled(float(before.mean()))
    return out


def legacy_water_fill(starts: Times, values: Values, valid: Mask, *, ph: bool = False) -> Values:
    """The series with its gaps filled by HJ/T 356-2007 (R-356-L); NaN where nothing could be filled.

    Each gap takes the mean (``ph``: the median) of the valid hours in the equally long period just before it.

    Raises:
        ValueError: an hour is not before 2020-03-24, or hours are left out.
    """
    _check(starts, values, valid, WATER_UNTIL)
    out = np.where(valid, values, np.nan)
    for first, last in gaps(valid):
        period = slice(max(2 * first - last, 0), first)
        before = values[period][valid[period]]
        if before.size:
            out[first:last] = settled(float(np.median(before) if ph else before.mean()))
    return out


def gaps(valid: Mask) -> list[tuple[int, int]]:
    """Half-open ranges of neighbours that are not valid."""
    edges = np.diff(np.concatenate(([1], valid.astype(np.int8), [1])))
    return list(zip(np.flatnonzero(edges == -1).tolist(), np.flatnonzero(edges == 1).tolist(), strict=True))


def _check(starts: Times, values: Values, valid: Mask, until: date) -> None:
    if not starts.shape == values.shape == valid.shape or (np.diff(starts) != HOUR_S).any():
        raise ValueError("expected every hour of the span in order, with a value and a validity each")
    if starts.size and int(starts[-1]) >= to_epoch(day_start(until)):
        raise ValueError(
            f"{from_epoch(int(starts[-1]))} is under the rules in force from {until}: this one filled data before them only"
        )
