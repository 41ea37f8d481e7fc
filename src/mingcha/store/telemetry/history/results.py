"""Versions of results as typed columns, and back: the same texts to the letter."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

import pyarrow as pa

from mingcha.core.aggregates import DayValue, HourCode, HourValue, MonthValue
from mingcha.core.clock import from_epoch
from mingcha.core.digest import canonical
from mingcha.store.telemetry.history import schema
from mingcha.store.telemetry.history.readings import SECOND_US, flat
from mingcha.store.telemetry.recent.results import WITHDRAWN
from mingcha.store.telemetry.values import RawResult

V = TypeVar("V", HourValue, DayValue, MonthValue)


def encode(level: str, rows: Sequence[RawResult]) -> pa.Table:
    """Rows of whole days of one or several outlets, sorted by outlet, factor, start, version."""
    held = sorted(rows, key=lambda row: (row[0], row[2], row[1], row[3]))
    usual, plain = schema.usual(level), schema.value_fields(level)
    said: list[dict[str, Any]] = json.loads("[" + ",".join(row[5] for row in held) + "]")
    spelled = [_spelled(one, row[5], usual, plain) for one, row in zip(said, held, strict=True)]
    after = [*held[1:], None]
    columns: dict[str, Any] = {
        "outlet": [row[0] for row in held],
        "factor": [row[2] for row in held],
        "version": [row[3] for row in held],
        "current": [
            row[5] != WITHDRAWN and (later is None or later[:3] != row[:3])
            for row, later in zip(held, after, strict=False)
        ],
        "text": [None if well else row[5] for well, row in zip(spelled, held, strict=True)],
        **{name: [_typed(one, name, usual[name], plain[name]) for one in said] for name in plain},
    }
    times = {
        "start": pa.array([row[1] * SECOND_US for row in held], pa.int64()).cast(schema.TIME),
        "at": pa.array([row[4] for row in held], pa.int64()).cast(schema.TIME),
    }
    form = schema.results(level)
    given = [times[f.name] if f.name in times else pa.array(columns[f.name], f.type) for f in form]
    return pa.table(given, schema=form)


def _spelled(said: Any, text: str, usual: dict[str, Any], plain: dict[str, type]) -> bool:
    """Whether typed columns give back ``text``."""
    if not isinstance(said, dict) or not said.keys() <= plain.keys():
        return False
    alike = all(type(value) is plain[name] and value != usual[name] for name, value in said.items())
    return alike and canonical(said) == text


def _typed(said: Any, name: str, usual: Any, plain: type) -> Any:
    """The value of a column: of the wrong type is none (then ``text`` has it)."""
    if not isinstance(said, dict):
        return None
    value = said.get(name, usual)
    if plain is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    return value if type(value) is plain else None


def decode(level: str, table: pa.Table) -> list[RawResult]:
    """The rows again, by outlet, start, factor, version."""
    names = list(schema.value_fields(level))
    usual = schema.usual(level)
    columns = [table[name].to_pylist() for name in names]
    texts = flat(table["text"]).to_pylist()
    outlets, factors, versions = (flat(table[name]).to_pylist() for name in ("outlet", "factor", "version"))
    starts = (flat(table["start"]).cast(pa.int64()).to_numpy() // SECOND_US).tolist()
    ats = flat(table["at"]).cast(pa.int64()).to_pylist()
    found: list[RawResult] = []
    for place, values in enumerate(zip(*columns, strict=True)):
        text = texts[place]
        if text is None:
            pairs = zip(names, values, strict=True)
            text = canonical(
                {name: value for name, value in pairs if value is not None and value != usual[name]}
            )
        found.append(
            RawResult(outlets[place], starts[place], factors[place], versions[place], ats[place], text)
        )
    found.sort(key=lambda row: (row[0], row[1], row[2], row[3]))
    return found


def value_of(kind: type[V], row: RawResult) -> V:
    """The value that a row keeps."""
    said: dict[str, Any] = {"mean": None, **json.loads(row.text)}
    if "code" in said:
        said["code"] = HourCode(said["code"])
    value: V = kind(outlet=row.outlet, factor=row.factor, start=from_epoch(row.start), **said)
    return value
