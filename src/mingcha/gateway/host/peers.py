"""Who speaks where: for each station the connection that last sent a valid frame of it, and its exchange.

HJ 212 guide §12.4: several MNs may share a connection, and an MN may have several; the newest that sent a valid frame
replaces the older. An exchange belongs to the station and not to the connection: it goes on where the station
comes back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mingcha.gateway.ports import Line
from mingcha.protocol.hj212 import Message
from mingcha.protocol.hj212.commands import INTERACTION_ST
from mingcha.protocol.hj212.exchanges import Exchange


@dataclass(slots=True)
class Open:
    """An exchange under way. Loop times: ``due`` the answer is late, ``ends`` it is given up.

    ``order``: id of the order, "" for what the host does by itself; ``told``: the state last reported.
    """

    exchange: Exchange
    command: str
    began: float
    due: float
    ends: float
    order: str = ""
    told: str = "sent"


@dataclass(slots=True, eq=False)
class Peer:
    """A station that speaks. ``address``: its MN, or its hardware where it has none yet.

    ``taken``: an order of it is being marked as sent; ``time_due``: its clock is to be set after what is open;
    ``asked``: loop time at which it last asked for a key or an MN.
    """

    address: str
    mn: str
    line: Line | None
    edition: str = "2017"
    st: str = ""
    pw: str = ""
    open: Open | None = None
    taken: bool = False
    time_due: bool = False
    asked: float | None = None

    @property
    def busy(self) -> bool:
        return self.open is not None or self.taken

    def learn(self, message: Message) -> None:
        """How it speaks now."""
        self.edition = message.edition or self.edition
        self.pw = message.pw
        if message.st != INTERACTION_ST:
            self.st = message.st


class Peers:
    """All stations with an open connection or an open exchange."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}
        self._of: dict[Line, set[str]] = {}

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._peers.values()))

    def __getitem__(self, address: str) -> Peer:
        return self._peers[address]

    def get(self, address: str) -> Peer | None:
        return self._peers.get(address)

    def met(self, address: str, mn: str, line: Line) -> Peer:
        """``line`` speaks for the station from now on."""
        peer = self._peers.get(address)
        if peer is None:
            peer = self._peers[address] = Peer(address, mn, None)
        if peer.line is not line:
            self._leave(peer)
            peer.line = line
            self._of.setdefault(line, set()).add(address)
        return peer

    def lost(self, line: Line) -> None:
        """The connection is gone; stations in the middle of an exchange are kept until it ends."""
        for address in self._of.pop(line, ()):
            peer = self._peers[address]
            peer.line = None
            self.tidy(peer)

    def tidy(self, peer: Peer) -> None:
        """Forget a station that has neither connection nor exchange."""
        if peer.line is None and not peer.busy:
            self._peers.pop(peer.address, None)

    def on(self, line: Line) -> Iterator[Peer]:
        """The stations that speak on ``line``."""
        return (self._peers[address] for address in self._of.get(line, ()))

    def _leave(self, peer: Peer) -> None:
        if peer.line is not None:
            held = self._of.get(peer.line)
            if held is not None:
                held.discard(peer.address)
                if not held:
                    del self._of[peer.line]
