"""Scores and levels, screening §3.6.

The score is ``−log10`` of the false alarms expected per 100 outlet-months, so scores of detectors can be
compared. It should be read from reviewed-clean outlets. As long as none are stored it is computed from
the outlet's own history under a stated model, is at most ``UNCALIBRATED_TOP``, and gives at most the
level *general*: an uncalibrated detector alone makes nothing serious.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mingcha.core.verdicts import Level

Counts = NDArray[np.int64]  # (n,) values in each stretch, 1 or more

MONTH_S = 30 * 86400
OUTLETS = 100
UNCALIBRATED_TOP = 2.0
LEAST = -1.0  # below this a hit is not shown
PRIOR = 20  # weight of the share of equal neighbours where few stretches are long
LONGEST = 0.9  # quantile of the stretches from which the longest are taken


def run_score(samples: int, stay: float, step_s: int) -> float:
    """Score of ``samples`` equal values in a row, each staying with probability ``stay``.

    Model: a value stays with its own long-run probability, independently. 100 outlets give
    ``100·(month/step)·(1−stay)·stay^(samples−1)`` such runs a month.
    """
    starts = OUTLETS * MONTH_S / step_s * (1 - stay)
    expected_log10 = math.log10(starts) + (samples - 1) * math.log10(stay)
    return min(-expected_log10, UNCALIBRATED_TOP)


def level_of(score: float, *, calibrated: bool) -> Level | None:
    """Serious from 1, general from 0, notice from −1 (WF-12); None below: not shown."""
    if score >= 1 and calibrated:
        return Level.SERIOUS
    if score >= 0:
        return Level.GENERAL
    return Level.NOTICE if score >= LEAST else None


def stay_probability(counts: Counts) -> float:
    """How probable it is that a value stays, from the own stretches outside the candidate.

    ``counts``: values in each stretch. The largest of three counts: the share of equal neighbours, the
    share of equal pairs that stay once more, and of the longest tenth of the stretches that go on. So a
    coarse or slow series is not taken for independent. A short history is drawn towards the share.
    """
    pairs, equal = max(int(counts.sum()) - 1, 0), int((counts - 1).sum())
    share = (equal + 1) / (pairs + 2)
    long = int(np.quantile(counts, LONGEST)) if counts.size else 1
    return max(share, *(_goes_on(counts[counts > least] - least, share) for least in (1, long)))


def _goes_on(beyond: Counts, share: float) -> float:
    """Probability that a stretch goes on, from how far stretches went beyond a length."""
    steps = int(beyond.sum())
    return (steps - beyond.size + share * PRIOR) / (steps + PRIOR)
