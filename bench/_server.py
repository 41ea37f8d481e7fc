"""A gateway in a process of its own: ``_server.py FOLDER durable|memory``. Prints its port; ends with its stdin.

``memory`` is the same server whose journal only counts: what a commit costs is the difference.
"""

import asyncio
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from mingcha.core.refs import FrameRef
from mingcha.gateway import Caps, Gateway, Policy, Station
from mingcha.store.journal import Entry, Journal


class MemoryJournal:
    """Takes entries and forgets them."""

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        return []

    def close(self) -> None:
        pass


def anybody(mn: str) -> Station:
    return Station(mn, "123456", "outlet")


async def serve(folder: Path, kind: str) -> None:
    journal = Journal(folder / "journal") if kind == "durable" else MemoryJournal()
    caps = Caps(connections=25_000)
    gateway = Gateway(journal, anybody, caps=caps, policy=Policy(set_time=False), folder=folder)
    print(await gateway.start(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await gateway.stop()
    journal.close()


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(serve(Path(sys.argv[1]), sys.argv[2]))
