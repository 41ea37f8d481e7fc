"""The expected grid: which hours of a factor are due, and why the others are not. R-TR-1, R-355-6, R-355-8.5.

Only what is filed beforehand is asked here: connection, schedules of batch dischargers and shared analysers, the
cycle of a slow analyser. What turned out later (stops, no flow, checks, marks) is laid over the grid by ``flow``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from mingcha.core.causes import Cause
from mingcha.core.clock import DAY_S, HOUR_S, to_epoch
from mingcha.core.facts import Schedule
from mingcha.core.spans import Span, merged
from mingcha.stats.codes import Mask, Times
from mingcha.stats.rates import BEIJING_S, percent

CAUSES: tuple[str, ...] = ("", *(cause.value for cause in Cause))
PLACE = {cause: place for place, cause in enumerate(CAUSES)}
DUE = PLACE[""]
EPOCH, SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
MONDAY = 3  # 1970-01-01 was a Thursday
RESULTS_AN_HOUR = {
    "w01001": 6,
    "w01010": 6,
    "w00000": 6,
}  # pH, temperature, flow: one in ten minutes, R-355-6

Causes = NDArray[np.int8]  # (n,) places in CAUSES


def expected(
    starts: Times,
    *,
    factor: str,
    connected: Sequence[Span],
    schedules: Sequence[Schedule] = (),
    cycle_s: int | None = None,
) -> Causes:
    """For each hour a place in ``CAUSES``: "" where data are due, else why not.

    An hour is due when a connected span holds all of it, every cause among the schedules in force for the factor
    allows it (of several schedules with one cause one is enough), and a slow analyser starts an analysis in it: with
    a cycle over an hour, counted from 00:00 Beijing (our default). The first of these that fails is the cause.

    Raises:
        ValueError: a start is not a full hour, a cycle is not positive, or a schedule names no cause we know.
    """
    if (starts % HOUR_S).any():
        raise ValueError("starts must be full hours")
    if cycle_s is not None and cycle_s <= 0:
        raise ValueError(f"cycle of {cycle_s} s: expected more than 0")
    out = np.full(starts.shape, DUE, dtype=np.int8)
    out[~covered(starts, connected)] = PLACE[Cause.NOT_CONNECTED]
    for cause, barred in _barred(starts, factor, schedules).items():
        out[barred & (out == DUE)] = PLACE[cause]
    if cycle_s is not None and cycle_s > HOUR_S:
        out[~_analysed(starts, cycle_s) & (out == DUE)] = PLACE[Cause.OFF_SCHEDULE]
    return out


def covered(starts: Times, spans: Sequence[Span]) -> Mask:
    """Hours that spans hold from their start to their end; two that meet within an hour hold it together."""
    out = np.zeros(starts.shape, dtype=np.bool_)
    for span in merged(spans):
        out |= (starts >= _up(span.start)) & (starts + HOUR_S <= to_epoch(span.end))
    return out


def touched(starts: Times, spans: Sequence[Span], length_s: int = HOUR_S) -> Mask:
    """Hours (or stretches of ``length_s``) of which spans hold any part."""
    out = np.zeros(starts.shape, dtype=np.bool_)
    for span in merged(spans):
        if span.length:
            out |= (starts + length_s > to_epoch(span.start)) & (starts < _up(span.end))
    return out


def _up(moment: datetime) -> int:
    """The first whole second that is not before ``moment``."""
    return -((EPOCH - moment) // SECOND)


def _in_force(starts: Times, item: Schedule) -> Mask:
    """By the start of the hour."""
    begun: Mask = starts >= _up(item.start)
    return begun if item.end is None else begun & (starts < _up(item.end))


def _analysed(starts: Times, cycle_s: int) -> Mask:
    """Hours in which a cycle counted from 00:00 Beijing begins."""
    second = (starts + BEIJING_S) % DAY_S
    begins: Mask = -(-second // cycle_s) * cycle_s < second + HOUR_S
    return begins


def _barred(starts: Times, factor: str, schedules: Sequence[Schedule]) -> dict[str, Mask]:
    """By cause, in the order of ``CAUSES``, the hours that schedules in force leave out."""
    hour = (starts + BEIJING_S) % DAY_S // HOUR_S
    weekday = ((starts + BEIJING_S) // DAY_S + MONDAY) % 7
    ruled: dict[str, Mask] = {}
    allowed: dict[str, Mask] = {}
    for item in schedules:
        if item.factor not in ("", factor):
            continue
        if item.cause not in PLACE or not item.cause:
            raise ValueError(f"schedule with cause {item.cause!r}: expected one of {', '.join(CAUSES[1:])}")
        held = _in_force(starts, item)
        inside = np.isin(hour, list(item.hours)) & np.isin(weekday, list(item.weekdays))
        none = np.zeros(starts.shape, dtype=np.bool_)
        ruled[item.cause] = ruled.get(item.cause, none) | held
        allowed[item.cause] = allowed.get(item.cause, none) | (held & inside)
    return {cause: ruled[cause] & ~allowed[cause] for cause in sorted(ruled, key=PLACE.__getitem__)}


def results_due(flowing: Mask, per_hour: int = 1) -> int:
    """Results due of a water factor: one for each hour with discharge, continuous or not (COD, NH3-N, TP, TN).

    ``per_hour`` 6 for pH, temperature and flow (one in ten minutes), R-355-6.

    Raises:
        ValueError: ``per_hour`` is not positive.
    """
    if per_hour <= 0:
        raise ValueError(f"{per_hour} results an hour: expected 1 or more")
    return int(np.count_nonzero(flowing)) * per_hour


def valid_data_ratio(valid: int, due: int) -> Decimal | None:
    """Monthly ratio of valid data in per cent with two decimals, R-355-8.5; None where nothing was due.

    Raises:
        ValueError: more results are valid than were due: count those of hours with discharge only.
    """
    if not 0 <= valid <= due:
        raise ValueError(f"{valid} valid results of {due} due: expected between none and all")
    return percent(valid, due)


def named(causes: Causes) -> list[str]:
    """The causes as words, "" = due."""
    return [CAUSES[place] for place in causes.tolist()]
