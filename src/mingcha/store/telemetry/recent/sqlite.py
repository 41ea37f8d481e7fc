"""The store in one SQLite file."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mingcha.store.telemetry.errors import TelemetryFailed
from mingcha.store.telemetry.recent.engine import BUSY_S, KNOWN_COLUMNS, Engine, Key, Row, words

WAL_LIMIT_BYTES = 64 << 20
CACHE_KIB = 32 << 10
_KNOWN = words(
    "SELECT", KNOWN_COLUMNS, "FROM readings WHERE point = ? AND kind = ? AND time = ? ORDER BY seq"
)
_GENERATION = "SELECT value FROM meta WHERE key = 'generation'"
_WORDS = {
    "big": "INTEGER", "int": "INTEGER", "small": "INTEGER", "text": "TEXT", "any": "ANY",
    "id": "INTEGER PRIMARY KEY", "keyed": "STRICT, WITHOUT ROWID", "rows": "STRICT",
}  # fmt: skip


class SqliteDatabase(sqlite3.Connection):
    """A connection with the few things the store asks of an engine."""

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        yield from self.execute(sql, values)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        self.upsert(table, rows, "")

    def upsert(self, table: str, rows: Sequence[Row], conflict: str) -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self.executemany(words("INSERT INTO", table, "VALUES (", marks, ")", conflict), rows)

    def known(self, keys: Collection[Key]) -> dict[Key, list[Row]]:
        execute = self.execute
        return {key: rows for key in keys if (rows := execute(_KNOWN, key).fetchall())}

    def last(self, columns: str, where: str, group: str) -> str:
        # SQLite takes the other columns of a group from the row that holds the maximum.
        parts = [
            "SELECT",
            columns,
            ", max(version) FROM results WHERE",
            where,
            "GROUP BY",
            group,
            "ORDER BY",
            group,
        ]
        return words(*parts)

    def wanted(self, names: Collection[str]) -> tuple[str, Any]:
        return "json_each(?) AS wanted", json.dumps(list(names))

    def lock(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def begin_write(self) -> str:
        self.lock()
        return str(self.execute(_GENERATION).fetchone()[0])

    def begin_read(self) -> str:
        self.execute("BEGIN")
        return str(self.execute(_GENERATION).fetchone()[0])

    @property
    def lost(self) -> bool:
        return False

    def version(self) -> int:
        return int(self.execute("PRAGMA user_version").fetchone()[0])

    def create(self, tables: str, version: int) -> None:
        for statement in filter(str.strip, tables.split(";")):
            self.execute(statement.format_map(_WORDS))
        self.execute(f"PRAGMA user_version = {version}")


class SqliteEngine:
    """Connections to one file; its folder is made where it is missing."""

    errors: tuple[type[Exception], ...] = (sqlite3.OperationalError,)
    remedy = "free disk space or end the other writer, then write again"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def where(self) -> str:
        return str(self.path)

    def open(self) -> SqliteDatabase:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(
            self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, factory=SqliteDatabase
        )
        db.execute("PRAGMA journal_mode = WAL")
        # NORMAL: after a power cut the last transactions may be gone, whole and with their position;
        # they are projected again from the journal, which alone must be FULL.
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return db

    def beside(self) -> "SqliteEngine":
        return SqliteEngine(self.path.with_name(f"{self.path.stem}.rebuild{self.path.suffix}"))

    def remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def replace_by(self, other: Engine) -> None:
        # Not by renaming: whoever has the file open has its WAL open too, and the new one would take that as its own.
        with closing(sqlite3.connect(other.name, timeout=BUSY_S)) as source, closing(self.open()) as target:
            try:
                source.backup(target)
            except sqlite3.OperationalError as error:
                raise TelemetryFailed(
                    f"{self.path}: {error}. It is unchanged; free disk space or end the other writer, "
                    "then rebuild again"
                ) from error
