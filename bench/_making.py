"""``mingcha bench data``: a store whose history holds the hours of a province, and its register as ``outlets.csv``.

The folder then has ``readings.sqlite3``, ``history/`` and ``outlets.csv`` (design §8): open it with
``Telemetry(folder / "readings.sqlite3")``.
"""

import csv
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _files
from _province import REFERENCE_O2, Medium, Outlet, Province

from mingcha.core.errors import LocalError
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.history import pointers
from mingcha.store.telemetry.history.layout import BUCKETS, File, Partition
from mingcha.store.telemetry.history.place import Place
from mingcha.store.telemetry.history.pointers import Sealed
from mingcha.store.telemetry.history.sealer import BUCKETS_NOTE, UNTIL_NOTE
from mingcha.store.telemetry.history.table import Table

Progress = Callable[[int, int, int], None]  # buckets done, buckets, rows
PROVINCE_BUCKETS = 64
COLUMNS = ("outlet", "type", "medium", "city", "district", "discharger", "agency", "ref_o2", "cycle_min")


def make(
    out: Path,
    *,
    outlets: int,
    days: int,
    factors: int = 5,
    seed: int = 1,
    workers: int = 0,
    inputs: bool = False,
    level: int = _files.LEVEL,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make it; give what was made and how fast.

    Raises:
        LocalError: ``out`` holds a store.
    """
    if (out / "readings.sqlite3").exists():
        raise LocalError(f"{out} holds a store already; name an empty folder with --out, or remove it")
    out.mkdir(parents=True, exist_ok=True)
    province = Province(outlets, days, seed, factors)
    _register(out / "outlets.csv", province.register())
    buckets = BUCKETS if outlets <= BUCKETS * 100 else PROVINCE_BUCKETS
    store = Telemetry(out / "readings.sqlite3", buckets=buckets)
    try:
        table = Table(Place.of(out / "history"), store.generation(), _files.TABLE)
        began = time.perf_counter()
        work = _files.tasks(province, Path(table.uri), buckets, level=level, inputs=inputs)
        written = []
        for one in _files.make(work, workers or os.cpu_count() or 1):
            written.append(one)
            if progress is not None:
                progress(len(written), len(work), sum(w.rows for w in written))
        adopt(store, table, written, buckets)
        took = time.perf_counter() - began
    finally:
        store.close()
    rows, size = sum(w.rows for w in written), sum(w.bytes for w in written)
    return {
        "folder": str(out), "outlets": outlets, "days": days, "factors": factors, "rows": rows, "bytes": size,
        "bytes_a_row": round(size / rows, 1), "seconds": round(took, 1), "rows_a_second": round(rows / took),
    }  # fmt: skip


def adopt(store: Telemetry, table: Table, written: list[_files.Written], buckets: int) -> None:
    """Let the store say that these files are its history."""
    held: dict[Partition, File] = {partition: file for one in written for partition, file in one.files}
    version = table.reconcile({partition: {file.path: file} for partition, file in held.items()})
    with store.writing() as session:
        until = max(file.last + 1 for file in held.values()) * 86_400
        store.set_note(BUCKETS_NOTE, str(buckets))
        store.set_note(UNTIL_NOTE, str(until))
        for partition, file in held.items():
            pointers.put(session, Sealed(partition, version, (file.last + 1) * 86_400, (file,)))


def _register(path: Path, outlets: list[Outlet]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for one in outlets:
            gas = one.medium is Medium.GAS
            lines.writerow(
                (one.outlet, one.type, one.medium.value, one.city, one.district, one.discharger, one.agency,
                 REFERENCE_O2 if gas else "", 10)
            )  # fmt: skip


def bar() -> Progress:
    """A progress bar in the terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    shown = Progress(
        TextColumn("buckets"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    task = shown.add_task("buckets", total=None, rows=0)
    shown.start()

    def step(done: int, of: int, rows: int) -> None:
        shown.update(task, completed=done, total=of, rows=rows)
        if done == of:
            shown.stop()

    return step
