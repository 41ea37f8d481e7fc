"""What ``forward.py`` starts in processes of their own: ``_forward.py fill|forward|target …``.

- ``fill FOLDER LOGGERS MINUTES``: a journal with a day of minute and hour data (gateway ``day``); prints how many frames.
- ``target COUNTS``: another host that answers every upload; writes to the file COUNTS, once a second, the frames it took and
  how many different ones; prints its port; ends with stdin.
- ``forward FOLDER PORT RATE``: the forwarder itself, until it is killed.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import cast

import uvloop

from mingcha.core.clock import format_digits, to_us
from mingcha.gateway.forwarder import Forwarding, Target
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry, Journal, JournalReader

DAY = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)  # midnight in Beijing
KEY = "city"
BLOCK = 64  # entries of a block: what thirty loggers send within two minutes
HOUR_MIN = 60


def uploads(loggers: int, minutes: int) -> Iterator[Entry]:
    """As they came in: a frame a minute and one an hour of each logger, each with the answer it was given."""
    for minute in range(minutes):
        at = DAY + timedelta(minutes=minute)
        for logger in range(loggers):
            yield from _kept(at, logger, "2051", minute)
            if minute % HOUR_MIN == 0:
                yield from _kept(at, logger, "2061", minute)


def _kept(at: datetime, logger: int, cn: str, number: int) -> Iterator[Entry]:
    came = at + timedelta(seconds=65, milliseconds=logger + (500 if cn == "2061" else 0))
    mn = f"{logger + 1:024X}"
    cp = f"DataTime={format_digits(at)};a21026-Avg={number % 97}.{logger % 10},a21026-Flag=N;a21002-Avg=31.4,a21002-Flag=N"
    raw = hj212.encode(
        edition="2017",
        qn=format_digits(came, milliseconds=True),
        st="31",
        cn=cn,
        pw="123456",
        mn=mn,
        flag=5,
        cp=cp,
    )
    frame = hj212.Splitter().receive(raw)[0]
    assert isinstance(frame, hj212.Frame)
    reply = hj212.answer(hj212.decode(frame)) or b""
    yield Entry(Direction.IN, to_us(came), f"10.0.0.{logger}:1", mn, "accepted", raw)
    yield Entry(Direction.OUT, to_us(came), f"10.0.0.{logger}:1", mn, "", reply)


def fill(folder: Path, loggers: int, minutes: int) -> None:
    entries, frames = uploads(loggers, minutes), 0
    with Journal(folder / "journal", gateway="day") as journal:
        while block := list(islice(entries, BLOCK)):
            journal.append(block)
            frames += sum(e.direction is Direction.IN for e in block)
    print(frames, flush=True)


class Host(asyncio.Protocol):
    """Answers 9014 and tells what it took."""

    def __init__(self, told: "Told") -> None:
        self._told = told
        self._splitter = hj212.Splitter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for event in self._splitter.receive(data):
            if isinstance(event, hj212.Frame):
                message = hj212.decode(event)
                self._told.take(message)
                self._transport.write(hj212.answer(message) or b"")


class Told:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames = 0
        self.seen: set[tuple[str, str, str]] = set()

    def take(self, message: hj212.Message) -> None:
        self.frames += 1
        self.seen.add((message.mn, message.cn, message.qn))

    def write(self) -> None:
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"frames": self.frames, "different": len(self.seen)}), encoding="ascii")
        part.replace(self.path)


async def target(path: Path) -> None:
    told = Told(path)
    server = await asyncio.get_running_loop().create_server(lambda: Host(told), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not ended.done():
        told.write()
        await asyncio.wait({ended}, timeout=0.2)
    told.write()


async def forward(folder: Path, port: int, rate: float) -> None:
    """Only the day that was missed: what the reception beside it takes in is not sent."""
    with suppress(OSError):
        os.nice(5)  # as `mingcha forward` does
    mns = tuple(f"{n + 1:024X}" for n in range(1000))
    to = Target(
        key=KEY, host="127.0.0.1", port=port, edition="2017", since=DAY, frames_per_s=rate, stations=mns, cns=("2051", "2061"),
        timeout_s=10.0,
    )  # fmt: skip
    reader = JournalReader(folder / "journal")
    await Forwarding(reader, folder, lambda entry: hj212.read(entry.raw), lambda: [to]).run(asyncio.Event())


if __name__ == "__main__":
    mode, *rest = sys.argv[1:]
    if mode == "fill":
        fill(Path(rest[0]), int(rest[1]), int(rest[2]))
    elif mode == "target":
        uvloop.run(target(Path(rest[0])))
    else:
        uvloop.run(forward(Path(rest[0]), int(rest[1]), float(rest[2])))
