"""One simulated data logger on a socket: uploads, acknowledgements, resends, back-fill, commands.

An interval that was not acknowledged stays in the backlog as (kind, DataTime): the plant is a pure
function, so its frame can be made again, in 2025 with RF=1 and the newest first. Real-time
frames are not made up for: their moment has passed. At most ``WINDOW`` frames wait for their answer.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mingcha.core.clock import format_digits, from_epoch, now, to_epoch
from mingcha.core.packets import DAY, HOUR, MINUTE, REALTIME
from mingcha.gateway.simulator.commands import Reply, Response, Settings, respond
from mingcha.gateway.simulator.faults import ClockDrift, Cut
from mingcha.gateway.simulator.frames import Upload, interval_s, uploads_for
from mingcha.gateway.simulator.history import DELAY_S, Outlet
from mingcha.protocol.hj212 import Frame, Message, Splitter, decode, encode
from mingcha.protocol.hj212.editions import ACK_BIT, version_bits

WINDOW = 16
BACKLOG_MAX = 20_000  # intervals: 100 days of 10 minutes, more than a logger must keep
BACKOFF_S = (0.2, 30.0)
ASK_DRIFT_S = 60.0  # a clock so far off makes the logger ask for the time (1013)
TICK_S = 0.05


@dataclass(slots=True)
class Counters:
    """What one logger, or a fleet, did."""

    connected: int = 0
    connections: int = 0
    sent: int = 0
    acked: int = 0
    resent: int = 0
    backfilled: int = 0
    given_up: int = 0
    commands: int = 0
    bytes: int = 0
    slowest_ack_s: float = 0.0

    def plus(self, other: "Counters") -> "Counters":
        total = {name: getattr(self, name) + getattr(other, name) for name in self.__slots__}
        return Counters(**total | {"slowest_ack_s": max(self.slowest_ack_s, other.slowest_ack_s)})


@dataclass(slots=True)
class _Waiting:
    """A frame without its answer yet."""

    upload: Upload
    tries: int
    due: float
    first: float


@dataclass(slots=True)
class _Link:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    splitter: Splitter = field(default_factory=Splitter)


class DataLogger:
    """Behaves like the logger of ``outlet`` until ``run`` is cancelled.

    ``clock`` gives true time (UTC); the logger's own clock may be off by a ``ClockDrift`` fault.
    """

    def __init__(
        self,
        outlet: Outlet,
        *,
        host: str,
        port: int,
        interval_s: float = 60.0,
        clock: Callable[[], datetime] = now,
        since: datetime | None = None,
    ) -> None:
        profile = outlet.profile
        self.outlet = outlet
        self.counters = Counters()
        self.settings = Settings(
            profile.password, rtd_interval_s=interval_s, minute_interval_s=profile.minute_interval_s
        )
        self._address = (host, port)
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}
        self._backlog: dict[tuple[str, datetime], None] = {}
        self._done_until = since or clock()
        self._next_realtime = self._done_until
        self._qn_last = ""
        self._drifted: set[ClockDrift] = set()

    @property
    def unacked(self) -> int:
        """Frames and intervals that the host has not confirmed."""
        return len(self._waiting) + len(self._backlog)

    async def run(self) -> None:
        """Connect, upload, reconnect, for ever."""
        self.settings.started = self._clock()
        pause = BACKOFF_S[0]
        while True:
            if self._cut():
                self._note_due()
                await asyncio.sleep(TICK_S)
                continue
            try:
                link = _Link(*await asyncio.open_connection(*self._address))
            except OSError:
                self._note_due()
                await asyncio.sleep(pause)
                pause = min(pause * 2, BACKOFF_S[1])
                continue
            pause = BACKOFF_S[0]
            await self._serve(link)

    # --- one connection ----------------------------------------------------------------------------

    async def _serve(self, link: _Link) -> None:
        self.counters.connections += 1
        self.counters.connected = 1
        reading = asyncio.create_task(self._read(link))
        try:
            self._ask_time(link)
            while not reading.done() and not self._cut():
                self._note_due()
                self._send_due(link)
                if self._unusable(link):
                    break
                await link.writer.drain()
                await asyncio.wait({reading}, timeout=TICK_S)
        except OSError:
            pass  # the link broke: what was not acknowledged is still in our hands
        finally:
            self.counters.connected = 0
            reading.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await reading
            link.writer.close()
            self._take_back()

    async def _read(self, link: _Link) -> None:
        while data := await link.reader.read(65_536):
            for event in link.splitter.receive(data):
                if isinstance(event, Frame):
                    self._hear(link, decode(event))

    def _hear(self, link: _Link, message: Message) -> None:
        if message.cn in {"9013", "9014"}:
            self._acknowledged(message.qn or message.field("QN") or "")
            return
        self.counters.commands += 1
        response = respond(message, self.outlet.profile, self.settings, self._clock())
        self._answer(link, message, response)

    def _acknowledged(self, qn: str) -> None:
        waiting = self._waiting.pop(qn, None)
        if waiting is not None:
            self.counters.acked += 1
            took = asyncio.get_running_loop().time() - waiting.first
            self.counters.slowest_ack_s = max(self.counters.slowest_ack_s, took)

    def _answer(self, link: _Link, message: Message, response: Response) -> None:
        last = response.replies[-1:] if response.history else []
        for reply in response.replies[: len(response.replies) - len(last)]:
            self._write(link, self._reply(message, reply))
        for kind, moment in response.history:
            for upload in self._uploads(kind, moment, supplement=False, ack=False):
                self._write(link, upload.raw)
        for reply in last:
            self._write(link, self._reply(message, reply))

    def _reply(self, message: Message, reply: Reply) -> bytes:
        """In 2005 the QN that is answered stands inside CP."""
        edition, profile = self.outlet.edition, self.outlet.profile
        inside = edition == "2005" and not reply.data
        cp = ";".join(part for part in (f"QN={message.qn}" if inside else "", reply.cp) if part)
        return encode(
            edition=edition, qn=message.qn, st=profile.st if reply.data else "91", cn=reply.cn,
            pw=profile.password, mn=profile.mn, flag=version_bits(edition), cp=cp,
        )  # fmt: skip

    def _ask_time(self, link: _Link) -> None:
        """1013 when the clock is off; a logger compares it with what its network tells."""
        self._drift()
        if abs(self.settings.ahead_s) < ASK_DRIFT_S:
            return
        profile, edition = self.outlet.profile, self.outlet.edition
        raw = encode(
            edition=edition, qn=self._stamp(), st=profile.st, cn="1013", pw=profile.password,
            mn=profile.mn, flag=version_bits(edition) | ACK_BIT, cp="",
        )  # fmt: skip
        self._write(link, raw)

    # --- what is due -------------------------------------------------------------------------------

    def _note_due(self) -> None:
        """Put every interval that ended since the last look into the backlog."""
        self._drift()
        moment = self._clock()
        for kind in (MINUTE, HOUR, DAY):
            for start in self._ended(kind, self._done_until, moment):
                self._backlog[kind, start] = None
        while len(self._backlog) > BACKLOG_MAX:
            del self._backlog[next(iter(self._backlog))]
        self._done_until = moment

    def _ended(self, kind: str, after: datetime, until: datetime) -> Iterator[datetime]:
        """Starts of the intervals whose frame falls due in ``(after, until]``."""
        step = self.settings.minute_interval_s if kind == MINUTE else interval_s(self.outlet.profile, kind)
        lag = DELAY_S[kind] + self.outlet.profile.key("delay") % 40 / 10.0
        shift = 8 * 3600 if kind == DAY else 0  # days are Beijing days
        first = int((after.timestamp() - lag + shift) // step)
        last = int((until.timestamp() - lag + shift) // step)
        for number in range(first + 1, last + 1):
            yield from_epoch((number - 1) * step - shift)

    def _send_due(self, link: _Link) -> None:
        moment = self._clock()
        if self.settings.realtime_on and moment >= self._next_realtime:
            step = timedelta(seconds=self.settings.rtd_interval_s)
            missed = (moment - self._next_realtime) // step
            self._next_realtime += (missed + 1) * step
            shown = moment + timedelta(seconds=self.settings.ahead_s)
            self._send(link, REALTIME, from_epoch(to_epoch(shown)), supplement=False)
        while self._backlog and len(self._waiting) < WINDOW:
            kind, start = self._take()
            lateness = moment - start - timedelta(seconds=interval_s(self.outlet.profile, kind))
            late = lateness > timedelta(seconds=2 * DELAY_S[DAY])
            self.counters.backfilled += late
            self._send(link, kind, start, supplement=late)
        self._resend(link)

    def _take(self) -> tuple[str, datetime]:
        """The next interval of the backlog: the newest in 2025, else the oldest."""
        pick = max if self.outlet.edition == "2025" else min
        key = pick(self._backlog, key=lambda item: item[1])
        del self._backlog[key]
        return key

    def _send(self, link: _Link, kind: str, moment: datetime, *, supplement: bool) -> None:
        at = asyncio.get_running_loop().time()
        for upload in self._uploads(kind, moment, supplement=supplement, ack=True):
            self._waiting[upload.qn] = _Waiting(upload, 0, at + self.settings.overtime_s, at)
            self.counters.sent += 1
            for write in upload.on_wire(self.outlet.faults):
                self._write(link, write)

    def _uploads(self, kind: str, moment: datetime, *, supplement: bool, ack: bool) -> list[Upload]:
        profile = replace(
            self.outlet.profile,
            password=self.settings.password,
            minute_interval_s=self.settings.minute_interval_s,
        )
        found = uploads_for(
            profile, kind, moment, self.outlet.edition, sent=self._stamp_time(), faults=self.outlet.faults,
            supplement=supplement, ack=ack,
        )  # fmt: skip
        self._qn_last = found[-1].qn
        return found

    def _resend(self, link: _Link) -> None:
        """Repeat, clean, what was not answered in time; noise on the line hits a frame once."""
        at = asyncio.get_running_loop().time()
        for waiting in self._waiting.values():
            if at >= waiting.due and waiting.tries < self.settings.recount:
                waiting.tries += 1
                waiting.due = at + self.settings.overtime_s
                self.counters.resent += 1
                self._write(link, waiting.upload.raw)

    def _unusable(self, link: _Link) -> bool:
        """After the last resend the link counts as unusable; HJ 212-2017 §6.6.2."""
        at = asyncio.get_running_loop().time()
        stale = [w for w in self._waiting.values() if at >= w.due and w.tries >= self.settings.recount]
        self.counters.given_up += len(stale)
        return bool(stale)

    def _take_back(self) -> None:
        """What was sent and not acknowledged is owed again, real-time frames excepted."""
        for waiting in self._waiting.values():
            if waiting.upload.cn != REALTIME:
                self._backlog[waiting.upload.cn, waiting.upload.time] = None
        self._waiting.clear()

    # --- clock and link ----------------------------------------------------------------------------

    def _drift(self) -> None:
        """A drift fault moves the clock once, when it begins; the host may set it right again."""
        for fault in self.outlet.faults:
            if isinstance(fault, ClockDrift) and fault not in self._drifted and fault.active(self._clock()):
                self._drifted.add(fault)
                self.settings.ahead_s += fault.seconds

    def _cut(self) -> bool:
        return any(isinstance(fault, Cut) and fault.active(self._clock()) for fault in self.outlet.faults)

    def _stamp_time(self) -> datetime:
        """The logger's time, never twice the same millisecond: a QN names one frame."""
        moment = self._clock() + timedelta(seconds=self.settings.ahead_s)
        while format_digits(moment, milliseconds=True) <= self._qn_last and moment.microsecond >= 0:
            moment += timedelta(milliseconds=1)
            if (moment - self._clock()).total_seconds() - self.settings.ahead_s > 1.0:
                break  # the clock was set back; the new time counts
        return moment

    def _stamp(self) -> str:
        return format_digits(self._stamp_time(), milliseconds=True)

    def _write(self, link: _Link, raw: bytes) -> None:
        self.counters.bytes += len(raw)
        link.writer.write(raw)
