"""Connections to one file: a writer behind a lock, a reader for each thread."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

from mingcha.store.telemetry.errors import TelemetryFailed
from mingcha.store.telemetry.recent import schema
from mingcha.store.telemetry.recent.codec import Ids

BUSY_S = 30.0
WAL_LIMIT_BYTES = 64 << 20
CACHE_KIB = 32 << 10


class Session:
    """A connection and the names it has learnt; ids are forgotten when the file was rebuilt."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self.ids = Ids()
        self._generation = ""

    def begin(self, how: str) -> None:
        self.db.execute(f"BEGIN {how}")
        generation = self.db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0]
        if generation != self._generation:
            self.ids.clear()
            self._generation = generation

    def roll_back(self) -> None:
        self.ids.clear()
        with suppress(sqlite3.Error):  # the error that led here is the one to report
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")


class Connections:
    """Opens ``path``, makes its tables where it is new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._own = threading.local()
        self._all: WeakSet[Session] = WeakSet()  # a thread's session ends with the thread
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._open()
        self._writer.db.execute("PRAGMA journal_mode = WAL")
        schema.prepare(self._writer.db, str(path))

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One write transaction: all of it or, on any error, nothing.

        Raises:
            TelemetryFailed: the disk or the lock refused; nothing was written.
        """
        with self._guard:
            session = self._writer
            try:
                session.begin("IMMEDIATE")
                yield session
                session.db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                session.roll_back()
                raise TelemetryFailed(
                    f"{self.path}: {error}. Nothing of this write was stored and the position has not moved; "
                    "free disk space or end the other writer, then write again"
                ) from error
            except BaseException:
                session.roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One short read transaction: everything read inside is of one moment."""
        session: Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = self._open()
        session.begin("DEFERRED")
        try:
            yield session
        finally:
            session.db.execute("COMMIT")

    def close(self) -> None:
        with self._guard:
            for session in list(self._all):
                session.db.close()
            self._all.clear()
            self._own = threading.local()

    def _open(self) -> Session:
        session = Session(self.path)
        # NORMAL: after a power cut the last transactions may be gone, whole and with their position;
        # they are projected again from the journal, which alone must be FULL.
        session.db.execute("PRAGMA synchronous = NORMAL")
        session.db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        session.db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        with self._guard:
            self._all.add(session)
        return session
