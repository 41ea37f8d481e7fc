"""Fill an empty data folder with the demonstration: register, a week of frames, and all that follows from them."""

from collections.abc import Callable
from datetime import datetime

from mingcha.core.clock import now
from mingcha.site import data
from mingcha.store.journal import Journal, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers import jobs, queue
from mingcha.workers.demo.loading import Loaded, load_region
from mingcha.workers.demo.past import history_entries, write_history
from mingcha.workers.projection import BATCH, Projector
from mingcha.workers.publishing import publish
from mingcha.workers.restating import Restater

Progress = Callable[[str, int], None]  # (step, units done in it)


def prepare(progress: Progress) -> Loaded:
    """Load what is missing; a second call changes nothing but today's tasks.

    Each step can be repeated, so an interrupted preparation goes on where it was.
    """
    at = now()
    loaded = load_region(at)
    if next(JournalReader(data.journal_folder()).entries(limit=1), None) is None:
        _journal(loaded, at, progress)
    telemetry = Telemetry(data.readings_file())
    _project(telemetry, progress)
    _compute(telemetry, at, progress)
    telemetry.close()
    return loaded


def _journal(loaded: Loaded, at: datetime, progress: Progress) -> None:
    journal = Journal(data.journal_folder())
    try:
        done = 0

        def heard(frames: int) -> None:
            nonlocal done
            progress("journal", frames - done)
            done = frames

        write_history(journal, history_entries(loaded, at), loaded.stations, progress=heard)
    finally:
        journal.close()


def _project(telemetry: Telemetry, progress: Progress) -> None:
    projector = Projector(JournalReader(data.journal_folder()), telemetry)
    while entries := projector.step(BATCH):
        progress("readings", entries)


def _compute(telemetry: Telemetry, at: datetime, progress: Progress) -> None:
    """Restate by outlet, so that a whole week is judged and screened at once."""
    restater = Restater(telemetry)
    restater.refresh(at)
    outlets: set[str] = set()
    while changed := restater.step(at, limit=100_000):
        outlets |= {hour.outlet for hour in changed}
        progress("hours", len(changed))
    for outlet in outlets:
        publish(telemetry, restater.facts[outlet], at, why="hour")
        progress("pages", 1)
    while jobs.dispatch():
        queue.drain()
