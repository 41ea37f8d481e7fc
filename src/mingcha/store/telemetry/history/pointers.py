"""What is sealed, as the recent store says it: tables ``sealed`` and ``reopened``, in the transaction of the rows.

A row of a sealed partition is in use when a file that ``sealed`` names holds it and its point-day is not ``reopened``.
So a reader that asks these tables and the recent rows in one transaction finds each row exactly once, whatever the
sealer does meanwhile; the log of the Delta table follows.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

from mingcha.store.telemetry.history.layout import File, Partition
from mingcha.store.telemetry.recent.connection import Session

_ALL = "SELECT kind, month, bucket, version, until_s, files FROM sealed ORDER BY kind, month, bucket"
_OF_BUCKET = """
SELECT kind, month, bucket, version, until_s, files FROM sealed
WHERE kind = ? AND bucket = ? AND month >= ? AND month <= ? ORDER BY month
"""
_ONE = "SELECT kind, month, bucket, version, until_s, files FROM sealed WHERE kind = ? AND month = ? AND bucket = ?"
_PUT = """
INSERT INTO sealed (kind, month, bucket, version, until_s, files) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, month, bucket) DO UPDATE SET
    version = excluded.version, until_s = excluded.until_s, files = excluded.files
"""
_UNTIL = "SELECT max(until_s) FROM sealed"
_KINDS = "SELECT DISTINCT kind FROM sealed"
_REOPENED = "SELECT day FROM reopened WHERE kind = ? AND name = ? ORDER BY day"
_ALL_REOPENED = "SELECT kind, name, day FROM reopened ORDER BY kind, name, day"
_REOPEN = "INSERT INTO reopened (kind, name, day) VALUES (?, ?, ?) ON CONFLICT (kind, name, day) DO NOTHING"
_FORGET = "DELETE FROM reopened WHERE kind = ? AND name = ? AND day = ?"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed partition: its files, the version of the Delta table that has them, the end of its last day (epoch s)."""

    partition: Partition
    version: int
    until: int
    files: tuple[File, ...]


def _sealed(row: Sequence[object]) -> Sealed:
    kind, month, bucket, version, until, files = row
    found = tuple(File(**one) for one in json.loads(str(files)))
    return Sealed(
        Partition(str(kind), str(month), int(str(bucket))), int(str(version)), int(str(until)), found
    )


def everything(session: Session) -> list[Sealed]:
    """All sealed partitions."""
    return [_sealed(row) for row in session.db.execute(_ALL).fetchall()]


def of_bucket(session: Session, kind: str, bucket: int, months: tuple[str, str]) -> list[Sealed]:
    """The partitions of a kind and bucket from one month to another."""
    return [_sealed(row) for row in session.db.execute(_OF_BUCKET, (kind, bucket, *months)).fetchall()]


def one(session: Session, partition: Partition) -> Sealed | None:
    row = session.db.execute(_ONE, (partition.kind, partition.month, partition.bucket)).fetchone()
    return None if row is None else _sealed(row)


def put(session: Session, sealed: Sealed) -> None:
    """Keep what a partition is now."""
    files = json.dumps([asdict(file) for file in sealed.files], separators=(",", ":"))
    key = (sealed.partition.kind, sealed.partition.month, sealed.partition.bucket)
    session.db.executemany(_PUT, [(*key, sealed.version, sealed.until, files)])


def until(session: Session) -> int | None:
    """The end of the last sealed day (epoch s): nothing after it is in history."""
    row = session.db.execute(_UNTIL).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def kinds(session: Session) -> set[str]:
    return {row[0] for row in session.db.execute(_KINDS).fetchall()}


def reopened(session: Session, kind: str, name: str) -> frozenset[int]:
    """Epoch days of a point (or outlet) that are in the recent store again."""
    return frozenset(row[0] for row in session.db.execute(_REOPENED, (kind, name)).fetchall())


def all_reopened(session: Session) -> list[tuple[str, str, int]]:
    """(kind, name, epoch day)."""
    return [(kind, name, day) for kind, name, day in session.db.execute(_ALL_REOPENED).fetchall()]


def reopen(session: Session, kind: str, name: str, days: Iterable[int]) -> None:
    session.db.executemany(_REOPEN, [(kind, name, day) for day in days])


def forget(session: Session, days: Collection[tuple[str, str, int]]) -> None:
    """(kind, name, epoch day) are no longer reopened: the files in use have them as they are now, or not at all."""
    session.db.executemany(_FORGET, list(days))
