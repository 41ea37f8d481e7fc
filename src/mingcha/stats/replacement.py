"""Day emissions of water, measured and replaced: R-356-7.2, R-356-8. Concentration and flow are never replaced,
but for manual data in a non-normal period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mingcha.stats.codes import Values
from mingcha.stats.conversion import water_mass_kg
from mingcha.stats.hours import weighted_mean


@dataclass(frozen=True, slots=True)
class WaterLaw:
    """``max_difference``: a share, R-356-6.2(b). ``min_manual`` results a day and ``look_back_days``: R-356-8.

    ``min_valid_ratio``: per cent of a month, R-355-8.5.
    """

    max_difference: float = 0.01
    min_manual: int = 4
    look_back_days: int = 30
    min_valid_ratio: float = 90.0


class Basis(StrEnum):
    """Where a day's emission comes from. ``NONE``: nothing that the rule allows is at hand."""

    MANUAL = "manual"
    LOOK_BACK = "look_back"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class WaterReplacement:
    """``mean``: mg/L, from manual data only. ``found``: valid days that the look-back had, of those asked for."""

    mean: float | None
    emission_kg: float | None
    basis: Basis
    found: int
    short_history: bool


def water_day_emission(mean_mgl: float, volume_m3: float) -> float:
    """kg of a day whose mean could be formed: by the volume of the whole day, R-356-7.2 (our default)."""
    return water_mass_kg(mean_mgl, volume_m3)


def replace_water_day(
    emissions: Values,
    last_passed: int | None,
    law: WaterLaw,
    *,
    normal: bool,
    manual_mgl: Sequence[float] = (),
    volume_m3: float | None = None,
) -> WaterReplacement:
    """What stands in for a day whose mean cannot be formed, R-356-8.

    ``emissions``: kg of each day up to the one in question, NaN where a day is not valid. ``last_passed``: place of
    the day of the last check that was passed; None when none was: then all days count (our default). ``normal``: the
    instrument was in its normal sampling period. Otherwise manual results come first, if there are four.
    Where the volume of the day is not known, manual results give the mean and the look-back the emission.
    """
    greatest, found = _greatest_before(emissions, last_passed, law)
    short = found < law.look_back_days
    manual = None if normal or len(manual_mgl) < law.min_manual else _mean(manual_mgl)
    if manual is not None and volume_m3 is not None:
        return WaterReplacement(manual, water_day_emission(manual, volume_m3), Basis.MANUAL, 0, False)
    basis = Basis.NONE if greatest is None else Basis.LOOK_BACK
    return WaterReplacement(manual, greatest, basis, found, short)


def _greatest_before(emissions: Values, last_passed: int | None, law: WaterLaw) -> tuple[float | None, int]:
    """The greatest of the last 30 valid day emissions before the day of the check, and how many there were."""
    before = emissions if last_passed is None else emissions[: max(last_passed, 0)]
    valid = before[~np.isnan(before)][-law.look_back_days :]
    return (float(valid.max()) if valid.size else None), int(valid.size)


def _mean(values: Sequence[float]) -> float:
    return weighted_mean(np.array(values, dtype=np.float64), np.ones(len(values)))
