"""Carry one target's frames to it, at least once, in the order of the journal.

1. The position goes on only behind what was answered by 9014 (``flight``); it is kept in the target's own file.
2. A frame without answer is sent again ``resends`` times, with the same QN. Then, if others were answered meanwhile,
   the target does not want this one: it is left aside, kept, and tried again later. If nothing was answered the link counts as unusable
   (HJ 212-2017 §6: after the last resend the exchange ends): it is closed and made anew, later each time.
3. Who is down for a day costs nothing: nothing is read before the target answers the connection, and what has waited goes out
   at ``frames_per_s``, read in small batches.
4. A station of which some frames in a row were left aside is no longer tried frame by frame: one at a time, until one
   is answered. When very many entries in a row were left aside, nothing new is read (``Pace``).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from mingcha.core.clock import now, now_us
from mingcha.core.errors import BrokenEvidence, MingchaError
from mingcha.core.refs import FrameRef
from mingcha.gateway.forwarder.flight import Flight, Flown, Waiting
from mingcha.gateway.forwarder.link import Answer, Link, LinkLost, connect, waits
from mingcha.gateway.forwarder.position import NEVER_US, Aside, LeftOut, Positions
from mingcha.gateway.forwarder.source import Item, Read, Source, beginning, remaining
from mingcha.gateway.forwarder.targets import Target
from mingcha.store.journal import JournalReader

log = structlog.get_logger("mingcha.forward")

SECOND_US = 1_000_000
COUNT_SHARE = 20  # counting takes a twentieth of the time at most

CONNECTING, CONNECTED, WAITING, STOPPED = "connecting", "connected", "waiting", "stopped"


@dataclass(frozen=True, slots=True)
class Pace:
    """Our own numbers; HJ 212 has none for hosts that forward. Tests use shorter times."""

    poll_s: float = (
        0.5  # how often the end of the journal is looked at: what forwarding adds to the age of data
    )
    keep_s: float = 1.0  # how often positions become durable: after a crash so much is sent twice
    first_wait_s: float = 1.0  # between connections, doubled up to
    longest_wait_s: float = 60.0
    fruitless: int = 3  # connections on which nothing was answered, before frames are left aside
    silent_after: int = 3  # frames of a station in a row left aside, before it is tried one by one
    hold_after: int = 1000  # entries in a row left aside, before nothing new is read
    aside_first_s: int = 600  # until what was left aside is tried again, doubled up to
    aside_most_s: int = 6 * 3600
    aside_look_s: float = 5.0
    aside_batch: int = 16
    count_s: float = 5.0  # how often it is counted how far behind we are


@dataclass
class Counts:
    """Counted since the process began, but ``aside``: how many are left aside now."""

    sent: int = 0
    acked: int = 0
    resent: int = 0
    skipped: int = 0
    refused: int = 0  # answered by 9014 with another QnRtn than 1
    unsendable: int = 0
    fields_left: int = 0  # fields of forwarded frames that have no code in the target's edition
    requests: int = 0  # of the target to us, refused
    connects: int = 0
    aside: int = 0
    last_acked_us: int | None = None
    newest_us: int | None = None  # received_us of the newest entry dealt with


@dataclass
class Forwarder:
    """One target. ``run`` until cancelled."""

    target: Target
    reader: JournalReader
    folder: Path
    read: Read
    on_state: Callable[[dict[str, Any]], None] = lambda _: None
    pace: Pace = field(default_factory=Pace)
    counts: Counts = field(default_factory=Counts)
    state: str = CONNECTING
    error: str = ""

    def __post_init__(self) -> None:
        self.since_us = now_us()
        self._silent: Counter[str] = Counter()  # station → frames in a row left aside
        self._unanswered = 0  # entries in a row left aside, of all stations
        self._fruitless = 0
        self._at_end = False
        self._next_send = 0.0
        self._kept = self._looked = 0.0
        self._asides: list[Aside] = []
        self._sent_refs: list[FrameRef] = []
        self._left: dict[tuple[str, str], LeftOut] = {}
        self._count_at = float("-inf")
        self._behind = 0

    async def run(self) -> None:
        """Connect, send, connect again; ends when cancelled."""
        self._positions = await asyncio.to_thread(Positions, self.folder, self.target.key)
        try:
            await asyncio.to_thread(self._begin)
            await self._forever()
        finally:
            with suppress(BrokenEvidence):
                self._state(STOPPED, self.error)
            self._positions.close()

    def status(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        newest = self.counts.newest_us
        behind = (
            0.0
            if self._at_end or newest is None or not self._behind
            else max(0.0, (now_us() - newest) / SECOND_US)
        )
        return {
            "key": self.target.key, "at_us": now_us(), "state": self.state, "since_us": self.since_us, "error": self.error,
            **{name: getattr(self.counts, name) for name in Counts.__dataclass_fields__ if name != "newest_us"},
            "behind_s": round(behind, 1), "behind_entries": self._behind, "positions": {name: str(ref) for name, ref in self._places.items()},
        }  # fmt: skip

    # --- inside ------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._positions.begun:
            self._positions.begin(beginning(self.reader, self.target))
        self._places = self._positions.places()
        self.counts.aside = self._positions.asides()

    async def _forever(self) -> None:
        pauses = waits(self.pace.first_wait_s, self.pace.longest_wait_s)
        while True:
            acked = self.counts.acked
            try:
                await self._session()
            except LinkLost as error:
                self._at_end = False  # what comes in meanwhile waits
                await self._count_behind(at_once=True)
                self._state(WAITING, str(error))
                log.warning("target away", target=self.target.key, why=str(error))
            if self.counts.acked > acked:
                pauses = waits(self.pace.first_wait_s, self.pace.longest_wait_s)
            await asyncio.sleep(next(pauses))

    async def _session(self) -> None:
        """One connection, until it is lost."""
        self._state(CONNECTING, self.error)
        link = await connect(self.target)
        self.counts.connects += 1
        self._state(CONNECTED, "")
        self._flight = Flight()
        self._source = Source(self.reader, self.target, self.read, dict(self._places))
        self._ready: list[Item] = []
        self._answered_at = -1.0
        try:
            while True:
                self._heard(link.answers())
                await self._look(link)
                await self._fill(link)
                await self._keep()
                await self._wait(link)
        except LinkLost:
            await self._fruitless_round()
            raise
        finally:
            self.counts.requests += link.refused
            await link.close()
            await self._keep(at_once=True)

    async def _wait(self, link: Link) -> None:
        """Until an answer comes, a frame is due, or the journal is to be looked at."""
        if self._ready and self._flight.count < self.target.window:
            pause = max(0.0, self._next_send - self._time())  # the rate alone holds us
        else:
            due = min((one.due for one in self._flight.waiting()), default=self._time() + self.pace.poll_s)
            pause = min(self.pace.poll_s, max(0.0, due - self._time()))
        with suppress(TimeoutError):  # `wait_for` of Python 3.11 may swallow that we are cancelled
            async with asyncio.timeout(max(pause, 0.001)):
                await link.heard.wait()
        link.heard.clear()

    def _heard(self, answers: list[Answer]) -> None:
        for answer in answers:
            flown = self._flight.answered(answer.qn, answer.mn)
            if flown is None:
                continue  # the answer to a frame that was sent twice
            self._answered_at = self._time()
            self._fruitless = 0
            if not answer.taken:
                self.counts.refused += 1
                self._leave(flown, answer.reason)
            elif flown.done:
                self._acked(flown)

    def _acked(self, flown: Flown) -> None:
        mn = flown.item.mn
        self.counts.acked += 1
        self.counts.last_acked_us = now_us()
        self._unanswered = 0
        if flown.again:
            self._sent_refs.append(flown.item.ref)
        else:
            self.counts.newest_us = flown.item.received_us
        if flown.again or self._silent[mn] >= self.pace.silent_after:
            self._positions.release(mn)
        self._silent.pop(mn, None)

    async def _look(self, link: Link) -> None:
        """Send again what was not answered in time; leave what was never answered."""
        at = self._time()
        for one in list(self._flight.waiting()):
            if one.due > at or one.flown.done:
                continue
            if one.tries <= self.target.resends:
                one.tries += 1
                one.due = at + self.target.timeout_s
                self.counts.resent += 1
                await link.send(one.ready)
            else:
                self._given_up(one)

    def _given_up(self, one: Waiting) -> None:
        reason = f"no 9014 after {one.tries} times {self.target.timeout_s:.0f} s"
        if self._answered_at < one.flown.first:
            raise LinkLost(
                f"{self.target.host}:{self.target.port}: {reason}; nothing else was answered either"
            )
        self._leave(one.flown, reason)

    def _leave(self, flown: Flown, reason: str) -> None:
        """Leave an item aside: kept, and tried again later."""
        item = flown.item
        self._flight.leave(flown)
        self._silent[item.mn] += 1
        self._unanswered += 1
        if flown.again:
            self._positions.postpone(
                item.mn, now_us(), self.pace.aside_first_s * SECOND_US, self.pace.aside_most_s * SECOND_US
            )
        else:
            self._aside(item, reason, now_us() + self.pace.aside_first_s * SECOND_US)

    def _aside(self, item: Item, reason: str, next_us: int) -> None:
        self._asides.append(Aside(item.ref, item.mn, reason, next_us))
        self.counts.aside += 1
        self.counts.newest_us = item.received_us

    async def _fruitless_round(self) -> None:
        """After some connections without any answer, those at the head make room for others."""
        if self._answered_at >= 0 or not self._flight.count:
            return
        self._fruitless += 1
        if self._fruitless >= self.pace.fruitless:
            self._fruitless = 0
            for flown in {id(one.flown): one.flown for one in self._flight.waiting()}.values():
                self._leave(flown, "nothing was answered on several connections")

    async def _fill(self, link: Link) -> None:
        """Send while window and rate allow."""
        await self._take_asides(link)
        while self._flight.count < self.target.window and self._time() >= self._next_send:
            if not self._ready and not await self._more():
                return
            await self._forward(link, self._ready.pop())

    async def _more(self) -> bool:
        """Read the next batch; False at the end of the journal, or when nothing new shall be tried."""
        if self._unanswered >= self.pace.hold_after:
            self.error = f"{self._unanswered} frames in a row were not answered; only those are tried again"
            return False
        moment = now()
        items = await asyncio.to_thread(self._source.next, moment)
        self._ready = items[::-1]
        self._at_end = not items
        return bool(items)

    async def _forward(self, link: Link, item: Item) -> None:
        if item.reason:
            self.counts.unsendable += 1
            log.error("frame cannot be forwarded", target=self.target.key, ref=str(item.ref), why=item.reason)
            self._aside(item, item.reason, NEVER_US)
            self._flight.skip(item)
        elif not item.frames:
            self.counts.skipped += 1
            self.counts.newest_us = item.received_us
            self._flight.skip(item)
        elif self._silent[item.mn] >= self.pace.silent_after:
            self._unanswered += 1
            self._aside(
                item,
                "the target does not answer this station",
                now_us() + self.pace.aside_first_s * SECOND_US,
            )
            self._flight.skip(item)
        else:
            self._leave_out(item)
            await self._send(link, item, again=False)

    def _leave_out(self, item: Item) -> None:
        """Note which fields do not go along; a station of which it is so sends them in every frame."""
        self.counts.fields_left += len(item.left)
        for name, why in item.left:
            known = self._left.get((item.mn, name))
            first, times = (known.first, known.times) if known else (item.ref, 0)
            self._left[item.mn, name] = LeftOut(item.mn, name, why, first, item.ref, times + 1)

    async def _send(self, link: Link, item: Item, *, again: bool) -> None:
        at = self._time()
        self._flight.add(item, at, at + self.target.timeout_s, again=again)
        self._next_send = max(self._next_send, at - 0.1) + len(item.frames) / self.target.frames_per_s
        self.counts.sent += len(item.frames)
        for ready in item.frames:
            await link.send(ready)

    async def _take_asides(self, link: Link) -> None:
        """Try again what is due, one frame of a silent station at a time."""
        if not self.counts.aside or self._time() - self._looked < self.pace.aside_look_s:
            return
        self._looked = self._time()
        flying = {one.flown.item.ref for one in self._flight.waiting()}
        tried: set[str] = set()
        for ref, mn in await asyncio.to_thread(self._positions.due, now_us(), self.pace.aside_batch):
            alone = self._silent[mn] >= self.pace.silent_after
            if ref in flying or ref in self._sent_refs or (alone and mn in tried):
                continue
            tried.add(mn)
            await self._again(link, ref)

    async def _again(self, link: Link, ref: FrameRef) -> None:
        moment = now()
        try:
            item = await asyncio.to_thread(self._source.again, ref, moment)
        except BrokenEvidence as error:
            log.critical(
                "journal broken, entry not forwarded", target=self.target.key, ref=str(ref), why=str(error)
            )
            return
        if item is None or not item.frames:  # dropped by retention, or no longer wanted
            self._sent_refs.append(ref)
        else:
            await self._send(link, item, again=True)

    async def _keep(self, *, at_once: bool = False) -> None:
        """Make positions and what was left aside durable, and tell the state."""
        if not at_once and self._time() - self._kept < self.pace.keep_s:
            return
        self._kept = self._time()
        places, asides, sent, left = self._flight.taken(), self._asides, self._sent_refs, self._left
        self._asides, self._sent_refs, self._left = [], [], {}
        if places or asides or sent or left:
            self._positions.keep(places, asides, sent, left.values())
            self._places.update(places)
            self.counts.aside = self._positions.asides()
        await self._count_behind(at_once=at_once)
        self.on_state(self.status())

    async def _count_behind(self, *, at_once: bool = False) -> None:
        """How many entries are still to be dealt with; where it cannot be told, the last number stands."""
        at = self._time()
        if not at_once and at < self._count_at:
            return
        try:
            self._behind = await asyncio.to_thread(remaining, self.reader, dict(self._places))
        except MingchaError as error:
            log.warning("not counted how far behind", target=self.target.key, why=str(error))
        took = self._time() - at
        self._count_at = self._time() + max(self.pace.count_s, COUNT_SHARE * took)

    def _state(self, state: str, error: str) -> None:
        if state != self.state:
            self.since_us = now_us()
        self.state, self.error = state, error
        if hasattr(self, "_places"):
            self.on_state(self.status())

    def _time(self) -> float:
        return asyncio.get_running_loop().time()
