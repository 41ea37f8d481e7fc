"""What the projection must know of the records: the settings of stations, and what is to be read again."""

import time
from datetime import datetime

from mingcha.apps.devices import selectors as devices
from mingcha.apps.devices import services as device_services
from mingcha.store.journal import JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers.projection import Reading, project_again

KEPT_S = 1.0  # what was decided meanwhile and concerns the past is read again by ``project_waiting``


def reading_now() -> Reading:
    """What is decided about stations, as the records say it now."""
    return Reading(devices.decodings(), devices.adoptions())


class ReadingKept:
    """``reading_now`` for a projector, which asks for it several times a second."""

    def __init__(self) -> None:
        self._until = 0.0
        self._kept = Reading()

    def __call__(self) -> Reading:
        if time.monotonic() >= self._until:
            self._kept = reading_now()
            self._until = time.monotonic() + KEPT_S
        return self._kept


def project_waiting(telemetry: Telemetry, reader: JournalReader, at: datetime) -> int:
    """Project again all that waits for it, the first asked first; give the number of frames. Idempotent.

    Raises:
        BrokenEvidence: the journal cannot be read; what was not done still waits.
    """
    total = 0
    for waiting in devices.rewalks_waiting():
        frames = project_again(reader, telemetry, waiting["mn"], waiting["start"], reading_now())
        device_services.rewalk_done(rewalk_id=waiting["id"], at=at, frames=frames)
        total += frames
    return total
