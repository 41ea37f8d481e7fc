"""How far a target has got: one small SQLite file a target, ``forward/<key>.sqlite3`` in the data folder.

``positions``: the last entry of each gateway that is answered, or was none of the target's. ``aside``: entries before it that
the target did not take: they are tried again and never forgotten. ``left_out``: fields that have no code in the target's
edition, by station and field, from the first entry to the last. All change in one transaction, so a
crash repeats some frames (at least once, with their QN) and loses none.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mingcha.core.errors import LocalError
from mingcha.core.refs import FrameRef

FOLDER = "forward"
NEVER_US = 2**62  # of what no repetition can help
_SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (gateway TEXT PRIMARY KEY, journal TEXT NOT NULL, block INTEGER NOT NULL, idx INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS aside (
    ref TEXT PRIMARY KEY, mn TEXT NOT NULL, reason TEXT NOT NULL, tries INTEGER NOT NULL, next_us INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS aside_due ON aside (next_us, mn);  -- what may be tried now
CREATE INDEX IF NOT EXISTS aside_mn ON aside (mn);  -- all of a station, when it is answered again
CREATE TABLE IF NOT EXISTS left_out (
    mn TEXT NOT NULL, field TEXT NOT NULL, reason TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (mn, field)
) STRICT;
CREATE TABLE IF NOT EXISTS begun (only INTEGER PRIMARY KEY CHECK (only = 1)) STRICT;
"""
_PLACE = "INSERT INTO positions VALUES (?, ?, ?, ?) ON CONFLICT (gateway) DO UPDATE SET journal = excluded.journal, block = excluded.block, idx = excluded.idx"
_LEFT = (
    "INSERT INTO left_out VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (mn, field) DO UPDATE SET reason = excluded.reason, "
    "last = excluded.last, times = times + excluded.times"
)
_ASIDE = "INSERT INTO aside VALUES (?, ?, ?, 0, ?) ON CONFLICT (ref) DO NOTHING"


class ForwardInUse(LocalError):
    """Another process forwards from this data folder."""

    permanent = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field of a station that cannot go to the target: why, in which entries, how often (a repeated entry counts again)."""

    mn: str
    field: str
    reason: str
    first: FrameRef
    last: FrameRef
    times: int


@dataclass(frozen=True, slots=True)
class Aside:
    """An entry the target did not take. ``next_us``: when it is tried again."""

    ref: FrameRef
    mn: str
    reason: str
    next_us: int


class Positions:
    """The file of one target. Threads may share it, one at a time."""

    def __init__(self, folder: Path, key: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            folder / f"{key}.sqlite3", timeout=10.0, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    @property
    def begun(self) -> bool:
        """Whether this target has been begun before."""
        return self._db.execute("SELECT 1 FROM begun").fetchone() is not None

    def begin(self, places: Mapping[str, FrameRef]) -> None:
        """Begin after ``places``; a gateway that is not named begins with its first entry."""
        with self._transaction():
            self._places(places)
            self._db.execute("INSERT OR IGNORE INTO begun VALUES (1)")

    def places(self) -> dict[str, FrameRef]:
        rows = self._db.execute("SELECT gateway, journal, block, idx FROM positions")
        return {gateway: FrameRef(journal, block, idx) for gateway, journal, block, idx in rows}

    def keep(
        self,
        places: Mapping[str, FrameRef],
        asides: Iterable[Aside] = (),
        sent: Iterable[FrameRef] = (),
        left: Iterable[LeftOut] = (),
    ) -> None:
        """Make durable: ``places`` are reached, ``asides`` were left behind, ``sent`` are no longer, ``left`` did not go."""
        with self._transaction():
            self._db.executemany(_ASIDE, [(str(a.ref), a.mn, a.reason, a.next_us) for a in asides])
            self._db.executemany("DELETE FROM aside WHERE ref = ?", [(str(ref),) for ref in sent])
            rows = [(one.mn, one.field, one.reason, str(one.first), str(one.last), one.times) for one in left]
            self._db.executemany(_LEFT, rows)
            self._places(places)

    def due(self, now_us: int, limit: int) -> list[tuple[FrameRef, str]]:
        """(ref, MN) of what may be tried again, the oldest first, of each station no more than its share."""
        rows = self._db.execute(
            "SELECT ref, mn, row_number() OVER (PARTITION BY mn ORDER BY next_us, rowid) AS place FROM aside "
            "WHERE next_us <= ? ORDER BY place, rowid LIMIT ?",
            (now_us, limit),
        )
        return [(FrameRef.parse(ref), mn) for ref, mn, _ in rows]

    def postpone(self, mn: str, now_us: int, first_us: int, most_us: int) -> None:
        """The station's frames were not taken again: all wait, longer each time."""
        self._db.execute(
            "UPDATE aside SET tries = min(tries + 1, 20), next_us = ? + min(? << min(tries, 20), ?) WHERE mn = ? AND next_us < ?",
            (now_us, first_us, most_us, mn, NEVER_US),
        )

    def release(self, mn: str) -> None:
        """The station is answered again: all its frames may go now."""
        self._db.execute(
            "UPDATE aside SET tries = 0, next_us = 0 WHERE mn = ? AND next_us < ?", (mn, NEVER_US)
        )

    def asides(self) -> int:
        """How many entries are left behind."""
        return int(self._db.execute("SELECT count(*) FROM aside").fetchone()[0])

    def listed(self, limit: int = 100) -> list[Aside]:
        """Entries left behind, the oldest first."""
        rows = self._db.execute("SELECT ref, mn, reason, next_us FROM aside ORDER BY rowid LIMIT ?", (limit,))
        return [Aside(FrameRef.parse(ref), mn, reason, next_us) for ref, mn, reason, next_us in rows]

    def left_out(self, limit: int = 1000) -> list[LeftOut]:
        """Fields that do not go along, by station."""
        rows = self._db.execute("SELECT * FROM left_out ORDER BY mn, field LIMIT ?", (limit,))
        return [
            LeftOut(mn, name, reason, FrameRef.parse(first), FrameRef.parse(last), times)
            for mn, name, reason, first, last, times in rows
        ]

    def close(self) -> None:
        self._db.close()

    def _places(self, places: Mapping[str, FrameRef]) -> None:
        rows = [(gateway, ref.journal, ref.block, ref.index) for gateway, ref in places.items()]
        self._db.executemany(_PLACE, rows)

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._db.execute("COMMIT")
            return
        with suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")


def left_out(folder: Path, key: str) -> list[LeftOut]:
    """What could not go along to a target; [] before it ever ran. ``folder``: the data folder."""
    path = folder / FOLDER / f"{key}.sqlite3"
    if not path.exists():
        return []
    with closing(Positions(path.parent, key)) as positions:
        return positions.left_out()


def held(folder: Path) -> IO[str]:
    """Hold the folder of positions until closed.

    Raises:
        ForwardInUse: another process does.
    """
    import fcntl
    import os

    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "forward.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise ForwardInUse(
            f"process {holder} forwards from {folder} already; stop that one (`mingcha serve` runs one by itself)"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
