"""Target F1: a target that was down for a day catches up, and who sends to us meanwhile does not feel it.

``python bench/forward.py [--quick]`` or ``run()``. Thirty loggers × 1,440 minutes (43,920 frames with the hours;
``MINGCHA_FORWARD_MINUTES`` says how many minutes, quick: a hundredth) wait in the journal. A gateway takes 500 frames a
second into the same folder, alone and while the forwarder catches up; the forwarder is killed (-9) in the middle and goes
on. Every process is one of its own on one machine. Nothing may be missing at the target; what it got twice was on its way
when we were killed.
"""

import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _processes import line, load, machine, process, server

LOGGERS, MINUTES, QUICK_MINUTES = 30, 1440, 15
RATE = 500  # frames a second received meanwhile
FORWARD_PER_S = 1000.0  # the target's setting; the default is 200
P50_MS, P99_MS = 5.0, 50.0  # as P3, forwarding or not
WINDOW, KEPT_S = (
    32,
    1.0,
)  # frames on their way, and how often positions become durable: what a kill repeats at most
PATIENCE_S = 600.0


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    minutes = int(os.environ.get("MINGCHA_FORWARD_MINUTES") or (QUICK_MINUTES if quick else MINUTES))
    with tempfile.TemporaryDirectory() as name:
        values = measured(Path(name), minutes, seconds=4 if quick else 15)
    met = (
        values["missing"] == 0
        and values["received_unanswered"] == 0
        and values["twice"] <= WINDOW + FORWARD_PER_S * KEPT_S * 2
        and values["p50_ms_meanwhile"] <= P50_MS
        and values["p99_ms_meanwhile"] <= P99_MS
    )
    return {
        "id": "F1", "values": values, "met": met, "machine": machine(),
        "target": f"none missing; reception p50 <= {P50_MS} ms, p99 <= {P99_MS} ms at {RATE} frames/s meanwhile",
        "method": f"{LOGGERS} loggers x {minutes} minutes behind, one kill -9 in the middle, open loop of {RATE} frames/s beside it",
    }  # fmt: skip


def measured(folder: Path, minutes: int, *, seconds: int) -> dict[str, Any]:
    with process("_forward.py", "fill", folder, LOGGERS, minutes) as child:
        total = int(line(child))
    counts = folder / "target.json"
    with server(folder, "durable") as (_, port), process("_forward.py", "target", counts) as host:
        there = int(line(host))
        alone = load(port, "pace", RATE, RATE, seconds)
        caught: dict[str, float] = {}
        catching = threading.Thread(target=_catch_up, args=(folder, there, counts, total, caught))
        catching.start()
        meanwhile = load(port, "pace", RATE, RATE, seconds)
        catching.join()
    found = json.loads(counts.read_text(encoding="ascii"))
    return {
        "waiting_frames": total, "missing": total - found["different"], "twice": found["frames"] - found["different"],
        "kills": int(caught["kills"]), "seconds": round(caught["took_s"], 1), "frames_per_s": round(total / caught["took_s"]),
        "p50_ms_alone": alone["p50_ms"], "p99_ms_alone": alone["p99_ms"], "p50_ms_meanwhile": meanwhile["p50_ms"],
        "p99_ms_meanwhile": meanwhile["p99_ms"], "received_unanswered": alone["unanswered"] + meanwhile["unanswered"],
    }  # fmt: skip


def _catch_up(folder: Path, port: int, counts: Path, total: int, told: dict[str, float]) -> None:
    """Forward; kill it in the middle; begin again; return when all has arrived, or nothing more comes."""
    told["kills"] = 0
    began = time.perf_counter()
    until = began + PATIENCE_S
    for share in (0.5, 1.0):
        with process("_forward.py", "forward", folder, port, FORWARD_PER_S) as child:
            while _arrived(counts) < share * total and time.perf_counter() < until and child.poll() is None:
                time.sleep(0.05)
            child.send_signal(signal.SIGKILL)
            child.wait()
            told["kills"] += share < 1.0
    told["took_s"] = time.perf_counter() - began


def _arrived(counts: Path) -> int:
    return int(json.loads(counts.read_text(encoding="ascii"))["different"]) if counts.exists() else 0


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv), ensure_ascii=False))
