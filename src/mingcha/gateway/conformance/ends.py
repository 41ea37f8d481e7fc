"""The two ways to come by a connection: listen for the peer, or go to it. One connection at a time counts, the newest."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

from mingcha.core.errors import LocalError
from mingcha.gateway.conformance.log import Log
from mingcha.protocol.hj212 import Decoding, Frame, Message, Rejected, Splitter, decode, reread

CHUNK = 65536
RETRY_S = 0.3
DRAIN_S = 5.0  # a peer that does not read for so long is gone

Respond = Callable[[Message], bytes]  # what goes back at once, b"" for nothing


class End(ABC):
    """``decoding``: with which keys frames are read now. ``respond``: hears every frame received."""

    def __init__(
        self, log: Log, host: str, port: int, decoding: Callable[[], Decoding], respond: Respond
    ) -> None:
        self.log = log
        self.host, self.port = host, port
        self._decoding, self._respond = decoding, respond
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def start(self) -> int:
        """Return the port. Raises LocalError where it cannot be used."""

    async def stop(self) -> None:
        self.cut()
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def send(self, raw: bytes) -> None:
        """Write now. A broken connection shows as lost, not as an error."""
        if self._writer is None or self._writer.is_closing():
            return
        self._writer.write(raw)
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(self._writer.drain(), DRAIN_S)

    def cut(self) -> None:
        """Close the connection, as a link that breaks."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.log.open = False
        self.log.changed()

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "asyncio.Task[None]":
        old, self._writer = self._writer, writer
        if old is not None:
            old.close()
        self.log.open = True
        self.log.lines += 1
        self.log.changed()
        task = asyncio.get_running_loop().create_task(self._read(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = Splitter()
        with suppress(ConnectionError, TimeoutError):
            while data := await reader.read(CHUNK):
                if self._writer is writer:
                    self._take(splitter, data, writer)
        if self._writer is writer:
            for event in splitter.expire():
                self._event(event, writer)
            self._writer = None
            self.log.open = False
            self.log.changed()
        writer.close()

    def _take(self, splitter: Splitter, data: bytes, writer: asyncio.StreamWriter) -> None:
        for event in splitter.receive(data):
            self._event(event, writer)

    def _event(self, event: object, writer: asyncio.StreamWriter) -> None:
        if not isinstance(event, Frame | Rejected):
            return
        read = reread(event, self._decoding())
        if isinstance(read, Rejected):
            self.log.add(read.raw, sent=False, problem=read.problem)
            return
        message = decode(read)
        plain = isinstance(event, Frame) and read.segment not in read.raw and not message.encrypted
        self.log.add(read.raw, sent=False, message=message, plain=plain)
        answer = self._respond(message)
        if answer and not writer.is_closing():
            writer.write(answer)


class Listening(End):
    """The peer comes to us."""

    async def start(self) -> int:
        try:
            self._server = await asyncio.start_server(self._came, self.host, self.port)
        except OSError as error:
            raise LocalError(
                f"cannot listen on {self.host}:{self.port}: {error.strerror or error}; choose another port or address"
            ) from None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        await super().stop()

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._taken(reader, writer)


class Connecting(End):
    """We go to the peer, again and again while it does not answer."""

    async def start(self) -> int:
        task = asyncio.get_running_loop().create_task(self._forever())
        self._tasks.add(task)
        return self.port

    async def _forever(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            await asyncio.wait({self._taken(reader, writer)})
            await asyncio.sleep(RETRY_S)
