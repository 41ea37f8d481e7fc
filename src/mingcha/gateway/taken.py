"""What one read of one connection came to: values that intake fills, and commit and host use."""

from mingcha.protocol.hj212 import Message
from mingcha.protocol.hj212.codec import Arrival
from mingcha.store.journal import Entry

Heard = Arrival | Message


class Taken:
    """Entries to be journalled, answers to be sent once they are durable, and what was heard.

    ``answer``: all that is sent, known once it is durable. ``heard``: usable
    frames of registered stations, with their MN in the register's spelling; once it waits for the disk, those that
    tell the host something. ``newcomers``: loggers of 2025 that have no MN yet (CN=1001).
    ``strangers``: MNs of frames in quarantine. ``good``: whether the last event was a frame; ``refused`` and
    ``garbage``: bytes refused and bytes that were no frame, since the last frame (or the beginning).
    """

    __slots__ = (
        "_parts", "_replies", "_to", "answer", "bulk", "cleared", "entries", "frames", "garbage", "good", "heard",
        "newcomers", "received_us", "refused", "size", "strangers",
    )  # fmt: skip

    def __init__(self, received_us: int) -> None:
        self.received_us = received_us
        self.entries: list[Entry] = []
        self._replies: list[tuple[str, list[bytes]]] = []
        self._parts: list[bytes] = []
        self._to = ""
        self.answer = b""
        self.heard: list[tuple[str, Heard]] = []
        self.newcomers: tuple[Message, ...] = ()
        self.strangers: tuple[str, ...] = ()
        self.size = 0
        self.frames = 0
        self.refused = 0
        self.garbage = 0
        self.good = self.cleared = self.bulk = False

    @property
    def says(self) -> bool:
        """Whether there is anything for the host."""
        return bool(self.heard or self.newcomers or self.strangers)

    def framed(self) -> None:
        """A good frame: what was refused before it no longer counts."""
        self.frames += 1
        self.good = True
        self.refused = self.garbage = 0
        self.cleared = False

    def reply(self, mn: str, raw: bytes) -> None:
        """Answer ``mn``; an answer to the same station just before it is sent in the same write."""
        if self._parts and self._to == mn:
            self._parts.append(raw)
        else:
            self._to, self._parts = mn, [raw]
            self._replies.append((mn, self._parts))

    @property
    def replies(self) -> list[tuple[str, bytes]]:
        """(MN, bytes) in the order they are sent; neighbours of one MN stand together."""
        return [(mn, parts[0] if len(parts) == 1 else b"".join(parts)) for mn, parts in self._replies]

    @property
    def weight(self) -> int:
        """How many entries it makes in the journal."""
        return len(self.entries) + len(self._replies)


def message_of(heard: Heard) -> Message:
    """What was heard as a message; made only now where it was an ordinary upload."""
    return heard.message if isinstance(heard, Arrival) else heard
