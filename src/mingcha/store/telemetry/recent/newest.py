"""The newest of many points as columns: what a map or an overview of a province reads, without an object a value."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mingcha.store.telemetry.recent import codec
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.merge import FLAG, Name
from mingcha.store.telemetry.recent.reader import numbers

_ALL = """
SELECT names.name, time, seq, coalesce(time * 1000000 + delay, 0), layout, body
FROM latest JOIN names ON names.id = latest.point WHERE latest.kind = ?
"""
_OF = """
SELECT names.name, time, seq, coalesce(time * 1000000 + delay, 0), layout, body
FROM {wanted} CROSS JOIN names CROSS JOIN latest
WHERE names.sort = 'point' AND names.name = wanted.value AND latest.point = names.id AND latest.kind = ?
"""
Row = tuple[Any, ...]  # point, time, seq, received, layout, body


@dataclass(frozen=True, slots=True, eq=False)
class Newest:
    """One field of one factor at the newest time of each point that has it; columns run parallel, by point.

    ``times``: epoch seconds UTC. ``values``: NaN where ``texts`` holds no number. ``received``: epoch microseconds, 0
    where unknown.
    """

    points: list[str]
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    texts: list[str]
    flags: list[str]
    received: NDArray[np.int64]


class _Rows:
    """The rows of one layout, by point."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.points = [row[0] for row in rows]
        self.times = np.array([row[1] for row in rows], dtype=np.int64)
        self.received = np.array([row[3] for row in rows], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Part:
    rows: _Rows
    texts: Sequence[str]
    flags: Sequence[str]


def newest(
    session: Session, kind: str, points: Collection[str] | None, fields: Collection[str] | None
) -> dict[Name, Newest]:
    """By (factor, field), of some ``fields`` or all. The same values as ``reader.latest`` gives."""
    by_layout: dict[int, list[Row]] = {}
    for row in sorted(_rows(session, kind, points), key=itemgetter(0)):
        by_layout.setdefault(row[4], []).append(row)
    parts: dict[Name, list[_Part]] = {}
    rivals: dict[str, list[_Rows]] = {}
    for number, found in by_layout.items():
        layout, rows = session.ids.layout(session.db, number), _Rows(found)
        for factor in dict.fromkeys(factor for factor, _ in (*layout.names, *layout.flags)):
            rivals.setdefault(factor, []).append(rows)
        for name, part in _columns(layout, rows):
            if fields is None or name[1] in fields:
                parts.setdefault(name, []).append(part)
    return {name: _joined(held, rivals[name[0]]) for name, held in parts.items()}


def _columns(layout: codec.Layout, rows: _Rows) -> Iterator[tuple[Name, _Part]]:
    bodies = [codec.texts_of(row[5]) for row in rows.rows]
    columns = dict(zip(layout.names, zip(*bodies, strict=True), strict=True)) if layout.names else {}
    for name, texts in columns.items():
        if name[1] != FLAG:
            flag = (name[0], FLAG)
            flags = columns.get(flag) or [layout.common if flag in layout.flags else ""] * len(texts)
            yield name, _Part(rows, texts, flags)


def _rows(session: Session, kind: str, points: Collection[str] | None) -> list[Row]:
    number = codec.kind_of(kind)
    if points is None:
        return session.db.execute(_ALL, (number,)).fetchall()
    wanted, names = session.db.wanted(points)
    return session.db.execute(_OF.format(wanted=wanted), (names, number)).fetchall()


def _joined(parts: Sequence[_Part], rivals: Sequence[_Rows]) -> Newest:
    """``rivals``: all rows that say something of the factor; only the newest of a point speaks for it."""
    if len(rivals) == 1:
        (part,) = parts
        rows = part.rows
        return Newest(
            rows.points, rows.times, numbers(part.texts), list(part.texts), list(part.flags), rows.received
        )
    last: dict[str, tuple[int, int]] = {}
    for row in chain.from_iterable(one.rows for one in rivals):
        last[row[0]] = max(last.get(row[0], (row[1], row[2])), (row[1], row[2]))
    held = sorted(
        (row[0], row[1], row[3], text, flag)
        for part in parts
        for row, text, flag in zip(part.rows.rows, part.texts, part.flags, strict=True)
        if last[row[0]] == (row[1], row[2])
    )
    points, times, received, texts, flags = map(list, zip(*held, strict=True)) if held else ([],) * 5
    return Newest(
        points,
        np.array(times, dtype=np.int64),
        numbers(texts),
        texts,
        flags,
        np.array(received, dtype=np.int64),
    )
