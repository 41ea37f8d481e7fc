"""One TCP connection: bytes in, work for the committer out, answers back when they are durable."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from mingcha.core.clock import now_us
from mingcha.gateway.commit import Work
from mingcha.gateway.intake import Taken
from mingcha.protocol.hj212 import Event, Frame, Splitter

if TYPE_CHECKING:
    from mingcha.gateway.server import Gateway

# Why we close a connection; the words of ``Stats.closed``.
IDLE, GARBAGE, REFUSED_BYTES, FULL, EVICTED = "idle", "garbage", "rejected_bytes", "full", "evicted"
JOURNAL, STOPPING, MEMORY, STALLED, LOST = "journal", "stopping", "memory", "stalled", "lost"
NEVER = 0.0


class Connection(asyncio.Protocol):
    """State is small on purpose: thousands of them wait at any time. Times are of the loop's clock."""

    __slots__ = (
        "_ended", "_garbage", "_gateway", "_rejected", "_transport", "_unacked",
        "closing", "half_since", "last_frame", "name", "opened", "paused", "splitter", "stalled_since",
    )  # fmt: skip

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._transport: asyncio.Transport | None = None
        self._unacked = 0
        self._garbage = 0
        self._rejected = 0
        self._ended = False
        self.splitter = Splitter(ceiling=gateway.caps.frame_bytes)
        self.name = ""
        self.opened = self.last_frame = NEVER
        self.half_since: float | None = None
        self.paused = False
        self.stalled_since: float | None = None
        self.closing = ""

    # --- called by asyncio -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._gateway.caps.write_buffer_bytes)
        peer = transport.get_extra_info("peername")
        self.name = f"{peer[0]}:{peer[1]}" if peer else "local"
        self.opened = self.last_frame = self._gateway.loop.time()
        self._gateway.opened(self)

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return  # what a closed connection still holds was never acknowledged; the logger has it
        before = len(self.splitter.pending)
        events = self.splitter.receive(data)
        after = len(self.splitter.pending)
        if not after:
            self.half_since = None
        elif events or self.half_since is None:
            self.half_since = self._gateway.loop.time()
        self._gateway.pending(self, after - before)
        if events:
            self.take(events)

    def eof_received(self) -> bool:
        """The peer sends no more but may still read: keep the line until its answers are out."""
        self._ended = True
        self.expire()
        return self._unacked > 0

    def connection_lost(self, error: Exception | None) -> None:
        self.expire()
        self.closing = self.closing or LOST
        self._transport = None
        self._gateway.lost(self)

    def pause_writing(self) -> None:
        """The peer does not read its answers, so we do not read its frames."""
        self.stalled_since = self._gateway.loop.time()
        self.pause()

    def resume_writing(self) -> None:
        self.stalled_since = None
        self.resume()

    # --- called by the gateway ---------------------------------------------------------------------

    def expire(self) -> None:
        """Give up a half frame: it is kept as what it is, and a whole frame inside it counts."""
        before = len(self.splitter.pending)
        events = self.splitter.expire() if before else []
        self.half_since = None
        self._gateway.pending(self, -before)
        if events:
            self.take(events)

    def take(self, events: Sequence[Event]) -> None:
        """Journal the events with what they want answered."""
        taken = self._gateway.intake.take(events, received_us=now_us(), conn=self.name)
        size = sum(len(one.entry.raw) for one in taken)
        self._unacked += size
        replies = [(mn, b"".join(raws)) for mn, raws in _by_station(taken)]
        self._gateway.submit(Work(self, [one.entry for one in taken], replies, size))
        if self._unacked > self._gateway.caps.unacked_bytes:
            self.pause()
        self._gateway.heard(self, taken)
        self._bound(events, taken)

    def send(self, mn: str, raw: bytes) -> None:
        """A frame of our own: journalled, then sent."""
        self._gateway.submit(Work(self, (), [(mn, raw)], 0))

    def committed(self, size: int, replies: bytes) -> None:
        self._unacked -= size
        if replies and self._transport is not None and not self._transport.is_closing():
            self._transport.write(replies)
        if self._ended and self._unacked <= 0 and self._transport is not None:
            self._transport.close()
        self._gateway.relax()
        if self.paused and self._unacked <= self._gateway.caps.unacked_bytes // 2:
            self.resume()

    def failed(self) -> None:
        self.close(JOURNAL)

    def pause(self) -> None:
        if not self.paused and self._transport is not None and not self._transport.is_closing():
            self.paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again, if nothing else speaks against it."""
        free = (
            self.stalled_since is None
            and self._unacked <= self._gateway.caps.unacked_bytes
            and not self._gateway.flooded
        )
        if self.paused and free and self._transport is not None and not self._transport.is_closing():
            self.paused = False
            self.last_frame = self._gateway.loop.time()
            self.half_since = self.last_frame if self.splitter.pending else None
            self._transport.resume_reading()

    def close(self, why: str) -> None:
        """Close now; answers already written still leave where the peer reads them."""
        if self.closing or self._transport is None:
            return
        self.closing = why
        self._gateway.counters.closed[why] += 1
        if why in {JOURNAL, FULL, EVICTED, IDLE, STALLED}:
            self._transport.abort()
        else:
            self._transport.close()

    # --- bounds ------------------------------------------------------------------------------------

    def _bound(self, events: Sequence[Event], taken: Sequence[Taken]) -> None:
        """Count what was no frame since the last good one, and close when it is too much."""
        caps = self._gateway.caps
        for event in events:
            if isinstance(event, Frame):
                self._garbage = self._rejected = 0
                self.last_frame = self._gateway.loop.time()
            else:
                self._rejected += len(event.raw)
                self._garbage = 0 if event.raw.startswith(b"##") else self._garbage + len(event.raw)
        if self._garbage > caps.garbage_bytes:
            self.close(GARBAGE)
        elif self._rejected > caps.rejected_bytes:
            self.close(REFUSED_BYTES)


def _by_station(taken: Sequence[Taken]) -> list[tuple[str, list[bytes]]]:
    """The answers in order, neighbours of one MN together: one journal entry and one write each."""
    out: list[tuple[str, list[bytes]]] = []
    for one in taken:
        if one.reply is None:
            continue
        if out and out[-1][0] == one.entry.mn:
            out[-1][1].append(one.reply)
        else:
            out.append((one.entry.mn, [one.reply]))
    return out
