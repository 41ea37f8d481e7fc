"""Move rows of closed days from the recent store into history. Any step may be the last one; it can be run again.

For each partition: (1) write the rows to new files, (2) read these back and compare them, row by row, with what the
recent store and the files before say, (3) tell the Delta table, (4) in one transaction of the recent store name the
new files and take the rows out. Until (4) readers use the old files and the recent rows, from then on the new files.
(4) takes place only when nothing was added meanwhile; else the partition waits for the next time. Killed before (4),
what was written is unused: the next sealing sets the Delta table right, and after a day ``tidy`` deletes the files.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mingcha.core.clock import DAY_S
from mingcha.core.spans import Span
from mingcha.store.telemetry.errors import TelemetryFailed
from mingcha.store.telemetry.history import pointers, readings, results, schema
from mingcha.store.telemetry.history.layout import (
    RESULTS,
    File,
    Partition,
    bucket_of,
    day_before,
    day_of,
    month_of,
    number_of,
    span_of,
    tables_of,
)  # fmt: skip
from mingcha.store.telemetry.history.parquet import Writer
from mingcha.store.telemetry.history.place import unique
from mingcha.store.telemetry.history.pointers import Sealed
from mingcha.store.telemetry.history.shelf import Kept, Shelf, microseconds, ordered
from mingcha.store.telemetry.history.tidying import reconcile, tidy
from mingcha.store.telemetry.recent.again import AGAIN

if TYPE_CHECKING:
    from mingcha.store.telemetry.store import Telemetry

FILES_MAX = 4  # of a table in a partition: more are made into one, so that a chart opens few
TRIES = 3
BUCKETS_NOTE, UNTIL_NOTE = "history_buckets", "sealed_until"
_DAY_US = DAY_S * 1_000_000

Progress = Callable[[int, int], None]  # partitions done, partitions in all
Watch = Callable[[str], None]  # told after each step: written, verified, told, dropped


class _Changed(Exception):
    """The recent store has changed since it was read."""


@dataclass(slots=True)
class Report:
    """What a sealing did. ``waiting``: partitions into which readings came meanwhile, left for the next time."""

    partitions: int = 0
    rows: int = 0
    bytes: int = 0
    waiting: list[Partition] = field(default_factory=list)
    deleted: int = 0


@dataclass(slots=True)
class _Work:
    """One partition to be sealed. ``days``: epoch days of each name that the recent store holds and gives away."""

    partition: Partition
    days: dict[str, list[int]]
    before: Sealed | None
    masked: list[tuple[str, str, int]]
    generation: str
    again: str | None

    @property
    def rewrite(self) -> bool:
        """Whether the files there are replaced, not joined by one."""
        if self.before is None:
            return False
        main = tables_of(self.partition.kind)[0]
        return bool(self.masked) or sum(file.table == main for file in self.before.files) >= FILES_MAX


def seal(
    telemetry: "Telemetry",
    shelf: Shelf,
    before: datetime,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Report:
    """Seal every day that ends by ``before``.

    Raises:
        TelemetryFailed: disk, network or another sealer refused, or what was written is not what was given; nothing
            of the partition was taken from the recent store.
    """
    report = Report()
    _agree_on_buckets(telemetry, shelf)
    reconcile(telemetry, shelf)
    found = _found(telemetry, before)
    for number, partition in enumerate(sorted(found)):
        _seal(telemetry, shelf, partition, found[partition], report, watch or _nothing)
        if progress is not None:
            progress(number + 1, len(found))
    report.deleted = tidy(telemetry, shelf)
    return report


def _nothing(step: str) -> None:
    """Nobody watches."""


def _agree_on_buckets(telemetry: "Telemetry", shelf: Shelf) -> None:
    with telemetry.writing():
        if telemetry.note(BUCKETS_NOTE) is None:
            telemetry.set_note(BUCKETS_NOTE, str(shelf.buckets))


def _found(telemetry: "Telemetry", before: datetime) -> dict[Partition, dict[str, list[int]]]:
    """What there is to seal: days by partition and name; also of days that were reopened and are empty now."""
    until = day_before(before)
    with telemetry.reading() as session:
        buckets = telemetry.buckets()
        days = [(kind, point, number_of(day)) for point, kind, day in telemetry.days_held(before)]
        for level in RESULTS:
            days += [(level, name, number_of(day)) for name, day in telemetry.results_held(level, before)]
        again = [one for one in pointers.all_reopened(session) if one[2] < until]
    found: dict[Partition, dict[str, list[int]]] = {}
    for kind, name, day in days:
        place = _partition(kind, name, day, buckets)
        found.setdefault(place, {}).setdefault(name, []).append(day)
    for kind, name, day in again:
        found.setdefault(_partition(kind, name, day, buckets), {})
    return found


def _partition(kind: str, name: str, day: int, buckets: int) -> Partition:
    return Partition(kind, month_of(day_of(day)), bucket_of(name, buckets))


def _seal(
    telemetry: "Telemetry",
    shelf: Shelf,
    partition: Partition,
    days: dict[str, list[int]],
    report: Report,
    watch: Watch,
) -> None:
    for _ in range(TRIES):
        work = _begun(telemetry, partition, days)
        try:
            rows, files = _Sealing(telemetry, shelf, work, watch).run()
        except _Changed:
            continue
        report.partitions += 1
        report.rows += rows
        report.bytes += sum(file.bytes for file in files)
        return
    report.waiting.append(partition)


def _begun(telemetry: "Telemetry", partition: Partition, days: dict[str, list[int]]) -> _Work:
    with telemetry.reading() as session:
        buckets = telemetry.buckets()
        masked = [
            (kind, name, day)
            for kind, name, day in pointers.all_reopened(session)
            if kind == partition.kind and _partition(kind, name, day, buckets) == partition
        ]
        before = pointers.one(session, partition)
        return _Work(partition, days, before, masked, telemetry.generation(), telemetry.note(AGAIN))


class _Sealing:
    """The four steps for one partition."""

    def __init__(self, telemetry: "Telemetry", shelf: Shelf, work: _Work, watch: Watch) -> None:
        self._telemetry, self._shelf, self._work, self._watch = telemetry, shelf, work, watch
        self._kind = work.partition.kind
        self._counts: dict[tuple[str, Span], int] = {}

    def run(self) -> tuple[int, list[File]]:
        """Rows sealed, and the files that were written for them.

        Raises:
            _Changed: rows came or went meanwhile; nothing was taken.
        """
        written = self._write()
        self._watch("written")
        self._verify(written)
        self._watch("verified")
        before = self._work.before
        kept = [] if before is None or self._work.rewrite else list(before.files)
        files = (*kept, *written)
        version = self._tell(files)
        self._watch("told")
        self._drop(Sealed(self._work.partition, version, self._until(), files))
        self._watch("dropped")
        return sum(self._counts.values()), written

    def _write(self) -> list[File]:
        folder = self._work.partition.folder()
        tables = tables_of(self._kind)
        paths = {name: f"{folder}/{unique()}" for name in tables}
        places = {name: self._shelf.table(self._work.generation, name).path(paths[name]) for name in tables}
        sinks = {name: self._shelf.place.create(places[name]) for name in tables}
        writers = {name: Writer(sink, name) for name, sink in sinks.items()}
        try:
            for name in self._names():
                for table, rows in self._content(name).items():
                    writers[table].add(rows)
        finally:
            for table, writer in writers.items():
                writer.close()
                sinks[table].close()
        sizes = {name: self._shelf.place.settle(place) for name, place in places.items()}
        days = self._range()
        files = [File(name, paths[name], writers[name].rows, sizes[name], *days) for name in tables]
        return [file for file in files if file.rows]

    def _names(self) -> list[str]:
        names = set(self._work.days)
        if self._work.rewrite:
            for file in self._before():
                names.update(self._shelf.part(self._work.generation, file).names())
        return sorted(names)

    def _content(self, name: str) -> dict[str, pa.Table]:
        """All rows of a name that the new files shall hold, by table."""
        new = self._new(name)
        if not self._work.rewrite:
            return new
        found = {}
        for table, rows in new.items():
            old = self._old(name).table(table)
            found[table] = (
                ordered(pa.concat_tables([_plain(old, table), rows]), table) if old.num_rows else rows
            )
        return found

    def _new(self, name: str) -> dict[str, pa.Table]:
        spans = self._spans(name)
        if self._kind in RESULTS:
            held = [self._telemetry.result_rows(self._kind, span, [name]) for span in spans]
            self._counts.update({(name, span): len(rows) for span, rows in zip(spans, held, strict=True)})
            every = [row for rows in held for row in rows]
            return {RESULTS[self._kind]: results.encode(self._kind, every)}
        found = [self._telemetry.raw_rows(name, self._kind, span) for span in spans]
        self._counts.update({(name, span): len(rows) for span, rows in zip(spans, found, strict=True)})
        values, frames = readings.encode(name, [row for rows in found for row in rows])
        return {"readings": values, "frames": frames}

    def _old(self, name: str) -> Kept:
        masked = {day for _, masked, day in self._work.masked if masked == name}
        sealed = () if self._work.before is None else (self._work.before,)
        return Kept(self._shelf, self._work.generation, name, self._kind, sealed, masked)

    def _before(self) -> tuple[File, ...]:
        return () if self._work.before is None else self._work.before.files

    def _range(self) -> tuple[int, int]:
        """First and last epoch day of the new files."""
        days = [day for held in self._work.days.values() for day in held]
        if self._work.rewrite:
            days += [day for file in self._before() for day in (file.first, file.last)]
        return (min(days), max(days)) if days else (0, 0)

    def _until(self) -> int:
        last = (self._range()[1] + 1) * DAY_S
        return max(last, 0 if self._work.before is None else self._work.before.until)

    def _verify(self, files: Sequence[File]) -> None:
        """Read the written files back and compare them with their sources, name by name."""
        parts = {file.table: self._shelf.part(self._work.generation, file) for file in files}
        for table, part in parts.items():
            if part.names() != [name for name in self._names() if self._holds(name, table)]:
                raise self._wrong(part.path, "the names")
        for name in self._names():
            found = {table: _plain(part.rows(name), table) for table, part in parts.items()}
            given = {table: self._divided(name, table, rows) for table, rows in found.items()}
            for table, (old, _) in given.items():
                if self._work.rewrite and not old.equals(_plain(self._old(name).table(table), table)):
                    raise self._wrong(parts[table].path, name)
            if not self._same(name, {table: new for table, (_, new) in given.items()}):
                raise self._differs(next(iter(parts.values())).path, name)

    def _holds(self, name: str, table: str) -> bool:
        """Whether the new file of a table must have rows of a name."""
        if any(self._counts.get((name, span)) for span in self._spans(name)):
            return True
        return self._work.rewrite and self._old(name).table(table).num_rows > 0

    def _divided(self, name: str, table: str, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Rows that were in history before, and rows from the recent store."""
        new = np.isin(microseconds(rows[schema.TIMED[table]]) // _DAY_US, self._work.days.get(name, []))
        return rows.filter(pa.array(~new)), rows.filter(pa.array(new))

    def _same(self, name: str, new: dict[str, pa.Table]) -> bool:
        """Whether rows read back are those of the recent store, to the order of their texts."""
        spans = self._spans(name)
        if self._kind in RESULTS:
            held = [row for span in spans for row in self._telemetry.result_rows(self._kind, span, [name])]
            table = new.get(RESULTS[self._kind])
            return held == ([] if table is None else results.decode(self._kind, table))
        rows = [row for span in spans for row in self._telemetry.raw_rows(name, self._kind, span)]
        found = readings.decode(new["readings"], new["frames"]) if new else []
        return rows == found and all([*a.content] == [*b.content] for a, b in zip(rows, found, strict=True))

    def _spans(self, name: str) -> list[Span]:
        return list(_spans(self._work.days.get(name, [])))

    def _tell(self, files: tuple[File, ...]) -> int:
        generation = self._work.generation
        return max(
            self._shelf.table(generation, name).replace(self._work.partition, files)
            for name in tables_of(self._kind)
        )

    def _drop(self, sealed: Sealed) -> None:
        telemetry, work = self._telemetry, self._work
        with telemetry.writing() as session:
            now = (telemetry.generation(), telemetry.note(AGAIN), pointers.one(session, work.partition))
            if now != (work.generation, work.again, work.before):
                raise _Changed
            for (name, span), count in self._counts.items():
                if self._taken(name, span) != count:
                    raise _Changed
            pointers.put(session, sealed)
            pointers.forget(session, work.masked)
            said = telemetry.note(UNTIL_NOTE)
            telemetry.set_note(UNTIL_NOTE, str(max(sealed.until, int(said or 0))))

    def _taken(self, name: str, span: Span) -> int:
        if self._kind in RESULTS:
            return self._telemetry.drop_results(self._kind, span, [name])
        return self._telemetry.drop(name, self._kind, span)

    def _differs(self, path: str, name: str) -> Exception:
        """Rows read back are others: rows came meanwhile, or they were written wrongly."""
        if any(self._now(name, span) != self._counts.get((name, span)) for span in self._spans(name)):
            return _Changed()
        return self._wrong(path, name)

    def _now(self, name: str, span: Span) -> int:
        if self._kind in RESULTS:
            return len(self._telemetry.result_rows(self._kind, span, [name]))
        return len(self._telemetry.raw_rows(name, self._kind, span))

    def _wrong(self, path: str, what: str) -> Exception:
        if (self._telemetry.generation(), self._telemetry.note(AGAIN)) != (
            self._work.generation,
            self._work.again,
        ):
            return _Changed()
        return TelemetryFailed(
            f"{path}: what was read back of {what} is not what was written. Nothing was taken from the recent store; "
            "look for a broken disk, then seal again"
        )


def _spans(days: list[int]) -> Iterator[Span]:
    """Epoch days as spans, neighbours joined."""
    start = None
    for day, after in pairwise([*sorted(days), None]):
        assert day is not None
        start = day if start is None else start
        if after != day + 1:
            yield Span(span_of(start).start, span_of(day).end)
            start = None


def _plain(table: pa.Table, name: str) -> pa.Table:
    """In the form of the schema, in one piece: tables of equal rows are then equal."""
    return table.select(schema.SCHEMAS[name].names).cast(schema.SCHEMAS[name]).combine_chunks()
