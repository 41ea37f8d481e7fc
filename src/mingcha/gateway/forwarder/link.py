"""One connection to a target: frames out, answers in, requests refused. Belongs to the event loop."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from mingcha.core.errors import RemoteError
from mingcha.gateway.forwarder.reencode import Ready
from mingcha.gateway.forwarder.targets import Target
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import Message
from mingcha.protocol.hj212.commands import DATA_REPLY, INTERACTION_ST, REPLIES, REQUEST_REPLY
from mingcha.protocol.hj212.editions import version_bits

CONNECT_S, CLOSE_S = 10.0, 1.0
READ_BYTES = 65536
REFUSED = "2"  # QnRtn: we forward, we carry out nothing
TAKEN = ("", "1")  # QnRtn some hosts put into 9014


class LinkLost(RemoteError):
    """The connection is gone or of no use."""

    permanent = False


@dataclass(frozen=True, slots=True)
class Answer:
    """9014: which frame it answers; ``taken`` False where it says no (``reason``)."""

    qn: str
    mn: str
    taken: bool
    reason: str


class Link:
    """An open connection.

    ``heard``: set when an answer came or the connection went.
    """

    def __init__(self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer
        self._splitter = hj212.Splitter()
        self._answers: list[Answer] = []
        self.heard = asyncio.Event()
        self.lost = ""
        self.refused = 0  # requests of the host that we do not carry out
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def send(self, ready: Ready) -> None:
        """Hand one frame to the connection; waits while the target does not read.

        Raises:
            LinkLost: the connection is gone.
        """
        self._alive()
        try:
            self._writer.write(ready.raw)
            async with asyncio.timeout(self._target.timeout_s * (1 + self._target.resends)):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise LinkLost(f"{self._where}: cannot send: {error or 'the target does not read'}") from error

    def answers(self) -> list[Answer]:
        """What was answered since the last call.

        Raises:
            LinkLost: the connection is gone and everything it brought was given.
        """
        out, self._answers = self._answers, []
        if not out:
            self._alive()
        return out

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._writer.close()
        with suppress(OSError, TimeoutError, ssl.SSLError):
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()

    @property
    def _where(self) -> str:
        return f"{self._target.host}:{self._target.port}"

    def _alive(self) -> None:
        if self.lost:
            raise LinkLost(self.lost)

    async def _listen(self) -> None:
        try:
            while data := await self._reader.read(READ_BYTES):
                for event in self._splitter.receive(data):
                    if isinstance(event, hj212.Frame):
                        self._take(hj212.decode(event))
                if len(self._splitter.pending) > hj212.GARBAGE_MAX:
                    self.lost = f"{self._where}: sends something that is not HJ 212"
                    break
            else:
                self.lost = f"{self._where}: the target closed the connection"
        except OSError as error:
            self.lost = f"{self._where}: {error or type(error).__name__}"
        finally:
            self.heard.set()

    def _take(self, message: Message) -> None:
        if message.cn == DATA_REPLY:
            said = message.field("QnRtn") or ""
            qn = message.qn or message.field("QN") or ""  # 2005 answers inside CP
            self._answers.append(Answer(qn, message.mn, said in TAKEN, f"9014 with QnRtn={said}"))
            self.heard.set()
        elif message.wants_ack and message.cn not in REPLIES:
            self.refused += 1
            self._writer.write(refusal(message, self._target.edition))


def refusal(message: Message, edition: str) -> bytes:
    """9011 with QnRtn=2 in the edition of the target."""
    inside = f"QN={message.qn};QnRtn={REFUSED}" if edition == "2005" else f"QnRtn={REFUSED}"
    first = "" if edition == "2005" else f"QN={message.qn};"
    flag = "" if edition == "2005" else f"Flag={version_bits(edition)};"
    return hj212.wrap(
        f"{first}ST={INTERACTION_ST};CN={REQUEST_REPLY};PW={message.pw};MN={message.mn};{flag}CP=&&{inside}&&".encode()
    )


async def connect(target: Target) -> Link:
    """A connection to the target.

    Raises:
        LinkLost: there is none to be had.
    """
    secured = tls_context(target) if target.tls else None
    name = (target.tls_name or target.host) if secured else None
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                target.host, target.port, ssl=secured, server_hostname=name
            )
    except (OSError, TimeoutError, ssl.SSLError) as error:
        raise LinkLost(
            f"{target.host}:{target.port}: no connection: {error or f'no answer within {CONNECT_S:.0f} s'}"
        ) from error
    return Link(target, reader, writer)


def tls_context(target: Target) -> ssl.SSLContext:
    """Checks the target's certificate against ``tls_ca`` or the system's authorities.

    Raises:
        LinkLost: ``tls_ca`` is no PEM of a certificate.
    """
    try:
        return ssl.create_default_context(cadata=target.tls_ca or None)
    except (ssl.SSLError, ValueError) as error:
        raise LinkLost(
            f"target {target.key}: the authority is no PEM certificate ({error}); paste the whole file"
        ) from error


def waits(first_s: float, most_s: float) -> Iterator[float]:
    """1, 2, 4 … seconds."""
    wait = first_s
    while True:
        yield wait
        wait = min(wait * 2, most_s)
