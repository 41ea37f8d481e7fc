"""Parquet files of one table: written once in row groups of sorted rows, read by the few groups that a question needs."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mingcha.core.clock import to_us
from mingcha.core.spans import Span
from mingcha.store.telemetry.errors import TelemetryFailed
from mingcha.store.telemetry.history import schema
from mingcha.store.telemetry.history.place import Place
from mingcha.store.telemetry.history.readings import one_piece

# A minute's month of one field is 44,640 rows, two groups at most; of all frames of a point, six.
GROUP_ROWS = {"readings": 1 << 16, "frames": 1 << 13}
GROUP_ROWS_OF_RESULTS = 1 << 15
LEVEL = 9
FOOTERS_KEPT = 4096


class Writer:
    """Gathers sorted tables into row groups."""

    def __init__(self, sink: pa.NativeFile, table: str) -> None:
        self._writer = pq.ParquetWriter(
            sink,
            schema.SCHEMAS[table],
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=schema.dictionaries(table),
            column_encoding=schema.encodings(table),
            data_page_version="2.0",
            store_schema=False,
        )
        self._group = GROUP_ROWS.get(table, GROUP_ROWS_OF_RESULTS)
        self._held: list[pa.Table] = []
        self._rows = 0
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Rows that sort behind those given before."""
        self._held.append(table)
        self._rows += table.num_rows
        self.rows += table.num_rows
        if self._rows >= self._group:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._held), row_group_size=self._group)
        self._held, self._rows = [], 0


@dataclass(frozen=True, slots=True)
class Footer:
    """What the end of a file tells: of each row group the least and greatest name, factor and time (microseconds)."""

    metadata: pq.FileMetaData
    first_names: list[str]
    last_names: list[str]
    factors: list[tuple[str, str]] | None
    times: list[tuple[int, int]]


class Footers:
    """Footers of files read before; a file never changes under its name."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Footer] = OrderedDict()
        self._guard = Lock()

    def of(self, place: Place, table: str, path: str) -> Footer:
        with self._guard:
            found = self._held.get(path)
            if found is not None:
                self._held.move_to_end(path)
                return found
        footer = _footer(place, table, path)
        with self._guard:
            self._held[path] = footer
            while len(self._held) > FOOTERS_KEPT:
                self._held.popitem(last=False)
        return footer


class Part:
    """One file in use."""

    def __init__(self, place: Place, footers: Footers, table: str, path: str) -> None:
        self._place, self._footers = place, footers
        self.table, self.path = table, path
        self._named, self._timed = schema.NAMED[table], schema.TIMED[table]

    def names(self) -> list[str]:
        """All points (or outlets) in it, sorted."""
        groups = range(self._footer().metadata.num_row_groups)
        found = self._read(list(groups), [self._named])
        return sorted(pc.unique(one_piece(found[self._named])).to_pylist()) if found.num_rows else []

    def rows(
        self,
        name: str,
        span: Span | None = None,
        *,
        factors: Sequence[str] | None = None,
        fields: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """The rows of a name whose time lies in ``span``, in the order of the table."""
        wanted = list(fields) if fields is not None else None
        groups = self._groups(name, span, factors)
        needed = [self._named, self._timed, *(["factor"] if factors else []), *(["field"] if wanted else [])]
        read = list(dict.fromkeys([*needed, *columns])) if columns is not None else None
        found = self._read(groups, read)
        if not found.num_rows:
            return found
        keep = _among(found[self._named], [name])
        if span is not None:
            moments = one_piece(found[self._timed]).cast(pa.int64()).to_numpy(zero_copy_only=False)
            keep &= (moments >= to_us(span.start)) & (moments < to_us(span.end))
        for column, among in (("factor", factors), ("field", wanted)):
            if among is not None:
                keep &= _among(found[column], among)
        return _filtered(found, keep)

    def _groups(self, name: str, span: Span | None, factors: Sequence[str] | None) -> list[int]:
        footer = self._footer()
        found = list(range(bisect_left(footer.last_names, name), bisect_right(footer.first_names, name)))
        if span is not None:
            start, end = to_us(span.start), to_us(span.end)
            found = [
                group for group in found if footer.times[group][0] < end and footer.times[group][1] >= start
            ]
        if factors and (ranges := footer.factors) is not None:
            found = [g for g in found if any(ranges[g][0] <= factor <= ranges[g][1] for factor in factors)]
        return found

    def _footer(self) -> Footer:
        return self._footers.of(self._place, self.table, self.path)

    def _read(self, groups: Sequence[int], columns: Sequence[str] | None) -> pa.Table:
        if not groups:
            whole = schema.SCHEMAS[self.table]
            return (
                pa.schema([whole.field(c) for c in columns]) if columns is not None else whole
            ).empty_table()
        with _opened(self._place, self.path) as source:
            file = pq.ParquetFile(
                source,
                metadata=self._footer().metadata,
                pre_buffer=self._place.remote,
                read_dictionary=schema.dictionaries(self.table),
            )
            return file.read_row_groups(list(groups), columns=columns, use_threads=False)


def _among(column: pa.ChunkedArray, texts: Sequence[str]) -> NDArray[np.bool_]:
    """Where a column has one of some texts."""
    coded = one_piece(column)
    wanted = np.array([text in texts for text in coded.dictionary.to_pylist()], dtype=np.bool_)
    found: NDArray[np.bool_] = wanted[coded.indices.to_numpy(zero_copy_only=False)]
    return found


def _filtered(table: pa.Table, keep: NDArray[np.bool_]) -> pa.Table:
    """Rows to keep; those of a sorted table lie together nearly always, and are not copied then."""
    places = np.flatnonzero(keep)
    if not len(places):
        return table.slice(0, 0)
    if places[-1] - places[0] + 1 == len(places):
        return table.slice(int(places[0]), len(places))
    return table.filter(pa.array(keep))


def _opened(place: Place, path: str) -> pa.NativeFile:
    try:
        return place.open(path)
    except FileNotFoundError as error:
        raise TelemetryFailed(
            f"{place.uri()}: the history file {path} is not there, though the readings say that it is. "
            "Set MINGCHA_HISTORY to where the history lies now, or bring the folder back from the backup"
        ) from error


def _footer(place: Place, table: str, path: str) -> Footer:
    with _opened(place, path) as source:
        metadata = pq.ParquetFile(source).metadata
    columns = {metadata.schema.column(i).name: i for i in range(metadata.num_columns)}
    names: list[tuple[str, str]] = []
    factors: list[tuple[str, str]] = []
    times: list[tuple[int, int]] = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        names.append(_range(group, columns[schema.NAMED[table]]))
        moments = group.column(columns[schema.TIMED[table]]).statistics
        times.append((moments.min_raw, moments.max_raw))
        if "factor" in columns:
            factors.append(_range(group, columns["factor"]))
    return Footer(metadata, [a for a, _ in names], [b for _, b in names], factors or None, times)


def _range(group: pq.RowGroupMetaData, column: int) -> tuple[str, str]:
    statistics = group.column(column).statistics
    if statistics is None or not statistics.has_min_max:  # texts too long to be told
        return "", chr(0x10FFFF)
    return statistics.min, statistics.max
