"""What history holds of one point (or outlet) and kind, seen through what ``pointers`` say."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mingcha.core.clock import DAY_S, from_us
from mingcha.core.errors import BadInput
from mingcha.core.spans import Span
from mingcha.store.telemetry.history import readings, results, schema
from mingcha.store.telemetry.history.in_use import in_use
from mingcha.store.telemetry.history.layout import BUCKETS, RESULTS, File, months_of, span_of
from mingcha.store.telemetry.history.parquet import Footers, Part
from mingcha.store.telemetry.history.place import Place
from mingcha.store.telemetry.history.pointers import Sealed
from mingcha.store.telemetry.history.table import Table
from mingcha.store.telemetry.values import RawResult, RawRow

_DAY_US = DAY_S * 1_000_000


class Shelf:
    """Files of the history, of whatever generation."""

    def __init__(self, where: str | Path | None, buckets: int = BUCKETS) -> None:
        self.where, self.buckets = where, buckets
        self._footers = Footers()
        self._place: Place | None = None
        self._tables: dict[tuple[str, str], Table] = {}

    @property
    def place(self) -> Place:
        """Where they lie.

        Raises:
            BadInput: the setting has another form, or there is none.
        """
        if self._place is None:
            if self.where is None:
                raise BadInput(
                    {
                        "": "no place for the history is set: set MINGCHA_HISTORY to a folder or s3://bucket/prefix"
                    }
                )
            self._place = Place.of(self.where)
        return self._place

    def table(self, generation: str, name: str) -> Table:
        """A Delta table; its log is read once, then followed. For the sealer: one thread."""
        key = (generation, name)
        if key not in self._tables:
            self._tables[key] = Table(self.place, generation, name)
        return self._tables[key]

    def part(self, generation: str, file: File) -> Part:
        path = self.place.below(generation, file.table, file.path)
        return Part(self.place, self._footers, file.table, path)


class Kept:
    """The rows of one name in some partitions of its kind. Days in ``reopened`` are in the recent store."""

    def __init__(
        self,
        shelf: Shelf,
        generation: str,
        name: str,
        kind: str,
        sealed: Sequence[Sealed],
        reopened: Collection[int],
    ) -> None:
        self.name, self.kind = name, kind
        self._shelf, self._generation = shelf, generation
        self._sealed = sealed
        self._reopened = np.array(sorted(reopened), dtype=np.int64)

    def table(
        self,
        table: str,
        span: Span | None = None,
        *,
        factors: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows whose time lies in ``span``, in the order of the table."""
        files = [file for sealed in self._sealed for file in sealed.files if file.table == table]
        if span is not None:
            files = [file for file in files if _touches(file, span)]
        parts = [self._shelf.part(self._generation, file) for file in files]
        found = [
            part.rows(self.name, span, factors=factors, fields=fields, columns=columns) for part in parts
        ]
        found = [self._in_use(some, table) for some in found if some.num_rows]
        if not found:
            whole = schema.SCHEMAS[table]
            wanted = whole if columns is None else pa.schema([whole.field(name) for name in columns])
            return wanted.empty_table()
        return found[0] if len(found) == 1 else ordered(pa.concat_tables(found), table)

    def rows(self, span: Span | None = None) -> list[RawRow]:
        """Kept rows of readings, by time and seq."""
        frames = self.table("frames", span)
        return readings.decode(self.table("readings", span), frames) if frames.num_rows else []

    def rows_by_month(self) -> Iterator[RawRow]:
        """All kept rows, a month in memory at a time."""
        for sealed in self._sealed:
            yield from Kept(
                self._shelf, self._generation, self.name, self.kind, (sealed,), self._reopened.tolist()
            ).rows()

    def results(self, span: Span | None = None, factors: Sequence[str] | None = None) -> list[RawResult]:
        """Versions of results, by start, factor and version."""
        found = self.table(RESULTS[self.kind], span, factors=factors)
        return results.decode(self.kind, found) if found.num_rows else []

    def in_use(
        self,
        span: Span | None,
        factors: Sequence[str] | None,
        as_of: datetime | None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Results in use, by factor and start; see ``history.in_use``."""
        return in_use(self.table(RESULTS[self.kind], span, factors=factors, columns=columns), as_of)

    def days(self, span: Span | None = None) -> list[int]:
        """Epoch days that have rows."""
        table = RESULTS.get(self.kind, "frames")
        timed = schema.TIMED[table]
        found = self.table(table, span, columns=[schema.NAMED[table], timed])
        days: list[int] = np.unique(microseconds(found[timed]) // _DAY_US).tolist()
        return days

    def first(self) -> datetime | None:
        """The earliest time of readings."""
        for sealed in self._sealed:  # by month
            months = Kept(
                self._shelf, self._generation, self.name, self.kind, (sealed,), self._reopened.tolist()
            )
            times = microseconds(months.table("frames", columns=["point", "time"])["time"])
            if len(times):
                return from_us(int(times.min()))
        return None

    def _in_use(self, found: pa.Table, table: str) -> pa.Table:
        if not len(self._reopened):
            return found
        days = microseconds(found[schema.TIMED[table]]) // _DAY_US
        masked = np.isin(days, self._reopened)
        return found.filter(pa.array(~masked)) if masked.any() else found


def _touches(file: File, span: Span) -> bool:
    return span_of(file.first).start < span.end and span.start < span_of(file.last).end


def microseconds(column: pa.ChunkedArray) -> NDArray[np.int64]:
    found: NDArray[np.int64] = readings.one_piece(column).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def ordered(table: pa.Table, name: str) -> pa.Table:
    """Rows in the order of their table; texts by their bytes, as the row store has them."""
    keys = []
    for column in schema.SORTED[name]:
        if column not in table.column_names:
            continue
        values = table[column]
        if pa.types.is_string(values.type) or pa.types.is_dictionary(values.type):
            keys.append(_ranks(values))
        else:
            keys.append(values.cast(pa.int64()).to_numpy())
    return table.take(pa.array(np.lexsort(keys[::-1])))


def _ranks(values: pa.ChunkedArray) -> NDArray[np.int64]:
    coded = readings.flat(values).dictionary_encode()
    rank = pc.rank(coded.dictionary, tiebreaker="dense").to_numpy(zero_copy_only=False).astype(np.int64)
    places: NDArray[np.int64] = rank[coded.indices.to_numpy(zero_copy_only=False)]
    return places


def months_wide(span: Span | None) -> tuple[str, str]:
    """The months of a span; all where it is None."""
    return ("0000-00", "9999-99") if span is None else months_of(span)
