"""What the datalogger computed beside what we compute: means, converted means, amounts, extremes of hours.

``-Avg``, ``-ZsAvg``, ``-Cou``, ``-Min`` and ``-Max`` are each compared by themselves. A difference is shown, never
corrected: the computed value counts, the reported one is kept (HJ 212-2017 appendix D).
"""

from dataclasses import dataclass

import numpy as np

from mingcha.stats.codes import Values


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A difference is one beyond ``share`` of our value and beyond ``least`` (a step of the reported decimals)."""

    share: float = 0.02
    least: float = 0.0

    def __post_init__(self) -> None:
        if self.share < 0 or self.least < 0:
            raise ValueError(f"{self}: expected 0 or more of both")


@dataclass(frozen=True, slots=True)
class Compared:
    """``both``: hours with two values; ``ours_only``, ``theirs_only``: with one. ``greatest``: largest size of a
    difference; ``bias``: mean of theirs less ours; None without a pair. ``places``: the hours that differ.
    """

    both: int
    ours_only: int
    theirs_only: int
    differing: int
    greatest: float | None
    bias: float | None
    places: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.differing != len(self.places):
            raise ValueError(f"{self.differing} differing hours, {len(self.places)} places")


def compare(ours: Values, theirs: Values, tolerance: Tolerance) -> Compared:
    """Compare two series of the same hours; NaN = no value. Exactly at the tolerance is no difference.

    Raises:
        ValueError: lengths differ.
    """
    if ours.shape != theirs.shape:
        raise ValueError(f"{ours.size} and {theirs.size} hours: expected the same ones")
    has, had = ~np.isnan(ours), ~np.isnan(theirs)
    both = has & had
    differences = np.where(both, theirs - ours, 0.0)
    allowed = np.maximum(tolerance.share * np.abs(np.where(has, ours, 0.0)), tolerance.least)
    places = np.flatnonzero(
        np.abs(differences) > allowed * (1 + 1e-12)
    )  # the last binary digit is no difference
    pairs = int(both.sum())
    return Compared(
        pairs,
        int((has & ~had).sum()),
        int((had & ~has).sum()),
        int(places.size),
        float(np.abs(differences[both]).max()) if pairs else None,
        float(differences[both].mean()) if pairs else None,
        tuple(places.tolist()),
    )
