"""The thresholds of statistics from the dated parameters of the rules, by day and region."""

from datetime import date

from mingcha.core.errors import BadRule
from mingcha.rules.engine import Registry
from mingcha.stats.validity import Validity

FOLDER = "hj_75_2017"


def validity_on(day: date, region: str, registry: Registry) -> Validity:
    """R-75-3.2 to R-75-3.4 as in force on ``day``; today's where a parameter has no value that early.

    Raises:
        BadRule: a parameter is no longer delivered.
    """
    today = Validity()
    minutes = _seconds("min_valid_minutes", day, region, registry)
    equipment = _seconds("over_equipment_minutes", day, region, registry)
    hours = _whole("min_valid_hours", day, region, registry)
    return Validity(
        min_valid_s=today.min_valid_s if minutes is None else minutes,
        min_state_s=today.min_state_s if minutes is None else minutes,
        over_equipment_s=today.over_equipment_s if equipment is None else equipment,
        min_valid_hours=today.min_valid_hours if hours is None else hours,
    )


def _seconds(name: str, day: date, region: str, registry: Registry) -> int | None:
    minutes = _whole(name, day, region, registry)
    return None if minutes is None else minutes * 60


def _whole(name: str, day: date, region: str, registry: Registry) -> int | None:
    full = f"{FOLDER}.{name}"
    if full not in registry.parameters:
        raise BadRule(f"{registry.folder}: {FOLDER}/params/{name}.yaml is missing; statistics need it")
    value = registry.parameter(full, day, region)
    return None if value is None else int(value.value)
