"""A province's hours as files of the history: sorted rows in the very columns, one Parquet file a bucket and month."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import _province
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _province import CAUSES, CODES, FIRST, Outlet, Province, Year
from numpy.typing import NDArray

from mingcha.core.clock import HOUR_S
from mingcha.store.telemetry.history import schema
from mingcha.store.telemetry.history.layout import File, Partition, bucket_of

KIND, TABLE = "hour", "hours"
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
LEVEL = 3  # the sealer packs with 9, which takes four times as long; --level 9 makes files like its own
GROUP_ROWS = 1 << 17
TOGETHER = 64  # outlets in memory at once: about 0.5 GB for a year of five factors
FEW = ("mean", "minimum", "maximum", "reported")  # multiples of the resolution: few distinct numbers


@dataclass(frozen=True, slots=True)
class Task:
    """One bucket. ``root``: folder of the table. ``inputs``: give every value a digest, as real ones have."""

    province: Province
    bucket: int
    outlets: tuple[Outlet, ...]
    root: str
    level: int = LEVEL
    inputs: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one bucket and how its time was spent."""

    bucket: int
    files: tuple[tuple[Partition, File], ...]
    made_s: float
    packed_s: float

    @property
    def rows(self) -> int:
        return sum(file.rows for _, file in self.files)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for _, file in self.files)


def tasks(
    province: Province, root: Path, buckets: int, *, level: int = LEVEL, inputs: bool = False
) -> list[Task]:
    """The work of a whole province, by bucket; empty buckets have none."""
    held: dict[int, list[Outlet]] = {}
    for outlet in province.register():
        held.setdefault(bucket_of(outlet.outlet, buckets), []).append(outlet)
    return [Task(province, b, tuple(held[b]), str(root), level, inputs) for b in sorted(held)]


def make(work: list[Task], workers: int) -> Iterator[Written]:
    """Do the buckets, in processes where ``workers`` is more than one, as they are done."""
    if workers <= 1:
        yield from map(write, work)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(write, work)


def write(task: Task) -> Written:
    """Make one bucket and write its months, some outlets at a time: every month's file is open all the while."""
    made, began = 0.0, time.perf_counter()
    starts = task.province.start + HOUR_S * np.arange(task.province.hours, dtype=np.int64)
    months = list(_months(starts))
    with ExitStack() as opened:
        files = [opened.enter_context(_MonthFile(task, month)) for month, _, _ in months]
        for number, first in enumerate(range(0, len(task.outlets), TOGETHER)):
            before = time.perf_counter()
            year = _province.year(task.province, task.bucket, number, task.outlets[first : first + TOGETHER])
            made += time.perf_counter() - before
            for file, (_, start, end) in zip(files, months, strict=True):
                file.add(_table(task, year, starts, start, end))
    packed = time.perf_counter() - began - made
    return Written(task.bucket, tuple(file.done() for file in files), made, packed)


