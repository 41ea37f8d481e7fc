"""Readings of one outlet in the columns of the exchange data set (design §8), a calendar month at a time.

``data_hour``, ``data_day``, ``data_month``: outlet, factor, ts, avg, min, max, n, flag, cause, versions; ``data_10min``
and ``data_real``: outlet, factor, ts, value, flag, versions. ``ts`` is the Beijing start of the interval. Values at
reference oxygen are rows of their own, whose factor ends in ``_zs``. ``n``: valid minutes, hours or days.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.recent.columns import MOST, Columns

TABLES = {
    "real": "data_real",
    "minute": "data_10min",
    "hour": "data_hour",
    "day": "data_day",
    "month": "data_month",
}
CONVERTED = "_zs"
CLOCK = pa.timestamp("s")  # Beijing wall clock without a zone, as the data set has it
_KEYS = [("outlet", pa.string()), ("factor", pa.string()), ("ts", CLOCK)]
_TAIL = [("flag", pa.string()), ("versions", pa.int32())]
SENT = pa.schema([*_KEYS, ("value", pa.float64()), *_TAIL])
COMPUTED = pa.schema(
    [*_KEYS, *((name, pa.float64()) for name in ("avg", "min", "max")), ("n", pa.int32()), *_TAIL[:1],
     ("cause", pa.string()), *_TAIL[1:]]
)  # fmt: skip


def schema(kind: str) -> pa.Schema:
    return SENT if kind in reading.SENT else COMPUTED


def tables(
    store: Telemetry,
    facts: OutletFacts,
    factors: Sequence[str],
    kind: str,
    span: Span,
    *,
    as_of: datetime | None = None,
) -> Iterator[pa.Table]:
    """The rows month by month, by factor and time within each; empty months give nothing."""
    start = span.start
    while start < span.end:
        part = Span(start, min(reading.next_month(start), span.end))
        made = list(_part(store, facts, factors, kind, part, as_of))
        if rows := [table for table in made if len(table)]:
            yield pa.concat_tables(rows)
        start = part.end


def _part(
    store: Telemetry,
    facts: OutletFacts,
    factors: Sequence[str],
    kind: str,
    span: Span,
    as_of: datetime | None,
) -> Iterator[pa.Table]:
    if kind in reading.SENT:
        for factor in factors:
            yield from _sent(store, facts, factor, kind, span, as_of)
        return
    for first in range(0, len(factors), MOST):
        held = store.columns(kind, facts.key, span, factors[first : first + MOST], as_of=as_of)
        for factor, found in held.items():
            yield _computed(facts.key, factor, found, found.mean)
            if not np.isnan(found.converted).all():
                yield _computed(facts.key, factor + CONVERTED, found, found.converted)


def _sent(
    store: Telemetry, facts: OutletFacts, factor: str, kind: str, span: Span, as_of: datetime | None
) -> Iterator[pa.Table]:
    for converted in (False, True):
        line = reading.line(store, facts, factor, kind, span, converted=converted, as_of=as_of)
        if line.converted is converted:
            name = factor + CONVERTED if converted else factor
            yield pa.table(
                [*_keys(facts.key, name, line.times), _numbers(line.values), pa.array(line.flags, pa.string()),
                 pa.array(line.versions, pa.int32())],
                schema=SENT,
            )  # fmt: skip


def _computed(outlet: str, factor: str, found: Columns, values: NDArray[np.float64]) -> pa.Table:
    """Extremes are those of the measured values: at reference oxygen they were not kept."""
    converted = factor.endswith(CONVERTED)
    nothing = np.full(len(found), np.nan)
    low, high = (nothing, nothing) if converted else (found.minimum, found.maximum)
    return pa.table(
        [*_keys(outlet, factor, found.starts), _numbers(values), _numbers(low), _numbers(high),
         pa.array(found.counted, pa.int32()), pa.array(list(found.codes), pa.string()),
         pa.array(list(found.causes), pa.string()), pa.array(found.versions, pa.int32())],
        schema=COMPUTED,
    )  # fmt: skip


def _keys(outlet: str, factor: str, times: NDArray[np.int64]) -> list[pa.Array]:
    size = len(times)
    return [
        pa.array([outlet] * size, pa.string()), pa.array([factor] * size, pa.string()),
        pa.array(times + reading.BEIJING_S, pa.int64()).cast(CLOCK),
    ]  # fmt: skip


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def as_csv(parts: Iterator[pa.Table], kind: str) -> Iterator[bytes]:
    """UTF-8 with one head line, also where there are no rows."""
    yield (",".join(schema(kind).names) + "\n").encode()
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    for part in parts:
        out = io.BytesIO()
        pa_csv.write_csv(part, out, options)
        yield out.getvalue()


class _Taken(io.RawIOBase):
    """A file that gives away what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []
        self._place = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, data: Any) -> int:
        text = bytes(memoryview(data))
        self._held.append(text)
        self._place += len(text)
        return len(text)

    def take(self) -> bytes:
        taken, self._held = b"".join(self._held), []
        return taken


def as_parquet(parts: Iterator[pa.Table], kind: str) -> Iterator[bytes]:
    """A Parquet file, a row group a month; each piece is given away when it is written."""
    out = _Taken()
    with pq.ParquetWriter(out, schema(kind), compression="zstd") as writer:
        for part in parts:
            writer.write_table(part)
            yield out.take()
    yield out.take()
