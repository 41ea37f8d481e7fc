"""What the store asks of an engine: one text of SQL, and few things that SQLite and PostgreSQL say differently.

Statements have ``?`` for values, no column name that is reserved somewhere, and rest on no order but the one they
ask for. Texts are compared by their bytes on both engines, so that digests are equal.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

BUSY_S = 30.0  # how long a writer waits for the one before it

Key = tuple[int, int, int]  # point, kind, time
Row = tuple[Any, ...]
KNOWN_COLUMNS = "delay, journal, block, idx, layout, body"  # of a row of a key, as ``known`` gives them


class Rows(Protocol):
    """What a statement found."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """One connection. Transactions begin and end by the methods here alone."""

    def execute(self, sql: str, values: Any = ..., /) -> Rows: ...
    def executemany(self, sql: str, rows: Iterable[Any], /) -> Rows: ...

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Rows of a long answer, some at a time; other statements may run meanwhile."""

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add whole rows that are new."""

    def upsert(self, table: str, rows: Sequence[Row], conflict: str) -> None:
        """Add whole rows; ``conflict``: the ON CONFLICT clause. No key comes twice in ``rows``."""

    def known(self, keys: Collection[Key]) -> dict[Key, list[Row]]:
        """Rows of ``readings`` by key, in order of ``seq``: ``KNOWN_COLUMNS``. A key without rows may be missing."""

    def last(self, columns: str, where: str, group: str) -> str:
        """The statement that finds ``columns`` and the version of the greatest version of each ``group``
        in ``results``, ordered by ``group``.
        """

    def wanted(self, names: Collection[str]) -> tuple[str, Any]:
        """A table expression with one value, giving rows ``wanted.value``; and its value."""

    def lock(self) -> None:
        """Begin a write transaction: wait for the writer before, see all it wrote."""

    def begin_write(self) -> str:
        """``lock``, and give the generation of the tables."""

    def begin_read(self) -> str:
        """Begin a transaction in which everything read is of one moment; give the generation."""

    def commit(self) -> None: ...
    def rollback(self) -> None:
        """End the running transaction, if there is one, without effect."""

    def close(self) -> None: ...

    @property
    def lost(self) -> bool:
        """The connection can be used no more; another must be opened."""

    def version(self) -> int:
        """The schema version of the tables; 0 where there are none."""

    def create(self, tables: str, version: int) -> None:
        """Make tables, written as in ``schema``, and set the version."""


class Engine(Protocol):
    """Opens connections to one store. ``errors``: what the driver raises when disk, lock or network refuse."""

    errors: tuple[type[Exception], ...]
    remedy: str

    @property
    def name(self) -> str:
        """The store as errors name it, without secrets."""

    @property
    def where(self) -> str:
        """What ``engine_of`` makes this engine of."""

    def open(self) -> Database: ...

    def beside(self) -> "Engine":
        """A store beside this one, for a rebuild; empty after ``remove``."""

    def remove(self) -> None:
        """Take away all there is of this store."""

    def replace_by(self, other: "Engine") -> None:
        """Take over the whole content of ``other``, in one transaction.

        Raises:
            TelemetryFailed: the content is as before.
        """


def words(*parts: str) -> str:
    """Parts of a statement, which are this package's own, as one text."""
    return " ".join(parts)
