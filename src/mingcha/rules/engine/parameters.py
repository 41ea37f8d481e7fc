"""Dated parameters. One number of the law, one file, its values by the day they came into force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule
from mingcha.rules.engine.reading import (
    only_keys,
    read_date,
    read_mapping,
    read_number,
    read_sureness,
    read_text,
    read_yaml,
)


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """The value in force on a day. ``region``: the overlay it comes from, "" = the standard itself."""

    name: str
    value: Decimal
    unit: str
    valid_from: date
    cite: str
    sureness: Sureness
    checked_on: date | None
    region: str = ""

    @property
    def settled(self) -> bool:
        """Official, and compared with the printed text."""
        return self.sureness is Sureness.OFFICIAL and self.checked_on is not None

    def as_json(self) -> dict[str, Any]:
        return {
            "value": str(self.value),
            "unit": self.unit,
            "valid_from": self.valid_from.isoformat(),
            "cite": self.cite,
            "sureness": self.sureness.value,
            "region": self.region,
        }


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A named regulator's word that a value stands in the text: makes what rests on it binding."""

    parameter: str
    valid_from: date
    by: str
    on: date
    text: str

    def covers(self, value: ParameterValue) -> bool:
        return (self.parameter, self.valid_from) == (value.name, value.valid_from)


@dataclass(frozen=True, slots=True)
class Parameter:
    """``values`` by first day in force, rising. ``name`` is ``<folder>.<file>``."""

    name: str
    title: str
    unit: str
    values: Mapping[date, ParameterValue] = field(default_factory=dict)

    def on(self, day: date) -> ParameterValue | None:
        """The newest value that is not after ``day``; None before the first."""
        begun = [start for start in self.values if start <= day]
        return self.values[max(begun)] if begun else None


def load_parameter(path: Path, name: str) -> Parameter:
    """Read one file of the form of ``style.md``.

    Raises:
        BadRule: what is wrong, by file and key.
    """
    found = read_yaml(path)
    only_keys(path, found, needed={"title", "unit", "values", "cite", "sureness", "checked_on"})
    return parameter_of(path, name, found)


def parameter_of(path: Path, name: str, found: Mapping[str, Any], *, region: str = "") -> Parameter:
    title, unit = read_text(path, "title", found["title"]), read_text(path, "unit", found["unit"])
    numbers = read_mapping(path, "values", found["values"])
    if not numbers:
        raise BadRule(f"{path}: key 'values' is empty; give at least one date with a quoted number")
    dated = {key: read_mapping(path, key, found[key]) for key in ("cite", "sureness")}
    for key, texts in dated.items():
        if texts.keys() != numbers.keys():
            raise BadRule(f"{path}: key '{key}' has other dates than 'values'; give one entry per date")
    checked = found["checked_on"]
    checked_on = None if checked is None else read_date(path, "checked_on", checked)
    values = {
        (start := read_date(path, f"values.{text}", text)): ParameterValue(
            name,
            read_number(path, f"values.{text}", number),
            unit,
            start,
            read_text(path, f"cite.{text}", dated["cite"][text]),
            read_sureness(path, f"sureness.{text}", dated["sureness"][text]),
            checked_on,
            region,
        )
        for text, number in sorted(numbers.items())
    }
    return Parameter(name, title, unit, values)
