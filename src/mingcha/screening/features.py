"""Shared preparation, screening §3: what every detector needs, computed once for an outlet.

``ok``: flagged normal and a number. ``running``: the plant operates at that moment. A track also knows
its reporting step ``q`` and, for an analyser that samples and holds, its cycle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mingcha.core.facts import Medium, OutletFacts, Setting

Times = NDArray[np.int64]  # (n,) epoch seconds UTC, strictly rising
Values = NDArray[np.float64]  # (n,) one unit throughout, NaN = missing
Mask = NDArray[np.bool_]  # (n,)

VELOCITY, GAS_FLOW, WATER_FLOW = "a01011", "a00000", "w00000"
RUNNING_SHARE = 0.15  # of the 90th percentile of the velocity, screening §3.1
GAP_FACTOR = 1.5  # a step longer than this many intervals is a gap


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One factor as handed in. ``ok``: the data flag says normal."""

    times: Times
    values: Values
    ok: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One factor prepared. ``usable`` = ok, a number, and the plant running. ``q``: least step reported.

    ``cycle_s``: seconds between analyses of a sample-and-hold analyser, None for a continuous one.
    """

    factor: str
    times: Times
    values: Values
    usable: Mask
    q: float
    interval_s: int
    cycle_s: int | None
    setting: Setting | None

    @property
    def gap_s(self) -> float:
        return GAP_FACTOR * self.interval_s


@dataclass(frozen=True, slots=True)
class Prepared:
    """One outlet ready for detectors."""

    facts: OutletFacts
    tracks: Mapping[str, Track]


def prepare(facts: OutletFacts, samples: Mapping[str, Samples]) -> Prepared:
    """Prepare every factor of one outlet."""
    tracks = {
        factor: _track(facts, factor, item, running(facts.medium, samples, item.times))
        for factor, item in samples.items()
        if item.times.size
    }
    return Prepared(facts, tracks)


def _track(facts: OutletFacts, factor: str, item: Samples, run: Mask) -> Track:
    setting = facts.setting(factor)
    interval = usual_interval(item.times, facts.minute_interval_s)
    usable: Mask = item.ok & ~np.isnan(item.values) & run
    q = setting.resolution if setting is not None and setting.resolution else resolution(item.values[usable])
    runs = constant_runs(item.times, item.values, usable, tolerance=q / 2, gap_s=GAP_FACTOR * interval)
    cycle = setting.cycle_s if setting is not None else None
    if cycle is None and facts.medium is Medium.WATER:
        cycle = detected_cycle(item.times, runs, interval)
    return Track(factor, item.times, item.values, usable, q, interval, cycle, setting)


def usual_interval(times: Times, otherwise: int) -> int:
    """The median step in seconds; ``otherwise`` with fewer than two times."""
    return int(np.median(np.diff(times))) if times.size > 1 else otherwise


def resolution(values: Values) -> float:
    """The least step a series is reported in: first percentile of the steps that are not 0; 0 if none."""
    steps = np.abs(np.diff(values))
    moving = steps[steps > 1e-9]
    return float(np.quantile(moving, 0.01, method="lower")) if moving.size else 0.0


def running(medium: Medium, samples: Mapping[str, Samples], times: Times) -> Mask:
    """Whether the plant runs at each of ``times``, screening §3.1.

    Gas by velocity over 15 % of its own 90th percentile, where unknown by flow; water by flow over 0.
    An outlet without either always runs; one that has them is running only where they say so.
    """
    known = np.zeros(times.shape, dtype=np.bool_)
    run = np.zeros(times.shape, dtype=np.bool_)
    signs = (VELOCITY, GAS_FLOW) if medium is Medium.GAS else (WATER_FLOW,)
    measured = [name for name in signs if name in samples and samples[name].times.size]
    for name in measured:
        values = _at(samples[name], times)
        fresh = ~np.isnan(values) & ~known
        run[fresh] = values[fresh] > _idle(name, samples[name])
        known |= fresh
    return run if measured else np.ones(times.shape, dtype=np.bool_)


def _idle(name: str, item: Samples) -> float:
    good = item.values[item.ok & ~np.isnan(item.values)]
    if name != VELOCITY or not good.size:
        return 0.0
    return RUNNING_SHARE * float(np.quantile(good, 0.9))


def _at(item: Samples, times: Times) -> Values:
    """Good values of ``item`` at exactly ``times``, NaN elsewhere."""
    out = np.full(times.shape, np.nan)
    place = np.minimum(np.searchsorted(item.times, times), item.times.size - 1)
    same = (item.times[place] == times) & item.ok[place]
    out[same] = item.values[place[same]]
    return out


def constant_runs(
    times: Times, values: Values, usable: Mask, *, tolerance: float, gap_s: float
) -> list[tuple[int, int]]:
    """Maximal stretches ``(first, last)`` of usable samples in which neighbours differ by ``tolerance`` or less.

    Single samples count. A sample that is not usable and a step longer than ``gap_s`` end a stretch.

    Raises:
        ValueError: shapes differ, or ``tolerance`` is negative.

    >>> t, v = np.arange(5) * 60, np.array([8.0, 7, 7, 7, 9])
    >>> constant_runs(t, v, np.ones(5, bool), tolerance=0.05, gap_s=90)
    [(0, 0), (1, 3), (4, 4)]
    """
    if not times.shape == values.shape == usable.shape:
        raise ValueError(f"shapes differ: {times.shape}, {values.shape}, {usable.shape}")
    if tolerance < 0:
        raise ValueError(f"tolerance {tolerance}: expected 0 or more")
    places = np.flatnonzero(usable)
    if not places.size:
        return []
    joined = (
        (np.diff(places) == 1)
        & (np.diff(times[places]) <= gap_s)
        & (np.abs(np.diff(values[places])) <= tolerance)
    )
    edges = [0, *(np.flatnonzero(~joined) + 1).tolist(), places.size]
    return [(int(places[a]), int(places[b - 1])) for a, b in pairwise(edges)]


def run_seconds(times: Times, run: tuple[int, int], interval_s: int) -> int:
    """How long a stretch lasts, the length of its last sample included."""
    return int(times[run[1]] - times[run[0]]) + interval_s


def detected_cycle(times: Times, runs: list[tuple[int, int]], interval_s: int) -> int | None:
    """The cycle of a sample-and-hold analyser: the commonest length of its stretches (screening §3.2).

    None where most stretches are single samples: the analyser is continuous.
    """
    lengths = [run_seconds(times, run, interval_s) for run in runs]
    if not lengths:
        return None
    found, counts = np.unique(lengths, return_counts=True)
    commonest = int(found[counts.argmax()])
    return commonest if commonest > interval_s else None


def analyses(seconds: int, cycle_s: int, interval_s: int) -> int:
    """How many analyses a held value stands for: whole cycles, forgiving one interval, at least 1.

    So the effective series of a sample-and-hold analyser is each stretch's value, so many times.
    """
    return max(1, (seconds + interval_s) // cycle_s)
