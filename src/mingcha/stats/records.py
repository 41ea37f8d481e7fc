"""Records as arrays, and how long each one speaks for.

A record longer than a minute counts with its length (R-75-3.2). Lengths are whole seconds, so that
sums are exact and thresholds are met or not, never nearly.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mingcha.core.clock import HOUR_S
from mingcha.stats.codes import NO_DATA, NORMAL, STOPPED, Codes, Seconds, Times, Values

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Records:
    """One factor's records. ``times``: start of each; ``lengths``: seconds it counts within its hour.

    ``lows``/``highs``: least and greatest inside the record. ``amounts``: volume or mass of the
    record (``-Cou``), NaN = not sent.
    """

    times: Times
    lengths: Seconds
    values: Values
    codes: Codes
    lows: Values
    highs: Values
    amounts: Values


def record_lengths(times: Times, *, interval_s: int) -> Seconds:
    """Seconds each record counts: to the next record, the end of its hour, or one interval.

    The interval is the shorter of ``interval_s`` and the median step inside the hour, so a logger
    that sends minutes where ten were filed is not counted tenfold. A record lies in the hour it
    starts in. An hour with a single record gives it ``interval_s``.

    Raises:
        ValueError: ``times`` do not rise strictly, or ``interval_s`` is not positive.
    """
    if interval_s <= 0:
        raise ValueError(f"interval of {interval_s} s: expected more than 0")
    if times.size == 0:
        return np.zeros(0, dtype=np.int64)
    steps = np.diff(times)
    if (steps <= 0).any():
        raise ValueError("times must rise strictly: sort them and keep one record a moment")
    hour = times // HOUR_S
    to_end = (hour + 1) * HOUR_S - times
    to_next = np.append(steps, interval_s)
    usual = np.minimum(_usual_steps(hour, steps, interval_s), interval_s)
    least: Seconds = np.minimum(np.minimum(usual, to_next), to_end)
    return least


def _usual_steps(hour: Times, steps: Times, otherwise: int) -> Seconds:
    """For each record the median step (whole seconds) inside its hour; ``otherwise`` where it is alone."""
    usual = np.full(hour.size, otherwise, dtype=np.int64)
    inside = hour[1:] == hour[:-1]
    held = steps[inside]
    if held.size and (held == held[0]).all():  # a logger that lost nothing: no median is needed
        usual[np.append(inside, False) | np.insert(inside, 0, False)] = held[0]
        return usual
    for first, last in groups(hour):
        if last - first > 1:
            usual[first:last] = int(np.median(steps[first : last - 1]))
    return usual


def groups(keys: Times) -> list[tuple[int, int]]:
    """Half-open index ranges of equal neighbouring keys."""
    cuts = np.flatnonzero(np.diff(keys)) + 1
    edges = [0, *cuts.tolist(), keys.size] if keys.size else []
    return list(pairwise(edges))


def make_records(
    times: Times,
    values: Values,
    codes: Codes,
    *,
    interval_s: int,
    lows: Values | None = None,
    highs: Values | None = None,
    amounts: Values | None = None,
) -> Records:
    """Records with their lengths; a record with code N but no number becomes ``Md``.

    Raises:
        ValueError: arrays differ in length, or see ``record_lengths``.
    """
    given = [values.shape, codes.shape, *(a.shape for a in (lows, highs, amounts) if a is not None)]
    if any(shape != times.shape for shape in given):
        raise ValueError(f"arrays differ in length: {[times.shape, *given]}")
    lacking = np.isnan(values) & (codes == NORMAL)
    return Records(
        times,
        record_lengths(times, interval_s=interval_s),
        values,
        np.where(lacking, NO_DATA, codes).astype(np.int8),
        values if lows is None else np.where(np.isnan(lows), values, lows),
        values if highs is None else np.where(np.isnan(highs), values, highs),
        np.full(times.shape, np.nan) if amounts is None else amounts,
    )


def aligned(times: Times, other_times: Times, other: Values) -> Values:
    """``other`` at exactly the moments of ``times``; NaN where it has no record."""
    out = np.full(times.shape, np.nan)
    if other_times.size:
        place = np.minimum(np.searchsorted(other_times, times), other_times.size - 1)
        same = other_times[place] == times
        out[same] = other[place[same]]
    return out


def without_flow_stopped(codes: Codes, flow: Values) -> Codes:
    """Water: a concentration at flow 0 is not valid (R-356-6.2a) and counts as stopped.

    Equipment codes stay as they are; an unknown flow (NaN) changes nothing.
    """
    return np.where((codes == NORMAL) & (flow == 0), STOPPED, codes).astype(np.int8)
