"""What the gateway tests share: a running gateway, a peer on a socket, the journal afterwards."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from mingcha.core.clock import format_digits, now
from mingcha.core.refs import FrameRef
from mingcha.gateway import Caps, Gateway, Policy, Station
from mingcha.gateway.commit import Appends
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry, Journal, JournalReader

MN = "010000A8900016F000169DC0"
MN_2005 = "31000000000001"
PW = "123456"
QUICK = Caps(sweep_s=0.05, half_frame_s=0.2)


def anybody(mn: str) -> Station:
    return Station(mn, "", "outlet")


def known(*stations: Station) -> Callable[[str], Station | None]:
    return {station.mn: station for station in stations}.get


def frame(
    *, edition: str = "2017", mn: str = MN, cn: str = "2011", cp: str | None = None, pw: str = PW, st: str = "31",
    ack: bool = True, ahead: float = 0.0, number: int = 0,
) -> bytes:  # fmt: skip
    """A good frame of now. ``number`` makes its QN its own."""
    moment = now() + timedelta(seconds=ahead, milliseconds=number)
    text = f"DataTime={format_digits(moment)};a21026-Rtd=3.10,a21026-Flag=N" if cp is None else cp
    return hj212.encode(
        edition=edition, qn=format_digits(moment, milliseconds=True), st=st, cn=cn, pw=pw, mn=mn,
        flag=hj212.editions.version_bits(edition) | ack, cp=text,
    )  # fmt: skip


@dataclass
class Peer:
    """One side of a TCP connection that speaks HJ 212 by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    splitter: hj212.Splitter = field(default_factory=hj212.Splitter)
    heard: list[hj212.Message] = field(default_factory=list)

    @property
    def name(self) -> str:
        host, port = self.writer.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answers(self, count: int, *, within: float = 5.0) -> list[hj212.Message]:
        """The next ``count`` frames from the host."""
        async with asyncio.timeout(within):
            while len(self.heard) < count:
                data = await self.reader.read(65536)
                assert data, "the gateway closed the connection"
                self._take(data)
        out, self.heard = self.heard[:count], self.heard[count:]
        return out

    async def ask(self, data: bytes) -> hj212.Message:
        await self.send(data)
        return (await self.answers(1))[0]

    async def silent(self, seconds: float = 0.15) -> bool:
        """Nothing came for so long."""
        try:
            data = await asyncio.wait_for(self.reader.read(65536), seconds)
        except TimeoutError:
            return True
        self._take(data)
        return False

    async def closed(self, *, within: float = 5.0) -> bool:
        """The gateway closes within the time; answers on the way are kept in ``heard``."""
        try:
            async with asyncio.timeout(within):
                while data := await self.reader.read(65536):
                    self._take(data)
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True

    def _take(self, data: bytes) -> None:
        events = self.splitter.receive(data)
        self.heard += [hj212.decode(event) for event in events if isinstance(event, hj212.Frame)]


@dataclass
class Rig:
    """A running gateway on a journal in ``folder``."""

    gateway: Gateway
    port: int
    folder: Path
    events: list[tuple[str, dict[str, Any]]]

    async def peer(self) -> Peer:
        return Peer(*await asyncio.open_connection("127.0.0.1", self.port))

    async def settled(self, condition: Callable[[], bool], *, within: float = 5.0) -> None:
        """Wait until ``condition`` holds."""
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(0.01)

    def entries(self, direction: Direction | None = None) -> list[Entry]:
        found = [entry for _, entry in entries_of(self.folder)]
        return [e for e in found if direction is None or e.direction is direction]

    def received(self) -> list[Entry]:
        return self.entries(Direction.IN)

    def sent(self) -> list[Entry]:
        return self.entries(Direction.OUT)


def entries_of(folder: Path) -> Iterator[tuple[FrameRef, Entry]]:
    return JournalReader(folder / "journal").entries()


@asynccontextmanager
async def running(
    folder: Path,
    stations: Callable[[str], Station | None] = anybody,
    *,
    caps: Caps = QUICK,
    policy: Policy | None = None,
    journal: Appends | None = None,
) -> AsyncIterator[Rig]:
    own = Journal(folder / "journal") if journal is None else None
    events: list[tuple[str, dict[str, Any]]] = []
    gateway = Gateway(
        journal or own, stations, caps=caps, policy=policy or Policy(set_time=False), folder=folder,
        on_event=lambda name, fields: events.append((name, fields)),
    )  # fmt: skip
    try:
        port = await gateway.start()
        yield Rig(gateway, port, folder, events)
        await gateway.stop()
    finally:
        if own is not None:
            own.close()
