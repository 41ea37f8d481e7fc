"""Journal → readings (stages 4 and 5): decode each preserved frame and keep what it says.

A projection: it can be thrown away and made again from the journal, with equal digests. The position
is kept in the transaction of the rows, so a crash repeats nothing and loses nothing.

Evidence that does not fit its hashes is never skipped: what stands before it is projected, then that gateway
waits, said loudly, until its journal is mended. Other gateways go on.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

import structlog

from mingcha.core.clock import from_us
from mingcha.core.errors import BrokenEvidence
from mingcha.core.packets import Packet
from mingcha.core.refs import FrameRef
from mingcha.gateway.intake import QUARANTINE, usable, word_of
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry, JournalReader
from mingcha.store.telemetry import Telemetry

log = structlog.get_logger(__name__)

RETRY_S = 60.0
BATCH = 4000  # entries a transaction: some 0.2 s of work, so that live values stay fresh


@dataclass
class Projected:
    """What one batch held."""

    entries: int = 0
    packets: list[Packet] = field(default_factory=list)
    last: FrameRef | None = None
    broken: BrokenEvidence | None = None  # what follows cannot be read
    strangers: dict[str, tuple[datetime, FrameRef, int]] = field(default_factory=dict)


def packet_from(ref: FrameRef, entry: Entry) -> Packet | None:
    """The readings of a preserved frame, or None where it holds none."""
    if entry.direction is not Direction.IN or not usable(entry.verdict):
        return None
    frame = hj212.frame_of(entry.raw)
    if frame is None:
        return None
    return hj212.packet_of(hj212.decode(frame), received=from_us(entry.received_us), ref=ref)


def gather(entries: Iterator[tuple[FrameRef, Entry]], limit: int) -> Projected:
    """Decode up to ``limit`` entries, or those before the first that is broken."""
    done = Projected()
    try:
        for ref, entry in islice(entries, limit):
            _take(done, ref, entry)
    except BrokenEvidence as error:
        done.broken = error
    return done


def _take(done: Projected, ref: FrameRef, entry: Entry) -> None:
    done.entries += 1
    done.last = ref
    if word_of(entry.verdict) == QUARANTINE:
        _, _, count = done.strangers.get(entry.mn, (None, None, 0))
        done.strangers[entry.mn] = (from_us(entry.received_us), ref, count + 1)
    elif packet := packet_from(ref, entry):
        done.packets.append(packet)


class Projector:
    """Bring the readings up to the end of the journal.

    ``on_stranger``: called with (mn, at, ref, frames) for MNs nobody registered. ``broken``: gateways whose
    journal cannot be read on, and why; they are tried again every ``RETRY_S``.
    """

    def __init__(
        self,
        reader: JournalReader,
        telemetry: Telemetry,
        on_stranger: Callable[[str, datetime, FrameRef, int], None] | None = None,
    ) -> None:
        self.reader = reader
        self.telemetry = telemetry
        self.on_stranger = on_stranger
        self.positions = dict(telemetry.positions())
        self.broken: dict[str, BrokenEvidence] = {}
        self._retry_at: dict[str, float] = {}

    def step(self, limit: int = BATCH) -> int:
        """Project up to ``limit`` entries of each gateway; give how many there were."""
        return sum(self._follow(gateway, limit) for gateway in self.reader.gateways())

    def _follow(self, gateway: str, limit: int) -> int:
        if self._retry_at.get(gateway, 0.0) > time.monotonic():
            return 0
        after = self.positions.get(gateway)
        done = gather(self.reader.entries(after, limit=limit, gateway=gateway), limit)
        if done.last is not None:
            self._keep(gateway, done.last, done)
        if done.broken is not None:
            log.critical("journal broken, gateway not projected on", gateway=gateway, why=str(done.broken))
            self.broken[gateway] = done.broken
            self._retry_at[gateway] = time.monotonic() + RETRY_S
        elif done.entries:
            self.broken.pop(gateway, None)
        return done.entries

    def _keep(self, gateway: str, last: FrameRef, done: Projected) -> None:
        self.telemetry.write(done.packets, position=last)
        self.positions[gateway] = last
        if self.on_stranger:
            for mn, (at, ref, frames) in done.strangers.items():
                self.on_stranger(mn, at, ref, frames)
