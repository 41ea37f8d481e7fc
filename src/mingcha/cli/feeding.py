"""Feed frames of a journal to a host over TCP, at least once: what a lost connection left unanswered is sent again."""

import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from mingcha.core.errors import RemoteError
from mingcha.core.refs import FrameRef
from mingcha.protocol import hj212
from mingcha.store.journal import Entry
from mingcha.store.journal.replay import Pace, Position

WINDOW = 256  # frames sent and not yet answered
ANSWER_S = 5.0  # after this much silence no more answers are expected
QUIET_S = 0.3  # how long the last answers are waited for where none is due
TRIES = 4
CONNECT_S = 10.0
Key = tuple[str, str]  # MN, QN


@dataclass(slots=True)
class Fed:
    """``unanswered``: frames that wanted an answer and never got one (a stranger's, a wrong password …)."""

    sent: int = 0
    resent: int = 0
    answers: int = 0
    answer_bytes: int = 0
    unanswered: int = 0


class HostGone(RemoteError):
    """The host cannot be reached; the position says from where to go on."""

    permanent = False


class Feeder:
    """One connection at a time; a lost one is made again and the unanswered frames are repeated."""

    def __init__(self, target: tuple[str, int], position: Position, pace: Pace) -> None:
        self.done = Fed()
        self._target = target
        self._position = position
        self._pace = pace
        self._peer: socket.socket | None = None
        self._splitter = hj212.Splitter()
        self._waiting: list[tuple[Key, bytes]] = []
        self._lost = False  # some of those waiting were sent over a connection that is no more

    def feed(self, frames: Iterable[tuple[FrameRef, Entry]], on_frame: Callable[[], None]) -> Fed:
        """Send all of ``frames``.

        Raises:
            HostGone: not even after ``TRIES`` tries; what was answered before is in the position.
        """
        try:
            for ref, entry in frames:
                self._send(entry.raw)
                self._position.reached(ref)
                on_frame()
                self._pace.passed()
                if len(self._waiting) >= WINDOW:
                    self._settle()
            self._settle()
            self._hear(QUIET_S)
        finally:
            self._drop()
        return self.done

    def _send(self, raw: bytes) -> None:
        key = wanted(raw)
        if key is not None:
            self._waiting.append((key, raw))
        self.done.sent += 1
        try:
            self._connected().sendall(raw)
        except OSError:
            self._drop()
            if key is None:  # nothing will ask for it again
                self._again(lambda: self._connected().sendall(raw))

    def _settle(self) -> None:
        """Wait for the answers, repeat what a lost connection left without, and keep the position."""
        for _ in range(TRIES):
            if self._all_heard():
                break
            self._repeat()
        else:
            raise HostGone(self._gone("the connection is lost again and again"))
        self.done.unanswered += len(self._waiting)
        self._waiting = []
        self._position.keep()

    def _all_heard(self) -> bool:
        """True when all is answered, or the host stays silent on a sound connection: it will not answer the rest."""
        until = time.monotonic() + ANSWER_S
        while self._waiting and time.monotonic() < until:
            if self._lost or self._peer is None:
                return False
            if self._hear(until - time.monotonic()):
                until = time.monotonic() + ANSWER_S
        return True

    def _repeat(self) -> None:
        self._drop()
        self.done.resent += len(self._waiting)
        self._again(lambda: self._connected().sendall(b"".join(raw for _, raw in self._waiting)))
        self._lost = False

    def _again(self, send: Callable[[], None]) -> None:
        for attempt in range(TRIES):
            try:
                send()
                return
            except OSError as error:
                self._drop()
                if attempt == TRIES - 1:
                    raise HostGone(self._gone(str(error))) from error
                time.sleep(0.2 * 2**attempt)

    def _gone(self, why: str) -> str:
        return (
            f"{self._target[0]}:{self._target[1]}: {why}; {self.done.sent} frames were sent, the last "
            f"{len(self._waiting)} of them have no answer. Start it again with the same --position"
        )

    def _hear(self, seconds: float) -> bool:
        """Take answers for up to ``seconds``; False where there is nobody to hear or nothing came."""
        if self._peer is None:
            return False
        try:
            self._peer.settimeout(max(seconds, 0.001))
            data = self._peer.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            data = b""
        if not data:
            self._drop()
            return False
        self.done.answer_bytes += len(data)
        for event in self._splitter.receive(data):
            if isinstance(event, hj212.Frame):
                self._answered(hj212.decode(event))
        return True

    def _answered(self, message: hj212.Message) -> None:
        self.done.answers += 1
        key = (message.mn.upper(), message.qn or message.field("QN") or "")
        for index, (waiting, _) in enumerate(self._waiting):
            if waiting == key:
                del self._waiting[index]
                return

    def _connected(self) -> socket.socket:
        if self._peer is None:
            self._peer = socket.create_connection(self._target, timeout=CONNECT_S)
            self._splitter = hj212.Splitter()
        self._peer.settimeout(CONNECT_S)
        return self._peer

    def _drop(self) -> None:
        if self._peer is not None:
            with suppress(OSError):
                self._peer.close()
        self._peer = None
        self._lost = bool(self._waiting)


def wanted(raw: bytes) -> Key | None:
    """MN and QN of the answer that a frame asks for; None where it asks for none."""
    frame = hj212.frame_of(raw)
    if frame is None:
        return None
    message = hj212.decode(frame)
    return (message.mn.upper(), message.qn) if message.qn and hj212.answer(message) is not None else None
