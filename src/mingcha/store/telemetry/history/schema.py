"""Columns of the history, and how each is packed.

``readings``: one row a value, sorted by point, factor, field, time, seq. ``mantissa`` and ``scale`` are the decimal
text (see ``decimals``), ``text`` is there instead where the text is no plain decimal. ``flag``: the data flag that
the same frame gave the factor; null where it gave none. A flag that came alone is a row of the field ``Flag``.
``frames``: what all values of a kept row share, sorted by point, time, seq. ``delay``: microseconds from ``time`` until it
was received. ``qn_ms``: milliseconds from ``time`` to the moment that QN says, ``qn`` where it says none. ``layout``:
names of the row's texts in the order kept, as JSON.
Results: typed columns of the value; ``text`` where these would not give back the kept text to the letter, ``null`` for a
version that withdraws. ``current``: the version in use now.
"""

from dataclasses import MISSING, fields
from typing import Any

import pyarrow as pa

from mingcha.core.aggregates import DayValue, HourValue, MonthValue

TIME = pa.timestamp("us", "UTC")
READINGS = pa.schema(
    [
        ("point", pa.string()), ("factor", pa.string()), ("field", pa.string()), ("time", TIME), ("seq", pa.int32()),
        ("mantissa", pa.int64()), ("scale", pa.int8()), ("text", pa.string()), ("flag", pa.string()),
    ]
)  # fmt: skip
FRAMES = pa.schema(
    [
        ("point", pa.string()), ("time", TIME), ("seq", pa.int32()), ("delay", pa.int64()),
        ("journal", pa.string()), ("block", pa.int64()), ("idx", pa.int32()),
        ("qn_ms", pa.int64()), ("qn", pa.string()), ("edition", pa.string()), ("supplement", pa.bool_()),
        ("layout", pa.string()),
    ]
)  # fmt: skip
LEVELS: dict[str, type[Any]] = {"hour": HourValue, "day": DayValue, "month": MonthValue}
KEYS = ("outlet", "factor", "start")
_PLAIN: dict[str, type] = {str(plain): plain for plain in (int, bool, str)}
_TYPES = {int: pa.int32(), bool: pa.bool_(), float: pa.float64(), str: pa.string()}


def value_fields(level: str) -> dict[str, type]:
    """Columns of a level's value by plain type, without its key; text where the type is a closed set of texts."""
    found: dict[str, type] = {}
    for field in fields(LEVELS[level]):
        said = str(field.type)
        if field.name not in KEYS:
            found[field.name] = _PLAIN.get(said, float if "float" in said else str)
    return found


def usual(level: str) -> dict[str, Any]:
    """What a field is when the kept text leaves it out."""
    return {f.name: None if f.default is MISSING else f.default for f in fields(LEVELS[level])}


def results(level: str) -> pa.Schema:
    """The schema of ``hours``, ``days`` or ``months``."""
    key = [("outlet", pa.string()), ("factor", pa.string()), ("start", TIME), ("version", pa.int32())]
    said = [(name, _TYPES[plain]) for name, plain in value_fields(level).items()]
    return pa.schema([*key, ("at", TIME), ("current", pa.bool_()), *said, ("text", pa.string())])


SCHEMAS = {"readings": READINGS, "frames": FRAMES} | {
    name: results(level) for level, name in (("hour", "hours"), ("day", "days"), ("month", "months"))
}
NAMED = {name: "outlet" if name in ("hours", "days", "months") else "point" for name in SCHEMAS}
TIMED = {name: "start" if name in ("hours", "days", "months") else "time" for name in SCHEMAS}
SORTED = {
    "readings": ("point", "factor", "field", "time", "seq"),
    "frames": ("point", "time", "seq"),
    **dict.fromkeys(("hours", "days", "months"), ("outlet", "factor", "start", "version")),
}
PARTITION_TYPES = [("kind", pa.string()), ("month", pa.string()), ("bucket", pa.int32())]


def delta_schema(table: str) -> pa.Schema:
    """The columns of a Delta table: those of its files and the partition."""
    return pa.schema([*SCHEMAS[table], *(pa.field(*one) for one in PARTITION_TYPES)])


def dictionaries(table: str) -> list[str]:
    """Columns with few texts."""
    return [
        field.name
        for field in SCHEMAS[table]
        if field.type == pa.string() and field.name not in ("inputs", "qn")
    ]


def encodings(table: str) -> dict[str, str]:
    """How the other columns are packed; measured: neighbours of a sorted column differ by little."""
    found = {}
    for field in SCHEMAS[table]:
        if field.type in (TIME, pa.int64(), pa.int32(), pa.int8()):
            found[field.name] = "DELTA_BINARY_PACKED"
        elif field.type == pa.float64():
            found[field.name] = "BYTE_STREAM_SPLIT"
    return found
