"""Readings out: rows of one key merged by sequence, in one short read transaction each."""

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from mingcha.core.clock import from_epoch, from_us, to_epoch, to_us
from mingcha.core.packets import number
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry import codec
from mingcha.store.telemetry.connection import Session
from mingcha.store.telemetry.merge import FLAG, Known, Name
from mingcha.store.telemetry.values import Latest, Series, ValueVersion

_ROWS = """
SELECT time, time * 1000000 + delay, journal, block, idx, layout, body FROM readings
WHERE point = ? AND kind = ? AND time >= ? AND time < ? AND (? IS NULL OR delay IS NULL OR time * 1000000 + delay <= ?)
ORDER BY time, seq
"""
_HISTORY = """
SELECT time * 1000000 + delay, journal, block, idx, qn, note, layout, body FROM readings
WHERE point = ? AND kind = ? AND time = ? ORDER BY seq
"""
_LATEST = """
SELECT names.name, kind, time, seq, time * 1000000 + delay, journal, block, idx, layout, body
FROM latest JOIN names ON names.id = latest.point
"""
_LATEST_OF = """
SELECT names.name, kind, time, seq, time * 1000000 + delay, journal, block, idx, layout, body
FROM json_each(?) AS wanted
CROSS JOIN names ON names.sort = 'point' AND names.name = wanted.value
CROSS JOIN latest ON latest.point = names.id
"""


class _Columns:
    """One series while it grows."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, str, FrameRef | None, int, int]] = []

    def series(self) -> Series:
        columns = list(zip(*self.rows, strict=True)) or [()] * 6
        times, texts, flags, refs, received, versions = columns
        values = [np.nan if (value := number(text)) is None else value for text in texts]
        return Series(
            times=np.array(times, dtype=np.int64),
            values=np.array(values, dtype=np.float64),
            texts=list(texts),
            flags=list(flags),
            refs=list(refs),
            received=np.array(received, dtype=np.int64),
            versions=np.array(versions, dtype=np.int64),
        )


def series(
    session: Session,
    point: str,
    kind: str,
    span: Span,
    *,
    as_of: datetime | None,
    wanted: Collection[Name] | None,
) -> dict[Name, Series]:
    """The wanted (factor, field) columns of a point and kind, all where ``wanted`` is None."""
    found: dict[Name, _Columns] = {}
    for time, rows in groupby(_rows(session, point, kind, span, as_of), key=itemgetter(0)):
        for name, entry in _merged(session, time, list(rows), wanted):
            column = found.get(name)
            if column is None:
                column = found[name] = _Columns()
            column.rows.append(entry)
    return {name: column.series() for name, column in found.items()}


def empty() -> Series:
    """A series without readings."""
    return _Columns().series()


def history(session: Session, point: str, kind: str, time: datetime, factor: str) -> list[ValueVersion]:
    """Every version of every field of a factor at one time, oldest first."""
    number_ = session.ids.points.find(session.db, point)
    if number_ is None:
        return []
    known = Known()
    versions: list[tuple[Name, int, ValueVersion]] = []
    found = session.db.execute(_HISTORY, (number_, codec.kind_of(kind), to_epoch(time))).fetchall()
    for seq, (received, journal, block, idx, qn, note, layout, body) in enumerate(found):
        before = dict(known.versions)
        known.add(seq, session.ids.content(session.db, layout, body))
        for name, count in known.versions.items():
            if name[0] == factor and count != before.get(name, 0):
                version = ValueVersion(
                    field=name[1],
                    text=known.newest[name],
                    flag=known.newest.get((factor, FLAG), ""),
                    ref=session.ids.ref(session.db, journal, block, idx),
                    received=None if received is None else from_us(received),
                    qn=str(qn),
                    supplement=codec.supplement_of(note),
                    current=False,
                )
                versions.append((name, seq, version))
    return [_marked(version, known.current[name].row == seq) for name, seq, version in versions]


def latest(session: Session, points: Collection[str] | None, kind: str | None) -> list[Latest]:
    """The newest of each point, kind and factor, in that order."""
    if points is None:
        rows = session.db.execute(_LATEST).fetchall()
    else:
        rows = session.db.execute(_LATEST_OF, (json.dumps(list(points)),)).fetchall()
    wanted = None if kind is None else codec.kind_of(kind)
    rows = [row for row in rows if wanted is None or row[1] == wanted]
    newest: dict[tuple[str, int, str], Latest] = {}
    # Oldest first: of two layouts that name a factor the later (time, seq) overwrites.
    for row in sorted(rows, key=itemgetter(2, 3)):
        for one in _latest(session, row):
            newest[one.point, row[1], one.factor] = one
    return [newest[key] for key in sorted(newest)]


def positions(session: Session) -> dict[str, FrameRef]:
    """How far each gateway's journal is projected."""
    rows = session.db.execute("SELECT gateway, journal, block, idx FROM positions ORDER BY gateway")
    return {gateway: FrameRef(journal, block, idx) for gateway, journal, block, idx in rows.fetchall()}


