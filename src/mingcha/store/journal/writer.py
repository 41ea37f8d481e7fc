"""The writer: one block, one commit, one link of the chain. Rules in ``FORMAT.md``."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from mingcha.core.refs import FrameRef
from mingcha.store.journal import files
from mingcha.store.journal.block import Sealed, chained, checked_gateway, genesis, header, seal
from mingcha.store.journal.entry import Entry
from mingcha.store.journal.errors import JournalFailed, JournalInUse

WAL_LIMIT_BYTES = 16 << 20  # the WAL file shrinks back to this after a checkpoint
PAGE_BYTES = (
    1024  # a block fills its last page by half: 4096 would cost 20 bytes a frame at 90 frames a commit
)
CHECKPOINT_PAGES = 4000  # 4 MiB of WAL, as SQLite does with its own page size


@dataclass(frozen=True, slots=True)
class _Tail:
    """The last block: file ("" before the first), number in it, chain hash."""

    journal: str
    seq: int
    chain: bytes


class Journal:
    """The journal of one gateway, open for writing. Threads may share it; processes may not.

    Raises:
        JournalInUse: another writer holds this gateway's journal.
    """

    def __init__(self, folder: Path, *, gateway: str = "g0") -> None:
        self.folder = Path(folder)
        self.gateway = checked_gateway(gateway)
        self._guard = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._tail: _Tail | None = None
        self._hold = _held(self.folder, self.gateway)
        try:
            self._tail = self._found_tail()
        except BaseException:
            self.close()
            raise

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        """Make ``entries`` durable as one block; return their names once they are on disk.

        Raises:
            JournalFailed: nothing of it may be considered stored, so nothing may be acknowledged.
                The next call starts from what the disk holds.
        """
        tail = self._preserve(entries) if entries else None
        return [] if tail is None else [FrameRef(tail.journal, tail.seq, n) for n in range(len(entries))]

    def preserve(self, entries: Sequence[Entry]) -> None:
        """As ``append``, for who needs no names: at a gateway's pace making them costs as much as the commit.

        Raises:
            JournalFailed: see there.
        """
        if entries:
            self._preserve(entries)

    def _preserve(self, entries: Sequence[Entry]) -> _Tail:
        sealed = seal(entries)
        with self._guard:
            try:
                return self._commit(sealed)
            except (sqlite3.Error, OSError) as error:
                self._forget()
                raise JournalFailed(
                    f"journal of {self.gateway} in {self.folder}: {error}. {len(entries)} entries are NOT stored "
                    "and must not be acknowledged; free disk space or mend the disk, then send them again"
                ) from error

    def close(self) -> None:
        """Release files and lock."""
        with self._guard:
            self._forget()
            self._hold.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _commit(self, sealed: Sealed) -> _Tail:
        if self._hold.closed:
            raise OSError("the journal was closed")
        before = self._tail or self._found_tail()
        # A file never follows a later one, also when the clock was set back.
        journal = max(f"{self.gateway}-{sealed.day}", before.journal)
        same = journal == before.journal
        db = self._opened(journal, same=same)
        seq = before.seq + 1 if same else 1
        chain = chained(before.chain, sealed.payload_sha256, header(sealed, journal, seq))
        db.execute("BEGIN IMMEDIATE")
        if not same:
            db.execute(files.SCHEMA)
            db.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
        db.execute(files.INSERT, files.row_of(sealed, seq, before.chain, chain))
        db.execute(f"PRAGMA user_version = {seq}")
        db.execute("COMMIT")
        self._tail = _Tail(journal, seq, chain)
        return self._tail

    def _opened(self, journal: str, *, same: bool) -> sqlite3.Connection:
        if self._db is not None and same:
            return self._db
        self._retire()
        path = files.path_of(self.folder, journal)
        self._db = db = sqlite3.connect(
            path, timeout=files.BUSY_S, isolation_level=None, check_same_thread=False
        )
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        files.check_format(db, journal)
        sync_folder(self.folder)
        return db

    def _retire(self) -> None:
        """The day is over."""
        if self._db is not None:
            files.make_plain(self._db)
        self._close_db()

    def _found_tail(self) -> _Tail:
        for journal in reversed(files.journals(self.folder, self.gateway)):
            with files.reading(self.folder, journal) as db:
                if files.has_blocks(db):
                    row = db.execute("SELECT seq, chain FROM blocks ORDER BY seq DESC LIMIT 1").fetchone()
                    if row is not None:
                        return _Tail(journal, row[0], row[1])
        return _Tail("", 0, genesis(self.gateway))

    def _forget(self) -> None:
        """Drop connection and memory, so that the disk alone says what is stored."""
        self._tail = None
        self._close_db()

    def _close_db(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with suppress(
                sqlite3.Error
            ):  # closing a connection whose disk failed; its commit was refused already
                db.close()


def _held(folder: Path, gateway: str) -> IO[str]:
    """Hold ``<gateway>.lock`` until closed; it names the process for whoever is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{gateway}.lock"
    lock = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise JournalInUse(
            f"the journal of gateway {gateway!r} in {folder} is being written by process {holder}; "
            "stop that one, or give this gateway another name"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def sync_folder(folder: Path) -> None:
    """Make new file names durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
