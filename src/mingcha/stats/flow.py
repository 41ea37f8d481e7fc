"""Volumes from flow and back, HJ 212-2017 appendix D: by the unit the flow is reported in, or by a totaliser."""

import numpy as np

from mingcha.core.errors import BadInput
from mingcha.stats.codes import Seconds, Values

# Reported unit of a flow -> m³ in one second at a reading of 1.
PER_SECOND = {"L/s": 1e-3, "m3/s": 1.0, "m3/h": 1 / 3600}


def volumes(flow: Values, lengths: Seconds, unit: str) -> Values:
    """m³ of each record: mean flow by length, HJ 212-2017 appendix D.

    Raises:
        BadInput: the unit of the flow is not known; set it at the point.
    """
    if unit not in PER_SECOND:
        raise BadInput({"unit": f"flow in {unit!r}: expected one of {', '.join(PER_SECOND)}; mend the point"})
    return flow * lengths * PER_SECOND[unit]


def totaliser_volumes(readings: Values) -> Values:
    """m³ poured between each reading of a totaliser and the one before it; NaN for the first and after a reset.

    A missing reading is bridged: the next one holds the volume of both intervals. A totaliser that runs backwards
    was reset or exchanged; what poured meanwhile is not known.
    """
    out = np.full(readings.shape, np.nan)
    known = np.flatnonzero(~np.isnan(readings))
    steps = np.diff(readings[known])
    out[known[1:]] = np.where(steps >= 0, steps, np.nan)
    return out


def mean_flow(volume_m3: Values, seconds: Seconds) -> Values:
    """L/s from the volume of an interval: ``D·10³/600`` for ten minutes, ``/3600`` for an hour, ``/86400`` for a day.

    Raises:
        ValueError: a length is not positive.
    """
    if (seconds <= 0).any():
        raise ValueError(f"an interval of {int(seconds.min())} s: expected more than 0")
    flow: Values = volume_m3 * 1e3 / seconds
    return flow


def mean_concentration(mass_kg: Values, volume_m3: Values) -> Values:
    """mg/L from mass and volume, ``G·10³/D``; NaN where no water flowed."""
    flowing = volume_m3 > 0
    return np.where(flowing, mass_kg * 1e3 / np.where(flowing, volume_m3, 1.0), np.nan)
