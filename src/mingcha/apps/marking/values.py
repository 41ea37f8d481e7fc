"""Settings and items of marks that are data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from mingcha.core.aggregates import HourCode
from mingcha.core.causes import Cause
from mingcha.core.citation import Sureness
from mingcha.core.clock import beijing_day, day_start
from mingcha.core.dated import Dated, load_dated
from mingcha.core.errors import BadRule
from mingcha.core.yamls import load_yaml

FOLDER = Path(__file__).parent


@cache
def settings() -> dict[str, Dated]:
    return load_dated(FOLDER / "settings.yaml")


@dataclass(frozen=True, slots=True)
class Item:
    """One row of ``items.yaml``; the fields are explained there."""

    zh: str
    en: str
    mark_class: str
    code: str
    cause: str
    due: bool
    exceedance: bool
    evidence_zh: str
    evidence_en: str
    standard: str
    clause: str
    source: str
    sureness: str


CLASSES = ("equipment", "transmission", "operating")


def read_items(path: Path) -> dict[str, Item]:
    """The items of a file, by key.

    Raises:
        BadRule: the message names file, key and remedy.
    """
    found = load_yaml(path.read_text(encoding="utf-8"))
    if not isinstance(found, Mapping):
        raise BadRule(f"{path.name}: holds no items; expected a mapping from keys to rows")
    return {str(key): _item(f"{path.name}: {key}", row) for key, row in found.items()}


def _item(where: str, row: Any) -> Item:
    wanted = {field.name: field.type for field in fields(Item)}
    if not isinstance(row, Mapping) or set(row) != set(wanted):
        odd = sorted(set(wanted) ^ set(row if isinstance(row, Mapping) else ()))
        raise BadRule(f"{where}: {', '.join(odd)} missing or unknown; a row has {', '.join(wanted)}")
    known: dict[str, Any] = {
        "mark_class": CLASSES, "code": tuple(HourCode), "cause": tuple(Cause), "sureness": tuple(Sureness),
        "due": (True, False), "exceedance": (True, False),
    }  # fmt: skip
    for name, choices in known.items():
        if row[name] not in choices:
            raise BadRule(f"{where}.{name}: found {row[name]!r}; use one of {', '.join(map(str, choices))}")
    return Item(**row)


@cache
def item_rows() -> dict[str, Item]:
    """What a mark may say, by key."""
    return read_items(FOLDER / "items.yaml")


@cache
def items() -> dict[str, dict[str, str]]:
    """Item → its words ``zh``, ``en`` and its class."""
    return {
        key: {"zh": row.zh, "en": row.en, "mark_class": row.mark_class} for key, row in item_rows().items()
    }


def mark_deadline(start: datetime) -> datetime:
    """Until when the Beijing day of ``start`` can be marked in time: noon of the next day (R-MK-3)."""
    day = beijing_day(start)
    return day_start(day + timedelta(days=1)) + timedelta(hours=settings()["mark_deadline_hour"].whole(day))
