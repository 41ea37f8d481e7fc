"""What checks of the equipment say of data: R-356-6.2 (water), R-75-C.9, C.10 (gas), R-355-8.2."""

import math
from dataclasses import dataclass

import numpy as np

from mingcha.stats.codes import Mask, Times, Values

MIN_PAIRS = 9  # R-75-C.10
# Student's t, two-sided 0.95, by degrees of freedom, as far as R-75-C.10 names it.
STUDENT_T = {8: 2.306, 9: 2.262, 10: 2.228, 11: 2.201, 12: 2.179}


def invalid_spans(times: Times, passed: Mask) -> list[tuple[int | None, int | None]]:
    """From the last passed check before a failure to the next pass, R-356-6.2(c).

    ``times``: moments of checks (calibration, standard check, comparison), rising. Up to the failure the data are
    not valid, from it to the pass the time is non-normal as well. None: no pass before (all older data are in
    doubt) or none yet.

    Raises:
        ValueError: moments do not rise strictly.
    """
    if times.shape != passed.shape or (np.diff(times) <= 0).any():
        raise ValueError("expected checks in order of time, one result each")
    edges = np.diff(np.concatenate(([0], (~passed).astype(np.int8), [0])))
    firsts, ends = np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist()
    return [
        (int(times[first - 1]) if first else None, int(times[end]) if end < times.size else None)
        for first, end in zip(firsts, ends, strict=True)
    ]


def differs(platform: Values, other: Values, max_share: float) -> Mask:
    """Where platform and analyser (or logger) differ by more than 1 %: ``|p − a|/a``, R-356-6.2(b).

    The platform's value is not valid there. A missing value on either side differs from nothing; from an ``other``
    of 0 everything but 0 does. The last digit of binary arithmetic is no difference.
    """
    allowed = max_share * np.abs(other)
    return np.abs(platform - other) > allowed * (1 + 1e-12)


def drift(readings: Values, reference: float, full_scale: float) -> float:
    """Zero or span drift in per cent of full scale: ``ΔZ_max/R·100``, the difference of greatest size, R-75-C.9.

    Raises:
        ValueError: no reading, or a full scale that is not positive.
    """
    if readings.size == 0 or full_scale <= 0:
        raise ValueError(
            f"{readings.size} readings, full scale {full_scale:g}: expected a reading and more than 0"
        )
    differences = readings - reference
    return float(differences[np.argmax(np.abs(differences))]) / full_scale * 100


def standard_check_error(measured: float, standard: float) -> float:
    """``(C − B)/B·100`` per cent of an automatic standard check, R-355-8.2.

    Raises:
        ValueError: the standard is not positive.
    """
    if standard <= 0:
        raise ValueError(f"standard of {standard:g}: expected more than 0")
    return (measured - standard) / standard * 100


@dataclass(frozen=True, slots=True)
class Accuracy:
    """``mean``, ``deviation``, ``confidence``: d̄, Sd and cc of the differences; ``relative``: RA in per cent."""

    mean: float
    deviation: float
    confidence: float
    relative: float


def relative_accuracy(measured: Values, reference: Values) -> Accuracy:
    """``RA = (|d̄| + |cc|)/mean_ref·100``, R-75-C.10, for 9 to 13 pairs.

    Raises:
        ValueError: fewer than 9 pairs, or more than the table of t has, or a mean reference that is not positive.
    """
    pairs = reference.size
    if measured.shape != reference.shape or pairs - 1 not in STUDENT_T:
        most = max(STUDENT_T) + 1
        raise ValueError(f"{measured.size} and {pairs} values: expected {MIN_PAIRS} to {most} pairs")
    mean_reference = math.fsum(reference.tolist()) / pairs
    if mean_reference <= 0:
        raise ValueError(f"mean reference {mean_reference:g}: expected more than 0")
    differences = measured - reference
    mean = math.fsum(differences.tolist()) / pairs
    deviation = math.sqrt(math.fsum(((differences - mean) ** 2).tolist()) / (pairs - 1))
    confidence = STUDENT_T[pairs - 1] * deviation / math.sqrt(pairs)
    return Accuracy(mean, deviation, confidence, (abs(mean) + abs(confidence)) / mean_reference * 100)
