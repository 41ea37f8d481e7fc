"""Project anew beside the store in use, then take its place in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mingcha.store.telemetry.recent.engines import engine_of
from mingcha.store.telemetry.store import Telemetry


@contextmanager
def rebuild(where: str | Path, history: str | Path | None = None) -> Iterator[Telemetry]:
    """A fresh store to be filled; when the block ends without error its content replaces that of ``where``.

    Readers see all of the old or all of the new. A projector that wrote meanwhile finds its position
    set back to that of the rebuild and projects the rest again. On an error, or a kill, ``where`` is as before.
    History goes with it: the fresh content has a generation of its own, and with it a folder of its own under
    ``history``; what the old content had sealed is out of use in the same instant and is deleted by a later sealing.

    Raises:
        TelemetryFailed: the content could not be replaced (disk full, store locked, server lost).
    """
    engine = engine_of(where)
    beside = engine.beside()
    beside.remove()
    fresh = Telemetry(beside.where, history)
    try:
        yield fresh
        fresh.close()
        engine.replace_by(beside)
    finally:
        fresh.close()
        beside.remove()
