"""Readings out: rows of one key merged by sequence, in one short read transaction each."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import from_epoch, from_us, to_epoch, to_us
from mingcha.core.packets import number
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry.recent import codec
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.merge import FLAG, Known, Name
from mingcha.store.telemetry.values import Latest, Series, ValueVersion

T = TypeVar("T")
Row = tuple[Any, ...]  # time, received, journal, block, index, layout, body

_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:\n-?[0-9]+(?:\.[0-9]+)?)*")
_PLAIN_MAX = 32  # the longest text that core.packets.number reads
_ROWS = """
SELECT time, time * 1000000 + delay, journal, block, idx, layout, body FROM readings
WHERE point = ? AND kind = ? AND time >= ? AND time < ? AND (? IS NULL OR delay IS NULL OR time * 1000000 + delay <= ?)
ORDER BY time, seq
"""
_HOLDS = "SELECT 1 FROM readings WHERE point = ? AND kind = ? AND time >= ? AND time < ? LIMIT 1"
_FIRST = "SELECT min(time) FROM readings WHERE point = ? AND kind = ?"
_TIMES = (
    "SELECT DISTINCT time FROM readings WHERE point = ? AND kind = ? AND time >= ? AND time < ? ORDER BY time"
)
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
FROM {wanted} CROSS JOIN names CROSS JOIN latest
WHERE names.sort = 'point' AND names.name = wanted.value AND latest.point = names.id
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some records of one field. ``at``: their places among the times read; ``sources``: places of the rows
    that brought them.
    """

    at: Sequence[int]
    texts: Sequence[str]
    flags: Sequence[str]
    sources: Sequence[int]
    versions: Sequence[int]


def series(
    session: Session,
    point: str,
    kind: str,
    span: Span,
    *,
    as_of: datetime | None,
    factor: str | None = None,
    fields: Collection[str] | None = None,
) -> dict[Name, Series]:
    """Columns of a point and kind by (factor, field): of one factor, of some fields, all where None is said.

    Nearly every time has one row, and neighbouring rows have the same layout: those are read column by
    column; only times with several rows are merged one by one.
    """
    rows = _rows(session, point, kind, span, as_of)
    firsts = [n for n, row in enumerate(rows) if not n or rows[n - 1][0] != row[0]]
    sizes = [after - first for first, after in pairwise([*firsts, len(rows)])]
    parts: dict[Name, list[_Part]] = {}
    found = [_columns(session, rows, firsts, *alike) for alike in _alike(rows, firsts, sizes).items()]
    several = [(place, firsts[place], size) for place, size in enumerate(sizes) if size > 1]
    found += [_merged(session, rows, *one) for one in several]
    for name, part in chain.from_iterable(found):
        if factor in (None, name[0]) and (fields is None or name[1] in fields):
            parts.setdefault(name, []).append(part)
    sources = _Sources(session, rows, firsts)
    return {name: sources.series(held) for name, held in parts.items()}


def _alike(rows: Sequence[Row], firsts: Sequence[int], sizes: Sequence[int]) -> dict[int, list[int]]:
    """Places of the times with one row, by its layout."""
    found: dict[int, list[int]] = {}
    for place, (first, size) in enumerate(zip(firsts, sizes, strict=True)):
        if size == 1:
            found.setdefault(rows[first][5], []).append(place)
    return found


def _columns(
    session: Session, rows: Sequence[Row], firsts: Sequence[int], number_: int, places: list[int]
) -> Iterator[tuple[Name, _Part]]:
    """The fields of times that have one row each, all of one layout."""
    layout = session.ids.layout(session.db, number_)
    sources = [firsts[place] for place in places]
    bodies = [codec.texts_of(rows[source][6]) for source in sources]
    columns = dict(zip(layout.names, zip(*bodies, strict=True), strict=True)) if layout.names else {}
    once = [1] * len(places)
    for name, texts in columns.items():
        if name[1] == FLAG:
            continue
        flag = (name[0], FLAG)
        flags = columns.get(flag) or [layout.common if flag in layout.flags else ""] * len(places)
        yield name, _Part(places, texts, flags, sources, once)


