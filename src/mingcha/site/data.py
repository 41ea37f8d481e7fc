"""Where the data folder is and what lies in it. Set by ``MINGCHA_DATA``; default ``var`` here."""

import os
import secrets
from pathlib import Path


def data_folder() -> Path:
    """The data folder, made when missing (readable by its owner only)."""
    folder = Path(os.environ.get("MINGCHA_DATA", "var")).absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def journal_folder() -> Path:
    return data_folder() / "journal"


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
