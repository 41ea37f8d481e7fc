"""Inputs of a judgement: JSON or plain values in, typed values out, every problem named at once."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadInput
from mingcha.core.facts import Limit
from mingcha.core.rounding import exact
from mingcha.rules.engine.declare import Rule


def read_inputs(declared: Rule, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of ``declared`` as typed values; missing optional ones are None.

    Raises:
        BadInput: by input name, what was found and what is expected.
    """
    problems = dict.fromkeys(given.keys() - _names(declared), f"not an input of {declared.id}")
    values: dict[str, Any] = {}
    for item in declared.inputs:
        raw = given.get(item.name)
        if raw is None:
            if item.required:
                problems[item.name] = f"missing; expected {item.kind}: {item.title}"
            values[item.name] = None
            continue
        try:
            values[item.name] = READERS[item.kind](raw)
        except (ValueError, TypeError, ArithmeticError, KeyError) as error:
            problems[item.name] = f"found {raw!r}; expected {item.kind} ({error})"
    if problems:
        raise BadInput(dict(sorted(problems.items())))
    return values


def _names(declared: Rule) -> set[str]:
    return {item.name for item in declared.inputs}


def _number(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise TypeError("a number or its decimal text")
    return exact(raw)


def _integer(raw: Any) -> int:
    number = _number(raw)
    if number != number.to_integral_value():
        raise ValueError("a whole number")
    return int(number)


def _text(raw: Any) -> str:
    if isinstance(raw, Enum):
        return str(raw.value)
    if not isinstance(raw, str) or not raw:
        raise TypeError("a text that is not empty")
    return raw


def _time(raw: Any) -> datetime:
    moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(raw)
    if moment.tzinfo is None:
        raise ValueError("a time with its zone, e.g. +08:00")
    return moment


def _date(raw: Any) -> date:
    return raw if isinstance(raw, date) else date.fromisoformat(raw)


def _limit(raw: Any) -> Limit:
    if isinstance(raw, Limit):
        return raw
    if not isinstance(raw, Mapping):
        raise TypeError("factor, value, unit, averaging, document, clause, valid_from")
    to, o2 = raw.get("valid_to"), raw.get("reference_o2")
    return Limit(
        factor=_text(raw["factor"]),
        value=_number(raw["value"]),
        unit=_text(raw["unit"]),
        averaging=_text(raw["averaging"]),
        document=_text(raw["document"]),
        clause=_text(raw["clause"]),
        valid_from=_date(raw["valid_from"]),
        valid_to=None if to is None else _date(to),
        reference_o2=None if o2 is None else _number(o2),
        sureness=Sureness(raw.get("sureness", Sureness.OFFICIAL)),
    )


READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "integer": _integer,
    "time": _time,
    "limit": _limit,
}


@lru_cache(maxsize=4096)  # one limit is judged against for years of hours
def _plain_limit(limit: Limit) -> dict[str, Any]:
    return {item.name: plain(getattr(limit, item.name)) for item in fields(limit)}


def plain(value: Any) -> Any:
    """A typed input as JSON: Decimal and dates as text."""
    if isinstance(value, Limit):
        return dict(_plain_limit(value))
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value
