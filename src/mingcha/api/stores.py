"""The stores of the data folder, opened where the API reads them. One ``Telemetry`` a process and file."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from mingcha.store.journal import JournalReader
from mingcha.store.telemetry import Telemetry


@lru_cache(maxsize=8)
def _telemetry(path: Path) -> Telemetry:
    return Telemetry(path)


def telemetry() -> Telemetry:
    """The readings; threads share it, each with its own connection."""
    return _telemetry(Path(settings.READINGS_FILE))


def journal() -> JournalReader:
    """The evidence; opens files when asked and keeps none open."""
    return JournalReader(Path(settings.JOURNAL_FOLDER))
