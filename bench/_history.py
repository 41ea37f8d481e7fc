"""History: bytes a value once sealed (P6), how fast sealing is, and a chart of a day and of a month out of it (P7).

Part of ``store``. Minute rows (2051) of ten factors with least, mean and greatest value and flag, as a logger sends
them: each factor wanders about a level of its own with its own number of decimals, and hour rows (2061) with the
flow's volume; frames come with the jitter of a network. Computed hours are measured beside them.
"""

import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.clock import format_digits
from mingcha.core.packets import FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

START = datetime(2026, 3, 1, tzinfo=UTC)
LEVELS = {  # factor: level, decimals; volume of the hour for the last, a flow
    "a21026": (35.0, 2), "a21002": (80.0, 2), "a34013": (6.0, 2), "a19001": (9.5, 2), "a01012": (120.0, 1),
    "a01011": (14.0, 2), "a01013": (-0.2, 3), "a01014": (8.0, 2), "a05001": (11.0, 2), "a00000": (250_000.0, 0),
}  # fmt: skip
POINTS = 4
TARGET_BYTES, TARGET_CHART_MS = 3.0, 50.0
BATCH = 4096


@dataclass
class _Factor:
    """A value that goes back to its level again and again, with a step of its own each minute."""

    name: str
    level: float
    decimals: int
    chance: random.Random
    off: float = 0.0

    def reading(self, fields: tuple[str, ...]) -> FactorReading:
        self.off = 0.97 * self.off + self.chance.gauss(0, 0.036)
        mean = self.level * (1 + self.off)
        spread = abs(self.chance.gauss(0, 0.02 * self.level))
        said = {"Min": mean - spread, "Avg": mean, "Max": mean + spread, "Cou": mean}
        return FactorReading(
            self.name, tuple((field, f"{said[field]:.{self.decimals}f}") for field in fields), "N"
        )


def _frames(point: int, days: int, minutes: int, cn: str) -> Iterator[Packet]:
    chance = random.Random(point)
    factors = [_Factor(name, level, places, chance) for name, (level, places) in LEVELS.items()]
    moment, end, block = START, START + timedelta(days=days), 1
    while moment < end:
        sent = moment + timedelta(minutes=minutes, milliseconds=1000 + chance.randrange(3000))
        block += chance.randrange(1, 40)
        readings = tuple(
            one.reading(
                ("Min", "Avg", "Max", "Cou")
                if cn == "2061" and one.name == "a00000"
                else ("Min", "Avg", "Max")
            )
            for one in factors
        )
        yield Packet(
            f"{point:024d}", "31", cn, moment, readings, "2017", format_digits(sent, milliseconds=True),
            received=sent + timedelta(microseconds=20_000 + chance.randrange(80_000)),
            ref=FrameRef(f"g0-{sent:%Y%m%d}", block, chance.randrange(64)),
        )  # fmt: skip
        moment += timedelta(minutes=minutes)


def _write(store: Telemetry, frames: Iterator[Packet]) -> tuple[int, float]:
    """Values written and the seconds it took."""
    values, busy = 0, 0.0
    while some := list(islice(frames, BATCH)):
        busy += _timed(lambda some=some: store.write(some, position=None))
        values += sum(len(reading.fields) for packet in some for reading in packet.readings)
    return values, busy


def _hours(store: Telemetry, days: int) -> int:
    """Computed hours as restating writes them; how many."""
    chance = random.Random(7)
    values = [
        HourValue(
            f"91330100MA00000000/DA{point:03d}", name, START + timedelta(hours=hour), HourCode.NORMAL, 60,
            mean := round(level * (1 + chance.gauss(0, 0.1)) * 60, 2) / 60, round(mean * 0.9, 2), round(mean * 1.1, 2),
        )
        for point in range(POINTS)
        for name, (level, _) in LEVELS.items()
        for hour in range(days * 24)
    ]  # fmt: skip
    store.write_hours(values, at=START + timedelta(days=days))
    return len(values)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _bytes(store: Telemetry, tables: tuple[str, ...], kind: str) -> int:
    folder = Path(store.history_uri("readings")).parent
    return sum(
        path.stat().st_size
        for table in tables
        for path in (folder / table / f"kind={kind}").rglob("*.parquet")
    )


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    days, points = (8, 2) if quick else (31, POINTS)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = Telemetry(Path(folder) / "readings.sqlite3", buckets=1)
        minutes = sum(_write(store, _frames(point, days, 1, "2051"))[0] for point in range(points))
        hourly = sum(_write(store, _frames(point, days, 60, "2061"))[0] for point in range(points))
        computed = _hours(store, days)
        busy = time.process_time()
        took = _timed(lambda: store.seal(START + timedelta(days=days)))
        busy = time.process_time() - busy
        both = ("readings", "frames")
        found = {
            "minute_bytes_a_value": round(_bytes(store, both, "2051") / minutes, 2),
            "hour_bytes_a_value": round(_bytes(store, both, "2061") / hourly, 2),
            "computed_hour_bytes_a_row": round(_bytes(store, ("hours",), "hour") / computed, 1),
            "sealed_values_s": round((minutes + hourly) / took),
            "sealed_values_core_s": round((minutes + hourly) / busy),
            **_charts(store, days),
        }
        store.close()
    bytes_met = max(found["minute_bytes_a_value"], found["hour_bytes_a_value"]) <= TARGET_BYTES
    return {
        "id": "P6",
        "values": found,
        "target": f"at most {TARGET_BYTES:g} bytes a value in history, a chart of a day or a month within {TARGET_CHART_MS:g} ms (P7)",
        "met": bytes_met and max(found["chart_day_ms"], found["chart_month_ms"]) <= TARGET_CHART_MS,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores",
        "method": f"{points} points x {days} days of minute rows (10 factors x min, avg, max, flag) and hour rows, with ref, QN and "
        "moment of reception; all sealed; best of 7, files open for the first time not counted",
    }


def _charts(store: Telemetry, days: int) -> dict[str, float]:
    point, whole = f"{1:024d}/31", Span(START, START + timedelta(days=days))
    day = Span(START + timedelta(days=days // 2), START + timedelta(days=days // 2 + 1))

    def best(span: Span, kind: str) -> float:
        times = [_timed(lambda: store.series(point, kind, "a21026", span, field="Avg")) for _ in range(7)]
        return round(min(times) * 1000, 2)

    return {
        "chart_day_ms": best(day, "2051"),
        "chart_month_ms": best(whole, "2051"),
        "chart_month_of_hours_ms": best(whole, "2061"),
    }