class _MonthFile:
    """The file of one month, a row group for each addition of sorted rows."""

    def __init__(self, task: Task, month: str) -> None:
        self._partition = Partition(KIND, month, task.bucket)
        self._path = f"{self._partition.folder()}/{uuid.uuid4().hex}.parquet"
        self._target = Path(task.root) / self._path
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(
            self._target, _coded(task), compression="zstd", compression_level=task.level, store_schema=False,
            use_dictionary=[*schema.dictionaries(TABLE), *FEW, *([] if task.inputs else ["inputs"])],
            column_encoding={n: how for n, how in schema.encodings(TABLE).items() if n not in FEW},
            data_page_version="2.0",
        )  # fmt: skip
        self._rows = 0
        self._first, self._last = 1 << 62, 0

    def add(self, table: pa.Table) -> None:
        starts = table["start"].cast(pa.int64())
        self._rows += table.num_rows
        self._first = min(self._first, starts[0].as_py() // DAY_US)
        self._last = max(self._last, starts[-1].as_py() // DAY_US)
        self._writer.write_table(table, row_group_size=GROUP_ROWS)

    def done(self) -> tuple[Partition, File]:
        size = self._target.stat().st_size
        return self._partition, File(TABLE, self._path, self._rows, size, self._first, self._last)

    def __enter__(self) -> "_MonthFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()


def _months(starts: NDArray[np.int64]) -> Iterator[tuple[str, int, int]]:
    """UTC months and the hours of each."""
    months = starts.astype("datetime64[s]").astype("datetime64[M]")
    names, firsts = np.unique(months, return_index=True)
    for name, first, last in zip(names, firsts, [*firsts[1:], len(starts)], strict=True):
        yield str(name), int(first), int(last)


def _table(task: Task, year: Year, starts: NDArray[np.int64], first: int, last: int) -> pa.Table:
    """The rows of one month, every version, sorted by outlet, factor, start, version."""
    rows = len(year.outlets) * year.factors
    hours = last - first

    def part(column: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.ascontiguousarray(column.reshape(rows, -1)[:, first:last]).reshape(-1)

    late = part(year.late)
    place = np.repeat(np.arange(rows * hours), 1 + late.astype(np.int64))
    version = np.ones(place.size, dtype=np.int32)
    version[1:][place[1:] == place[:-1]] = 2
    current = np.ones(place.size, dtype=np.bool_)
    current[:-1][place[1:] == place[:-1]] = False
    seconds = np.tile(starts[first:last], rows)[place]
    columns = _said(year, part, place, current)
    columns |= {
        "outlet": _dictionary(np.repeat(np.arange(len(year.outlets)), year.factors * hours)[place], [o.outlet for o in year.outlets]),
        "factor": _factors(year, hours, place),
        "start": pa.array(seconds * SECOND_US).cast(schema.TIME),
        "version": pa.array(version),
        "at": pa.array((seconds + np.where(current, part(year.delay_s)[place], HOUR_S + 300)) * SECOND_US).cast(schema.TIME),
        "current": pa.array(current),
        "inputs": _inputs(task, place.size),
        "text": pa.nulls(place.size, pa.string()),
    }  # fmt: skip
    form = schema.SCHEMAS[TABLE]
    return pa.table([columns[f.name] for f in form], schema=_coded(task))


def _coded(task: Task) -> pa.Schema:
    """The schema of the history with texts by number; a Parquet file knows no difference."""
    coded = {*schema.dictionaries(TABLE), *([] if task.inputs else ["inputs"])} - {"text"}
    kind = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([f.with_type(kind) if f.name in coded else f for f in schema.SCHEMAS[TABLE]])


def _said(year: Year, part, place: NDArray[np.int64], current: NDArray[np.bool_]) -> dict[str, pa.Array]:
    """What the values say; a version that was superseded had received nothing."""
    lost = ~current
    code, cause, first = (part(column)[place].copy() for column in (year.code, year.cause, year.first))
    code[lost], cause[lost], first[lost] = CODES.index("Md"), CAUSES.index("no_frame"), FIRST.index("lost")
    found = {
        "code": _dictionary(code, CODES),
        "cause": _dictionary(cause, CAUSES),
        "first": _dictionary(first, FIRST),
        "due": pa.array(~np.isin(cause, _NOT_DUE)),
        "received": pa.array(~np.isin(cause, _NOT_RECEIVED)),
        "valid_minutes": pa.array(np.where(lost, 0, part(year.minutes)[place]).astype(np.int32)),
    }
    for name in ("mean", "minimum", "maximum", "converted", "total", "reported"):
        values = part(getattr(year, name))[place]
        found[name] = pa.array(np.where(lost, np.nan, values), from_pandas=True)
    return found


_NOT_DUE = [CAUSES.index(cause) for cause in _province.NOT_DUE]
_NOT_RECEIVED = [CAUSES.index(cause) for cause in _province.NOT_RECEIVED]


def _dictionary(indices: NDArray[np.generic], words: list[str] | tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices.astype(np.int32)), pa.array(words, pa.string()))


def _factors(year: Year, hours: int, place: NDArray[np.int64]) -> pa.DictionaryArray:
    """By name within an outlet, as the rows are sorted."""
    codes = sorted({factor.code for outlet in year.outlets for factor in outlet.measured(year.factors)})
    numbers = np.array([[codes.index(f.code) for f in o.measured(year.factors)] for o in year.outlets])
    return _dictionary(np.repeat(numbers.reshape(-1), hours)[place], codes)


def _inputs(task: Task, rows: int) -> pa.Array:
    """64 hex digits of chance, or nothing."""
    if not task.inputs:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array([""]))
    text = np.random.default_rng([task.province.seed, 3, task.bucket]).bytes(rows * 32).hex().encode()
    offsets = pa.py_buffer(np.arange(0, 64 * (rows + 1), 64, dtype=np.int32).tobytes())
    return pa.Array.from_buffers(pa.string(), rows, [None, offsets, pa.py_buffer(text)])
