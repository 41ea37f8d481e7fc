"""A gateway in a process of its own: ``_server.py FOLDER durable|memory|sink``. Prints its port; ends with its stdin.

``memory`` is the same server whose journal only counts: what a commit costs is the difference. ``sink`` is no gateway:
it counts line ends and writes as many canned answers, so it shows what clients and sockets alone reach on this machine.
"""

import asyncio
import resource
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import cast

import uvloop

from mingcha.core.refs import FrameRef
from mingcha.gateway import Caps, Gateway, Policy, Station, tune_process
from mingcha.protocol import hj212
from mingcha.store.journal import Entry, Journal


class MemoryJournal:
    """Takes entries and forgets them."""

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        return []

    def close(self) -> None:
        pass


@cache
def anybody(mn: str) -> Station:
    """The same object each time, as the register gives it."""
    return Station(mn, "123456", "outlet")


class Sink(asyncio.Protocol):
    """An answer for each line end, nothing else."""

    ANSWER = hj212.encode(
        edition="2017", qn="20260101000000000", st="91", cn="9014", pw="123456", mn="0" * 24, flag=4, cp=""
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.ANSWER * data.count(b"\n"))


async def sink() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def serve(folder: Path, kind: str) -> None:
    journal = Journal(folder / "journal") if kind == "durable" else MemoryJournal()
    caps = Caps(connections=25_000)
    gateway = Gateway(journal, anybody, caps=caps, policy=Policy(set_time=False), folder=folder)
    print(await gateway.start(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await gateway.stop()
    journal.close()


if __name__ == "__main__":
    tune_process()  # as `mingcha gateway` does
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(sink() if sys.argv[2] == "sink" else serve(Path(sys.argv[1]), sys.argv[2]))
