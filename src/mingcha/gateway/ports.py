"""What the parts of the gateway need of each other, so that none of them imports another in a circle.

connection → Keeper ← server          host → Line ← connection          commit → Sender ← connection
"""

import asyncio
from collections import Counter
from typing import Protocol

from mingcha.gateway.caps import Caps
from mingcha.gateway.intake import Intake
from mingcha.gateway.taken import Heard, Taken


class Line(Protocol):
    """A connection as the host sees it. ``closing``: why it is being closed, "" while it is open."""

    name: str
    closing: str

    def send(self, mn: str, raw: bytes) -> None:
        """Journal a frame of our own, then send it."""


class Held(Line, Protocol):
    """A connection as its keeper sees it. Times are of the loop's clock."""

    opened: float
    last_frame: float
    half_since: float | None
    stalled_since: float | None
    paused: bool

    def expire(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self, why: str) -> None: ...


class Closings(Protocol):
    """Where closed connections are counted, by reason."""

    closed: Counter[str]


class Sender(Protocol):
    """The connection that waits for a commit."""

    name: str

    def committed(self, taken: Taken) -> None: ...

    def failed(self, taken: Taken) -> None: ...


class Keeper(Protocol):
    """The gateway as a connection sees it."""

    caps: Caps
    loop: asyncio.AbstractEventLoop
    intake: Intake
    flooded: bool

    @property
    def counters(self) -> Closings: ...
    def opened(self, connection: Held) -> None: ...
    def closed(self, connection: Held) -> None: ...
    def lost(self, connection: Held) -> None: ...
    def proven(self, connection: Held) -> None: ...
    def wanted(self, connection: Held, heard: list[tuple[str, Heard]]) -> list[tuple[str, Heard]]: ...
    def heard(self, connection: Held, taken: Taken) -> None: ...
    def submit(self, sender: Sender, taken: Taken) -> None: ...
    def pending(self, connection: Held, more: int) -> None: ...
