"""The host's side of the exchanges of one gateway. All methods belong to the event loop.

The rules:

1. One exchange at a time for each station; it follows the station from one connection to another.
2. What the host owes by itself (the clock, where it is off or the logger asks by 1013) comes before orders; orders
   go in the order asked.
3. An order is marked as sent *before* its request leaves, so that no command is ever sent twice by two gateways or
   after a restart. What is under way when a gateway ends has timed out; nothing is sent again without being asked.
4. A request without answer is repeated with the same QN after the station's time-out, and given up after its
   resends (HJ 212-2017 §6.6.2). After 9011 the bound is ``Conduct``'s: executing takes longer than answering.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from mingcha.core.clock import from_us, now
from mingcha.core.errors import BadInput
from mingcha.core.packets import REALTIME
from mingcha.gateway.caps import Caps, Policy
from mingcha.gateway.host import orders as words
from mingcha.gateway.host.asking import Stamp, request_of
from mingcha.gateway.host.conduct import Conduct
from mingcha.gateway.host.desk import Desk
from mingcha.gateway.host.orders import Asked, Order, Orders, Report
from mingcha.gateway.host.peers import Open, Peer, Peers
from mingcha.gateway.host.wishes import Wishes
from mingcha.gateway.ports import Line
from mingcha.gateway.stations import Station, Stations
from mingcha.protocol.hj212 import Message, drift_s
from mingcha.protocol.hj212.exchanges import Exchange, State

REGISTERS, ASKS_TIME, ASKS_KEY, HEARTBEAT = "1001", "1013", "1014", "9015"  # 1001, 1014, 9015: HJ 212-2025
# Stamped as they leave; a back-filled frame may keep the QN of its first sending and says nothing of the clock.
LIVE = frozenset({REALTIME, ASKS_TIME, HEARTBEAT})
CONTROL = "3"  # first digit of the commands that move instruments

REPORTED = {
    State.DONE: words.DONE, State.FAILED: words.FAILED, State.REFUSED: words.REFUSED, State.LOST: words.TIMED_OUT,
}  # fmt: skip

Tell = Callable[[str, dict[str, Any]], None]


def nobody(mn: str) -> Station | None:
    """A register that knows no station."""
    return None


class Host:
    """``stations``: the register; ``orders``: the queue, None where nobody asks for anything."""

    def __init__(
        self,
        policy: Policy,
        caps: Caps,
        loop: asyncio.AbstractEventLoop,
        tell: Tell,
        *,
        stations: Stations = nobody,
        orders: Orders | None = None,
        conduct: Conduct | None = None,
    ) -> None:
        self._policy = policy
        self._most = caps.open_requests
        self._loop = loop
        self._tell = tell
        self._stations = stations
        self._conduct = conduct or Conduct()
        self._peers = Peers()
        self._open: dict[str, Peer] = {}
        self._named: dict[str, str] = {}  # MN being given (1002) → address of the logger
        self._asked: dict[str, float] = {}  # MN → loop time at which its clock was last set
        self._looked = 0.0
        self._stamp = Stamp()
        self._ended: Counter[str] = Counter()
        self._desk = Desk(orders, self, self._conduct, tell) if orders is not None else None
        self._wishes = Wishes(self._conduct, loop, stations, self._ask, tell)

    def start(self) -> None:
        """Begin to read orders."""
        if self._desk is not None:
            self._desk.start(self._loop)

    async def stop(self) -> None:
        """End what is open, and write the last reports."""
        for peer in list(self._open.values()):
            self._end(peer, words.TIMED_OUT, words.STOPPED)
        if self._desk is not None:
            await self._desk.stop()

    # --- what connections say ----------------------------------------------------------------------

    def quiet(self, line: Line, mn: str) -> bool:
        """Whether an ordinary upload of ``mn`` on ``line`` tells the host nothing."""
        peer = self._peers.get(mn)
        return peer is not None and peer.line is line and peer.open is None and not peer.time_due

    def asks(self, mn: str) -> bool:
        """Whether an exchange with ``mn`` is open, or one that gives it its name."""
        peer = self._peers.get(mn)
        return (peer is not None and peer.open is not None) or mn in self._named

    def line_of(self, mn: str) -> Line | None:
        """The connection that last sent a valid frame of ``mn``."""
        peer = self._peers.get(mn)
        return None if peer is None else peer.line

    def heard(self, line: Line, message: Message, received_us: int) -> None:
        """Carry an open exchange on, or begin one where the clock is off or the logger asks."""
        peer = self._peers.get(message.mn)
        came = peer is None or peer.line is not line
        if peer is None or came:
            peer = self._peers.met(message.mn, message.mn, line)
        peer.learn(message)
        if peer.open is not None:
            self._carry_on(peer, message)
        elif message.mn in self._named:
            self._carry_on(self._peers[self._named[message.mn]], message)
        if message.cn in LIVE and self._policy.set_time and self._is_off(message, received_us):
            peer.time_due = True
        elif message.cn == ASKS_KEY:
            self._wishes.key(peer, message)
        if came:
            self._wishes.contact(peer)
        if peer.time_due and not peer.busy:
            self._set_time(peer)

    def stranger(self, line: Line, message: Message, received_us: int) -> None:
        """A 2025 logger that has no MN yet registers (1001), or answers while it is given one (1002)."""
        if message.cn == REGISTERS:
            self._wishes.register(self._peers, line, message, from_us(received_us))
            return
        for peer in list(self._peers.on(line)):
            if peer.open is not None and peer.address != peer.mn:
                self._carry_on(peer, message)

    def lost(self, line: Line) -> None:
        """The connection is gone. What was asked on it may still be answered on another."""
        self._peers.lost(line)

    def sweep(self, at: float) -> None:
        """Repeat or give up what was not answered by loop time ``at``; look for first contacts due."""
        for peer in list(self._open.values()):
            if peer.open is not None and at >= min(peer.open.due, peer.open.ends):
                self._late(peer, peer.open, at)
        if at - self._looked >= self._conduct.contact_look_s:
            self._looked = at
            for peer in self._peers:
                if peer.line is not None:
                    self._wishes.contact(peer)

    def counts(self) -> dict[str, int]:
        """Exchanges under way and ended, as plain numbers."""
        orders = sum(bool(peer.open and peer.open.order) for peer in self._open.values())
        waiting = self._desk.counts() if self._desk is not None else {}
        return {"open": len(self._open), "orders_open": orders, **self._ended, **waiting}

    # --- what the desk asks ------------------------------------------------------------------------

    def choose(self, waiting: Sequence[Order], at: datetime) -> list[tuple[Order, Exchange]]:
        """The orders that can be sent now, with their requests; at most one of a station, the first asked."""
        chosen: list[tuple[Order, Exchange]] = []
        seen: set[str] = set()
        held = Counter(peer.line for peer in self._open.values())
        for order in waiting:
            peer = self._peers.get(order.address)
            first = order.address not in seen
            seen.add(order.address)
            if not first or peer is None or order.expires <= at or not self._is_free(peer, held, len(chosen)):
                continue
            exchange = self._request(order, peer, at)
            if exchange is not None:
                peer.taken = True
                held[peer.line] += 1
                chosen.append((order, exchange))
        return chosen

    def begin(self, order: Order, exchange: Exchange, *, taken: bool) -> None:
        """Send the request of an order that was marked as sent; let the station go where it was not."""
        peer = self._peers[order.address]  # kept while an order of it is being marked
        peer.taken = False
        if taken:
            self._send(peer, exchange, order.command, order=order.id)
        else:
            self._after(peer)

    # --- inside ------------------------------------------------------------------------------------

    def _is_free(self, peer: Peer, held: Counter[Line | None], more: int) -> bool:
        """Whether an order can go to the station now. ``held``: open exchanges by connection."""
        return (
            peer.line is not None
            and not peer.line.closing
            and not peer.busy
            and not peer.time_due
            and len(self._open) + more < self._conduct.open_most
            and held[peer.line] < self._most
        )

    def _request(self, order: Order, peer: Peer, at: datetime) -> Exchange | None:
        """The request of an order; None, and reported, where its values do not fit the edition the station speaks."""
        try:
            return request_of(order, peer, self._stations(order.mn), self._stamp.next(at))
        except BadInput as error:
            self._report(Report(order.id, words.REFUSED, at, reason=f"{words.BAD_VALUES}: {error}"))
            return None

    def _is_off(self, message: Message, received_us: int) -> bool:
        asked = self._asked.get(message.mn)
        if asked is not None and self._loop.time() - asked < self._policy.reset_after_s:
            return False
        if message.cn == ASKS_TIME:
            return True
        drift = drift_s(message, from_us(received_us))
        return not message.supplement and drift is not None and abs(drift) > self._policy.drift_s

    def _set_time(self, peer: Peer) -> None:
        """1012 by the host itself; to a station that is gone, when it is back."""
        if peer.line is None or peer.line.closing:
            return
        held = sum(other.line is peer.line for other in self._open.values())
        if held >= self._most or len(self._open) >= self._conduct.open_most:
            return  # its turn comes with its next frame
        peer.time_due = False
        at = now()
        order = Order("", peer.mn, "set_time", {}, at)
        exchange = request_of(order, peer, self._stations(peer.mn), self._stamp.next(at))
        self._asked[peer.mn] = self._loop.time()
        self._tell("set_time", {"mn": peer.mn, "conn": "" if peer.line is None else peer.line.name})
        self._send(peer, exchange, order.command)

    def _send(self, peer: Peer, exchange: Exchange, command: str, *, order: str = "") -> None:
        at = self._loop.time()
        overtime, _ = self._link(peer)
        peer.open = Open(exchange, command, at, at + overtime, at + self._conduct.exchange_s, order)
        self._open[peer.address] = peer
        if peer.address != exchange.mn:
            self._named[exchange.mn] = peer.address
        if peer.line is not None:
            peer.line.send(exchange.mn, exchange.raw)

    def _link(self, peer: Peer) -> tuple[float, int]:
        """Time-out and resends of the station's link, else the policy's."""
        station = self._stations(peer.mn)
        overtime = station.overtime_s if station is not None else None
        recount = station.recount if station is not None else None
        return (
            self._policy.overtime_s if overtime is None else overtime,
            self._policy.recount if recount is None else recount,
        )

    def _late(self, peer: Peer, under_way: Open, at: float) -> None:
        overtime, resends = self._link(peer)
        if at >= under_way.ends:
            resends = 0
        exchange = under_way.exchange.timed_out(resends=resends)
        if exchange.final:
            peer.open = replace(under_way, exchange=exchange)
            self._end(peer, words.TIMED_OUT, words.CONNECTION_LOST if peer.line is None else words.NO_ANSWER)
            return
        peer.open = replace(under_way, exchange=exchange, due=at + overtime)
        if peer.line is not None:
            peer.line.send(exchange.mn, exchange.raw)

    def _carry_on(self, peer: Peer, message: Message) -> None:
        under_way = peer.open
        if under_way is None:
            return
        exchange = under_way.exchange.heard(message)
        if exchange is under_way.exchange:
            return
        peer.open = replace(under_way, exchange=exchange, due=self._loop.time() + self._wait_s(exchange))
        if exchange.final:
            self._end(peer, REPORTED[exchange.state], exchange.reason)
        elif under_way.order and exchange.state is State.RUNNING:
            self._news(peer.open, words.RUNNING if exchange.frames else words.ACCEPTED)

    def _wait_s(self, exchange: Exchange) -> float:
        long = exchange.cn.startswith(CONTROL)
        return self._conduct.control_s if long else self._conduct.result_s

    def _news(self, under_way: Open, state: str) -> None:
        """Report a state once; data may come before 9011, and a state never leads back."""
        if under_way.told in (state, words.RUNNING):
            return
        under_way.told = state
        self._report(Report(under_way.order, state, now(), under_way.exchange.qn))

    def _end(self, peer: Peer, state: str, reason: str) -> None:
        under_way = peer.open
        if under_way is None:
            return
        peer.open = None
        self._open.pop(peer.address, None)
        self._named.pop(under_way.exchange.mn, None)
        self._ended[state] += 1
        if under_way.order:
            exchange = under_way.exchange
            results = _bounded(exchange.results, self._conduct.results_most)
            self._report(Report(under_way.order, state, now(), exchange.qn, reason, results))
        else:
            self._own_ended(peer, under_way, state, reason)
        self._after(peer)

    def _own_ended(self, peer: Peer, under_way: Open, state: str, reason: str) -> None:
        exchange = under_way.exchange
        name = "time_set" if exchange.state is State.DONE else "time_not_set"
        self._tell(name, {"mn": peer.mn, "state": str(exchange.state), "reason": exchange.reason})
        detail = {"command": under_way.command, "qn": exchange.qn, "state": state, "reason": reason}
        self._ask(Asked(words.OWN, peer.mn, now(), peer.edition, detail))

    def _after(self, peer: Peer) -> None:
        """The station is free again."""
        if peer.time_due and peer.line is not None:
            self._set_time(peer)
        elif self._desk is not None and not self._desk.stopping:
            self._desk.wake()
        self._peers.tidy(peer)

    def _report(self, report: Report) -> None:
        if self._desk is not None:
            self._desk.report(report)

    def _ask(self, asked: Asked) -> None:
        if self._desk is not None:
            self._desk.ask(asked)


def _bounded(results: Sequence[Any], most: int) -> tuple[Any, ...]:
    """At most ``most`` results, and how many there were more."""
    if len(results) <= most:
        return tuple(results)
    return (*results[:most], {"left_out": len(results) - most})
