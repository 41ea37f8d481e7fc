"""Clients in a process of their own: ``_load.py PORT MODE …``. Prints one JSON object.

- ``flood CONNECTIONS BURST SECONDS SERVER``: each connection is a logger of its own; it writes BURST frames (as one that
  sends what it kept), waits for their answers, writes again. Also what the process SERVER and this one used of the cores.
- ``pace RATE CONNECTIONS SECONDS``: RATE frames a second over all, whatever comes back (open loop).
- ``stamp RATE POINTS SECONDS``: as ``pace``; each frame carries the moment it was sent as the value of a21026.
- ``idle CONNECTIONS``: opens them, prints, and holds them until stdin ends.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import uvloop

from mingcha.core.clock import format_digits, now
from mingcha.core.packets import REALTIME
from mingcha.gateway.simulator import fleet, frames
from mingcha.protocol import hj212

STAMPED = "a21026"
WARM_UP_S = 1.0
TICKS = os.sysconf("SC_CLK_TCK")


def pool(count: int) -> list[bytes]:
    """Different frames of all kinds and editions, stamped now."""
    outlets = fleet.outlets(min(count, 240))
    moment = now()
    return [
        frames.frames_for(o.profile, REALTIME, moment - timedelta(seconds=n / 40), o.edition, sent=moment)[0]
        for n, o in enumerate((outlets * (count // len(outlets) + 1))[:count])
    ]


def own(frame: bytes, station: int, count: int) -> bytes:
    """``count`` frames like ``frame`` of a station of its own, each with a QN of its own."""
    segment = frame[6 : frame.rindex(b"&&") + 2]
    mn = segment[segment.index(b"MN=") + 3 :].partition(b";")[0]
    segment = segment.replace(b"MN=" + mn, b"MN=" + f"{station:0{len(mn)}X}".encode())
    place = segment.find(b"QN=") + 3
    head, tail = segment[:place], segment[place + 17 :]
    if place < 3:  # 2005 without QN
        return hj212.wrap(segment) * count
    moment = now()
    stamps = (format_digits(moment + timedelta(milliseconds=n), milliseconds=True) for n in range(count))
    return b"".join(hj212.wrap(head + stamp.encode() + tail) for stamp in stamps)


class Flood(asyncio.Protocol):
    """Closed loop: a burst, its answers, the next burst. ``burst``: all of one station."""

    def __init__(self, burst: bytes, size: int) -> None:
        self.burst, self.size = burst, size
        self.acked = self.left = 0
        self.transport: asyncio.Transport | None = None
        self.running = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def go(self) -> None:
        assert self.transport is not None
        self.left = self.size
        self.transport.write(self.burst)

    def data_received(self, data: bytes) -> None:
        count = data.count(b"\n")
        self.acked += count
        self.left -= count
        if self.left <= 0 and self.running:
            self.go()


async def connected(port: int, make: Callable[[], Any], count: int) -> list[Any]:
    loop = asyncio.get_running_loop()
    out = []
    for start in range(0, count, 200):
        batch = [loop.create_connection(make, "127.0.0.1", port) for _ in range(min(200, count - start))]
        out += [protocol for _, protocol in await asyncio.gather(*batch)]
    return out


def used(process: int | str) -> tuple[float, float]:
    """User and system seconds a process (and its threads) used so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) / TICKS, int(fields[12]) / TICKS


async def flood(port: int, connections: int, burst: int, seconds: float, server: int) -> dict[str, float]:
    frames_ = pool(1920)
    bursts = iter([own(frames_[n % len(frames_)], n, burst) for n in range(connections)])
    clients = await connected(port, lambda: Flood(next(bursts), burst), connections)
    for client in clients:
        client.go()
    await asyncio.sleep(WARM_UP_S)
    before, began = sum(c.acked for c in clients), time.perf_counter()
    cores = used(server), used("self")
    await asyncio.sleep(seconds)
    acked, took = sum(c.acked for c in clients) - before, time.perf_counter() - began
    spent = [after - at for at, after in zip(sum(cores, ()), (*used(server), *used("self")), strict=True)]
    for client in clients:
        client.running = False
    await asyncio.sleep(0.3)
    each = [round(s * 1e6 / max(acked, 1), 2) for s in spent]
    return {"acked": acked, "seconds": took, "per_s": acked / took, "user_us": each[0], "system_us": each[1], "client_us": each[2] + each[3]}  # fmt: skip


class Paced(asyncio.Protocol):
    """Notes how long each frame waited for its answer; answers come in the order of the frames."""

    def __init__(self) -> None:
        self.sent: deque[float] = deque()
        self.waited: list[float] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def send(self, raw: bytes) -> None:
        assert self.transport is not None
        self.sent.append(time.perf_counter())
        self.transport.write(raw)

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        for _ in range(data.count(b"\n")):
            self.waited.append(at - self.sent.popleft())


def stamped(point: int, number: int) -> bytes:
    """A frame of ``point`` that says when it was made: two readings a second never share a DataTime."""
    moment = now()
    clock = format_digits(moment)
    return hj212.encode(
        edition="2017", qn=format_digits(moment, milliseconds=True), st="31", cn=REALTIME, pw="123456",
        mn=f"{point:024X}", flag=5,
        cp=f"DataTime={clock};{STAMPED}-Rtd={moment.timestamp():.4f},{STAMPED}-Flag=N;a21002-Rtd={number % 97}.{number % 10},"
        "a21002-Flag=N;a19001-Rtd=8.41,a19001-Flag=N;a34013-Rtd=3.12,a34013-Flag=N;a01012-Rtd=61.3,a01012-Flag=N",
    )  # fmt: skip


async def pace(port: int, rate: int, connections: int, seconds: float, *, stamp: bool) -> dict[str, float]:
    clients = await connected(port, Paced, connections)
    ready = [] if stamp else pool(1920)
    began, number = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        while number < passed * rate:
            place = number % connections
            clients[place].send(stamped(place, number) if stamp else ready[number % len(ready)])
            number += 1
        await asyncio.sleep(0.001)
    await asyncio.sleep(1.0)
    waited = sorted(w for c in clients for w in c.waited[len(c.waited) // 10 :])
    unanswered = sum(len(c.sent) for c in clients)
    return {
        "sent": number,
        "unanswered": unanswered,
        "p50_ms": _ms(waited, 0.5),
        "p99_ms": _ms(waited, 0.99),
        "max_ms": _ms(waited, 1.0),
    }


def _ms(waited: list[float], share: float) -> float:
    return round(waited[int(share * (len(waited) - 1))] * 1e3, 3)


async def idle(port: int, connections: int) -> None:
    clients = await connected(port, asyncio.Protocol, connections)
    print(json.dumps({"open": len(clients)}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def main(port: int, mode: str, numbers: list[int]) -> None:
    if mode == "idle":
        await idle(port, numbers[0])
    elif mode == "flood":
        print(json.dumps(await flood(port, *numbers)), flush=True)
    else:
        print(json.dumps(await pace(port, *numbers, stamp=mode == "stamp")), flush=True)


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], [int(n) for n in sys.argv[3:]]))
