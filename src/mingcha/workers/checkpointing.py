"""Signs checkpoints of the journal by the clock, has them time-stamped where an authority is set, and notes which blocks
hold which station's frames.
"""

import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import structlog

from mingcha.core.errors import MingchaError
from mingcha.site import data
from mingcha.store.journal import JournalReader, Notary, StampFailed, stamps
from mingcha.store.journal.places import Places
from mingcha.workers.sealing import Child

log = structlog.get_logger(__name__)

MINUTES = "10"
INDEX_S = 5.0  # of every thirty


def checkpoint(at: datetime) -> None:
    """Sign where one is due: the interval has passed, or a gateway began a new file."""
    minutes = int(os.environ.get("MINGCHA_CHECKPOINT_MINUTES", MINUTES))
    with closing(data.journal_reader()) as reader:
        notary = Notary.in_data(data.data_folder(), reader=reader)
        if minutes and notary.due(at, timedelta(minutes=minutes)):
            notary.checkpoint(at=at)
        follow(reader)


def follow(reader: JournalReader) -> None:
    """Bring the index of stations up to date, in small steps: other work of the worker does not wait for a long journal."""
    try:
        Places(data.journal_folder()).follow(reader, seconds=INDEX_S)
    except (MingchaError, sqlite3.Error) as error:
        log.warning("stations not indexed on, their older frames are not found on pages", why=str(error))


def local_files() -> Child | None:
    """What drops local files that a cluster holds too; None where they are kept."""
    if data.journal_setting() is None or data.journal_local_days() is None:
        return None
    return Child("local journal files looked at", "journal", "local", "--drop")


def stamp() -> None:
    """Have the newest checkpoint stamped. An authority that is away delays the stamp, nothing else."""
    url = os.environ.get("MINGCHA_TSA_URL")
    if not url:
        return
    try:
        stamps.stamp_newest(data.journal_folder(), url)
    except StampFailed as error:
        log.warning("no time stamp yet", why=str(error))
