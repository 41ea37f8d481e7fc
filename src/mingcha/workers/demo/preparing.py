"""Fill an empty data folder with the demonstration: register, a week of frames, and all that follows from them."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from mingcha.core.clock import now
from mingcha.site import data
from mingcha.store.journal import Journal, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers import jobs, queue
from mingcha.workers.demo.loading import Loaded, load_region
from mingcha.workers.demo.past import history_entries, write_history
from mingcha.workers.demo.region import region
from mingcha.workers.demo.settings import load_quarters
from mingcha.workers.projection import BATCH, Projector
from mingcha.workers.restating import Restater

ALL = 1_000_000  # point-hours: more than a week of the region has
Progress = Callable[[str, int], None]  # (step, units done in it)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Millions of short-lived values and no cycles among them: looking for cycles costs a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@seldom_collected()
def prepare(progress: Progress) -> Loaded:
    """Load what is missing; a second call changes nothing but today's tasks.

    Each step can be repeated, so an interrupted preparation goes on where it was.
    """
    at = now()
    loaded = load_region(at)
    if next(JournalReader(data.journal_folder()).entries(limit=1), None) is None:
        _journal(loaded, at, progress)
    telemetry = data.open_readings()
    _project(telemetry, progress)
    _compute(telemetry, at, progress)
    load_quarters(region(), telemetry, at)
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
    restater.close_silent(at)
    while done := restater.step(at, limit=ALL):
        progress("hours", done)
    while jobs.dispatch():
        queue.drain()
