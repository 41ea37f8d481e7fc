"""Connections to one store: a writer behind a lock, readers that take turns.

A transaction belongs to the thread that began it: what this thread asks for inside joins it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mingcha.store.telemetry.errors import TelemetryFailed
from mingcha.store.telemetry.recent import schema
from mingcha.store.telemetry.recent.codec import Ids
from mingcha.store.telemetry.recent.engine import Database, Engine

IDLE_MAX = 8  # readers kept for the next question
_NOTHING = "Nothing of this write was stored and the position has not moved"
_UNKNOWN = "The answer to the commit was lost: write it again, what was stored has its effect once"


class Session:
    """A connection and the names it has learnt; ids are forgotten when the store was rebuilt."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.ids = Ids()
        self.failed = False  # a part of the running transaction went wrong: all of it goes back
        self._generation = ""

    def begin(self, *, write: bool) -> None:
        generation = self.db.begin_write() if write else self.db.begin_read()
        self.failed = False
        if generation != self._generation:
            self.ids.clear()
            self._generation = generation

    def roll_back(self, errors: tuple[type[Exception], ...]) -> None:
        self.ids.clear()
        with suppress(*errors):  # the error that led here is the one to report
            self.db.rollback()


class _Own(threading.local):
    """The transaction a thread is in."""

    session: Session | None = None
    writes = False


class Connections:
    """Opens a store, makes its tables where it is new."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._guard = threading.RLock()
        self._own = _Own()
        self._idle: list[Session] = []
        self._writer: Session | None = None
        self._closed = False
        with self._told("Nothing was changed"):
            db = engine.open()
            try:
                schema.prepare(db, engine.name)
            except BaseException:
                db.close()
                raise
        self._idle.append(Session(db))

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One write transaction: all of it or, on any error, nothing. Inside another of this thread: a part of it.

        Raises:
            TelemetryFailed: disk, lock or network refused; nothing was written, or, where the message says so,
                the answer to the commit was lost.
        """
        if self._own.session is not None:
            with self._joined(self._own.session) as session:
                yield session
            return
        with self._guard:
            session = self._begin_writer()
            self._own.session, self._own.writes = session, True
            committing = False
            try:
                yield session
                self._refuse_failed(session)
                committing = True
                session.db.commit()
            except BaseException as error:
                session.roll_back(self.engine.errors)
                if isinstance(error, self.engine.errors):
                    raise self._failed(
                        error, _UNKNOWN if committing and session.db.lost else _NOTHING
                    ) from error
                raise
            finally:
                self._own.session, self._own.writes = None, False
                self._drop_lost()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One short read transaction: everything read inside is of one moment.

        Inside a transaction of this thread it is that one: a writer reads what it wrote.
        """
        if self._own.session is not None:
            yield self._own.session
            return
        session = self._begin_reader()
        self._own.session = session
        try:
            with self._told("Nothing was read"):
                yield session
                session.db.commit()
        except BaseException:
            session.roll_back(self.engine.errors)
            raise
        finally:
            self._own.session = None
            self._give_back(session)

    def close(self) -> None:
        """Close every connection that no thread is using; those follow when they are given back."""
        with self._guard:
            self._closed = True
            held = [*self._idle, *([self._writer] if self._writer else [])]
            self._idle.clear()
            self._writer = None
        for session in held:
            session.db.close()

    @contextmanager
    def _joined(self, session: Session) -> Iterator[Session]:
        if not self._own.writes:
            raise RuntimeError("a write inside a read of the same thread: end the read first")
        try:
            yield session
        except BaseException:
            session.failed = True
            raise

    def _refuse_failed(self, session: Session) -> None:
        if session.failed:
            raise TelemetryFailed(
                f"{self.engine.name}: a part of this write failed; nothing of it was stored"
            )

    def _begin_writer(self) -> Session:
        with self._told(_NOTHING):
            if self._writer is not None and self._begun(self._writer, write=True):
                return self._writer
            self._writer = self._opened(write=True)
            return self._writer

    def _begin_reader(self) -> Session:
        with self._told("Nothing was read"):
            while True:
                try:
                    session = self._idle.pop()
                except IndexError:
                    return self._opened(write=False)
                if self._begun(session, write=False):
                    return session

    def _begun(self, session: Session, *, write: bool) -> bool:
        """Begin on a connection held from before; False where it was lost meanwhile and is closed now."""
        try:
            session.begin(write=write)
        except self.engine.errors:
            session.roll_back(self.engine.errors)
            if not session.db.lost:
                raise
            session.db.close()
            return False
        return True

    def _opened(self, *, write: bool) -> Session:
        session = Session(self.engine.open())
        try:
            session.begin(write=write)
        except BaseException:
            session.roll_back(self.engine.errors)
            session.db.close()
            raise
        return session

    def _give_back(self, session: Session) -> None:
        if session.db.lost or self._closed or len(self._idle) >= IDLE_MAX:
            session.db.close()
        else:
            self._idle.append(session)

    def _drop_lost(self) -> None:
        if self._writer is not None and (self._writer.db.lost or self._closed):
            self._writer.db.close()
            self._writer = None

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except self.engine.errors as error:
            raise self._failed(error, what) from error

    def _failed(self, error: BaseException, what: str) -> TelemetryFailed:
        said = str(error).strip() or type(error).__name__
        return TelemetryFailed(f"{self.engine.name}: {said}. {what}; {self.engine.remedy}")
