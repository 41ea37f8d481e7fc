"""Kinds of duties and their terms, read from ``kinds.yaml``; the calendar, read from ``calendar.yaml``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule, NotFound
from mingcha.core.workdays import Calendar, Due, due_hours, due_same_day, due_working_days

HERE = Path(__file__).parent
_TERM = re.compile(r"(?P<same>same day)|(?P<count>[1-9][0-9]{0,3}) (?P<unit>hours?|working days?)")
_OWNERS = ("discharger", "agency", "laboratory", "authority")


@dataclass(frozen=True, slots=True)
class Term:
    """How long: ``unit`` is "same day", "hours" or "working days"; ``count`` is 0 for the same day."""

    unit: str
    count: int = 0

    def due(self, anchor: datetime, calendar: Calendar) -> Due:
        """When the term that runs from ``anchor`` ends."""
        if self.unit == "hours":
            return due_hours(anchor, self.count)
        if self.unit == "working days":
            return due_working_days(anchor, self.count, calendar)
        return due_same_day(anchor)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of duty. ``name`` is the key of the file, ``id`` the number in WF-16."""

    name: str
    id: str
    title_zh: str
    title_en: str
    who: str
    term: Term
    anchor: str
    clause: str
    source: str
    sureness: Sureness

    @property
    def cite(self) -> str:
        """The clause, or where the duty was read when no clause was seen."""
        return self.clause or self.source


def parse_term(text: str) -> Term:
    """Read ``same day``, ``12 hours`` or ``5 working days``.

    Raises:
        ValueError: another form.
    """
    match = _TERM.fullmatch(text)
    if match is None:
        raise ValueError(f"term {text!r}: expected `same day`, `N hours` or `N working days`")
    if match["same"]:
        return Term("same day")
    return Term(match["unit"].rstrip("s") + "s", int(match["count"]))


def read_kinds(path: Path) -> dict[str, Kind]:
    """The kinds of the file at ``path``, by name.

    Raises:
        BadRule: the message names file, key and remedy.
    """
    found = _yaml(path)
    return {name: _kind(path, name, entry) for name, entry in found.items()}


def _kind(path: Path, name: str, entry: Any) -> Kind:
    wanted = {field.name for field in fields(Kind)} - {"name"}
    if not isinstance(entry, Mapping) or set(entry) != wanted:
        given = set(entry) if isinstance(entry, Mapping) else set()
        missing, unknown = ", ".join(sorted(wanted - given)), ", ".join(sorted(map(str, given - wanted)))
        raise BadRule(f"{path.name}: {name}: missing: {missing or 'none'}; unknown: {unknown or 'none'}")
    if entry["who"] not in _OWNERS:
        raise BadRule(f"{path.name}: {name}.who is {entry['who']!r}; write one of {', '.join(_OWNERS)}")
    if not (entry["clause"] or entry["source"]):
        raise BadRule(f"{path.name}: {name} has neither clause nor source; say where the duty comes from")
    try:
        rest = {"term": parse_term(entry["term"]), "sureness": Sureness(entry["sureness"])}
    except (TypeError, ValueError) as error:
        raise BadRule(f"{path.name}: {name}: {error}") from error
    return Kind(name=name, **{**entry, **rest})


def read_calendar(path: Path) -> Calendar:
    """The calendar of the file at ``path``.

    Raises:
        BadRule: a day is outside its year, both holiday and workday, or no date.
    """
    found = _yaml(path)
    holidays: dict[date, str] = {}
    workdays: dict[date, str] = {}
    for year, entry in found["years"].items():
        rest = {day: name for name, spans in entry["holidays"].items() for day in _days(path, spans)}
        extra = {day: name for name, days in entry["workdays"].items() for day in days}
        strange = [day for day in [*rest, *extra] if not isinstance(day, date) or day.year != year]
        strange += [day for day in extra if day in rest]
        if strange:
            listed = ", ".join(map(str, strange))
            raise BadRule(
                f"{path.name}: {year}: {listed}: not a date of the year, or both holiday and workday"
            )
        holidays |= rest
        workdays |= extra
    return Calendar(str(found["version"]), frozenset(found["years"]), holidays, workdays)


def _days(path: Path, spans: list[list[date]]) -> list[date]:
    days = []
    for first, last in spans:
        if last < first:
            raise BadRule(f"{path.name}: the holiday {first} to {last} ends before it starts")
        days += [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return days


def _yaml(path: Path) -> dict[Any, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadRule(f"{path.name}: no YAML: {error}") from error
    if not isinstance(found, dict):
        raise BadRule(f"{path.name}: expected a mapping of names to entries, found {type(found).__name__}")
    return found


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds of duties, by name."""
    return read_kinds(HERE / "kinds.yaml")


def kind_get(name: str) -> Kind:
    """The kind ``name``.

    Raises:
        NotFound: the message lists the known ones.
    """
    if name not in kinds():
        raise NotFound(f"no kind of duty is named {name!r}; known: {', '.join(kinds())}")
    return kinds()[name]


@cache
def calendar() -> Calendar:
    """The working days in force."""
    return read_calendar(HERE / "calendar.yaml")
