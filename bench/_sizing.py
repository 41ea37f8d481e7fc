"""``mingcha bench sizing``: what this machine does, and from it what a number of outlets needs; ``docs/sizing.md``."""

import os
import random
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _journal
import _nightly
import _telemetry
from _making import make
from _processes import load, server
from _province import START, Province

from mingcha.core.clock import format_digits
from mingcha.core.packets import FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

OUTLETS = (100, 1_000, 5_000, 20_000)
FACTORS = 6
FIELDS = 3  # of a ten-minute or hour frame: Avg, Min, Max
FRAMES_A_DAY = {"real-time each minute": 1440, "ten minutes": 144, "hour": 24, "day": 1}
RECENT_DAYS = 40
NIGHT_DAYS = 30
LOADED = 0.5  # of a core: what is left is for the minute in which all send at once
GB = 1e9


@dataclass(frozen=True, slots=True)
class Measured:
    """Of this machine. ``gateway_us``, ``projector_us``: core microseconds a frame; ``nightly_us``: a day value.

    Bytes: ``journal`` a frame, ``recent`` and ``history`` a value, ``hours`` an hour value with its digest.
    """

    gateway_us: float
    projector_us: float
    nightly_us: float
    nightly_seconds: float
    nightly_values: int
    made_rows_s: int
    journal: float
    recent: float
    history: float
    hours: float


def measure(*, quick: bool) -> Measured:
    journal = _journal.run(quick=True)["values"]
    sizes = [size for size in journal.values() if isinstance(size, dict)]
    readings = _telemetry.run(quick=quick)["values"]
    values_a_frame = len(_telemetry.FACTORS)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        outlets = 200 if quick else 2000
        made = make(folder / "night", outlets=outlets, days=31)
        digests = make(folder / "digests", outlets=100, days=31, inputs=True, level=9)
        span = Span(
            START, START + timedelta(days=NIGHT_DAYS)
        )  # a file holds a month: a day alone costs as much
        night = _nightly.timed(
            _nightly.buckets(folder / "night", Province(outlets, 31).register(), span), os.cpu_count() or 1
        )
        history = _history(folder / "readings", stations=10 if quick else 40)
    return Measured(
        gateway_us=_gateway(2 if quick else 8),
        projector_us=values_a_frame * 1e6 / readings["written_values_core_s"],
        nightly_us=night["seconds"] * (os.cpu_count() or 1) * 1e6 / night["day_values"],
        nightly_seconds=night["seconds"], nightly_values=night["day_values"], made_rows_s=made["rows_a_second"],
        journal=min(size["file_bytes"] for size in sizes), recent=readings["bytes_a_value"], history=history,
        hours=digests["bytes_a_row"],
    )  # fmt: skip


