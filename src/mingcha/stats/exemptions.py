"""Hours of an incinerator in which the day's limits are not judged, R-WI-4. Per furnace, by calendar year (Beijing).

Hours are used up in time order. What lies beyond a cap, beyond four hours of one start, fault or accident, or has
hourly PM above 150 mg/m³ is not exempt and uses nothing up; neither is an hour without a PM value, since nothing
shows that it kept the line (our default).
"""

from collections import Counter
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import HOUR_S, beijing_day, from_epoch
from mingcha.stats.codes import Times, Values
from mingcha.stats.furnace import CONDITIONS, FurnaceLaw, FurnaceMark


class Exemption(IntEnum):
    """Why an hour is exempt, or why not."""

    UNMARKED = 0
    EXEMPT = 1
    PM_OVER = 2
    PM_UNKNOWN = 3
    EPISODE_OVER = 4
    CAP_USED = 5


HEATING = frozenset({FurnaceMark.DRYING, FurnaceMark.COOLING})
EXEMPTING = tuple(CONDITIONS | HEATING | {FurnaceMark.STOPPED})
LIMITED = CONDITIONS - {FurnaceMark.SHUTDOWN}  # each episode has its own hours


def exempt_hours(starts: Times, marks: NDArray[np.integer], pm: Values, law: FurnaceLaw) -> NDArray[np.int8]:
    """An ``Exemption`` for each hour. 启炉, 停炉, 故障 and 事故 share one cap, 烘炉 and 停炉降温 another, 停运 has none.

    ``marks``: a ``FurnaceMark`` each; ``pm``: hourly mg/m³, NaN = not known. Hours must begin with a calendar year, so that the caps are known. An episode is a stretch of neighbouring hours
    with one mark; the year's turn does not begin a new one.

    Raises:
        ValueError: hours do not rise strictly, or lengths differ.
    """
    if not starts.shape == marks.shape == pm.shape or (np.diff(starts) <= 0).any():
        raise ValueError("expected a mark and a PM value for each hour, hours rising")
    out = np.zeros(starts.shape, dtype=np.int8)
    used: Counter[tuple[int, bool]] = Counter()
    episode, before = 0, (-HOUR_S, FurnaceMark.NONE)
    for place in np.flatnonzero(np.isin(marks, EXEMPTING)).tolist():
        start, mark = int(starts[place]), FurnaceMark(int(marks[place]))
        episode = episode + 1 if before == (start - HOUR_S, mark) else 1
        before = (start, mark)
        cap = (beijing_day(from_epoch(start)).year, mark in HEATING)
        out[place] = _of_hour(mark, episode, float(pm[place]), used[cap], law)
        if out[place] == Exemption.EXEMPT and mark is not FurnaceMark.STOPPED:
            used[cap] += 1
    return out


def _of_hour(mark: FurnaceMark, episode: int, pm: float, used: int, law: FurnaceLaw) -> Exemption:
    if mark is FurnaceMark.STOPPED:
        return Exemption.EXEMPT
    if mark in HEATING:
        return Exemption.EXEMPT if used < law.heating_cap_h else Exemption.CAP_USED
    if np.isnan(pm):
        return Exemption.PM_UNKNOWN
    if pm > law.max_pm:
        return Exemption.PM_OVER
    if mark in LIMITED and episode > law.episode_h:
        return Exemption.EPISODE_OVER
    return Exemption.EXEMPT if used < law.shared_cap_h else Exemption.CAP_USED
