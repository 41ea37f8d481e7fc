"""Everything that crossed the line, in order, with when; and waiting for what comes next."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mingcha.core.clock import now
from mingcha.core.errors import RemoteError
from mingcha.protocol.hj212 import Message, Problem

KEPT = 20_000  # events; a flood is counted, not kept


class Gone(RemoteError):
    """The peer closed the connection."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One frame, or bytes that are none (``problem``). ``at``: seconds since the run began.

    ``sent``: by us. ``message``: decoded, and decrypted where a key was at hand (then ``plain``). ``line``: which connection.
    """

    at: float
    moment: datetime
    sent: bool
    raw: bytes
    message: Message | None = None
    problem: Problem | None = None
    plain: bool = False
    line: int = 0

    @property
    def cn(self) -> str:
        return self.message.cn if self.message is not None else ""

    @property
    def qn(self) -> str:
        """The exchange it belongs to; answers of 2005 carry it inside CP."""
        if self.message is None:
            return ""
        return (
            self.message.field("QN") or self.message.qn or ""
            if self.cn.startswith("901")
            else self.message.qn
        )


Match = Callable[[Seen], bool]


class Log:
    """Belongs to the event loop. ``open`` says whether a connection stands."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.open = False
        self.lines = 0
        self.dropped = 0
        self.on_add: Callable[[Seen], None] | None = None
        self._news = asyncio.Event()
        self._began = asyncio.get_running_loop().time()

    def time(self) -> float:
        return asyncio.get_running_loop().time() - self._began

    def add(
        self, raw: bytes, *, sent: bool, message: Message | None = None, problem: Problem | None = None,
        plain: bool = False,
    ) -> Seen:  # fmt: skip
        one = Seen(self.time(), now(), sent, raw, message, problem, plain, self.lines)
        if len(self.seen) < KEPT:
            self.seen.append(one)
        else:
            self.dropped += 1
        if self.on_add is not None:
            self.on_add(one)
        self._news.set()
        return one

    def changed(self) -> None:
        """Something else than a frame is new: a connection came or went."""
        self._news.set()

    def mark(self) -> int:
        return len(self.seen)

    def received(self, since: int = 0) -> Iterator[Seen]:
        return (one for one in self.seen[since:] if not one.sent)

    async def find(self, match: Match, *, since: int, within: float, through: bool = False) -> Seen | None:
        """The first received event from ``since`` on that fits; None after ``within`` seconds.

        ``through``: wait on when the connection is lost.

        Raises:
            Gone: the connection was lost meanwhile.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        place = since
        while True:
            self._news.clear()
            for one in self.seen[place:]:
                if not one.sent and match(one):
                    return one
            place = len(self.seen)
            if not self.open and not through:
                raise Gone("the peer closed the connection")
            left = deadline - loop.time()
            if left <= 0:
                return None
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                return None

    async def until(self, condition: Callable[[], bool], within: float) -> bool:
        """Whether ``condition`` holds within the time; looked at whenever something is new."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not condition():
            self._news.clear()
            left = deadline - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                return condition()
        return True
