"""Target P3: how long a logger waits for its answer at 500 frames a second.

``python bench/latency.py [--quick]`` or ``run()``. Server and clients are processes of their own on one machine.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _processes import load, machine, server

P50_MS, P99_MS, RATE = 5.0, 50.0, 500


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    seconds = 5 if quick else 20
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), "durable") as (_, port):
        found = load(port, "pace", RATE, RATE, seconds)
    met = found["unanswered"] == 0 and found["p50_ms"] <= P50_MS and found["p99_ms"] <= P99_MS
    return {
        "id": "P3", "values": found, "target": f"p50 <= {P50_MS} ms, p99 <= {P99_MS} ms at {RATE} frames/s", "met": met,
        "machine": machine(), "method": f"open loop over {RATE} connections for {seconds} s, first tenth left out",
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv), ensure_ascii=False))
