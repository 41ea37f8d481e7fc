"""One TCP connection: bytes in, work for the committer out, answers back when they are durable.

What a frame says reaches the host only then as well: a result that the host stores has its frame in the journal. So a
connection that closes is lost for the host only after all that it sent was committed or refused.
"""

import asyncio
from typing import cast

from mingcha.core.clock import now_us
from mingcha.gateway.intake import Events
from mingcha.gateway.ports import Keeper
from mingcha.gateway.taken import Taken
from mingcha.protocol.hj212.codec import Feed

# Why we close a connection; the words of ``Stats.closed``.
IDLE, GARBAGE, REFUSED_BYTES, FULL, EVICTED = "idle", "garbage", "rejected_bytes", "full", "evicted"
JOURNAL, STOPPING, MEMORY, STALLED, LOST = "journal", "stopping", "memory", "stalled", "lost"
_AT_ONCE = frozenset({JOURNAL, FULL, EVICTED, IDLE, STALLED})
NEVER = 0.0


class Connection(asyncio.Protocol):
    """State is small on purpose: thousands of them wait at any time. Times are of the loop's clock."""

    __slots__ = (
        "_bulk", "_ended", "_feed", "_garbage", "_gateway", "_lost", "_rejected", "_rest", "_transport", "_unacked",
        "_works", "closing", "half_since", "last_frame", "name", "opened", "paused", "stalled_since",
    )  # fmt: skip

    def __init__(self, gateway: Keeper) -> None:
        self._gateway = gateway
        self._transport: asyncio.Transport | None = None
        self._unacked = 0
        self._works = 0  # handed to the committer, of which it has not said what became
        self._lost = False
        self._rest = b""  # read, but not looked at yet: others have their turn
        self._bulk = 0  # reads that wait in the slow lane of the committer
        self._garbage = 0
        self._rejected = 0
        self._ended = False
        self._feed = Feed(ceiling=gateway.caps.frame_bytes)
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
        if self._rest:
            self._rest += data
        elif len(data) > self._gateway.caps.turn_bytes:
            self._rest = data
            self.pause()
            self._turn()
        else:
            self._receive(data)

    def _turn(self) -> None:
        """Look at a part of what was read, then let the other connections have theirs."""
        if self.closing or not self._rest or not self._is_free():
            return
        size = self._gateway.caps.turn_bytes
        part, self._rest = self._rest[:size], self._rest[size:]
        self._receive(part)
        if self._rest:
            self._gateway.loop.call_soon(self._turn)
        else:
            self.resume()

    def _receive(self, data: bytes) -> None:
        before = len(self._feed.pending)
        events = self._feed.receive(data)
        after = len(self._feed.pending)
        if not after:
            self.half_since = None
        elif events or self.half_since is None:
            self.half_since = self._gateway.loop.time()
        if after != before:
            self._gateway.pending(self, after - before)
        if events:
            self.take(events)

    def eof_received(self) -> bool:
        """The peer sends no more but may still read: keep the line until its answers are out."""
        self._ended = True
        self._receive_rest()
        self.expire()
        return self._unacked > 0

    def connection_lost(self, error: Exception | None) -> None:
        self._receive_rest()
        self.expire()
        self.closing = self.closing or LOST
        self._transport = None
        self._lost = True
        self._gateway.closed(self)
        if not self._works:
            self._gateway.lost(self)

    def _receive_rest(self) -> None:
        rest, self._rest = self._rest, b""
        if rest and not self.closing:
            self._receive(rest)

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
        before = len(self._feed.pending)
        self.half_since = None
        if before:
            events = self._feed.expire()
            self._gateway.pending(self, -before)
            if events:
                self.take(events)

    def take(self, events: Events) -> None:
        """Journal the events with what they want answered."""
        gateway = self._gateway
        taken = gateway.intake.take(events, received_us=now_us(), conn=self.name)
        self._unacked += taken.size
        self._submit(taken)
        if self._unacked > gateway.caps.unacked_bytes:
            self.pause()
        if taken.heard:
            gateway.proven(self)
            taken.heard = gateway.wanted(self, taken.heard)  # of the rest only entries and answers wait
        self._bound(taken)

    def send(self, mn: str, raw: bytes) -> None:
        """A frame of our own: journalled, then sent."""
        own = Taken(0)
        own.reply(mn, raw)
        self._submit(own)

    def _submit(self, taken: Taken) -> None:
        """Who has much waiting lets others go first; its own order stays."""
        if self._bulk or self._unacked > self._gateway.caps.bulk_bytes:
            taken.bulk = True
            self._bulk += 1
        self._works += 1
        self._gateway.submit(self, taken)

    def committed(self, taken: Taken) -> None:
        """``taken`` is durable: send its answers, and let the host hear what it said."""
        self._unacked -= taken.size
        self._bulk -= taken.bulk
        replies = taken.answer
        transport = self._transport
        if transport is not None:
            if replies and not transport.is_closing():
                transport.write(replies)
            if self._ended and self._unacked <= 0:
                transport.close()
        if self.paused and self._unacked <= self._gateway.caps.unacked_bytes // 2:
            self.resume()
        if taken.says:
            self._gateway.heard(self, taken)
        self._settled()

    def failed(self, taken: Taken) -> None:
        """``taken`` is not durable: nobody hears of it, and who sent it keeps it."""
        self._unacked -= taken.size
        self._bulk -= taken.bulk
        self.close(JOURNAL)
        self._settled()

    def _settled(self) -> None:
        self._works -= 1
        if self._lost and not self._works:
            self._gateway.lost(self)

    def pause(self) -> None:
        if not self.paused and self._transport is not None and not self._transport.is_closing():
            self.paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again, if nothing else speaks against it; what was read before comes first."""
        if not self._is_free():
            return
        if self._rest:
            self._gateway.loop.call_soon(self._turn)
        elif self.paused and self._transport is not None and not self._transport.is_closing():
            self.paused = False
            self.last_frame = self._gateway.loop.time()
            self.half_since = self.last_frame if self._feed.pending else None
            self._transport.resume_reading()

    def _is_free(self) -> bool:
        return (
            self.stalled_since is None
            and self._unacked <= self._gateway.caps.unacked_bytes
            and not self._gateway.flooded
        )

    def close(self, why: str) -> None:
        """Close now; answers already written still leave where the peer reads them."""
        if self.closing or self._transport is None:
            return
        self.closing = why
        self._gateway.counters.closed[why] += 1
        if why in _AT_ONCE:
            self._transport.abort()
        else:
            self._transport.close()

    # --- bounds ------------------------------------------------------------------------------------

    def _bound(self, taken: Taken) -> None:
        """Count what was no frame since the last good one, and close when it is too much."""
        if taken.frames:
            self.last_frame = self._gateway.loop.time()
            self._garbage = self._rejected = 0
        if not taken.refused:
            return
        caps = self._gateway.caps
        self._rejected += taken.refused
        self._garbage = taken.garbage if taken.cleared else self._garbage + taken.garbage
        if self._garbage > caps.garbage_bytes:
            self.close(GARBAGE)
        elif self._rejected > caps.rejected_bytes:
            self.close(REFUSED_BYTES)
