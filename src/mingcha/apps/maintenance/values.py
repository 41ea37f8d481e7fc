"""Settings and words of O&M that are data: activities, flags, numbers."""

from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Any

import yaml

from mingcha.apps.maintenance.forms import Form, form_list
from mingcha.core.dated import Dated, load_dated
from mingcha.core.errors import BadInput, BadRule
from mingcha.core.facts import Medium

FOLDER = Path(__file__).parent
EARTH_M = 6_371_008.8  # mean radius, IUGG
ANY = "any"


@dataclass(frozen=True, slots=True)
class Asked:
    """Form ids of one activity: every one of ``all``, at least one of ``one``; ``may`` are offered."""

    all: tuple[str, ...] = ()
    one: tuple[str, ...] = ()
    may: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        return self.all + self.one + self.may


@dataclass(frozen=True, slots=True)
class Activity:
    """One kind of visit. ``asked`` by ``water`` or ``gas/<principle>``; ``gas/`` where the principle is no matter."""

    key: str
    zh: str
    en: str
    least_minutes: int
    asked: dict[str, Asked]

    def asks(self, medium: str, principle: str) -> Asked | None:
        """What is to be filled in, None where the activity does not exist for the medium."""
        for key in (f"{medium}/{principle}", f"{medium}/other", f"{medium}/"):
            if key in self.asked:
                return self.asked[key]
        return None


@cache
def settings() -> dict[str, Dated]:
    return load_dated(FOLDER / "settings.yaml")


@cache
def flag_words() -> dict[str, dict[str, str]]:
    """Flag → its Chinese and English words."""
    found: dict[str, dict[str, str]] = yaml.safe_load((FOLDER / "flags.yaml").read_text(encoding="utf-8"))
    return found


@cache
def activities() -> dict[str, Activity]:
    return read_activities(FOLDER / "activities.yaml")


def activity_get(key: str) -> Activity:
    """One activity.

    Raises:
        BadInput: there is none.
    """
    if key not in activities():
        raise BadInput(
            {"activity": f"没有“{key}”这种活动；可选 {'、'.join(activities())} (no such activity)"}
        )
    return activities()[key]


def read_activities(path: Path) -> dict[str, Activity]:
    """Read the activity table.

    Raises:
        BadRule: an entry names no form or lacks a key; the message names file, key and remedy.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: _activity(f"{path.name}: {key}", key, entry) for key, entry in data["activities"].items()}


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres along the great circle between two WGS 84 positions (haversine)."""
    north, other_north = radians(latitude), radians(other_latitude)
    half = sin((other_north - north) / 2) ** 2
    half += cos(north) * cos(other_north) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, half)))


def _activity(where: str, key: str, entry: dict[str, Any]) -> Activity:
    missing = [name for name in ("zh", "en", "least_minutes") if name not in entry]
    if missing:
        raise BadRule(f"{where}: {', '.join(missing)} missing; add what is missing")
    asked: dict[str, Asked] = {}
    for medium in Medium:
        table = entry.get(medium.value)
        if table is None:
            continue
        if set(table) <= {"all", "one", "may"}:
            asked[f"{medium.value}/"] = _asked(where, medium, table)
        else:
            asked |= {
                f"{medium.value}/{principle}": _asked(where, medium, part)
                for principle, part in table.items()
            }
    return Activity(key, entry["zh"], entry["en"], entry["least_minutes"], asked)


def _asked(where: str, medium: Medium, table: dict[str, Any]) -> Asked:
    fitting = [form.id for form in form_list() if is_record(form) and fits(form.medium, medium.value)]
    named = {
        name: tuple(fitting if table.get(name) == ANY else table.get(name, ()))
        for name in ("all", "one", "may")
    }
    unknown = sorted({form for ids in named.values() for form in ids} - set(fitting))
    if unknown:
        raise BadRule(
            f"{where}.{medium.value}: {', '.join(unknown)} is no record form of {medium.value}; name one of forms/"
        )
    return Asked(**named)


def is_record(form: Form) -> bool:
    """Whether a technician fills the form in on a visit; sign-in, review and confirmation are no such records."""
    return form.field("visit_id") is not None and form.field("technician") is not None


def fits(form_medium: str, medium: str) -> bool:
    """Whether a form of ``waste_gas``, ``wastewater`` or ``both`` is for an outlet of ``medium``."""
    return form_medium == "both" or (form_medium == "waste_gas") == (medium == Medium.GAS.value)
