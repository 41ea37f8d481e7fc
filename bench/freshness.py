"""Target P4: how long after it was sent a reading can be read, at 2,000 frames a second.

``python bench/freshness.py [--quick]`` or ``run()``.
Real processes: clients → gateway → journal → projector → readings; this process reads ``latest`` as the pages do.
Each frame carries the moment at which it was sent as its value, so no clock but this machine's is compared.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _processes import line, machine, process, server

P50_S, P99_S = 1.0, 3.0
GROWTH = 1.5  # median of the last third against that of the first: more is a growing queue
RATE, POINTS, WATCHED = 2000, 2000, 40
STAMPED = "a21026"
POLL_S = 0.02


def run(*, quick: bool = False, seconds: int | None = None) -> list[dict[str, Any]]:
    """``seconds``: how long; 600 as the target asks. ``quick`` takes 10, which say nothing of growth over 10 minutes."""
    took = seconds or (10 if quick else 600)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(folder, "durable") as (_, port), process("_projector.py", folder) as projector:
            line(projector)
            with process("_load.py", port, "stamp", RATE, POINTS, took) as clients:
                ages = watch(folder, took + 2.0)
                sent = json.loads(line(clients))
    return [result(ages, took, sent)]


def watch(folder: Path, seconds: float) -> list[tuple[float, float]]:
    """(moment of reading, age) of every value that was new to a reader of ``WATCHED`` points."""
    from mingcha.store.telemetry import Telemetry

    telemetry = Telemetry(folder / "readings.sqlite3")
    points = [f"{n:024X}/31" for n in range(0, POINTS, POINTS // WATCHED)]
    seen: dict[str, str] = {}
    ages: list[tuple[float, float]] = []
    end = time.time() + seconds
    while time.time() < end:
        found = telemetry.latest(points)
        at = time.time()
        for one in found:
            text = one.get("Rtd")
            if one.factor == STAMPED and text is not None and seen.get(one.point) != text:
                seen[one.point] = text
                ages.append((at, at - float(text)))
        time.sleep(POLL_S)
    return ages


def result(ages: list[tuple[float, float]], seconds: int, sent: dict[str, Any]) -> dict[str, Any]:
    if len(ages) < WATCHED:
        raise RuntimeError(
            f"only {len(ages)} values became readable; is the projector running? See its error above"
        )
    warm = [age for at, age in ages if at > ages[0][0] + min(2.0, seconds / 5)]
    ordered = sorted(warm)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    third = len(warm) // 3
    growth = statistics.median(warm[-third:]) / max(statistics.median(warm[:third]), 0.05)
    values = {"p50_s": round(p50, 3), "p99_s": round(p99, 3), "max_s": round(ordered[-1], 3), "growth": round(growth, 2),
              "frames_per_s": RATE, "seconds": seconds, "readings_watched": len(warm), **sent}  # fmt: skip
    return {
        "id": "P4", "values": values,
        "target": f"p50 <= {P50_S} s, p99 <= {P99_S} s at {RATE} frames/s, no growth over 10 min",
        "met": p50 <= P50_S and p99 <= P99_S and growth <= GROWTH, "machine": machine(),
        "method": f"{WATCHED} of {POINTS} points read every {POLL_S * 1e3:.0f} ms; all parts on this machine",
    }  # fmt: skip


if __name__ == "__main__":
    for found in run(quick="--quick" in sys.argv):
        print(json.dumps(found, ensure_ascii=False))
