"""What is to be sent next: entries of the journal after a position, decoded, filtered and encoded, in batches.

Runs in a thread. Gateways take turns; one whose journal is broken waits, said loudly, and is tried again.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

import structlog

from mingcha.core.clock import from_us, to_us
from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.gateway.forwarder.reencode import Ready, Unsendable, passes, reencoded
from mingcha.gateway.forwarder.targets import Target
from mingcha.gateway.words import usable
from mingcha.protocol.hj212 import Message
from mingcha.protocol.hj212.translate import Left
from mingcha.store.journal import Direction, Entry, JournalReader

log = structlog.get_logger("mingcha.forward")

Read = Callable[[Entry], Message | None]  # decodes as the station's settings and keys of that day ask

BATCH = 200  # entries of one gateway before the next has its turn; some 20 ms of work
BROKEN_RETRY_S = 60.0
LAST_INDEX = 2**31 - 1  # after all entries of a block


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. ``frames`` empty: it is none of the target's, or cannot be sent (``reason``).

    ``left``: fields that do not go along, and why.
    """

    gateway: str
    ref: FrameRef
    mn: str
    received_us: int
    frames: tuple[Ready, ...] = ()
    reason: str = ""
    left: Left = ()


@dataclass
class Source:
    """The journal as one target sees it. ``places``: where each gateway is read on."""

    reader: JournalReader
    target: Target
    read: Read
    places: dict[str, FrameRef]
    _open: dict[str, Iterator[tuple[FrameRef, Entry]]] = field(default_factory=dict)
    _broken: dict[str, float] = field(default_factory=dict)  # gateway → monotonic time of the next try
    _turn: int = 0

    def next(self, now: datetime) -> list[Item]:
        """The next batch of one gateway; [] where all are read to their end."""
        gateways = self.reader.gateways()
        for step in range(len(gateways)):
            gateway = gateways[(self._turn + step) % len(gateways)]
            if self._broken.get(gateway, 0.0) <= time.monotonic() and (items := self._of(gateway, now)):
                self._turn = self._turn + step + 1
                return items
        return []

    def again(self, ref: FrameRef, now: datetime) -> Item | None:
        """One entry once more; None where it is gone.

        Raises:
            BrokenEvidence: its block does not fit its hashes.
        """
        try:
            return self._item(gateway_of(ref), ref, self.reader.read(ref), now)
        except NotFound as error:
            log.warning("entry is gone, not forwarded", target=self.target.key, ref=str(ref), why=str(error))
            return None

    def back_to(self, places: Mapping[str, FrameRef]) -> None:
        """Read on after ``places``."""
        self.places = dict(places)
        self._open.clear()

    def _of(self, gateway: str, now: datetime) -> list[Item]:
        stream = self._open.get(gateway)
        if stream is None:
            stream = self.reader.entries(self.places.get(gateway), gateway=gateway)
        items: list[Item] = []
        try:
            for ref, entry in islice(stream, BATCH):
                items.append(self._item(gateway, ref, entry, now))
        except BrokenEvidence as error:
            self._broken[gateway] = time.monotonic() + BROKEN_RETRY_S
            log.critical(
                "journal broken, not forwarded on", target=self.target.key, gateway=gateway, why=str(error)
            )
        if items:
            self.places[gateway] = items[-1].ref
        if len(items) == BATCH:
            self._open[gateway] = stream
        else:
            self._open.pop(gateway, None)  # read to the end: what comes later needs a new look
        return items

    def _item(self, gateway: str, ref: FrameRef, entry: Entry, now: datetime) -> Item:
        plain = Item(gateway, ref, entry.mn, entry.received_us)
        target = self.target
        if entry.direction is not Direction.IN or not usable(entry.verdict):
            return plain
        if (target.stations and entry.mn not in target.stations) or self._too_old(entry):
            return plain
        message = self.read(entry)
        if message is None or not passes(message, target):
            return plain
        received = from_us(entry.received_us)
        late = target.late_s > 0 and now - received > timedelta(seconds=target.late_s)
        try:
            found = reencoded(message, target, received=received, late=late)
        except Unsendable as error:
            return Item(gateway, ref, entry.mn, entry.received_us, reason=str(error))
        return Item(gateway, ref, entry.mn, entry.received_us, found.frames, left=found.left)

    def _too_old(self, entry: Entry) -> bool:
        since = self.target.since
        return since is not None and entry.received_us < to_us(since)


def remaining(reader: JournalReader, places: Mapping[str, FrameRef]) -> int:
    """How many entries stand after ``places``, whether they are the target's or not."""
    return sum(reader.remaining(name, places.get(name)) for name in reader.gateways())


def gateway_of(ref: FrameRef) -> str:
    return ref.journal.rpartition("-")[0]


def beginning(reader: JournalReader, target: Target) -> dict[str, FrameRef]:
    """Where a target that is new begins: with ``since``, else after the present end of each gateway."""
    places: dict[str, FrameRef] = {}
    for gateway in reader.gateways():
        if target.since is not None:
            blocks = reader.overlapping(gateway, to_us(target.since), 2**62)
            if blocks:
                places[gateway] = FrameRef(blocks[0].journal, blocks[0].block - 1, LAST_INDEX)
                continue
        head = reader.head(gateway)
        if head is not None:
            places[gateway] = FrameRef(head.journal, head.block, LAST_INDEX)
    return places
