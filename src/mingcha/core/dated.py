"""Settings as dated data: each value holds from its day on, with its source and how sure that is.

A file maps keys to entries::

    mark_deadline_hour:
      title: 人工标记期限（次日几点）
      unit: h
      values: {2023-01-01: "12"}
      cite: 公告2022年第21号
      sureness: secondary
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule
from mingcha.core.yamls import load_yaml


@dataclass(frozen=True, slots=True)
class Dated:
    """One setting; ``values`` sorted by the day they begin to hold."""

    key: str
    title: str
    unit: str
    cite: str
    sureness: Sureness
    values: tuple[tuple[date, str], ...]

    def on(self, day: date) -> str:
        """The value in force on ``day``.

        Raises:
            BadRule: no value holds yet on that day.
        """
        held = [value for since, value in self.values if since <= day]
        if not held:
            raise BadRule(f"{self.key}: no value holds on {day}; add one to `values` that begins by then")
        return held[-1]

    def whole(self, day: date) -> int:
        """The value in force as a whole number."""
        return int(self.on(day))


def load_dated(path: Path) -> dict[str, Dated]:
    """Every setting of a file.

    Raises:
        BadRule: the file is not of the form above; the message names file, key and remedy.
    """
    data = load_yaml(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise BadRule(f"{path.name}: holds no settings; expected a mapping from keys to entries")
    return {str(key): _entry(path.name, str(key), entry) for key, entry in data.items()}


def _entry(file: str, key: str, entry: Any) -> Dated:
    where = f"{file}: {key}"
    if not isinstance(entry, dict):
        raise BadRule(f"{where}: is no mapping; give title, unit, values, cite, sureness")
    missing = [name for name in ("title", "values", "cite", "sureness") if not entry.get(name)]
    if missing:
        raise BadRule(f"{where}: {', '.join(missing)} missing; add what is missing")
    if entry["sureness"] not in set(Sureness):
        raise BadRule(f"{where}.sureness: found {entry['sureness']!r}; use one of {', '.join(Sureness)}")
    return Dated(
        key, str(entry["title"]), str(entry.get("unit", "")), str(entry["cite"]),
        Sureness(entry["sureness"]), _values(where, entry["values"]),
    )  # fmt: skip


def _values(where: str, values: Any) -> tuple[tuple[date, str], ...]:
    if not isinstance(values, Mapping):
        raise BadRule(f'{where}.values: is no mapping; write {{2023-01-01: "12"}}')
    for since, value in values.items():
        if not isinstance(since, date):
            raise BadRule(f"{where}.values: {since!r} is no day; write it as 2023-01-01")
        if not isinstance(value, str):
            raise BadRule(f"{where}.values.{since}: {value!r} is no text; put the number in quotes")
    return tuple(sorted(values.items()))