def _merged(
    session: Session, rows: Sequence[Row], place: int, first: int, size: int
) -> Iterator[tuple[Name, _Part]]:
    """The fields of one time that has several rows."""
    known = Known()
    for seq, row in enumerate(rows[first : first + size]):
        known.add(seq, session.ids.content(session.db, row[5], row[6]))
    for name, value in known.current.items():
        yield name, _Part([place], [value.text], [value.flag], [first + value.row], [known.versions[name]])


class _Sources:
    """What all columns share: times, and when and in which frame each row came."""

    def __init__(self, session: Session, rows: Sequence[Row], firsts: Sequence[int]) -> None:
        ids, db = session.ids, session.db
        self._times = np.array([rows[first][0] for first in firsts], dtype=np.int64)
        self._refs = [ids.ref(db, journal, block, idx) for _, _, journal, block, idx, _, _ in rows]
        self._received = np.array([row[1] or 0 for row in rows], dtype=np.int64)

    def series(self, parts: Sequence[_Part]) -> Series:
        part = parts[0] if len(parts) == 1 else _joined(parts)
        return Series(
            times=self._times[part.at],
            values=numbers(part.texts),
            texts=list(part.texts),
            flags=list(part.flags),
            refs=[self._refs[source] for source in part.sources],
            received=self._received[part.sources],
            versions=np.array(part.versions, dtype=np.int64),
        )


def _joined(parts: Sequence[_Part]) -> _Part:
    """All records by time."""
    places = np.concatenate([np.array(part.at, dtype=np.int64) for part in parts])
    order = np.argsort(places).tolist()

    def pick(columns: Iterable[Sequence[T]]) -> list[T]:
        return list(map(list(chain.from_iterable(columns)).__getitem__, order))

    return _Part(
        pick(part.at for part in parts),
        pick(part.texts for part in parts),
        pick(part.flags for part in parts),
        pick(part.sources for part in parts),
        pick(part.versions for part in parts),
    )


def numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    """``core.packets.number`` of each text, NaN for None; a column of plain decimals is read at once."""
    if texts and max(map(len, texts)) <= _PLAIN_MAX and _PLAIN.fullmatch("\n".join(texts)):
        return np.array(list(map(float, texts)), dtype=np.float64)
    found = [np.nan if (value := number(text)) is None else value for text in texts]
    return np.array(found, dtype=np.float64)


def empty() -> Series:
    """A series without readings."""
    nothing = np.array([], dtype=np.int64)
    return Series(nothing, np.array([], dtype=np.float64), [], [], [], nothing, nothing)


def holds(session: Session, point: str, kind: str, span: Span) -> bool:
    """Whether any reading of a point and kind lies in ``span``."""
    number_ = session.ids.points.find(session.db, point)
    keys = (number_, codec.kind_of(kind), to_epoch(span.start), to_epoch(span.end))
    return session.db.execute(_HOLDS, keys).fetchone() is not None


def first(session: Session, point: str, kind: str) -> datetime | None:
    """The time of the earliest reading of a point and kind."""
    keys = (session.ids.points.find(session.db, point), codec.kind_of(kind))
    row = session.db.execute(_FIRST, keys).fetchone()
    return None if row[0] is None else from_epoch(row[0])


def times(session: Session, point: str, kind: str, span: Span) -> list[datetime]:
    """The times in ``span`` for which a point and kind have a reading, in order."""
    number_ = session.ids.points.find(session.db, point)
    keys = (number_, codec.kind_of(kind), to_epoch(span.start), to_epoch(span.end))
    return [from_epoch(time) for (time,) in session.db.execute(_TIMES, keys)]


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
        wanted_points, names = session.db.wanted(points)
        rows = session.db.execute(_LATEST_OF.format(wanted=wanted_points), (names,)).fetchall()
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


def _rows(session: Session, point: str, kind: str, span: Span, as_of: datetime | None) -> list[Row]:
    number_ = session.ids.points.find(session.db, point)
    if number_ is None:
        return []
    until = None if as_of is None else to_us(as_of)
    # A time of the row is a whole second: inside [start, end) means from the first whole second of each.
    start, end = -(-to_us(span.start) // 1_000_000), -(-to_us(span.end) // 1_000_000)
    return session.db.execute(_ROWS, (number_, codec.kind_of(kind), start, end, until, until)).fetchall()


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
