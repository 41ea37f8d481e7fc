"""Bound F2 (ours, not of the design), what restating costs: one new hour of an outlet, whole days, and a silent day, against decoding and keeping its frames.

``python bench/restate.py [--quick]`` or ``run()``. Ratios in one run: the machine does not matter. One new hour is restated as the
worker does it, with its whole day; ``baseline`` is what the same day costs to write to the store from packets.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _processes import machine

from mingcha import flow
from mingcha.core.facts import Limit, MarkSpan, Medium, OutletFacts, PointSpan, Setting
from mingcha.core.packets import FactorReading, Packet
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

START = datetime(2026, 3, 1, 16, tzinfo=UTC)  # 00:00 Beijing
TEN, HOUR, DAY = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)
MN = "31011500000001"
UNITS = {
    "a21026": "mg/m3",
    "a21002": "mg/m3",
    "a34013": "mg/m3",
    "a19001": "%",
    "a00000": "m3/s",
    "a01012": "degC",
}
AMOUNTS = ("a21026", "a21002", "a34013", "a00000")


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    days, times = (2, 5) if quick else (8, 15)
    with tempfile.TemporaryDirectory() as name:
        store = Telemetry(Path(name) / "readings.sqlite3")
        wrote = _timed(lambda: store.write(_packets(days), position=None))
        last = START + (days - 1) * DAY
        hour = Span(last, last + 20 * HOUR)  # the day so far, of which the last hour is new
        ways = {
            "new_hour": lambda: _hours(store, _facts(), hour, last + 20 * HOUR),
            "whole_day": lambda: _hours(store, _facts(), Span(last, last + DAY), last + DAY),
            "past_the_cut": lambda: _hours(store, _facts(), Span(last, last + DAY), last + 3 * DAY),
            "marked_day": lambda: _hours(store, _facts(marked=True), Span(last, last + DAY), last + DAY),
            "silent_day": lambda: _hours(
                store, _facts(), Span(last + 9 * DAY, last + 10 * DAY), last + 10 * DAY
            ),
        }
        took = {way: min(_timed(one) for _ in range(times)) for way, one in ways.items()}
        store.close()
    day_written = wrote / days
    values = {f"{way}_ms": round(seconds * 1000, 2) for way, seconds in took.items()}
    values |= {"write_day_ms": round(day_written * 1000, 2)}
    values |= {f"{way}_to_write": round(seconds / day_written, 2) for way, seconds in took.items()}
    return {
        "id": "F2",
        "values": values,
        "target": "computing a day past its cut costs as much as before it; a marked day at most three times a plain one",
        "met": took["past_the_cut"] <= 1.25 * took["whole_day"]
        and took["marked_day"] <= 3 * took["whole_day"],
        "machine": machine(),
        "method": "one gas outlet, six factors, ten-minute and hour records with every field; least CPU time of repeated runs, SQLite",
    }


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _hours(store: Telemetry, facts: OutletFacts, span: Span, horizon: datetime) -> None:
    found = flow.restate(store, facts, span, horizon=horizon)
    if not found.hours:
        raise RuntimeError("nothing was computed: the bench measures nothing")


def _facts(*, marked: bool = False) -> OutletFacts:
    marks = (MarkSpan("", START, START + 400 * DAY, "C", "calibration", True, START),) if marked else ()
    limits = tuple(
        Limit(factor, Decimal(50), "mg/m3", "hour", "permit", "1", date(2020, 1, 1), None, Decimal(6))
        for factor in AMOUNTS[:3]
    )
    settings = tuple(Setting(factor, unit) for factor, unit in UNITS.items())
    points = (PointSpan(f"{MN}/31", START - DAY),)
    return OutletFacts("91310000A/DA001", "1", Medium.GAS, "shanghai", points, limits, settings, marks=marks)


def _packets(days: int) -> list[Packet]:
    return [
        *(_packet("2051", START + n * TEN, n, TEN) for n in range(days * 144)),
        *(_packet("2061", START + n * HOUR, n, HOUR) for n in range(days * 24)),
    ]


def _packet(cn: str, moment: datetime, number: int, length: timedelta) -> Packet:
    readings = tuple(_reading(factor, number) for factor in UNITS)
    return Packet(MN, "31", cn, moment, readings, "2017", received=moment + length)


def _reading(factor: str, number: int) -> FactorReading:
    value = f"{9 + number % 13 / 10:.1f}"
    fields = [("Min", value), ("Avg", value), ("Max", value)]
    if factor in AMOUNTS:
        fields += [("Cou", "1.50"), ("ZsMin", value), ("ZsAvg", value), ("ZsMax", value)]
    return FactorReading(factor, tuple(fields), "N")


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv), ensure_ascii=False))
