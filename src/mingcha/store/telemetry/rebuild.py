"""Project anew beside the store in use, then take its place in one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mingcha.store.telemetry.errors import TelemetryFailed
from mingcha.store.telemetry.recent.connection import BUSY_S
from mingcha.store.telemetry.store import Telemetry


@contextmanager
def rebuild(path: Path) -> Iterator[Telemetry]:
    """A fresh store to be filled; when the block ends without error its content replaces that of ``path``.

    Readers see all of the old or all of the new. A projector that wrote meanwhile finds its position
    set back to that of the rebuild and projects the rest again. On an error, or a kill, ``path`` is as before.

    Raises:
        TelemetryFailed: the content could not be replaced (disk full, file locked).
    """
    path = Path(path)
    beside = path.with_name(f"{path.stem}.rebuild{path.suffix}")
    _remove(beside)
    fresh = Telemetry(beside)
    try:
        yield fresh
        fresh.close()
        _replace(beside, path)
    finally:
        fresh.close()
        _remove(beside)


def _replace(beside: Path, path: Path) -> None:
    # Not by renaming: whoever has ``path`` open has its WAL open too, and the new file would take that as its own.
    with (
        closing(sqlite3.connect(beside, timeout=BUSY_S)) as source,
        closing(sqlite3.connect(path, timeout=BUSY_S)) as target,
    ):
        try:
            target.execute("PRAGMA journal_mode = WAL")
            source.backup(target)
        except sqlite3.OperationalError as error:
            raise TelemetryFailed(
                f"{path}: {error}. It is unchanged; free disk space or end the other writer, then rebuild again"
            ) from error


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
