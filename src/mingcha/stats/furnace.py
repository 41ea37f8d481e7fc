"""Five-minute temperatures of a waste incinerator's furnace, R-WI-1 and R-WI-2 (部令第10号)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import DAY_S
from mingcha.core.spans import Span
from mingcha.stats.codes import Mask, Times, Values
from mingcha.stats.expected import touched
from mingcha.stats.hours import settled

WINDOW_S = 300
WINDOWS_A_DAY = DAY_S // WINDOW_S  # 288; Beijing midnight is a full window of UTC
Section = NDArray[np.float64]  # (n, k) °C: moments by thermocouples of one section, NaN = broken


class FurnaceMark(IntEnum):
    """启炉, 停炉, 故障, 事故, 烘炉, 停炉降温, 停运, 炉温异常."""

    NONE = 0
    START = 1
    SHUTDOWN = 2
    FAULT = 3
    ACCIDENT = 4
    DRYING = 5
    COOLING = 6
    STOPPED = 7
    TEMPERATURE = 8


CONDITIONS = frozenset({FurnaceMark.START, FurnaceMark.SHUTDOWN, FurnaceMark.FAULT, FurnaceMark.ACCIDENT})


@dataclass(frozen=True, slots=True)
class FurnaceLaw:
    """``line_c``: judged strictly below. ``max_low_windows`` of a day: more are a finding, R-WI-2. ``judge_conditions``
    1: windows of start, stop, fault and accident are judged as well; 0: they are not.

    Hours of R-WI-4: ``shared_cap_h`` of start, stop, fault and accident, ``heating_cap_h`` of drying and cooling, a
    calendar year and furnace; ``episode_h`` of one start, fault or accident. ``max_pm``: mg/m³ of the hour.
    """

    line_c: float = 850.0
    max_low_windows: int = 5
    judge_conditions: int = 0
    shared_cap_h: int = 60
    heating_cap_h: int = 700
    episode_h: int = 4
    max_pm: float = 150.0


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """``starts``: epoch seconds of the windows that hold a moment; ``means``: °C, NaN where no moment has a number."""

    starts: Times
    means: Values


@dataclass(frozen=True, slots=True)
class LowWindows:
    """One natural day. ``judged``: windows with a mean that no mark excludes; ``low``: of these below the line.

    ``missing``: neither excluded nor measured: not judged, and no pass. ``places``: the low ones, 0 to 287.
    """

    low: int
    judged: int
    missing: int
    places: tuple[int, ...]


def momentary(middle: Section, upper: Section) -> Values:
    """Mean of the median of the middle section and that of the upper one at each moment; NaN where a section has none.

    A broken thermocouple (NaN) is left out of its median. One row a moment in both.

    Raises:
        ValueError: the sections have other moments.
    """
    if middle.ndim != 2 or upper.ndim != 2 or middle.shape[0] != upper.shape[0]:
        raise ValueError(
            f"sections of shapes {middle.shape} and {upper.shape}: expected a row a moment in both"
        )
    both: Values = (_medians(middle) + _medians(upper)) / 2
    return both


def _medians(section: Section) -> Values:
    """By row, of the numbers there are."""
    if section.shape[1] == 0:
        return np.full(section.shape[0], np.nan)
    rising = np.sort(section, axis=1)  # NaN goes last
    count = (~np.isnan(section)).sum(axis=1)
    low, high = np.maximum((count - 1) // 2, 0), count // 2
    rows = np.arange(section.shape[0])
    middle = (rising[rows, low] + rising[rows, np.minimum(high, section.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, np.nan)


def five_minutes(times: Times, temperatures: Values) -> Windows:
    """Arithmetic means of the moments of each window of five minutes counted from 00:00 Beijing.

    Raises:
        ValueError: ``times`` do not rise strictly.
    """
    if times.shape != temperatures.shape or (np.diff(times) <= 0).any():
        raise ValueError("expected one temperature a moment, moments rising")
    keys, first = np.unique(times // WINDOW_S, return_index=True)
    if keys.size == 0:
        return Windows(times, temperatures)
    known = ~np.isnan(temperatures)
    counts = np.add.reduceat(known.astype(np.int64), first)
    sums = np.add.reduceat(np.where(known, temperatures, 0.0), first)
    means = np.full(keys.size, np.nan)
    means[counts > 0] = [settled(mean) for mean in (sums[counts > 0] / counts[counts > 0]).tolist()]
    return Windows(keys * WINDOW_S, means)


def excluded_windows(day_start_s: int, marks: Sequence[tuple[FurnaceMark, Span]], law: FurnaceLaw) -> Mask:
    """The 288 windows of the natural day that marks take out, R-WI-2: True where a mark holds any part of it.

    停运, 烘炉, 停炉降温 and 炉温异常 always do; 启炉, 停炉, 故障 and 事故 unless the law judges them.
    """
    judged = {FurnaceMark.NONE, *(CONDITIONS if law.judge_conditions else ())}
    starts = day_start_s + WINDOW_S * np.arange(WINDOWS_A_DAY, dtype=np.int64)
    return touched(starts, [span for mark, span in marks if mark not in judged], WINDOW_S)


def low_windows(windows: Windows, day_start_s: int, excluded: Mask, law: FurnaceLaw) -> LowWindows:
    """Windows below the line in the natural day that starts at ``day_start_s`` (00:00 Beijing in epoch seconds).

    ``excluded``: 288, True where a mark takes the window out (``excluded_windows``).

    Raises:
        ValueError: not 288 of them.
    """
    if excluded.shape != (WINDOWS_A_DAY,):
        raise ValueError(f"{excluded.size} windows: expected the {WINDOWS_A_DAY} of a day")
    day = np.full(WINDOWS_A_DAY, np.nan)
    place = (windows.starts - day_start_s) // WINDOW_S
    inside = (place >= 0) & (place < WINDOWS_A_DAY)
    day[place[inside]] = windows.means[inside]
    known = ~np.isnan(day)
    low = np.flatnonzero(known & ~excluded & (day < law.line_c))
    return LowWindows(
        int(low.size),
        int((known & ~excluded).sum()),
        int((~known & ~excluded).sum()),
        tuple(low.tolist()),
    )
