"""One simulated data logger on a socket: ``LoggerSession`` does the protocol, this gives it a plant, a link and faults.

What it owes is a kind and a DataTime: the plant is a pure function, so its frame is made when it leaves. A logger
sleeps until something is due, so that one process drives thousands.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from mingcha.core.clock import from_epoch, now, to_epoch
from mingcha.core.packets import DAY, HOUR, MINUTE, REALTIME
from mingcha.gateway.simulator import faults as kinds
from mingcha.gateway.simulator.commands import PlantPort, states
from mingcha.gateway.simulator.frames import Form, interval_s, items_of, on_wire
from mingcha.gateway.simulator.history import DELAY_S, Outlet
from mingcha.gateway.simulator.plant import Profile
from mingcha.protocol.hj212.exchanges import KEY_DAYS, KeyRing, LoggerSession, LoggerSettings, Outgoing

BACKOFF_S = (0.2, 30.0)
SHORT_S = 1.0  # a connection that lived no longer was none
ASK_DRIFT_S = (
    30.0  # a clock so far off makes the logger ask for the time (1013), before its host would complain
)
LOOK_S = 5.0  # spans of faults are looked at so often
FAST_S = 0.05  # and so often where the clock is not the real one
INTERVALS = (MINUTE, HOUR, DAY)


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


def key_for(profile: Profile) -> str:
    """The SM4 key that a simulated logger was delivered with: 16 characters."""
    return f"{profile.key('sm4') % (1 << 64):016X}"


def hardware_of(profile: Profile) -> dict[str, str]:
    """What it says when it registers (1001)."""
    return {"hardware_id": f"{profile.key('hardware') % (1 << 64):024X}"}


def settings_of(outlet: Outlet, interval_s: float, made: datetime) -> LoggerSettings:
    """``made``: when its first key was made."""
    profile = outlet.profile
    encrypts = kinds.has(outlet.faults, kinds.Encryption)
    if kinds.has(outlet.faults, kinds.OldKey):
        made -= timedelta(days=KEY_DAYS)
    key = KeyRing(key_for(profile).encode(), made) if encrypts else KeyRing()
    beat = next((fault.seconds for fault in outlet.faults if isinstance(fault, kinds.Heartbeat)), None)
    registers = kinds.has(outlet.faults, kinds.Registration)
    return LoggerSettings(
        "" if registers else profile.mn, profile.password, edition=outlet.edition, sts=(profile.st,),
        realtime_interval_s=interval_s, minute_interval_s=profile.minute_interval_s, encrypt=encrypts, keys=key,
        hardware=hardware_of(profile), heartbeat_s=beat,
    )  # fmt: skip


class _Link(asyncio.Protocol):
    """One connection; tells the logger what happens to it."""

    def __init__(self, logger: "DataLogger") -> None:
        self.logger = logger
        self.transport: asyncio.Transport | None = None
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self.logger.heard(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


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
        begin = since or clock()
        self.outlet = outlet
        self.settings = settings_of(outlet, interval_s, begin)
        self.session = LoggerSession(self.settings, PlantPort(outlet.profile, self.settings, outlet.faults))
        self._address = (host, port)
        self._clock = clock
        self._look_s = LOOK_S if clock is now else FAST_S
        self._done_until = self._next_realtime = begin
        self._held: list[tuple[datetime, str, datetime]] = []  # late intervals: when to send, kind, start
        self._drifted: set[kinds.ClockDrift] = set()
        self._own = Counters()
        self._link: _Link | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def counters(self) -> Counters:
        tally = self.session.tally
        return replace(
            self._own, sent=tally.sent, acked=tally.acked, resent=tally.resent, backfilled=tally.late,
            given_up=tally.given_up, commands=tally.commands, slowest_ack_s=tally.slowest_ack_s,
        )  # fmt: skip

    @property
    def unacked(self) -> int:
        """Frames and intervals that the host has not confirmed."""
        return len(self.session.outbox)

    # --- the link ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, upload, reconnect, for ever."""
        self.settings.started = self._clock()
        loop = asyncio.get_running_loop()
        pause = BACKOFF_S[0]
        while True:
            self._note_due()
            if self._cut():
                await asyncio.sleep(min(self._look_s, FAST_S * 4))
                continue
            try:
                _, link = await loop.create_connection(lambda: _Link(self), *self._address)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, BACKOFF_S[1])
                continue
            began = self._tick()
            await self._serve(link)
            if self._tick() - began >= SHORT_S or self._stormy():
                pause = BACKOFF_S[0]
            else:  # who is turned away at once does not hammer at the door
                await asyncio.sleep(pause)
                pause = min(pause * 2, BACKOFF_S[1])

    async def _serve(self, link: _Link) -> None:
        self._own.connections += 1
        self._own.connected = 1
        self._link = link
        self._storm(link)
        try:
            self._drift()
            self._write(self.session.opened(self._clock(), self._tick()))
            self._ask_time()
            self._wake()
            await link.gone
        finally:
            self._own.connected = 0
            self._link = None
            if self._timer is not None:
                self._timer.cancel()
            if link.transport is not None:
                link.transport.close()
            self.session.closed()

    def heard(self, data: bytes) -> None:
        """Bytes of the host came."""
        if self._link is None:
            return
        nameless = not self.settings.mn
        self._write(self.session.receive(data, self._clock(), self._tick()))
        if nameless and self.settings.mn:
            self._ask_time()
            self._wake()
        self._set_timer()

    def _wake(self) -> None:
        """Do what is due and set the timer for the next time."""
        if self._link is None:
            return
        if self._cut():
            self._close()
            return
        self._note_due()
        self._owe_realtime()
        self._write(self.session.wake(self._clock(), self._tick()))
        if self.session.unusable:
            self._close()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._link is None:
            return
        loop = asyncio.get_running_loop()
        tick = loop.time()
        moment = self._clock()
        ahead = min(self._look_s, (self._next_due() - moment).total_seconds())
        due = self.session.due()
        when = tick + ahead if due is None else min(tick + ahead, due)
        self._timer = loop.call_at(max(when, tick + 0.001), self._wake)

    def _write(self, outs: Sequence[Outgoing]) -> None:
        """Frames leave; noise on the line hits one of data once, its resend is clean."""
        transport = self._link.transport if self._link is not None else None
        if transport is None or transport.is_closing():
            return
        for out in outs:
            writes = [out.raw]
            if out.time is not None and not out.resend:
                writes = on_wire(out.raw, out.time, self.outlet.profile.mn, self.outlet.faults)
            for raw in writes:
                self._own.bytes += len(raw)
                transport.write(raw)
            if out.time is not None and self._strikes(kinds.Drop, out.time):
                transport.abort()
                return

    def _close(self) -> None:
        if self._link is not None and self._link.transport is not None:
            self._link.transport.close()

    def _storm(self, link: _Link) -> None:
        for fault in self.outlet.faults:
            if isinstance(fault, kinds.Storm) and fault.active(self._clock()) and link.transport is not None:
                asyncio.get_running_loop().call_later(fault.hold_s, link.transport.close)

    def _stormy(self) -> bool:
        return any(isinstance(f, kinds.Storm) and f.active(self._clock()) for f in self.outlet.faults)

    def _tick(self) -> float:
        return asyncio.get_running_loop().time()

    # --- what is due -----------------------------------------------------------------------------------

    def _note_due(self) -> None:
        """Owe every interval that ended since the last look."""
        self._drift()
        moment = self._clock()
        for kind in INTERVALS:
            for start in self._ended(kind, self._done_until, moment):
                late = next((f for f in self.outlet.faults if isinstance(f, kinds.Late)), None)
                if late is not None and late.strikes(start, self.outlet.profile.mn):
                    self._held.append((moment + late.delay, kind, start))
                else:
                    self._owe(kind, start)
        self._done_until = moment
        for one in [one for one in self._held if one[0] <= moment]:
            self._held.remove(one)
            self._owe(*one[1:])

    def _owe(self, kind: str, start: datetime) -> None:
        due = start + timedelta(seconds=self._step_s(kind) + self._lag_s(kind))
        for _ in range(1 + self._strikes(kinds.Again, start)):
            self.session.owe(kind, start, lambda: self._texts(kind, start), due=due)

    def _owe_realtime(self) -> None:
        moment = self._clock()
        if moment < self._next_realtime:
            return
        step = timedelta(seconds=self.settings.realtime_interval_s)
        missed = (moment - self._next_realtime) // step
        self._next_realtime += (missed + 1) * step
        shown = from_epoch(to_epoch(self.settings.clock(moment)))
        if self.settings.realtime_on:
            self.session.owe(REALTIME, shown, lambda: self._texts(REALTIME, shown), due=moment, keep=False)
        if self.settings.states_on:
            self.session.owe("2021", shown, lambda: (";".join(states(shown)),), due=moment, keep=False)

    def _texts(self, kind: str, moment: datetime) -> Sequence[str]:
        faults, edition = self.outlet.faults, self.outlet.edition
        profile = replace(self.outlet.profile, minute_interval_s=self.settings.minute_interval_s)
        items = items_of(profile, kind, moment, edition, faults)
        return Form(profile, kind, edition, faults).texts(items, moment)

    def _ended(self, kind: str, after: datetime, until: datetime) -> Iterator[datetime]:
        """Starts of the intervals whose frame falls due in ``(after, until]``."""
        step, lag, shift = self._step_s(kind), self._lag_s(kind), _shift_s(kind)
        first = int((after.timestamp() - lag + shift) // step)
        last = int((until.timestamp() - lag + shift) // step)
        for number in range(first + 1, last + 1):
            yield from_epoch((number - 1) * step - shift)

    def _next_due(self) -> datetime:
        """When the next interval or real-time frame falls due."""
        found: list[datetime] = [self._next_realtime, *(one[0] for one in self._held)]
        base = self._done_until.timestamp()
        for kind in INTERVALS:
            step, lag, shift = self._step_s(kind), self._lag_s(kind), _shift_s(kind)
            number = (base - lag + shift) // step + 1
            found.append(from_epoch(number * step - shift + lag))
        return min(found)

    def _step_s(self, kind: str) -> int:
        return self.settings.minute_interval_s if kind == MINUTE else interval_s(self.outlet.profile, kind)

    def _lag_s(self, kind: str) -> float:
        return DELAY_S[kind] + self.outlet.profile.key("delay") % 40 / 10.0

    # --- faults of clock and link ------------------------------------------------------------------------

    def _ask_time(self) -> None:
        """1013 when the clock is off, once there is an MN; a logger compares its clock with what its network tells."""
        if self.settings.mn and abs(self.settings.ahead_s) >= ASK_DRIFT_S and self.outlet.edition != "2005":
            self.session.notify("ask_time", {}, self._clock())

    def _drift(self) -> None:
        """A drift fault moves the clock once, when it begins; the host may set it right again."""
        for fault in self.outlet.faults:
            if (
                isinstance(fault, kinds.ClockDrift)
                and fault not in self._drifted
                and fault.active(self._clock())
            ):
                self._drifted.add(fault)
                self.settings.ahead_s += fault.seconds

    def _cut(self) -> bool:
        return any(isinstance(f, kinds.Cut) and f.active(self._clock()) for f in self.outlet.faults)

    def _strikes(self, kind: type[kinds.Fault], moment: datetime) -> bool:
        mn = self.outlet.profile.mn
        return any(isinstance(f, kind) and f.strikes(moment, mn) for f in self.outlet.faults)


def _shift_s(kind: str) -> int:
    return 8 * 3600 if kind == DAY else 0  # days are Beijing days
