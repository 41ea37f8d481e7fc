"""Real-time values to minutes, where a datalogger sends no minutes of its own: R-75-3.2, R-76-B.1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mingcha.stats.codes import Mask, Times, Values
from mingcha.stats.hours import settled
from mingcha.stats.records import MINUTE_S
from mingcha.stats.validity import Validity


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """Columns by minute that holds a value. ``counts``: valid real-time values; below the law's all else is NaN."""

    starts: Times
    means: Values
    lows: Values
    highs: Values
    counts: NDArray[np.int64]


def minutes_of(times: Times, values: Values, valid: Mask, law: Validity) -> Minutes:
    """Arithmetic means of the valid values of each minute, which needs at least 12 (one per 5 s), R-75-3.2.

    Raises:
        ValueError: ``times`` do not rise strictly: a value sent twice would count twice.
    """
    if (np.diff(times) <= 0).any():
        raise ValueError("times must rise strictly: sort them and keep one value a moment")
    starts, first = np.unique(times // MINUTE_S, return_index=True)
    good = valid & ~np.isnan(values)
    if starts.size == 0:
        none = np.zeros(0)
        return Minutes(times, none, none, none, np.zeros(0, dtype=np.int64))
    counts = np.add.reduceat(good.astype(np.int64), first)
    enough = counts >= max(law.min_real_values, 1)
    sums = np.add.reduceat(np.where(good, values, 0.0), first)
    means = np.full(starts.size, np.nan)
    means[enough] = [settled(mean) for mean in (sums[enough] / counts[enough]).tolist()]
    lows = np.minimum.reduceat(np.where(good, values, np.inf), first)
    highs = np.maximum.reduceat(np.where(good, values, -np.inf), first)
    return Minutes(
        starts * MINUTE_S,
        means,
        np.where(enough, lows, np.nan),
        np.where(enough, highs, np.nan),
        counts,
    )
