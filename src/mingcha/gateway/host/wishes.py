"""What loggers ask of the host, handed on to the queue: first contact, a key, an MN. Bounded, for anybody can ask."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mingcha.core.clock import HOUR_S, now
from mingcha.gateway.host.conduct import Conduct
from mingcha.gateway.host.orders import FIRST_CONTACT, KEY, REGISTER, Asked, hardware_address
from mingcha.gateway.host.peers import Peer, Peers
from mingcha.gateway.ports import Line
from mingcha.gateway.stations import Station, Stations
from mingcha.gateway.words import HARDWARE_ID
from mingcha.protocol.hj212 import Message
from mingcha.protocol.hj212.exchanges import COMMANDS

INFO = "-Info"


class Wishes:
    """``ask``: hands on; ``tell``: what the operator should hear. All methods belong to the event loop."""

    def __init__(
        self,
        conduct: Conduct,
        loop: asyncio.AbstractEventLoop,
        stations: Stations,
        ask: Callable[[Asked], None],
        tell: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self._conduct = conduct
        self._loop = loop
        self._stations = stations
        self._ask = ask
        self._tell = tell
        self._met: set[str] = set()  # stations whose first contact was asked for
        self._newcomers: deque[float] = deque()  # loop times at which unknown hardware was heard

    def contact(self, peer: Peer) -> None:
        """Ask for the first contact of a station that is due one; once, until it is due no more."""
        station = self._stations(peer.mn)
        steps = _steps(station, peer) if station is not None else []
        if not steps:
            self._met.discard(peer.mn)
        elif peer.mn not in self._met:
            self._met.add(peer.mn)
            self._ask(Asked(FIRST_CONTACT, peer.mn, now(), peer.edition, {"steps": steps}))

    def key(self, peer: Peer, message: Message) -> None:
        """1014: the logger asks for a key; ``SKCreateTime`` is when the one it has was made."""
        if self._is_new(peer):
            created = message.field("SKCreateTime") or ""
            self._ask(Asked(KEY, peer.mn, now(), peer.edition, {"created": created}))

    def register(self, peers: Peers, line: Line, message: Message, at: datetime) -> None:
        """1001 of a logger without MN; one that does not say its number cannot be given any."""
        hardware = message.field(HARDWARE_ID) or ""
        address = hardware_address(hardware)
        if not hardware or (peers.get(address) is None and not self._hears_newcomer()):
            self._tell(
                "registration_not_heard", {"conn": line.name, "most_per_h": self._conduct.nameless_per_h}
            )
            return
        peer = peers.met(address, "", line)
        peer.learn(message)
        if self._is_new(peer):
            fields = {name.removesuffix(INFO): text for name, text in message.fields if name.endswith(INFO)}
            detail = {"hardware": hardware, "fields": fields, "st": message.st, "conn": line.name}
            self._ask(Asked(REGISTER, "", at, peer.edition, detail))

    def _hears_newcomer(self) -> bool:
        """So many an hour and no more."""
        at = self._loop.time()
        while self._newcomers and self._newcomers[0] <= at - HOUR_S:
            self._newcomers.popleft()
        if len(self._newcomers) >= self._conduct.nameless_per_h:
            return False
        self._newcomers.append(at)
        return True

    def _is_new(self, peer: Peer) -> bool:
        """Whether the logger did not ask just now."""
        at = self._loop.time()
        if peer.asked is not None and at - peer.asked < self._conduct.ask_again_s:
            return False
        peer.asked = at
        return True


def _steps(station: Station, peer: Peer) -> list[tuple[str, dict[str, Any]]]:
    """What is due at first contact and known to the edition the station speaks; HJ 212-2017 §6.7 gives the order."""
    edition = station.edition or peer.edition
    return [
        (name, dict(values))
        for name, values in station.first_contact
        if name in COMMANDS and edition in COMMANDS[name].editions
    ]