def _rows(
    session: Session, point: str, kind: str, span: Span, as_of: datetime | None
) -> list[tuple[Any, ...]]:
    number_ = session.ids.points.find(session.db, point)
    if number_ is None:
        return []
    until = None if as_of is None else to_us(as_of)
    # A time of the row is a whole second: inside [start, end) means from the first whole second of each.
    start, end = -(-to_us(span.start) // 1_000_000), -(-to_us(span.end) // 1_000_000)
    return session.db.execute(_ROWS, (number_, codec.kind_of(kind), start, end, until, until)).fetchall()


def _merged(
    session: Session, time: int, rows: list[tuple[Any, ...]], wanted: Collection[Name] | None
) -> Iterator[tuple[Name, tuple[int, str, str, FrameRef | None, int, int]]]:
    if len(rows) == 1:
        yield from _single(session, time, rows[0], wanted)
        return
    known = Known()
    for seq, row in enumerate(rows):
        known.add(seq, session.ids.content(session.db, row[5], row[6]))
    for name, value in known.current.items():
        if wanted is None or name in wanted:
            _, received, journal, block, idx, _, _ = rows[value.row]
            ref = session.ids.ref(session.db, journal, block, idx)
            yield name, (time, value.text, value.flag, ref, received or 0, known.versions[name])


def _single(
    session: Session, time: int, row: tuple[Any, ...], wanted: Collection[Name] | None
) -> Iterator[tuple[Name, tuple[int, str, str, FrameRef | None, int, int]]]:
    """The common case: one row holds all that is known."""
    _, received, journal, block, idx, layout, body = row
    content = session.ids.content(session.db, layout, body)
    ref = session.ids.ref(session.db, journal, block, idx)
    for name in content if wanted is None else [name for name in wanted if name in content]:
        if name[1] != FLAG:
            yield name, (time, content[name], content.get((name[0], FLAG), ""), ref, received or 0, 1)


def _marked(version: ValueVersion, current: bool) -> ValueVersion:
    return ValueVersion(
        version.field, version.text, version.flag, version.ref, version.received, version.qn,
        version.supplement, current,
    )  # fmt: skip


def _latest(session: Session, row: tuple[Any, ...]) -> Iterator[Latest]:
    point, kind, time, _, received, journal, block, idx, layout, body = row
    ref = session.ids.ref(session.db, journal, block, idx)
    moment, arrived = from_epoch(time), None if received is None else from_us(received)
    factors: dict[str, list[tuple[str, str]]] = {}
    flags: dict[str, str] = {}
    for (factor, field), text in session.ids.content(session.db, layout, body).items():
        pairs = factors.setdefault(factor, [])
        if field == FLAG:
            flags[factor] = text
        else:
            pairs.append((field, text))
    for factor, pairs in factors.items():
        yield Latest(point, str(kind), moment, arrived, factor, tuple(pairs), flags.get(factor, ""), ref)
