"""Fewer points for a chart without losing what it must show: extremes, gaps and changes of flag.

A *part* is a stretch of neighbours in one column of the chart, of one group and all with or all without a
number. Of each part the first, the least, the greatest and the last point stay (of equals the earliest), so a
spike of one minute in five years is still drawn and a gap still breaks the line.
"""

import numpy as np
from numpy.typing import NDArray

from mingcha.stats.codes import Mask, Places, Times, Values

CORNERS = 4


def thin(
    times: Times,
    values: Values,
    groups: NDArray[np.integer],
    columns: int,
    keep: Mask | None = None,
) -> Places:
    """Places to draw, rising: first, least, greatest and last of each part, and all of ``keep``.

    ``groups``: a small number for each point, the same where the flag is the same. ``columns``: pixels of the
    chart. With at most four points a column all stay.

    Raises:
        ValueError: arrays differ in length, times do not rise, or ``columns`` is not positive.
    """
    _check(times, values, groups, columns, keep)
    if times.size <= columns * CORNERS:
        return np.arange(times.size, dtype=np.int64)
    starts = _starts(_columns(times, columns), groups, np.isnan(values))
    ends = np.append(starts[1:], times.size) - 1
    chosen = np.zeros(times.size, dtype=np.bool_)
    chosen[starts] = chosen[ends] = True
    for known, extreme in ((values, np.minimum), (values, np.maximum)):
        chosen[_first_equal(known, extreme.reduceat(known, starts), starts)] = True
    if keep is not None:
        chosen |= keep
    return np.flatnonzero(chosen).astype(np.int64, copy=False)


def _columns(times: Times, columns: int) -> Times:
    """The column of each point; the last moment lies in the last column."""
    first = int(times[0])
    length = int(times[-1]) - first + 1
    return (times - first) * columns // length


def _starts(column: Times, groups: NDArray[np.integer], missing: Mask) -> Places:
    changes = (np.diff(column) != 0) | (groups[1:] != groups[:-1]) | (missing[1:] != missing[:-1])
    return np.concatenate(([0], np.flatnonzero(changes) + 1)).astype(np.int64, copy=False)


def _first_equal(values: Values, extremes: Values, starts: Places) -> Places:
    """The first place in each part that holds its extreme; parts without a number have none."""
    lengths = np.diff(np.append(starts, values.size))
    hits = np.flatnonzero(values == np.repeat(extremes, lengths))
    part = np.searchsorted(starts, hits, side="right")
    _, first = np.unique(part, return_index=True)
    return hits[first]


def _check(
    times: Times, values: Values, groups: NDArray[np.integer], columns: int, keep: Mask | None
) -> None:
    if columns <= 0:
        raise ValueError(f"{columns} columns: expected more than 0")
    shapes = [values.shape, groups.shape, *([] if keep is None else [keep.shape])]
    if any(shape != times.shape for shape in shapes):
        raise ValueError(f"arrays differ in length: {[times.shape, *shapes]}")
    if (np.diff(times) < 0).any():
        raise ValueError("times must rise: sort the points")
