"""Readings: values written a second (target P4 rests on it), bytes a value (P6), latest and a chart (P7).

Part of ``store``. One frame of ten factors a station and tick.
Writing is judged by a core's time, so that what else runs on the machine does not decide; wall time stands beside it.
"""

import os
import platform
import random
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

START = datetime(2026, 3, 1, tzinfo=UTC)
FACTORS = ("a00000", "a01011", "a01012", "a01013", "a01014", "a19001", "a21002", "a21026", "a34013", "a21005")
STATIONS, TICKS = 1000, 60
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


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    stations, ticks = (STATIONS // 5, TICKS // 3) if quick else (STATIONS, TICKS)
    chance = random.Random(1)
    written = core = 0.0
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "readings.sqlite3"
        store = Telemetry(path)
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
        size = path.stat().st_size
    values = stations * ticks * len(FACTORS)
    found = {
        "written_values_s": round(values / written),
        "written_values_core_s": round(values / core),
        "duplicate_values_s": round(stations * len(FACTORS) / repeated),
        "bytes_a_value": round(size / values, 1),
        "chart_ms": round(chart * 1000, 2),
        f"latest_of_{stations}_points_ms": round(latest * 1000, 1),
        "latest_of_30_points_ms": round(page * 1000, 1),
    }
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
