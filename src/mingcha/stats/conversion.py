"""Formulas of HJ 75-2017 appendix C: to mass, dry, standard state, reference oxygen; flow and emission.

mg/m³ at 273.15 K and 101.325 kPa, dry, unless said otherwise. Full digits; nothing is rounded.
"""

import math
from dataclasses import dataclass

import numpy as np

from mingcha.stats.codes import Mask, Values

AIR_O2 = 21.0  # per cent; the constant of the formula, not the 20.9 of real air
DOUBTFUL_O2 = 19.0  # R-75-C.6 guard: computed, but raises F-05
STANDARD_PA = 101325.0
MOLAR_L = 22.4
IMPOSSIBLE_OXYGEN = "F-05"
MOLAR_MASS = {"SO2": 64.0, "NO": 30.0, "NO2": 46.0, "CO": 28.0}


@dataclass(frozen=True, slots=True)
class Converted:
    """``value`` None where it cannot be computed; ``anomaly`` names the doubt (F-05) or is None."""

    value: float | None
    anomaly: str | None = None


def convert_o2(value: float, o2: float, reference_o2: float | None) -> Converted:
    """To reference oxygen: ``C·(21 − O2_ref)/(21 − O2)``, R-75-C.6. O2 dry, per cent.

    Without a reference the dry standard value is used as it is. At 21 % and more there is no
    converted value; from 19 % it is computed and doubted.

    Raises:
        ValueError: the reference is 21 % or more.
    """
    if reference_o2 is None:
        return Converted(value)
    _check_reference(reference_o2)
    if o2 >= AIR_O2:
        return Converted(None, IMPOSSIBLE_OXYGEN)
    ratio = (AIR_O2 - reference_o2) / (AIR_O2 - o2)
    return Converted(value * ratio, IMPOSSIBLE_OXYGEN if o2 >= DOUBTFUL_O2 else None)


@dataclass(frozen=True, slots=True, eq=False)
class ConvertedSeries:
    """``values`` NaN where not computable; ``doubtful``: F-05, oxygen of 19 % and more."""

    values: Values
    doubtful: Mask


def convert_series(values: Values, o2: Values, reference_o2: float | None) -> ConvertedSeries:
    """``convert_o2`` for a series. Where oxygen is missing there is no converted value.

    Raises:
        ValueError: the reference is 21 % or more.
    """
    if reference_o2 is None:
        return ConvertedSeries(values, np.zeros(values.shape, dtype=np.bool_))
    _check_reference(reference_o2)
    real = o2 < AIR_O2
    ratio = (AIR_O2 - reference_o2) / (AIR_O2 - np.where(real, o2, 0.0))
    return ConvertedSeries(np.where(real, values * ratio, np.nan), o2 >= DOUBTFUL_O2)


def convert_by_excess_air(value: float, o2: float, reference_air: float) -> Converted:
    """To a reference excess air factor: ``C·α/α_s`` with ``α = 21/(21 − O2)``, R-75-C.6; the same guards.

    Raises:
        ValueError: the reference factor is less than 1.
    """
    if reference_air < 1:
        raise ValueError(f"reference excess air factor {reference_air:g}: expected 1 or more")
    return convert_o2(value, o2, AIR_O2 - AIR_O2 / reference_air)


def _check_reference(reference_o2: float) -> None:
    if reference_o2 >= AIR_O2:
        raise ValueError(f"reference oxygen {reference_o2} %: expected less than {AIR_O2:g} %")


def mass_from_volume(ppm: float, gas: str) -> float:
    """µmol/mol to mg/m³: ``M/22.4 · Cv``, R-75-C.1.

    Raises:
        ValueError: the molar mass of ``gas`` is not in MOLAR_MASS.
    """
    return _molar_mass(gas) / MOLAR_L * ppm


def volume_from_mass(mg: float, gas: str) -> float:
    """mg/m³ to µmol/mol, R-75-C.1 the other way.

    Raises:
        ValueError: the molar mass of ``gas`` is not in MOLAR_MASS.
    """
    return mg * MOLAR_L / _molar_mass(gas)