def _gateway(seconds: int) -> float:
    """Core microseconds of the server for a frame that is durable and answered, one frame a read."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, server(Path(name), "durable") as (child, port):
        found = load(port, "flood", 500, 1, seconds, child.pid)
    return float(found["user_us"] + found["system_us"])


def _history(folder: Path, stations: int) -> float:
    """Bytes a value of sealed ten-minute readings: values walk, as those of a stack do."""
    chance = random.Random(1)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    store = Telemetry(folder / "readings.sqlite3")
    values = 0
    try:
        for station in range(stations):
            level, packets = 20.0, []
            for moment in Span(start, start + timedelta(days=10)).steps(timedelta(minutes=10)):
                level = max(1.0, level + chance.gauss(0, 0.4))
                packets.append(_packet(station, moment, level, chance))
            store.write(packets, position=None)
            values += len(packets) * FACTORS * FIELDS
        store.seal(start + timedelta(days=10))
    finally:
        store.close()
    files = list((folder / "history").rglob("*.parquet"))
    return sum(path.stat().st_size for path in files) / values


def _packet(station: int, moment: datetime, level: float, chance: random.Random) -> Packet:
    def fields(number: int) -> tuple[tuple[str, str], ...]:
        mean = level * (1 + number / 3) + chance.gauss(0, 0.1)
        return (("Avg", f"{mean:.2f}"), ("Min", f"{mean * 0.95:.2f}"), ("Max", f"{mean * 1.05:.2f}"))

    readings = tuple(
        FactorReading(code, fields(n), "N") for n, code in enumerate(_telemetry.FACTORS[:FACTORS])
    )
    return Packet(
        f"{station:024d}", "31", "2051", moment, readings, "2017", format_digits(moment, milliseconds=True),
        received=moment + timedelta(seconds=2, microseconds=chance.randrange(900_000)),
        ref=FrameRef("g0-20260301", int(moment.timestamp()) // 600, station),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """What a number of outlets asks for. Disk in GB: journal, history a year; recent: ``RECENT_DAYS``."""

    outlets: int
    frames_s: float
    journal_gb: float
    recent_gb: float
    history_gb: float
    gateway_cores: float
    projector_cores: float
    nightly_s: float


def need(outlets: int, found: Measured) -> Need:
    """Straight proportion: nothing here grows faster than the number of outlets."""
    frames = outlets * sum(FRAMES_A_DAY.values())
    values = outlets * FACTORS * (1440 + FIELDS * (144 + 24 + 1))
    hours = outlets * FACTORS * 24
    frames_s = frames / 86_400
    return Need(
        outlets, frames_s, frames * 365 * found.journal / GB,
        (values * found.recent + hours * found.hours * 4) * RECENT_DAYS / GB,
        (values * found.history + hours * found.hours) * 365 / GB,
        frames_s * found.gateway_us / 1e6, frames_s * found.projector_us / 1e6,
        outlets * FACTORS * NIGHT_DAYS * found.nightly_us / 1e6 / (os.cpu_count() or 1),
    )  # fmt: skip


def page(*, quick: bool = False) -> str:
    """The page, measured now."""
    found = measure(quick=quick)
    return "\n".join([*_opening(), *_table(found), *_measured(found, quick=quick)]) + "\n"


def _opening() -> list[str]:
    frames = ", ".join(f"{count} {name}" for name, count in FRAMES_A_DAY.items())
    return [
        "# Sizing", "", "Written by `mingcha bench sizing`; run it on your machine.", "",
        f"One outlet: {FACTORS} factors, frames a day: {frames} ({sum(FRAMES_A_DAY.values())} in all); three fields a",
        f"factor in all but real-time frames. Recent readings are kept {RECENT_DAYS} days, the journal and the history whole.", "",
    ]  # fmt: skip


def _table(found: Measured) -> list[str]:
    lines = [
        "| outlets | frames/s (mean) | journal, GB a year | recent, GB | history, GB a year | gateway, cores | projector, cores | a month's days anew, s |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for outlets in OUTLETS:
        one = need(outlets, found)
        lines.append(
            f"| {outlets:,} | {one.frames_s:,.1f} | {one.journal_gb:,.1f} | {one.recent_gb:,.1f} | {one.history_gb:,.1f} "
            f"| {one.gateway_cores:.3f} | {one.projector_cores:.3f} | {one.nightly_s:.1f} |"
        )
    return [
        *lines, "",
        "Cores are those that the mean load keeps busy all day. Loggers send on the full minute and after an outage send",
        f"again what they kept: plan no more than {LOADED:.0%} of a core, and a core each for web and worker.", "",
    ]  # fmt: skip


def _measured(found: Measured, *, quick: bool) -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        "## Measured", "", f"On {os.cpu_count()} cores, {memory:.0f} GiB{', quick run' if quick else ''}:", "",
        "| what | figure |", "|---|---:|",
        f"| gateway: core time a frame, durable and answered, one frame a read | {found.gateway_us:.1f} µs |",
        f"| projector: core time a frame of {len(_telemetry.FACTORS)} values | {found.projector_us:.1f} µs |",
        f"| hours of a month to days by SQL, bucket by bucket, {found.nightly_values:,} day values, a process a core | {found.nightly_seconds:.2f} s |",
        f"| journal: bytes a frame, hashes and pages included | {found.journal:.1f} |",
        f"| recent: bytes a value | {found.recent:.1f} |",
        f"| history: bytes a value of ten-minute readings, with what each frame carried | {found.history:.2f} |",
        f"| history: bytes an hour value with every column, its digest of inputs included | {found.hours:.1f} |",
        f"| `bench data`: hour values made and packed a second | {found.made_rows_s:,} |", "",
        "## Extrapolated", "",
        "All lines of the first table are proportions of these figures: frames and values by the number of outlets, bytes by",
        "the values, cores by the frames. Real-time values are taken to cost in history what ten-minute values cost; hour values",
        "in the recent store are taken to cost four times what they cost in history. Not measured at these sizes: network,",
        "the web pages, screening.",
    ]  # fmt: skip
