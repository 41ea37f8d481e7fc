"""Packets in: at most one row a packet, and what follows from it, in the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mingcha.core.clock import HOUR_S, to_epoch, to_us
from mingcha.core.packets import Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry.recent import codec
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.engine import Database, Key, Row
from mingcha.store.telemetry.recent.merge import Content, Known, contents
from mingcha.store.telemetry.recent.sealing import Hooks, days_of
from mingcha.store.telemetry.values import WriteReport

_Source = tuple[int | None, int | None, int | None, int | None]  # delay, journal, block, index

SECOND_US = 1_000_000

_NEWEST = "SELECT kind, max(time) FROM readings WHERE point = ? GROUP BY kind, layout"
_LATEST = """
ON CONFLICT (point, kind, layout) DO UPDATE SET
    time = excluded.time, seq = excluded.seq, delay = excluded.delay, journal = excluded.journal,
    block = excluded.block, idx = excluded.idx, body = excluded.body
WHERE (excluded.time, excluded.seq) > (latest.time, latest.seq)
"""
_DIRTY = "ON CONFLICT (hour, point) DO UPDATE SET stamp = excluded.stamp"
_POSITION = """
ON CONFLICT (gateway) DO UPDATE SET journal = excluded.journal, block = excluded.block, idx = excluded.idx
"""


class _Rows:
    """The rows of one key, in file and batch; merged only when a second one comes."""

    def __init__(self) -> None:
        self.sources: list[_Source] = []
        self._contents: list[Content] = []
        self._known = Known()

    def add(self, source: _Source, content: Content) -> None:
        self.sources.append(source)
        self._contents.append(content)

    @property
    def known(self) -> Known:
        first = len(self.sources) - len(self._contents)
        for row, content in enumerate(self._contents, first):
            self._known.add(row, content)
        self._contents.clear()
        return self._known


class Batch:
    """The rows that one call of write will add."""

    def __init__(self, session: Session) -> None:
        self._db: Database = session.db
        self._ids = session.ids
        self._keys: dict[Key, _Rows] = {}
        self._held: dict[Key, list[Row]] = {}
        self._rows: list[Row] = []
        self._latest: dict[tuple[int, int, int], tuple[Any, ...]] = {}
        self._dirty: set[tuple[int, int]] = set()
        self._layouts: dict[codec.Layout, int] = {}
        self._stored = self._duplicates = self._revisions = 0

    def take(self, packets: Sequence[Packet], hooks: Hooks) -> None:
        """Take packets in; each is compared with what store and batch hold."""
        point_id, db = self._ids.points.id, self._db
        keys = [(point_id(db, one.point), codec.kind_of(one.cn), to_epoch(one.time)) for one in packets]
        until = hooks.sealed_until()
        if until is not None:
            days = days_of(
                ((one.point, one.cn, key[2]) for one, key in zip(packets, keys, strict=True)), until
            )
            hooks.reopen([*days])
        self._held = db.known(set(keys))
        for packet, key in zip(packets, keys, strict=True):
            self._add(packet, key)

    def _add(self, packet: Packet, key: Key) -> None:
        rows = self._keys.get(key) or self._load(key, self._held.get(key, ()))
        source = self._source(packet)
        stored = revised = False
        for said in contents(packet.readings):
            content = said if codec.is_plain(said) else codec.storable_content(said)
            news = rows.known.news(content) if rows.sources else content
            if news:
                stored = True
                revised = revised or (bool(rows.sources) and not rows.known.newest.keys().isdisjoint(news))
                self._add_row(key, rows, source, news, packet)
        self._stored += stored
        self._revisions += revised
        self._duplicates += not stored

    def skip(self, count: int) -> None:
        """Packets of frames that were projected before."""
        self._duplicates += count

    def store(self, positions: Iterable[FrameRef]) -> WriteReport:
        """Write what was gathered."""
        db = self._db
        db.insert("readings", self._rows)
        db.upsert("latest", [*self._latest.values()], _LATEST)
        mark(db, self._dirty)
        moved = [(gateway_of(ref), ref.journal, ref.block, ref.index) for ref in positions]
        db.upsert("positions", moved, _POSITION)
        return WriteReport(self._stored, self._duplicates, self._revisions)

    def _load(self, key: Key, held: Iterable[Row]) -> _Rows:
        rows = self._keys[key] = _Rows()
        for delay, journal, block, idx, layout, body in held:
            rows.add((delay, journal, block, idx), self._ids.content(self._db, layout, body))
        return rows

    def _add_row(self, key: Key, rows: _Rows, source: _Source, news: Content, packet: Packet) -> None:
        seq = len(rows.sources)
        layout, body = self._packed(news)
        note = codec.note_of(packet.edition, packet.supplement)
        self._rows.append((*key, seq, *source, codec.qn_of(packet.qn), note, layout, body))
        self._dirty.add((key[0], key[2] - key[2] % HOUR_S))
        rows.add(source, news)
        self._newest(key, rows, source, news, (layout, body))

    def recall(self, key: Key, found: Iterable[Row]) -> None:
        """Take the rows of a key into ``latest`` as when they came."""
        held = _Rows()
        for delay, journal, block, idx, layout, body in found:
            source, news = (delay, journal, block, idx), self._ids.content(self._db, layout, body)
            held.add(source, news)
            self._newest(key, held, source, news, (layout, body))

    def _newest(self, key: Key, rows: _Rows, source: _Source, news: Content, packed: tuple[int, str]) -> None:
        """Put the last of ``rows`` into ``latest`` where nothing newer stands."""
        seq = len(rows.sources) - 1
        layout, body = packed
        if seq:
            news = _changed(rows.known, news, seq)
            layout, body = self._packed(news)
        place = (key[0], key[1], layout)
        before = self._latest.get(place)
        if news and (before is None or (key[2], seq) > (before[3], before[4])):
            self._latest[place] = (*place, key[2], seq, *source, body)

    def _source(self, packet: Packet) -> _Source:
        ref = packet.ref
        delay = None
        if packet.received is not None:
            delay = to_us(packet.received) - to_epoch(packet.time) * SECOND_US
        if ref is None:
            return (delay, None, None, None)
        return (delay, self._ids.journals.id(self._db, ref.journal), ref.block, ref.index)

    def _packed(self, content: Content) -> tuple[int, str]:
        layout, body = codec.packed(content)
        known = self._layouts.get(layout)
        if known is None:
            known = self._layouts[layout] = self._ids.layouts.id(self._db, layout.text())
        return known, body


def touch(session: Session, items: Iterable[tuple[str, Span]]) -> None:
    """Mark every hour that overlaps a span of a point."""
    mark(
        session.db,
        {
            (session.ids.points.id(session.db, point), hour)
            for point, span in items
            for hour in range(to_epoch(span.start) // HOUR_S * HOUR_S, to_epoch(span.end), HOUR_S)
        },
    )


def touch_point(session: Session, point: str, sealed: Iterable[int]) -> None:
    """Mark every hour in which a point has readings, and the ``sealed`` ones."""
    number = session.ids.points.id(session.db, point)
    rows = session.db.execute("SELECT DISTINCT time / 3600 * 3600 FROM readings WHERE point = ?", (number,))
    mark(session.db, {(number, hour) for (hour,) in rows.fetchall()} | {(number, hour) for hour in sealed})


def mark(db: Database, hours: Collection[tuple[int, int]]) -> None:
    """Make (point, hour) dirty."""
    if hours:
        stamp = db.execute("SELECT coalesce(max(stamp), 0) + 1 FROM dirty").fetchone()[0]
        db.upsert("dirty", [(point, hour, stamp) for point, hour in hours], _DIRTY)


def _changed(known: Known, news: Content, row: int) -> Content:
    """All texts in use of the factors for which ``row`` brought one: what ``latest`` now says of them."""
    changed: Content = {}
    for factor in dict.fromkeys(factor for factor, _ in news):
        in_use, brought_by = known.in_use(factor)
        if brought_by in (row, -1):
            changed.update(in_use)
    return changed


def write(
    session: Session,
    packets: Sequence[Packet],
    position: FrameRef | Sequence[FrameRef] | None,
    hooks: Hooks,
) -> WriteReport:
    """Keep ``packets`` and move the positions of the gateways that ``position`` names."""
    wanted = () if position is None else (position,) if isinstance(position, FrameRef) else position
    batch = Batch(session)
    before = {gateway_of(ref): _position(session.db, gateway_of(ref)) for ref in wanted}
    done = {gateway: ref for gateway, ref in before.items() if ref is not None}
    fresh = packets
    if done:
        fresh = [one for one in packets if one.ref is None or not _projected(one.ref, done)]
    batch.skip(len(packets) - len(fresh))
    batch.take(fresh, hooks)
    return batch.store([max(ref, done.get(gateway_of(ref), ref)) for ref in wanted])


def renew_latest(session: Session, points: Sequence[int]) -> None:
    """Make ``latest`` of ``points`` from their readings, after some of these were taken away.

    The newest key of each layout is enough: it holds the newest row of every factor that the layout names.
    """
    batch = Batch(session)
    for point in points:
        session.db.execute("DELETE FROM latest WHERE point = ?", (point,))
        keys = {(point, *key) for key in session.db.execute(_NEWEST, (point,)).fetchall()}
        for key, rows in session.db.known(keys).items():
            batch.recall(key, rows)
    batch.store(())


def gateway_of(ref: FrameRef) -> str:
    """``g0`` of ``g0-20261123/15/3``."""
    return ref.journal.rpartition("-")[0]


def _position(db: Database, gateway: str) -> FrameRef | None:
    row = db.execute("SELECT journal, block, idx FROM positions WHERE gateway = ?", (gateway,)).fetchone()
    return None if row is None else FrameRef(*row)


def _projected(ref: FrameRef, done: Mapping[str, FrameRef]) -> bool:
    position = done.get(gateway_of(ref))
    return position is not None and ref <= position
