"""Targets P2 and P5: acknowledged durable frames a second, memory of an idle connection.

``python bench/gateway.py [--quick]`` or ``run()``. Server and clients are processes of their own on one machine, so they
share its cores; the ratio to the same server without commit, in the same run, is what decides. ``clients_alone_per_s`` is
what the clients reach against a server that only counts line ends and answers from a constant: the machine's own limit.
``server_cpu_us_per_frame`` is what the server used of both cores for one frame (user and kernel), which other load on the
machine hardly changes; ``one_core_per_s`` is how many such frames fill one core.
Every connection is a logger of its own; a burst is what one logger sends that kept its frames.
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
IDLE_KB = 10.0
BURST = 32


def run(*, quick: bool = False) -> list[dict[str, Any]]:
    return [*throughput(quick), idle(quick)]


def throughput(quick: bool) -> list[dict[str, Any]]:
    """Durable and not, in turn, so that both see the same machine; medians of the rounds."""
    connections, seconds, rounds = (500, 2, 2) if quick else (5000, 5, 3)
    out = []
    for burst, target in ((1, SINGLE_PER_S), (BURST, BURST_PER_S)):
        lines = connections if burst == 1 else connections // 10
        runs: dict[str, list[dict[str, float]]] = {"durable": [], "memory": [], "sink": []}
        for _ in range(rounds):
            for kind, found in runs.items():
                found.append(_run(kind, lines, burst, seconds))
        durable, memory, alone = (_median(runs[kind], "per_s") for kind in ("durable", "memory", "sink"))
        user, system = (_median(runs["durable"], name) for name in ("user_us", "system_us"))
        values = {
            "durable_per_s": round(durable), "without_commit_per_s": round(memory), "ratio": round(durable / memory, 3),
            "clients_alone_per_s": round(alone), "connections": lines, "burst": burst,
            "server_cpu_us_per_frame": round(user + system, 2), "user_us": user, "system_us": system,
            "one_core_per_s": round(1e6 / (user + system)),
            "without_commit_cpu_us_per_frame": round(_median(runs["memory"], "user_us") + _median(runs["memory"], "system_us"), 2),
            "client_cpu_us_per_frame": round(_median(runs["durable"], "client_us"), 2),
        }  # fmt: skip
        out.append({
            "id": "P2", "values": values, "target": f"bursts of {burst}: >= {target}/s class and ratio >= {RATIO}",
            "met": durable >= target and durable / memory >= RATIO, "machine": machine(),
            "method": f"closed loop, {rounds} rounds of {seconds} s in turn, median; clients share the cores",
        })  # fmt: skip
    return out


def _run(kind: str, connections: int, burst: int, seconds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), kind) as (child, port):
        return load(port, "flood", connections, burst, seconds, child.pid)


def _median(runs: list[dict[str, float]], name: str) -> float:
    return round(statistics.median(run[name] for run in runs), 2)


def idle(quick: bool) -> dict[str, Any]:
    connections = 2000 if quick else 19_000
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), "durable") as (child, port):
        load(port, "flood", 50, 1, 1, child.pid)  # everything is imported and warm before the first reading
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
