"""Signs checkpoints of the journal by the clock, and has them time-stamped where an authority is set."""

import os
from datetime import datetime, timedelta

import structlog

from mingcha.site import data
from mingcha.store.journal import Notary, StampFailed, stamps

log = structlog.get_logger(__name__)

MINUTES = "10"


def checkpoint(at: datetime) -> None:
    """Sign where one is due: the interval has passed, or a gateway began a new file."""
    minutes = int(os.environ.get("MINGCHA_CHECKPOINT_MINUTES", MINUTES))
    notary = Notary.in_data(data.data_folder())
    if minutes and notary.due(at, timedelta(minutes=minutes)):
        notary.checkpoint(at=at)


def stamp() -> None:
    """Have the newest checkpoint stamped. An authority that is away delays the stamp, nothing else."""
    url = os.environ.get("MINGCHA_TSA_URL")
    if not url:
        return
    try:
        stamps.stamp_newest(data.journal_folder(), url)
    except StampFailed as error:
        log.warning("no time stamp yet", why=str(error))
