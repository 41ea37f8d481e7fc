"""Target P7: the latest values of 5,000 outlets, and the chart of a day or a month, from recent readings and from history.

``python bench/queries.py [--quick]`` or ``run()``. One frame of five factors each ten minutes; a tenth of the watched
points has a month of them, half sealed. Beside each question what bare SQLite takes for it: for ``latest`` a probe of the
index a point, for a chart the same rows fetched and not decoded.
"""

import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _making import make
from _processes import machine
from _province import START as HOURS_START
from _province import Province

from mingcha.core.clock import format_digits
from mingcha.core.packets import FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

OUTLETS, WATCHED = 5000, 10
FACTORS = ("a00000", "a19001", "a21026", "a21002", "a34013")
MONTH_DAYS = 30
SEALED = datetime(2026, 3, 1, tzinfo=UTC)
RECENT = SEALED + timedelta(days=MONTH_DAYS)
END = RECENT + timedelta(days=MONTH_DAYS)
TARGET_MS = 50
ROUNDS = 7


def packet(point: int, moment: datetime, chance: random.Random) -> Packet:
    readings = tuple(
        FactorReading(f, (("Avg", f"{chance.uniform(1, 99):.2f}"), ("Min", "1.00"), ("Max", "99.00")), "N")
        for f in FACTORS
    )
    return Packet(
        f"{point:024d}", "31", "2051", moment, readings, "2017", format_digits(moment, milliseconds=True),
        received=moment + timedelta(seconds=3), ref=FrameRef("g0-20260301", int(moment.timestamp()) // 600, point),
    )  # fmt: skip


def fill(store: Telemetry, outlets: int) -> None:
    """Two months of the watched points, the newest frame of all."""
    chance = random.Random(1)
    for point in range(WATCHED):
        moments = list(Span(SEALED, END).steps(timedelta(minutes=10)))
        for first in range(0, len(moments), 2000):
            store.write([packet(point, m, chance) for m in moments[first : first + 2000]], position=None)
    store.write([packet(point, END, chance) for point in range(outlets)], position=None)


def milliseconds(work: Callable[[], Any], *, rows: int) -> float:
    """Of the fastest of ``ROUNDS``; ``rows``: the least that must come.

    Raises:
        RuntimeError: less came, so nothing was measured.
    """
    least = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = work()
        least = min(least, time.perf_counter() - began)
        if len(found) < rows:
            raise RuntimeError(f"{len(found)} rows came where {rows} were stored")
    return round(least * 1e3, 2)


def charts(store: Telemetry) -> dict[str, float]:
    """One point, the means of all its factors: what a page draws."""
    point = f"{3:024d}/31"
    found = {}
    for where, start in (("history", SEALED + timedelta(days=1)), ("recent", RECENT + timedelta(days=1))):
        for length, days in (("day", 1), ("month", MONTH_DAYS - 2)):
            span = Span(start, start + timedelta(days=days))
            found[f"{length}_from_{where}_ms"] = milliseconds(
                lambda span=span: store.packets(point, "2051", span, fields=["Avg"])[FACTORS[0]]["Avg"].times,
                rows=days * 144,
            )
    return found


def results(store: Telemetry, outlet: str) -> dict[str, float]:
    """A month of hours of one outlet from the history of the province."""
    month = Span(HOURS_START, HOURS_START + timedelta(days=30))
    factor = store.hours(outlet, Span(HOURS_START, HOURS_START + timedelta(hours=1)))[0].factor
    return {
        "month_of_hours_from_history_ms": milliseconds(
            lambda: store.columns("hour", outlet, month, [factor])[factor].starts, rows=720
        )
    }


def bare(path: Path, outlets: int) -> dict[str, float]:
    """SQLite itself, with nothing decoded."""
    with closing(sqlite3.connect(path)) as db:
        points = [row[0] for row in db.execute("SELECT id FROM names WHERE sort = 'point'")]
        probe = "SELECT time, body FROM readings WHERE point = ? AND kind = 2051 ORDER BY time DESC LIMIT 1"
        fetch = "SELECT time, body FROM readings WHERE point = ? AND kind = 2051 AND time >= ? AND time < ?"
        start = int(RECENT.timestamp()) + 86_400
        watched = db.execute(
            "SELECT id FROM names WHERE sort = 'point' AND name = ?", (f"{3:024d}/31",)
        ).fetchone()[0]
        return {
            "bare_probes_ms": milliseconds(
                lambda: [db.execute(probe, (p,)).fetchone() for p in points], rows=outlets
            ),
            "bare_month_ms": milliseconds(
                lambda: db.execute(fetch, (watched, start, start + (MONTH_DAYS - 2) * 86_400)).fetchall(),
                rows=(MONTH_DAYS - 2) * 144,
            ),
        }


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    outlets = OUTLETS // 10 if quick else OUTLETS
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name) / "province"
        make(folder, outlets=outlets, days=31)
        store = Telemetry(folder / "readings.sqlite3")
        try:
            fill(store, outlets)
            store.seal(RECENT)
            points = [f"{point:024d}/31" for point in range(outlets)]
            values = {
                # as the pages read them: every factor and field
                f"latest_of_{outlets}_ms": milliseconds(
                    lambda: store.latest(points, kind="2051"), rows=outlets * len(FACTORS)
                ),
                **charts(store), **results(store, Province(outlets, 31).register()[7].outlet),
            }  # fmt: skip
            columns = milliseconds(
                lambda: store.newest("2051", points, fields=["Avg"])[FACTORS[0], "Avg"].points, rows=outlets
            )
        finally:
            store.close()
        asked = dict(values)
        values["latest_as_columns_ms"] = columns  # one field; not yet what a page asks
        values |= bare(folder / "readings.sqlite3", outlets)
    values["latest_of_bare_probes"] = round(asked[f"latest_of_{outlets}_ms"] / values["bare_probes_ms"], 2)
    values["month_of_bare"] = round(asked["month_from_recent_ms"] / values["bare_month_ms"], 2)
    return {
        "id": "P7", "values": values, "met": max(asked.values()) <= TARGET_MS, "machine": machine(),
        "target": f"latest of {OUTLETS} outlets, chart of a day or month, each <= {TARGET_MS} ms",
        "method": f"{outlets} outlets, ten-minute frames of {len(FACTORS)} factors and three fields; best of {ROUNDS}",
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv), ensure_ascii=False))
