"""Whole days out of the row store and back: what the sealer of history uses, and where history is joined again.

Everything here may be called inside ``writing()`` or ``reading()`` and is then a part of that transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mingcha.core.clock import DAY_S, from_epoch, to_epoch, to_us
from mingcha.core.spans import Span
from mingcha.store.telemetry.recent import codec
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.values import RawResult, RawRow

Wanted = tuple[str, str, date]  # point, kind (CN), UTC day
SECOND_US = 1_000_000

# The days of each series one after the other: a probe of the index for each, and no row in between is read.
_DAYS = """
WITH RECURSIVE held (point, kind, first) AS (
    SELECT p.point, p.kind,
        (SELECT min(r.time) FROM readings AS r WHERE r.point = p.point AND r.kind = p.kind)
    FROM (SELECT DISTINCT point, kind FROM latest) AS p
    UNION ALL
    SELECT h.point, h.kind, (
        SELECT min(r.time) FROM readings AS r WHERE r.point = h.point AND r.kind = h.kind
            AND r.time >= h.first - ((h.first % 86400) + 86400) % 86400 + 86400
    ) FROM held AS h WHERE h.first < ?
)
SELECT names.name, held.kind, held.first FROM held JOIN names ON names.id = held.point
WHERE held.first < ? ORDER BY names.name, held.kind, held.first
"""
_ROWS = """
SELECT time, seq, delay, journal, block, idx, qn, note, layout, body FROM readings
WHERE point = ? AND kind = ? AND time >= ? AND time < ? ORDER BY time, seq
"""
_DROP = "DELETE FROM readings WHERE point = ? AND kind = ? AND time >= ? AND time < ?"
_RESULTS = """
SELECT names.name, start, factor, version, at, value FROM results JOIN names ON names.id = results.outlet
WHERE level = ? AND outlet = ? AND start >= ? AND start < ? ORDER BY start, factor, version
"""
_RESULTS_DROP = "DELETE FROM results WHERE level = ? AND outlet = ? AND start >= ? AND start < ?"
_RESULTS_HELD = """
WITH RECURSIVE held (outlet, first) AS (
    SELECT n.id, (SELECT min(r.start) FROM results AS r WHERE r.level = ? AND r.outlet = n.id)
    FROM names AS n WHERE n.sort = 'outlet'
    UNION ALL
    SELECT h.outlet, (
        SELECT min(r.start) FROM results AS r WHERE r.level = ? AND r.outlet = h.outlet
            AND r.start >= h.first - ((h.first % 86400) + 86400) % 86400 + 86400
    ) FROM held AS h WHERE h.first < ?
)
SELECT names.name, held.first FROM held JOIN names ON names.id = held.outlet
WHERE held.first < ? ORDER BY names.name, held.first
"""
_NAMES = "SELECT name FROM names WHERE sort = ? ORDER BY name"
_NOTE = "SELECT value FROM meta WHERE key = ?"
_SET_NOTE = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class Hooks:
    """How the writer has sealed days brought back before it compares; see the methods of ``Sealing``."""

    sealed_until: Callable[[], datetime | None]
    reopen: Callable[[Collection[Wanted]], None]
    reopen_received: Callable[[Sequence[str], int], None]
    reopen_newest: Callable[[Sequence[str]], None]


class NothingSealed:
    """What a store without history says; the joined store says more."""

    def _sealed_until(self) -> datetime | None:
        """The moment before which days may be sealed; None: nothing is."""
        return None

    def _reopen(self, wanted: Collection[Wanted]) -> None:
        """Bring these days back before their rows are compared; inside the write transaction."""

    def _reopen_received(self, points: Sequence[str], since_us: int) -> None:
        """Bring back every day of ``points`` with a row received since then; inside the write transaction."""

    def _reopen_newest(self, points: Sequence[str]) -> None:
        """Bring back what ``latest`` of ``points`` is made from; inside the write transaction."""

    def _reopen_results(self, level: str, outlet: str, span: Span) -> None:
        """Bring results back before they are compared; inside the write transaction."""

    def _sealed_hours(self, point: str) -> Iterable[int]:
        """The hours (epoch seconds) of the sealed days of a point."""
        return ()


class Sealing(NothingSealed, ABC):
    """The part of ``Recent`` that moves rows into history and back."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Session]:
        """One write transaction of this thread; inside another, a part of it."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """Reads of one moment; inside another transaction of this thread, a part of it."""

    def _hooks(self) -> Hooks:
        return Hooks(self._sealed_until, self._reopen, self._reopen_received, self._reopen_newest)

    # --- readings -----------------------------------------------------------------------------------

    def days_held(self, before: datetime) -> list[Wanted]:
        """Point, kind and UTC day of all rows here, of days that end by ``before``; in order."""
        last = to_epoch(before) // DAY_S * DAY_S
        with self.reading() as session:
            rows = session.db.execute(_DAYS, (last, last)).fetchall()
        return [(name, str(kind), from_epoch(first).date()) for name, kind, first in rows]

    def raw_rows(self, point: str, kind: str, span: Span) -> list[RawRow]:
        """Every row of a point and kind in ``span``, by time and sequence."""
        with self.reading() as session:
            number = session.ids.points.find(session.db, point)
            keys = (number, codec.kind_of(kind), to_epoch(span.start), to_epoch(span.end))
            rows = session.db.execute(_ROWS, keys).fetchall()
            return [raw_row(session, row) for row in rows]

    def restore(self, point: str, kind: str, rows: Sequence[RawRow]) -> None:
        """Put rows back as they were; ``latest`` and dirty hours stay as they are."""
        with self.writing() as session:
            key = (session.ids.points.id(session.db, point), codec.kind_of(kind))
            session.db.insert("readings", [(*key, *_columns(session, row)) for row in rows])

    def drop(self, point: str, kind: str, span: Span) -> int:
        """Take the rows of ``span`` out; ``latest`` and dirty hours stay as they are. Gives their number."""
        with self.writing() as session:
            number = session.ids.points.find(session.db, point)
            keys = (number, codec.kind_of(kind), to_epoch(span.start), to_epoch(span.end))
            return session.db.execute(_DROP, keys).rowcount

    # --- results ------------------------------------------------------------------------------------

    def results_held(self, level: str, before: datetime) -> list[tuple[str, date]]:
        """Outlet and UTC day of all values of a level here, of days that end by ``before``; in order."""
        last = to_epoch(before) // DAY_S * DAY_S
        with self.reading() as session:
            rows = session.db.execute(_RESULTS_HELD, (level, level, last, last)).fetchall()
        return [(name, from_epoch(first).date()) for name, first in rows]

    def result_rows(self, level: str, span: Span, outlets: Collection[str] | None = None) -> list[RawResult]:
        """Every version of the values that start in ``span``, by outlet, start, factor and version."""
        with self.reading() as session:
            return [
                RawResult(*row)
                for keys in _of_outlets(session, level, span, outlets)
                for row in session.db.execute(_RESULTS, keys).fetchall()
            ]

    def restore_results(self, level: str, rows: Sequence[RawResult]) -> None:
        """Put values back as they were."""
        with self.writing() as session:
            ids = session.ids.outlets
            held = [(level, ids.id(session.db, row.outlet), *row[1:]) for row in rows]
            session.db.insert("results", held)

    def drop_results(self, level: str, span: Span, outlets: Collection[str] | None = None) -> int:
        """Take the values that start in ``span`` out. Gives the number of versions."""
        with self.writing() as session:
            keys = _of_outlets(session, level, span, outlets)
            return sum(session.db.execute(_RESULTS_DROP, one).rowcount for one in keys)

    # --- names and notes ----------------------------------------------------------------------------

    def points_named(self) -> list[str]:
        """Every point of which something was kept, whether it is still here or not."""
        return self._names("point")

    def outlets_named(self) -> list[str]:
        """Every outlet of which values were kept."""
        return self._names("outlet")

    def generation(self) -> str:
        """The name of the store's content since it was made or rebuilt."""
        return self.note("generation") or ""

    def note(self, key: str) -> str | None:
        """A fact that is kept with the rows, or None."""
        with self.reading() as session:
            row = session.db.execute(_NOTE, (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, key: str, text: str) -> None:
        """Keep a fact with the rows."""
        with self.writing() as session:
            session.db.execute(_SET_NOTE, (key, text))

    def _names(self, sort: str) -> list[str]:
        with self.reading() as session:
            return [name for (name,) in session.db.execute(_NAMES, (sort,)).fetchall()]


def raw_row(session: Session, row: Sequence[Any]) -> RawRow:
    """A row of ``readings`` from ``time`` on, with its names spelled out."""
    time, seq, delay, journal, block, idx, qn, note, layout, body = row
    return RawRow(
        time=time,
        seq=seq,
        received_us=None if delay is None else time * SECOND_US + delay,
        ref=session.ids.ref(session.db, journal, block, idx),
        qn=str(qn),
        edition=codec.edition_of(note),
        supplement=codec.supplement_of(note),
        content=session.ids.content(session.db, layout, body),
    )


def days_of(keys: Iterable[tuple[str, str, int]], until: datetime) -> Iterator[Wanted]:
    """Point, kind and UTC day of times (epoch seconds) before ``until``, each once."""
    limit = to_us(until) // SECOND_US
    found = {(point, kind, time // DAY_S) for point, kind, time in keys if time < limit}
    for point, kind, day in sorted(found):
        yield point, kind, (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date()


def _columns(session: Session, row: RawRow) -> tuple[Any, ...]:
    layout, body = codec.packed(row.content)
    ref = row.ref
    place = (
        (None, None, None)
        if ref is None
        else (session.ids.journals.id(session.db, ref.journal), ref.block, ref.index)
    )
    delay = None if row.received_us is None else row.received_us - row.time * SECOND_US
    number = session.ids.layouts.id(session.db, layout.text())
    note = codec.note_of(row.edition, row.supplement)
    return (row.time, row.seq, delay, *place, codec.qn_of(row.qn), note, number, body)


def _of_outlets(
    session: Session, level: str, span: Span, outlets: Collection[str] | None
) -> list[tuple[str, int, int, int]]:
    names = sorted(outlets) if outlets is not None else [
        name for (name,) in session.db.execute(_NAMES, ("outlet",)).fetchall()
    ]  # fmt: skip
    numbers = [session.ids.outlets.find(session.db, name) for name in names]
    return [(level, n, to_epoch(span.start), to_epoch(span.end)) for n in numbers if n is not None]
