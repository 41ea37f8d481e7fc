"""Target P6, raw frame in the journal: bytes a frame, and frames a second against a bare file with fsync.

Part of ``store``. Two bare files run beside the journal, in turn:

- raw: the frames' bytes appended and synced, nothing else (what a commit costs the disk);
- block: the same compressed, hashed block appended and synced (what SQLite adds).
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

from mingcha.core.clock import format_digits, from_us, to_us
from mingcha.store.journal import Direction, Entry, Journal
from mingcha.store.journal.block import seal

SIZES = (90, 5000)  # frames a commit: a quiet district, a busy gateway
STATIONS = 5000
TARGET_BYTES = 60
FACTORS = ("a00000", "a01011", "a01012", "a01013", "a01014", "a19001", "a21002", "a21026", "a34013", "a21005")


class Traffic:
    """Real-time frames of a district: 5,000 stations in turn, values that drift as a plant's do."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._values = {k: [self._random.uniform(1, 100) for _ in FACTORS] for k in range(STATIONS)}
        self._us = to_us(datetime(2026, 3, 1, tzinfo=UTC))

    def entries(self, count: int) -> list[Entry]:
        return [self._entry(self._random.randrange(STATIONS)) for _ in range(count)]

    def _entry(self, station: int) -> Entry:
        self._us += int(self._random.expovariate(1 / 2000))
        mn = f"{310000 + station % 17:06d}A8900016F{station:09X}"
        conn = f"10.{station >> 8}.{station & 255}.7:{40000 + station * 7 % 20000}"
        return Entry(Direction.IN, self._us, conn, mn, "accepted", self._frame(station, mn))

    def _frame(self, station: int, mn: str) -> bytes:
        values = self._values[station]
        for k, value in enumerate(values):
            values[k] = max(0.1, value * self._random.uniform(0.98, 1.02))
        moment = from_us(self._us)
        fields = ";".join(
            f"{code}-Rtd={value:.{1 + k % 2}f},{code}-Flag=N"
            for k, (code, value) in enumerate(zip(FACTORS, values, strict=True))
        )
        sampled = format_digits(moment - timedelta(seconds=moment.second % 30))
        segment = (
            f"QN={format_digits(moment, milliseconds=True)};ST=31;CN=2011;PW=123456;MN={mn};Flag=5;"
            f"CP=&&DataTime={sampled};{fields}&&"
        )
        return f"##{len(segment):04d}{segment}{self._random.randrange(65536):04X}\r\n".encode()


def _rate(commit: Callable[[list[Entry]], object], batches: list[list[Entry]], seconds: float) -> float:
    """Frames a second over ``seconds`` or more."""
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for batch in batches:
            commit(batch)
            done += len(batch)
    return done / (time.perf_counter() - start)


def _measure(folder: Path, size: int, seconds: float) -> dict[str, Any]:
    traffic = Traffic()
    batches = [traffic.entries(size) for _ in range(max(1, 5000 // size // 4))]
    rates = {"journal": 0.0, "raw": 0.0, "block": 0.0}
    with (
        Journal(folder / str(size)) as journal,
        (folder / f"{size}.raw").open("ab", buffering=0) as raw,
        (folder / f"{size}.block").open("ab", buffering=0) as block,
    ):

        def bare(batch: list[Entry]) -> None:
            raw.write(b"".join(e.raw for e in batch))
            os.fdatasync(raw.fileno())

        def sealed(batch: list[Entry]) -> None:
            block.write(seal(batch).payload)
            os.fdatasync(block.fileno())

        for _ in range(3):  # in turn, so that all meet the same machine
            for name, commit in (("journal", journal.append), ("raw", bare), ("block", sealed)):
                rates[name] = max(rates[name], _rate(commit, batches, seconds))
    blocks = [seal(batch) for batch in batches]
    frames = size * len(batches)
    return {
        "journal_frames_s": round(rates["journal"]),
        "bare_raw_frames_s": round(rates["raw"]),
        "bare_block_frames_s": round(rates["block"]),
        "of_bare_raw": round(rates["journal"] / rates["raw"], 2),
        "of_bare_block": round(rates["journal"] / rates["block"], 2),
        "frame_bytes": round(sum(len(e.raw) for batch in batches for e in batch) / frames, 1),
        "block_bytes": round(sum(len(b.payload) for b in blocks) / frames, 1),
        "file_bytes": round(_file_bytes(folder / f"size-{size}", batches) / frames, 1),
    }


def _file_bytes(folder: Path, batches: list[list[Entry]]) -> int:
    """What the same frames take in the database file, pages and hashes included."""
    with Journal(folder) as journal:
        for batch in batches:
            journal.append(batch)
    return sum(path.stat().st_size for path in folder.glob("*.sqlite3"))


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    seconds = 0.2 if quick else 2.0
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        values = {f"{size}_a_commit": _measure(Path(folder), size, seconds) for size in SIZES}
    return {
        "id": "P6",
        "values": values,
        "target": f"raw frame in the journal: at most {TARGET_BYTES} bytes",
        "met": all(value["block_bytes"] <= TARGET_BYTES for value in values.values()),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores",
        "method": f"{STATIONS} stations, {len(FACTORS)} factors a frame; best of 3 rounds of {seconds} s in turn",
    }
