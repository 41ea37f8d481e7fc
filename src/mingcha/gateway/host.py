"""What the host asks of loggers by itself: today only that they set their clocks (1012).

A logger is asked when its clock is off by more than ``Policy.drift_s``, or when it asks itself (1013; the 9013 to
that goes first). One exchange at a time for each station and connection, walked by the table in
``protocol.hj212.session``; a request that nobody answers is repeated and then given up.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mingcha.core.clock import format_digits, from_us, now
from mingcha.core.packets import REALTIME
from mingcha.gateway.caps import Caps, Policy
from mingcha.protocol.hj212 import Exchange, Message, drift_s, set_time
from mingcha.protocol.hj212.session import State

if TYPE_CHECKING:
    from mingcha.gateway.connection import Connection

ASKS_TIME = "1013"
HEARTBEAT = "9015"
# Stamped as they leave; a back-filled frame may keep the QN of its first sending and says nothing of the clock.
LIVE = frozenset({REALTIME, ASKS_TIME, HEARTBEAT})

Key = tuple["Connection", str]
Tell = Callable[[str, dict[str, Any]], None]


@dataclass(slots=True)
class _Open:
    """A request under way. ``due``: loop time at which the answer is late."""

    exchange: Exchange
    due: float


class Host:
    """The host's side of the exchanges of one gateway."""

    def __init__(self, policy: Policy, caps: Caps, loop: asyncio.AbstractEventLoop, tell: Tell) -> None:
        self._policy = policy
        self._most = caps.open_requests
        self._loop = loop
        self._tell = tell
        self._open: dict[Key, _Open] = {}
        self._of: dict[Connection, set[str]] = {}
        self._asked: dict[str, float] = {}  # MN → loop time of the last request

    def heard(self, connection: "Connection", message: Message, received_us: int) -> None:
        """Carry an open exchange on, or begin one where the clock is off."""
        under_way = self._open.get((connection, message.mn)) if self._open else None
        if under_way is not None:
            self._carry_on(connection, message, under_way)
        elif self._policy.set_time and message.cn in LIVE and self._is_off(message, received_us):
            self._set_time(connection, message)

    def lost(self, connection: "Connection") -> None:
        """The connection is gone, and what was asked on it."""
        for mn in self._of.pop(connection, ()):
            self._open.pop((connection, mn), None)

    def sweep(self, at: float) -> None:
        """Repeat or give up what was not answered by loop time ``at``."""
        for key, under_way in list(self._open.items()):
            if at < under_way.due:
                continue
            exchange = under_way.exchange.timed_out(resends=self._policy.recount)
            if exchange.final:
                self._end(key, exchange)
            else:
                self._open[key] = _Open(exchange, at + self._policy.overtime_s)
                key[0].send(exchange.mn, exchange.raw)

    def _is_off(self, message: Message, received_us: int) -> bool:
        asked = self._asked.get(message.mn)
        if asked is not None and self._loop.time() - asked < self._policy.reset_after_s:
            return False
        if message.cn == ASKS_TIME:
            return True
        drift = drift_s(message, from_us(received_us))
        return not message.supplement and drift is not None and abs(drift) > self._policy.drift_s

    def _set_time(self, connection: "Connection", message: Message) -> None:
        held = self._of.setdefault(connection, set())
        if len(held) >= self._most:
            return
        moment = now()
        exchange = set_time(
            edition=message.edition or "2017", qn=format_digits(moment, milliseconds=True), st=message.st,
            pw=message.pw, mn=message.mn, time=format_digits(moment),
        )  # fmt: skip
        at = self._loop.time()
        held.add(message.mn)
        self._asked[message.mn] = at
        self._open[connection, message.mn] = _Open(exchange, at + self._policy.overtime_s)
        self._tell("set_time", {"mn": message.mn, "conn": connection.name})
        connection.send(message.mn, exchange.raw)

    def _carry_on(self, connection: "Connection", message: Message, under_way: _Open) -> None:
        exchange = under_way.exchange.heard(message)
        if exchange is under_way.exchange:
            return
        if exchange.final:
            self._end((connection, message.mn), exchange)
        else:
            self._open[connection, message.mn] = _Open(exchange, self._loop.time() + self._policy.overtime_s)

    def _end(self, key: Key, exchange: Exchange) -> None:
        connection, mn = key
        self._open.pop(key, None)
        self._of.get(connection, set()).discard(mn)
        name = "time_set" if exchange.state is State.DONE else "time_not_set"
        self._tell(name, {"mn": mn, "state": str(exchange.state), "reason": exchange.reason})
