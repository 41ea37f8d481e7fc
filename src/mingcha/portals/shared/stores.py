"""The stores of the data folder, opened where a page reads them. One ``Telemetry`` a process and file."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from mingcha.store.blobs import Blobs
from mingcha.store.journal import JournalReader
from mingcha.store.journal.jetstream import Setting, open_reader
from mingcha.store.journal.places import Places
from mingcha.store.telemetry import Telemetry, open_telemetry


@lru_cache(maxsize=8)
def _telemetry(where: str | Path, history: str | None) -> Telemetry:
    return open_telemetry(where, history)


def telemetry() -> Telemetry:
    """The readings; threads share it, each with its own connection."""
    return _telemetry(settings.READINGS, settings.HISTORY)


@lru_cache(maxsize=8)
def _journal(folder: Path, cluster: Setting | None) -> JournalReader:
    return open_reader(folder, cluster)


def journal() -> JournalReader:
    """The evidence; opens files when asked and keeps none open."""
    return _journal(Path(settings.JOURNAL_FOLDER), settings.JOURNAL_SETTING)


def places() -> Places:
    """Where the frames of each station stand in the journal; the worker keeps it up to date."""
    return Places(Path(settings.JOURNAL_FOLDER))


def data_folder() -> Path:
    """Where gateway and forwarding leave their counters."""
    return Path(settings.JOURNAL_FOLDER).parent


def blobs() -> Blobs:
    return Blobs(Path(settings.BLOBS_FOLDER))
