"""Hour, day and month values of one outlet as columns: what charts of years read, without an object a value."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import to_epoch, to_us
from mingcha.core.spans import Span
from mingcha.store.telemetry.recent.connection import Session

Texts = Sequence[str]
Row = tuple[int, str, str, int, int]  # start, factor, text, version, written at (microseconds)

MOST = 8  # factors of one question: a chart has four, a table of comparison one
_ROWS = """
SELECT start, factor, value, version, at FROM results
WHERE level = ? AND outlet = ? AND start >= ? AND start < ? AND factor IN (?, ?, ?, ?, ?, ?, ?, ?)
    AND (? IS NULL OR at <= ?)
ORDER BY factor, start, version
"""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Values in use of one factor by ``starts`` (epoch seconds, rising). NaN: none. ``codes`` "" for days and months.

    ``counted``: valid minutes of an hour, valid hours of a day, valid days of a month. ``ran``: running hours of a
    day, days due of a month, 0 for hours. ``written``: epoch microseconds of the version. ``versions``: its number.
    """

    starts: NDArray[np.int64]
    mean: NDArray[np.float64]
    converted: NDArray[np.float64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    counted: NDArray[np.int64]
    ran: NDArray[np.int64]
    codes: Texts
    causes: Texts
    firsts: Texts
    versions: NDArray[np.int64]
    written: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)


COUNTED = {"hour": "valid_minutes", "day": "valid_hours", "month": "valid_days"}
RAN = {"hour": "", "day": "running_hours", "month": "due_days"}


def rows(
    session: Session, level: str, outlet: str, span: Span, factors: Sequence[str], as_of: datetime | None
) -> list[Row]:
    """The last version (written by ``as_of``) of each value that starts in ``span``, by factor and start.

    Raises:
        ValueError: more than ``MOST`` factors.
    """
    if not 0 < len(factors) <= MOST:
        raise ValueError(f"{len(factors)} factors asked for; ask for 1 to {MOST} at once")
    number = session.ids.outlets.find(session.db, outlet)
    if number is None:
        return []
    until = None if as_of is None else to_us(as_of)
    named = [*factors, *[factors[0]] * (MOST - len(factors))]
    values = (level, number, to_epoch(span.start), to_epoch(span.end), *named, until, until)
    found = session.db.execute(_ROWS, values).fetchall()
    return [
        row
        for row, after in zip(found, [*found[1:], None], strict=False)
        if (after is None or after[:2] != row[:2]) and row[2] != "null"
    ]


def columns(level: str, found: Iterable[Row]) -> dict[str, Columns]:
    """Rows in order, as columns by factor. All texts are read at once."""
    held = list(found)
    said: list[dict[str, Any]] = json.loads("[" + ",".join(row[2] for row in held) + "]")
    places: dict[str, list[int]] = {}
    for place, row in enumerate(held):
        places.setdefault(row[1], []).append(place)
    return {
        factor: _columns(level, [held[p] for p in at], [said[p] for p in at]) for factor, at in places.items()
    }


def _columns(level: str, held: Sequence[Row], said: Sequence[dict[str, Any]]) -> Columns:
    def numbers(name: str) -> NDArray[np.float64]:
        return np.array([one.get(name) for one in said], dtype=np.float64)

    def counts(name: str) -> NDArray[np.int64]:
        return np.array([one.get(name, 0) for one in said], dtype=np.int64)

    def texts(name: str) -> Texts:
        return [one.get(name, "") for one in said]

    return Columns(
        starts=np.array([row[0] for row in held], dtype=np.int64),
        mean=numbers("mean"),
        converted=numbers("converted"),
        minimum=numbers("minimum"),
        maximum=numbers("maximum"),
        counted=counts(COUNTED[level]),
        ran=counts(RAN[level]),
        codes=texts("code"),
        causes=texts("cause"),
        firsts=texts("first"),
        versions=np.array([row[3] for row in held], dtype=np.int64),
        written=np.array([row[4] for row in held], dtype=np.int64),
    )
