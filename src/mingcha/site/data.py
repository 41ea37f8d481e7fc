"""Where the data folder is and what lies in it. Set by ``MINGCHA_DATA``; default ``var`` here."""

import os
import secrets
from pathlib import Path

from mingcha.store.journal import JournalReader
from mingcha.store.journal.jetstream import Setting, open_reader, parse


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


def journal_reader() -> JournalReader:
    """The journals of all gateways: of the cluster where one is set, else of the data folder."""
    return open_reader(journal_folder(), journal_setting())


def readings_file() -> Path:
    return data_folder() / "readings.sqlite3"


def records_file() -> Path:
    return data_folder() / "records.sqlite3"


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
