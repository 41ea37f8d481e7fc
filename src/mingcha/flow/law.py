"""The thresholds of statistics from the dated parameters of the rules, by day and region.

A parameter that has no value so early leaves today's default of its dataclass in place.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from mingcha.core.errors import BadRule
from mingcha.rules.engine import Registry
from mingcha.stats.comparison import Tolerance
from mingcha.stats.corrections import CORRECTED_MGL
from mingcha.stats.furnace import FurnaceLaw
from mingcha.stats.rates import RatesLaw, VrBase
from mingcha.stats.replacement import WaterLaw
from mingcha.stats.substitution import SubstitutionLaw
from mingcha.stats.totals import ForecastLaw
from mingcha.stats.validity import Validity

MINUTE_S = 60
FIRST_CUT_HOUR = 12

# Field of the dataclass -> parameter; names in ``IN_SECONDS`` are minutes in the law.
VALIDITY = {
    "min_valid_s": "hj_75_2017.min_valid_minutes",
    "min_state_s": "hj_75_2017.min_valid_minutes",
    "over_equipment_s": "hj_75_2017.over_equipment_minutes",
    "min_valid_hours": "hj_75_2017.min_valid_hours",
    "min_real_values": "hj_75_2017.min_real_values",
    "min_valid_days": "hj_75_2017.min_valid_days",
    "min_valid_days_february": "hj_75_2017.min_valid_days_february",
    "min_water_share": "hj_356_2019.min_water_share",
    "min_water_month_share": "hj_356_2019.min_water_month_share",
    "min_normal_share": "hj_212_2017.min_normal_share",
}
IN_SECONDS = frozenset({"min_valid_s", "min_state_s", "over_equipment_s"})
SUBSTITUTION = {
    "good_capture": "hj_75_2017.good_capture",
    "least_capture": "hj_75_2017.least_capture",
    "short_run_h": "hj_75_2017.short_run_hours",
    "short_look_back_h": "hj_75_2017.short_look_back_hours",
    "long_look_back_h": "hj_75_2017.long_look_back_hours",
    "poor_look_back_h": "hj_75_2017.poor_look_back_hours",
    "max_missing": "hj_75_2017.max_missing_share",
}
WATER = {
    "max_difference": "hj_356_2019.max_difference_share",
    "min_manual": "hj_356_2019.min_manual_results",
    "look_back_days": "hj_356_2019.look_back_days",
    "min_valid_ratio": "hj_355_2019.min_valid_ratio",
}
FURNACE = {
    "line_c": "order_10_2019.low_temperature_line",
    "max_low_windows": "order_10_2019.max_low_windows",
    "judge_conditions": "order_10_2019.judge_conditions",
    "shared_cap_h": "order_10_2019.shared_cap_hours",
    "heating_cap_h": "order_10_2019.heating_cap_hours",
    "episode_h": "order_10_2019.episode_hours",
    "max_pm": "order_10_2019.max_pm",
}
RATES = {"pass_line": "transmission_rates.pass_line", "good_line": "transmission_rates.good_line"}
CORRECTIONS = {
    "w01018": "hj_356_2019.corrected_cod",
    "w21003": "hj_356_2019.corrected_ammonia",
    "w21011": "hj_356_2019.corrected_phosphorus",
    "w21001": "hj_356_2019.corrected_nitrogen",
}

Law = TypeVar("Law", Validity, SubstitutionLaw, WaterLaw, FurnaceLaw, RatesLaw, ForecastLaw, Tolerance)


def validity_on(day: date, region: str, registry: Registry) -> Validity:
    """R-75-3.2 to R-75-3.4, R-356-7.2, R-356-7.3 and the roll-up of flags as in force on ``day``.

    Raises:
        BadRule: a parameter is no longer delivered.
    """
    return _filled(Validity(), VALIDITY, day, region, registry)


def substitution_on(day: date, region: str, registry: Registry) -> SubstitutionLaw:
    """R-75-12.3. Raises BadRule, as ``validity_on``; so do the functions below."""
    return _filled(SubstitutionLaw(), SUBSTITUTION, day, region, registry)


def water_on(day: date, region: str, registry: Registry) -> WaterLaw:
    """R-356-6.2(b), R-356-8, R-355-8.5."""
    return _filled(WaterLaw(), WATER, day, region, registry)


def furnace_on(day: date, region: str, registry: Registry) -> FurnaceLaw:
    """R-WI-2, R-WI-4."""
    return _filled(FurnaceLaw(), FURNACE, day, region, registry)


def forecast_on(day: date, region: str, registry: Registry) -> ForecastLaw:
    """The method of the forecast, our default."""
    return _filled(ForecastLaw(), {"recent_days": "emission_totals.recent_days"}, day, region, registry)


def tolerance_on(day: date, region: str, registry: Registry) -> Tolerance:
    """How far the datalogger's own values may be from ours; ``least`` is the caller's, by resolution."""
    names = {"share": "reported_values.reported_difference_share"}
    return _filled(Tolerance(), names, day, region, registry)


def rates_on(day: date, region: str, registry: Registry) -> RatesLaw:
    """R-TR-2, R-TR-5."""
    law = _filled(RatesLaw(), RATES, day, region, registry)
    by_due = _number("transmission_rates.vr_base_due", day, region, registry)
    return law if by_due is None else replace(law, vr_base=VrBase.DUE if by_due else VrBase.RECEIVED)


def first_cut_hour_on(day: date, region: str, registry: Registry) -> int:
    """The Beijing hour of the next day at which what is known of ``day`` becomes its first edition, R-TR-3."""
    hour = _number("transmission_rates.first_cut_hour", day, region, registry)
    return FIRST_CUT_HOUR if hour is None else int(hour)


def corrections_on(day: date, region: str, registry: Registry) -> dict[str, float]:
    """By factor the corrected value in mg/L, R-356-7.1."""
    found = dict(CORRECTED_MGL)
    for factor, name in CORRECTIONS.items():
        value = _number(name, day, region, registry)
        if value is not None:
            found[factor] = float(value)
    return found


def _filled(law: Law, names: Mapping[str, str], day: date, region: str, registry: Registry) -> Law:
    """``law`` with each named field as in force, as a number of the kind it had.

    Raises:
        BadRule: a parameter is missing, or not whole where a count is needed.
    """
    changes: dict[str, Any] = {}
    for field, name in names.items():
        value = _number(name, day, region, registry)
        if value is not None:
            number = value * MINUTE_S if field in IN_SECONDS else value
            kind = type(getattr(law, field))
            if kind is int and number != int(number):
                raise BadRule(f"{registry.folder}: {name} is {value} on {day}; give a whole number")
            changes[field] = kind(number)
    return replace(law, **changes)


def _number(name: str, day: date, region: str, registry: Registry) -> Decimal | None:
    if name not in registry.parameters:
        folder, _, stem = name.partition(".")
        raise BadRule(f"{registry.folder}: {folder}/params/{stem}.yaml is missing; statistics need it")
    value = registry.parameter(name, day, region)
    return None if value is None else value.value
