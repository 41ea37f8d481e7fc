"""Targets P2, P3, P5: acknowledged durable frames a second, latency of an answer, memory of an idle connection.

``python bench/gateway.py [--quick]`` or ``run()``. Server and clients are processes of their own on one machine, so they
share its cores; the ratio to the same server without commit, in the same run, is what decides.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _processes import line, load, machine, process, resident_kb, server

SINGLE_PER_S, BURST_PER_S, RATIO = 20_000, 100_000, 0.6
P50_MS, P99_MS, RATE = 5.0, 50.0, 500
IDLE_KB = 10.0
BURST = 32


def run(quick: bool = False) -> list[dict[str, Any]]:
    return [*throughput(quick), latency(quick), idle(quick)]


def throughput(quick: bool) -> list[dict[str, Any]]:
    """Durable and not, in turn, so that both see the same machine; medians of the rounds."""
    connections, seconds, rounds = (500, 2, 2) if quick else (5000, 5, 3)
    out = []
    for burst, target, name in ((1, SINGLE_PER_S, "P2 single"), (BURST, BURST_PER_S, "P2 burst")):
        lines = connections if burst == 1 else connections // 10
        rates: dict[str, list[float]] = {"durable": [], "memory": []}
        for _ in range(rounds):
            for kind, found in rates.items():
                found.append(_rate(kind, lines, burst, seconds))
        durable, memory = (statistics.median(rates[kind]) for kind in ("durable", "memory"))
        values = {"durable_per_s": round(durable), "without_commit_per_s": round(memory),
                  "ratio": round(durable / memory, 3), "connections": lines, "burst": burst}  # fmt: skip
        out.append({
            "id": name, "values": values, "target": f">= {target}/s class and ratio >= {RATIO}",
            "met": durable >= target and durable / memory >= RATIO, "machine": machine(),
            "method": f"closed loop, {rounds} rounds of {seconds} s in turn, median; clients share the cores",
        })  # fmt: skip
    return out


def _rate(kind: str, connections: int, burst: int, seconds: int) -> float:
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), kind) as (_, port):
        return float(load(port, "flood", connections, burst, seconds)["per_s"])


def latency(quick: bool) -> dict[str, Any]:
    seconds = 5 if quick else 20
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), "durable") as (_, port):
        found = load(port, "pace", RATE, RATE, seconds)
    met = found["unanswered"] == 0 and found["p50_ms"] <= P50_MS and found["p99_ms"] <= P99_MS
    return {
        "id": "P3", "values": found, "target": f"p50 <= {P50_MS} ms, p99 <= {P99_MS} ms at {RATE} frames/s", "met": met,
        "machine": machine(), "method": f"open loop over {RATE} connections for {seconds} s, first tenth left out",
    }  # fmt: skip


def idle(quick: bool) -> dict[str, Any]:
    connections = 2000 if quick else 19_000
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), "durable") as (child, port):
        load(port, "flood", 50, 1, 1)  # everything is imported and warm before the first reading
        before = resident_kb(child.pid)
        with process("_load.py", port, "idle", connections) as clients:
            held = json.loads(line(clients))["open"]
            after = resident_kb(child.pid)
    each = (after - before) / held
    return {
        "id": "P5", "values": {"held": held, "kB_per_connection": round(each, 2), "server_MB": round(after / 1024, 1)},
        "target": f"<= {IDLE_KB} kB user space, 19,000 held", "met": each <= IDLE_KB and held == connections,
        "machine": machine(), "method": "growth of RssAnon of the server with idle connections, clients elsewhere",
    }  # fmt: skip


if __name__ == "__main__":
    for result in run(quick="--quick" in sys.argv):
        print(json.dumps(result, ensure_ascii=False))
