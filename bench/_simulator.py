"""How many loggers one process drives: real-time frames every 60 s, minute, hour and day data as they end.

``python bench/_simulator.py [--quick]`` or ``run()``. The gateway is a process of its own on the same machine; the load
of the sender is its processor time for each second, once all are connected. No target of the design (so not among `mingcha bench`): a measure.
"""

import asyncio
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _processes import machine, server

from mingcha.gateway.simulator.fleet import Fleet, outlets

LOGGERS, INTERVAL_S, SETTLE_S, SECONDS = 5000, 60.0, 20.0, 60.0
LOAD = 0.8  # of one core


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def drive(port: int, loggers: int, seconds: float) -> dict[str, float]:
    fleet = Fleet(outlets(loggers), host="127.0.0.1", port=port, interval_s=INTERVAL_S, stagger_s=0.001)
    running = asyncio.create_task(fleet.run())
    loop = asyncio.get_running_loop()
    for _ in range(600):
        await asyncio.sleep(0.2)
        if fleet.counters.connected == loggers:
            break
    connected = fleet.counters.connected
    await asyncio.sleep(SETTLE_S * seconds / SECONDS)
    before, cpu, at = fleet.counters, _cpu(), loop.time()
    await asyncio.sleep(seconds)
    after, took = fleet.counters, loop.time() - at
    load = (_cpu() - cpu) / took
    running.cancel()
    await asyncio.wait({running})
    return {
        "loggers": loggers,
        "connected": connected,
        "frames_per_s": round((after.sent - before.sent) / took, 1),
        "acked_per_s": round((after.acked - before.acked) / took, 1),
        "resent": after.resent - before.resent,
        "slowest_ack_s": round(after.slowest_ack_s, 3),
        "cores": round(load, 3),
        "loggers_per_core": round(loggers / load),
        "rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    loggers, seconds = (LOGGERS // 10, SECONDS / 6) if quick else (LOGGERS, SECONDS)
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), "durable") as (_, port):
        found = uvloop.run(drive(port, loggers, seconds))
    met = found["connected"] == loggers and found["cores"] <= LOAD and found["resent"] == 0
    return {
        "id": "simulator", "values": found, "target": f"{loggers} loggers on less than {LOAD} of a core", "met": met,
        "machine": machine(), "method": f"frames every {INTERVAL_S:g} s each; {seconds:g} s after all connected",
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv), ensure_ascii=False))
