"""What follows a sealing, or comes before the next: the logs of the Delta tables are set right, old files deleted."""

from datetime import timedelta
from typing import TYPE_CHECKING

from mingcha.core.clock import now
from mingcha.store.telemetry.history import pointers, schema
from mingcha.store.telemetry.history.layout import tables_of
from mingcha.store.telemetry.history.shelf import Shelf

if TYPE_CHECKING:
    from mingcha.store.telemetry.store import Telemetry

KEEP_HOURS = 24  # files out of use stay so long, for readers that began before


def reconcile(telemetry: "Telemetry", shelf: Shelf) -> None:
    """Let the logs of the Delta tables say what the recent store says is in use."""
    with telemetry.reading() as session:
        generation, sealed = telemetry.generation(), pointers.everything(session)
    for name in schema.SCHEMAS:
        wanted = {
            one.partition: {file.path: file for file in one.files if file.table == name}
            for one in sealed
            if name in tables_of(one.partition.kind)
        }
        shelf.table(generation, name).reconcile(wanted)


def tidy(telemetry: "Telemetry", shelf: Shelf, *, keep_hours: int = KEEP_HOURS) -> int:
    """Delete files out of use since ``keep_hours``, and what rebuilds left behind; give how many files went."""
    generation = telemetry.generation()
    gone = sum(shelf.table(generation, name).tidy(keep_hours) for name in schema.SCHEMAS)
    limit = now() - timedelta(hours=keep_hours)
    for folder in shelf.place.folders():
        newest = shelf.place.newest(folder)
        if folder != generation and _is_generation(folder) and (newest is None or newest < limit):
            shelf.place.delete(folder)
            gone += 1
    return gone


def _is_generation(folder: str) -> bool:
    """A name that a store gives to its content: whatever else lies there is not ours to delete."""
    return len(folder) == 16 and not folder.strip("0123456789abcdef")
