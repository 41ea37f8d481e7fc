"""Where the data folder is and what lies in it. Set by ``MINGCHA_DATA``; default ``var`` here."""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from mingcha.core.errors import BadInput
from mingcha.store.journal import JournalReader
from mingcha.store.journal.jetstream import Setting, open_reader, parse

if TYPE_CHECKING:
    from mingcha.store.telemetry import Telemetry

EMBEDDED = "sqlite"  # what MINGCHA_READINGS says of the file in the data folder
MOST_BUCKETS = 64


def data_folder() -> Path:
    """The data folder, made when missing (readable by its owner only)."""
    folder = Path(os.environ.get("MINGCHA_DATA", "var")).absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def journal_folder() -> Path:
    return data_folder() / "journal"


def journal_setting() -> Setting | None:
    """The cluster the journal goes to; None where it is the embedded one.

    Raises:
        BadInput: ``MINGCHA_JOURNAL`` or ``MINGCHA_JOURNAL_ACK`` is neither of what they may be.
    """
    return parse(os.environ.get("MINGCHA_JOURNAL", ""), os.environ.get("MINGCHA_JOURNAL_ACK", ""))


def journal_local_days() -> int | None:
    """Files of the local journal that are so old, and are in the cluster, may go; None: they are kept.

    Raises:
        BadInput: ``MINGCHA_JOURNAL_LOCAL_DAYS`` is no whole number from 1 on.
    """
    text = os.environ.get("MINGCHA_JOURNAL_LOCAL_DAYS", "").strip()
    if text and not (text.isdecimal() and int(text) > 0):
        raise BadInput(
            {
                "MINGCHA_JOURNAL_LOCAL_DAYS": f"{text!r}: expected a whole number of days from 1 on, or unset to keep them"
            }
        )
    return int(text) if text else None


def journal_reader() -> JournalReader:
    """The journals of all gateways: of the cluster where one is set, else of the data folder."""
    return open_reader(journal_folder(), journal_setting())


def readings_file() -> Path:
    """The readings of the embedded engine."""
    return data_folder() / "readings.sqlite3"


def readings_place(folder: Path | None = None) -> str | Path:
    """Where the readings are kept: an address of PostgreSQL, or the file in the data folder (or in ``folder``)."""
    given = os.environ.get("MINGCHA_READINGS", "").strip()
    if given not in ("", EMBEDDED):
        return given
    return readings_file() if folder is None else folder / "readings.sqlite3"


def history_place() -> str | None:
    """Where sealed days lie: a folder or ``s3://bucket/prefix``; None: ``history`` beside the file of readings."""
    given = os.environ.get("MINGCHA_HISTORY", "").strip()
    if given:
        return given
    return str(data_folder() / "history") if isinstance(readings_place(), str) else None


def open_readings(folder: Path | None = None) -> "Telemetry":
    """The readings with their history, as the settings name them. Every process opens them here.

    Raises:
        BadInput: ``MINGCHA_READINGS`` or ``MINGCHA_HISTORY`` is none that is known, or its driver is not installed.
        SchemaTooNew: the readings were written by a newer mingcha.
        TelemetryFailed: they cannot be opened.
    """
    from mingcha.store.telemetry import (
        open_telemetry,
    )  # Arrow and DuckDB: not for who only asks where things lie

    buckets = os.environ.get("MINGCHA_HISTORY_BUCKETS", "")
    if buckets and not (buckets.isdecimal() and 0 < int(buckets) <= MOST_BUCKETS):
        raise BadInput(
            {"MINGCHA_HISTORY_BUCKETS": f"{buckets!r}: expected a number from 1 to {MOST_BUCKETS}"}
        )
    place, history = readings_place(folder), history_place()
    return open_telemetry(place, history, buckets=int(buckets)) if buckets else open_telemetry(place, history)


def readings_made(folder: Path | None = None) -> bool:
    """Whether there is anything to open: a server is there always, a file once something was projected."""
    place = readings_place(folder)
    return isinstance(place, str) or place.exists()


def records_file() -> Path:
    """The records of the embedded engine."""
    return data_folder() / "records.sqlite3"


def records_made() -> bool:
    """Whether there are records to ask: a server is there always, a file after `mingcha migrate`."""
    return on_server("DATABASE_URL") or records_file().exists()


def on_server(setting: str) -> bool:
    """Whether ``MINGCHA_READINGS`` or ``DATABASE_URL`` names a server."""
    return "://" in os.environ.get(setting, "")


def blobs_folder() -> Path:
    return data_folder() / "blobs"


def secret_key() -> str:
    """The key of sessions and sealed fields: ``MINGCHA_SECRET_KEY``, else made once and kept in the data folder."""
    given = os.environ.get("MINGCHA_SECRET_KEY")
    if given:
        return given
    path = data_folder() / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(key := secrets.token_urlsafe(48))
    return key
