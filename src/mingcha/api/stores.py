"""The stores of the data folder, opened where the API reads them. One ``Telemetry`` a process and file."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from mingcha.gateway.stats import boards
from mingcha.store.journal import JournalReader
from mingcha.store.journal.jetstream import Setting, open_reader
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


def stations_seen() -> dict[str, dict[str, Any]]:
    """What the gateways counted of each station since they began, by MN."""
    return boards(Path(settings.JOURNAL_FOLDER).parent)
