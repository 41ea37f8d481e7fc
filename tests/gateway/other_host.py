"""Another host that frames are forwarded to: a real server on a socket that answers as it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from mingcha.protocol import hj212
from mingcha.protocol.hj212 import Decoding, Message

Says = Callable[[Message], str | None]  # None: no answer; else what stands in 9014's CP


def taken(_: Message) -> str | None:
    return ""


@dataclass
class OtherHost:
    """``heard``: every message, in order. ``says``: what it answers. Down until ``up``."""

    says: Says = taken
    decoding: Decoding = hj212.PLAIN
    tls: ssl.SSLContext | None = None
    heard: list[Message] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    others: list[Message] = field(default_factory=list)  # what is no data
    port: int = 0
    connections: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), 2)
        self._server = None

    async def ask(self, raw: bytes) -> None:
        """Send a request on every open connection."""
        for writer in self._open:
            writer.write(raw)
            await writer.drain()

    @property
    def qns(self) -> list[str]:
        return [message.qn for message in self.heard]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        splitter = hj212.Splitter()
        try:
            while data := await reader.read(65536):
                for event in splitter.receive(data):
                    if isinstance(event, hj212.Frame | hj212.Rejected):
                        self._take(event, writer)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def _take(self, event: hj212.Frame | hj212.Rejected, writer: asyncio.StreamWriter) -> None:
        found = hj212.reread(event, self.decoding)
        assert isinstance(found, hj212.Frame), f"forwarded what is no frame: {event.raw!r}"
        message = hj212.decode(found)
        if not message.cn.startswith("2"):
            self.others.append(message)
            return
        self.heard.append(message)
        self.raw.append(event.raw)
        said = self.says(message)
        if said is not None:
            writer.write(reply(message, said))


def reply(message: Message, cp: str) -> bytes:
    """9014 in the edition in which it was asked."""
    if message.edition == "2005":
        inside = f"QN={message.qn};CN={message.cn}" + (f";{cp}" if cp else "")
        return hj212.wrap(f"ST=91;CN=9014;PW={message.pw};MN={message.mn};CP=&&{inside}&&".encode())
    flag = (message.flag or 0) & ~3
    return hj212.wrap(
        f"QN={message.qn};ST=91;CN=9014;PW={message.pw};MN={message.mn};Flag={flag};CP=&&{cp}&&".encode()
    )


@asynccontextmanager
async def hosted(says: Says = taken, **more: object) -> AsyncIterator[OtherHost]:
    host = OtherHost(says, **more)  # type: ignore[arg-type]
    await host.up()
    try:
        yield host
    finally:
        if host._server is not None:
            await host.down()