def _molar_mass(gas: str) -> float:
    if gas not in MOLAR_MASS:
        raise ValueError(f"no molar mass for {gas!r}; expected one of {', '.join(MOLAR_MASS)}")
    return MOLAR_MASS[gas]


def nox_as_no2(no_mg: float, no2_mg: float) -> float:
    """NOx counted as NO2, from masses: ``C_NO · 46/30 + C_NO2``, R-75-C.2."""
    return no_mg * MOLAR_MASS["NO2"] / MOLAR_MASS["NO"] + no2_mg


def nox_from_volume(no_ppm: float, no2_ppm: float) -> float:
    """NOx counted as NO2 in mg/m³, from volumes: ``(NO + NO2) · 46/22.4``, R-75-C.2."""
    return mass_from_volume(no_ppm + no2_ppm, "NO2")


def wet_to_dry(wet: float, humidity_pct: float) -> float:
    """``C_wet/(1 − Xsw/100)``, R-75-C.3; the same for wet oxygen.

    Raises:
        ValueError: humidity is not in [0, 100).
    """
    if not 0 <= humidity_pct < 100:
        raise ValueError(f"humidity {humidity_pct} %: expected 0 or more and less than 100")
    return wet / (1 - humidity_pct / 100)


def to_standard_state(value: float, *, temperature_c: float, ambient_pa: float, static_pa: float) -> float:
    """``C · 101325/(Ba+Ps) · (273+ts)/273``, R-75-C.4."""
    return value * STANDARD_PA / (ambient_pa + static_pa) * (273 + temperature_c) / 273


def humidity_from_oxygen(wet_o2: float, dry_o2: float) -> float:
    """``(1 − O2_wet/O2_dry) · 100`` per cent, R-75-C.5.

    Raises:
        ValueError: dry oxygen is not above 0, or wet oxygen is not within 0 and the dry one: no humidity gives that.
    """
    if not 0 <= wet_o2 <= dry_o2 or dry_o2 <= 0:
        raise ValueError(f"oxygen {wet_o2} % wet, {dry_o2} % dry: expected 0 <= wet <= dry and dry above 0")
    return (1 - wet_o2 / dry_o2) * 100


def velocity(kv: float, measured_ms: float) -> float:
    """``Kv·Vp`` m/s: velocity of the section from that of the measuring point, R-75-C.7."""
    return kv * measured_ms


def actual_flow(*, area_m2: float, velocity_ms: float) -> float:
    """``3600·F·Vs`` m³/h, R-75-C.7."""
    return 3600 * area_m2 * velocity_ms


def standard_flow(
    flow_m3h: float, *, temperature_c: float, ambient_pa: float, static_pa: float, humidity_pct: float
) -> float:
    """Dry standard flow m³/h from the actual one, R-75-C.7."""
    state = 273 / (273 + temperature_c) * (ambient_pa + static_pa) / STANDARD_PA
    return flow_m3h * state * (1 - humidity_pct / 100)


def emission_kg(mean_mg: float, dry_flow_m3h: float) -> float:
    """Hourly emission ``C·Qsn·10⁻⁶`` kg with the measured, not the converted mean, R-75-C.8."""
    return mean_mg * dry_flow_m3h * 1e-6


def emission_t(hours_kg: Values) -> float | None:
    """Emission of a day in t, ``ΣG_h·10⁻³``, R-75-C.8; months and years are sums of days.

    Hours without an emission are skipped; None where no hour has one.
    """
    known = hours_kg[~np.isnan(hours_kg)]
    return math.fsum(known.tolist()) * 1e-3 if known.size else None


def water_mass_kg(mean_mgl: float, volume_m3: float) -> float:
    """``C·D·10⁻³`` kg, HJ 212-2017 appendix D."""
    return mean_mgl * volume_m3 * 1e-3


def exceedance_multiple(value: float, limit: float) -> float:
    """超标倍数 ``C/limit − 1``, R-EX-2.

    Raises:
        ValueError: the limit is not positive.
    """
    if limit <= 0:
        raise ValueError(f"limit {limit}: expected more than 0")
    return value / limit - 1
