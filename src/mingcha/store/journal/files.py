"""The SQLite files of a journal: their names, their table, their rows."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.store.journal.block import Block, Sealed
from mingcha.store.journal.errors import JournalFormat

SUFFIX = ".sqlite3"
APPLICATION_ID = 0x4D434A31  # "MCJ1": journal, format 1
BUSY_S = 10.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks (
    seq            INTEGER PRIMARY KEY,
    first_us       INTEGER NOT NULL,
    last_us        INTEGER NOT NULL,
    count          INTEGER NOT NULL,
    size           INTEGER NOT NULL,
    stored_size    INTEGER NOT NULL,
    payload_sha256 BLOB NOT NULL,
    stored_sha256  BLOB NOT NULL,
    frames_root    BLOB NOT NULL,
    prev           BLOB NOT NULL,
    chain          BLOB NOT NULL,
    payload        BLOB NOT NULL
) STRICT
"""
# Columns in the order of the table, which FORMAT.md fixes.
INSERT = "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
COLUMNS = (
    "seq", "first_us", "last_us", "count", "size", "stored_size",
    "payload_sha256", "stored_sha256", "frames_root", "prev", "chain", "payload",
)  # fmt: skip
_HOT = frozenset({sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY})
_NAME = re.compile(r"[a-z0-9]+-[0-9]{8}")
_KINDS = (int, int, int, int, int, int, bytes, bytes, bytes, bytes, bytes, bytes)


def gateway_of(journal: str) -> str:
    """``g0`` of ``g0-20261123``."""
    return journal.rpartition("-")[0]


def journals(folder: Path, gateway: str | None = None) -> list[str]:
    """Names of the files in ``folder``, in the order of gateway and day."""
    names = (path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
    known = [name for name in names if _NAME.fullmatch(name)]
    return sorted(name for name in known if gateway is None or gateway_of(name) == gateway)


def path_of(folder: Path, journal: str) -> Path:
    return folder / f"{journal}{SUFFIX}"


def row_of(block: Sealed, seq: int, prev: bytes, chain: bytes) -> tuple[Any, ...]:
    """The row that keeps ``block`` at its place in the chain."""
    return (
        seq, block.first_us, block.last_us, block.count, block.size, block.stored_size,
        block.payload_sha256, block.stored_sha256, block.frames_root, prev, chain, block.payload,
    )  # fmt: skip


def block_of(journal: str, row: tuple[Any, ...]) -> Block:
    """A row as block.

    Raises:
        BrokenEvidence: a column holds no value of its kind.
    """
    if len(row) != len(COLUMNS):
        raise BrokenEvidence(f"{journal}: {len(COLUMNS)} columns expected, {len(row)} found")
    for name, kind, value in zip(COLUMNS, _KINDS, row, strict=True):
        if type(value) is not kind:
            raise BrokenEvidence(
                f"block {journal}/{row[0]}: column {name} holds {type(value).__name__}, expected {kind.__name__}"
            )
    found = Block(journal=journal, **dict(zip(COLUMNS, row, strict=True)))
    if found.stored_size != len(found.payload) and not found.is_reduced:
        raise BrokenEvidence(
            f"block {journal}/{found.seq}: {found.stored_size} stored bytes expected, {len(found.payload)} found"
        )
    return found


@contextmanager
def reading(folder: Path, journal: str) -> Iterator[sqlite3.Connection]:
    """A read-only connection to one file; it sees what was committed, also while a writer writes.

    Raises:
        NotFound: there is no such file.
        JournalFormat: it is another kind of SQLite file.
    """
    path = path_of(folder, journal)
    if not path.is_file():
        raise NotFound(f"no journal {journal} in {folder}; `mingcha journal verify` lists what is there")
    try:
        db = _opened(path, "ro", journal)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in _HOT:
            raise
        # Its writer was killed while SQLite changed the mode of the file: SQLite itself must finish that first.
        _opened(path, "rw", journal).close()
        db = _opened(path, "ro", journal)
    with closing(db):
        yield db


def _opened(path: Path, mode: str, journal: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        check_format(db, journal)
    except BaseException:
        db.close()
        raise
    return db


def make_plain(db: sqlite3.Connection) -> None:
    """Leave the file of a past day as one plain file without WAL, to be copied or put on read-only media.

    Not while a reader is in it; it then stays in WAL mode, which loses nothing.
    """
    with suppress(sqlite3.OperationalError):
        db.execute("PRAGMA busy_timeout = 0")
        db.execute("PRAGMA journal_mode = DELETE")


def check_format(db: sqlite3.Connection, journal: str) -> None:
    """Refuse a file that is neither empty nor a journal of our format.

    Raises:
        JournalFormat: see above.
    """
    found = db.execute("PRAGMA application_id").fetchone()[0]
    if found not in (0, APPLICATION_ID):
        raise JournalFormat(
            f"{journal}: application_id {found:#x} found, {APPLICATION_ID:#x} (journal format 1) expected; "
            "a newer mingcha may be needed to read it"
        )


def has_blocks(db: sqlite3.Connection) -> bool:
    """False for a file whose first commit never came (it has no table yet)."""
    return (
        db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'blocks'").fetchone()
        is not None
    )


def claimed(db: sqlite3.Connection) -> int:
    """How many blocks the file says it holds: ``user_version``, written in the commit of each block."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])
