"""``Telemetry``: the one store of readings and results that everything above uses, recent and sealed."""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from mingcha.core.aggregates import DayValue, HourValue, MonthValue
from mingcha.core.clock import HOUR_S, from_epoch, from_us, to_epoch
from mingcha.core.spans import Span
from mingcha.store.telemetry.history import in_use, pointers, reader, reopening, results, sealer
from mingcha.store.telemetry.history.layout import BUCKETS, Partition
from mingcha.store.telemetry.history.results import value_of
from mingcha.store.telemetry.history.series import both, series
from mingcha.store.telemetry.history.shelf import Kept, Shelf, microseconds
from mingcha.store.telemetry.recent import Recent
from mingcha.store.telemetry.recent import columns as in_columns
from mingcha.store.telemetry.recent.columns import Columns
from mingcha.store.telemetry.recent.digests import Placed
from mingcha.store.telemetry.recent.engines import is_postgres
from mingcha.store.telemetry.recent.results import WITHDRAWN
from mingcha.store.telemetry.recent.sealing import Wanted
from mingcha.store.telemetry.recent.store import OF_HOURS
from mingcha.store.telemetry.values import Series, ValueVersion, Version

V = TypeVar("V", HourValue, DayValue, MonthValue)
_HOUR_US = HOUR_S * 1_000_000


class Telemetry(Recent):
    """Recent readings and results, and those sealed into history, as one store; see ``history``.

    ``history``: folder or ``s3://bucket/prefix``; None: ``history`` beside a file on SQLite. ``buckets``: shares of a
    history that begins; one that exists keeps its own.

    A store on a server has to be told where its history lies once there is one.
    """

    def __init__(
        self, where: str | Path, history: str | Path | None = None, *, buckets: int = BUCKETS
    ) -> None:
        if not history and not is_postgres(where):
            history = Path(where).absolute().parent / "history"
        self.shelf = Shelf(history or None, buckets)
        super().__init__(where)

    # --- history ------------------------------------------------------------------------------------

    def seal(
        self, before: datetime, *, progress: sealer.Progress | None = None, watch: sealer.Watch | None = None
    ) -> sealer.Report:
        """Move every UTC day that ends by ``before`` into history; see ``history.sealer``.

        Raises:
            TelemetryFailed: disk, network or another sealer refused; what was not sealed is where it was.
        """
        return sealer.seal(self, self.shelf, before, progress, watch)

    def sealed_until(self) -> datetime | None:
        """The end of the last sealed day; None where nothing is sealed."""
        said = self.note(sealer.UNTIL_NOTE)
        return None if said is None else from_epoch(int(said))

    def buckets(self) -> int:
        """How many shares the history has."""
        return int(self.note(sealer.BUCKETS_NOTE) or self.shelf.buckets)

    def history_uri(self, table: str) -> str:
        """Where the Delta table ``readings``, ``frames``, ``hours``, ``days`` or ``months`` lies."""
        return self.shelf.table(self.generation(), table).uri

    def storage_options(self) -> dict[str, str]:
        """What ``deltalake`` and Sail need to read it."""
        return self.shelf.place.storage_options()

    def kept(self, kind: str, name: str, span: Span | None = None) -> Kept | None:
        """What history has of a point (or outlet); None where that is nothing. Ask inside ``reading()``."""
        with self.reading() as session:
            if self._sealed_until() is None:
                return None
            return reader.kept(session, self.shelf, self.generation(), self.buckets(), kind, name, span)

    def kept_of(self, names: Iterable[str], kinds: Collection[str] | None = None) -> Iterator[Kept]:
        """What history has of ``names``, for each by kind; of all kinds of readings, or some."""
        with self.reading() as session:
            wanted = reader.kinds_of_readings(session) if kinds is None else kinds
            generation, buckets = self.generation(), self.buckets()
            yield from reader.everything(session, self.shelf, generation, buckets, names, wanted)

    def partitions(self) -> list[Partition]:
        """Every sealed partition."""
        with self.reading() as session:
            return [one.partition for one in pointers.everything(session)]

    # --- what the writer asks -----------------------------------------------------------------------

    def _sealed_until(self) -> datetime | None:
        return self.sealed_until()

    def _reopen(self, wanted: Collection[Wanted]) -> None:
        with self.writing() as session:
            reopening.reopen(self, session, wanted)

    def _reopen_received(self, points: Sequence[str], since_us: int) -> None:
        self._reopen(reopening.received_since(self, points, since_us))

    def _reopen_newest(self, points: Sequence[str]) -> None:
        self._reopen(reopening.newest_of_layouts(self, points))

    def _reopen_results(self, level: str, outlet: str, span: Span) -> None:
        until = self._sealed_until()
        if until is not None and span.start < until:
            with self.writing() as session:
                reopening.reopen_results(self, session, level, outlet, span)

    def _sealed_hours(self, point: str) -> Iterable[int]:
        found: set[int] = set()
        for kept in self.kept_of([point]):
            times = microseconds(kept.table("frames", columns=["point", "time"])["time"])
            found |= {hour * HOUR_S for hour in (times // _HOUR_US).tolist()}
        return found

    # --- readings -----------------------------------------------------------------------------------

    def series(
        self, point: str, kind: str, factor: str, span: Span, *, field: str, as_of: datetime | None = None
    ) -> Series:
        with self.reading():
            recent = super().series(point, kind, factor, span, field=field, as_of=as_of)
            kept = self.kept(kind, point, span)
            if kept is None:
                return recent
            name = (factor, field)
            old = series(kept, span, as_of=as_of, factor=factor, fields=(field,))
        return both(old, {name: recent} if len(recent) or not old else {})[name]

    def packets(
        self,
        point: str,
        kind: str,
        span: Span,
        *,
        as_of: datetime | None = None,
        fields: Collection[str] | None = None,
    ) -> dict[str, dict[str, Series]]:
        with self.reading():
            recent = super().packets(point, kind, span, as_of=as_of, fields=fields)
            kept = self.kept(kind, point, span)
            if kept is None:
                return recent
            old = series(kept, span, as_of=as_of, fields=fields)
        new = {(factor, field): one for factor, found in recent.items() for field, one in found.items()}
        factors: dict[str, dict[str, Series]] = {}
        for (factor, field), column in both(old, new).items():
            factors.setdefault(factor, {})[field] = column
        return factors

    def history(self, point: str, kind: str, time: datetime, factor: str) -> list[ValueVersion]:
        second = from_epoch(to_epoch(time))
        one = Span(second, from_epoch(to_epoch(time) + 1))
        with self.reading():
            recent = super().history(point, kind, time, factor)
            kept = None if recent else self.kept(kind, point, one)
            return recent if kept is None else reader.versions(kept.rows(one), factor)

    def first_reading(self, points: Iterable[str]) -> datetime | None:
        names = list(points)
        with self.reading():
            found = [super().first_reading(names)]
            if self._sealed_until() is not None:
                found += [kept.first() for kept in self.kept_of(names, OF_HOURS)]
        return min((time for time in found if time is not None), default=None)

    def has_readings(self, point: str, span: Span) -> bool:
        with self.reading():
            if super().has_readings(point, span):
                return True
            held = (self.kept(kind, point, span) for kind in OF_HOURS)
            return any(kept is not None and kept.days(span) for kept in held)

    def times(self, point: str, kind: str, span: Span) -> list[datetime]:
        with self.reading():
            recent = super().times(point, kind, span)
            kept = self.kept(kind, point, span)
            if kept is None:
                return recent
            found = kept.table("frames", span, columns=["point", "time"])
        old = {from_us(time) for time in microseconds(found["time"]).tolist()}
        return sorted({*old, *recent})

    # --- results ------------------------------------------------------------------------------------

    def hours(
        self, outlet: str, span: Span, *, factor: str | None = None, as_of: datetime | None = None
    ) -> list[HourValue]:
        with self.reading():
            recent = super().hours(outlet, span, factor=factor, as_of=as_of)
            return self._with_old("hour", HourValue, recent, outlet, span, factor, as_of)

    def days(
        self, outlet: str, span: Span, *, factor: str | None = None, as_of: datetime | None = None
    ) -> list[DayValue]:
        with self.reading():
            recent = super().days(outlet, span, factor=factor, as_of=as_of)
            return self._with_old("day", DayValue, recent, outlet, span, factor, as_of)

    def months(
        self, outlet: str, span: Span, *, factor: str | None = None, as_of: datetime | None = None
    ) -> list[MonthValue]:
        with self.reading():
            recent = super().months(outlet, span, factor=factor, as_of=as_of)
            return self._with_old("month", MonthValue, recent, outlet, span, factor, as_of)

    def columns(
        self, level: str, outlet: str, span: Span, factors: Sequence[str], *, as_of: datetime | None = None
    ) -> dict[str, Columns]:
        with self.reading():
            recent = super().columns(level, outlet, span, factors, as_of=as_of)
            kept = self.kept(level, outlet, span)
            if kept is None:
                return recent
            table = kept.in_use(span, list(factors), as_of, in_use.asked_of(level))
            old = in_use.columns_of(level, table)
            if old is None:
                old = self._read_texts(level, kept, span, factors, as_of)
        return in_use.joined([old, recent])

    def _read_texts(
        self, level: str, kept: Kept, span: Span, factors: Sequence[str], as_of: datetime | None
    ) -> dict[str, Columns]:
        """Columns of values some of which have what an earlier or later mingcha wrote."""
        rows = results.decode(level, kept.in_use(span, list(factors), as_of))
        texts = [(row.start, row.factor, row.text, row.version, row.at_us) for row in rows]
        return in_columns.columns(level, sorted(texts, key=itemgetter(1, 0)))

    def hour_numbers(self, outlet: str, span: Span) -> dict[tuple[str, datetime], tuple[int, datetime]]:
        with self.reading():
            return self._old_numbers("hour", outlet, span) | super().hour_numbers(outlet, span)

    def hour_versions(self, outlet: str, factor: str, start: datetime) -> list[Version[HourValue]]:
        with self.reading():
            recent = super().hour_versions(outlet, factor, start)
            return recent or self._old_versions("hour", HourValue, outlet, factor, start)

    def day_versions(self, outlet: str, factor: str, start: datetime) -> list[Version[DayValue]]:
        with self.reading():
            recent = super().day_versions(outlet, factor, start)
            return recent or self._old_versions("day", DayValue, outlet, factor, start)

    def month_versions(self, outlet: str, factor: str, start: datetime) -> list[Version[MonthValue]]:
        with self.reading():
            recent = super().month_versions(outlet, factor, start)
            return recent or self._old_versions("month", MonthValue, outlet, factor, start)

    def _with_old(
        self, level: str, kind: type[V], recent: list[V], outlet: str, span: Span,
        factor: str | None, as_of: datetime | None,
    ) -> list[V]:  # fmt: skip
        kept = self.kept(level, outlet, span)
        if kept is None:
            return recent
        old = kept.in_use(span, None if factor is None else [factor], as_of)
        found = in_use.values_of(kind, level, old) + recent
        found.sort(key=lambda value: (value.start, value.factor))
        return found

    def _old_numbers(
        self, level: str, outlet: str, span: Span
    ) -> dict[tuple[str, datetime], tuple[int, datetime]]:
        kept = self.kept(level, outlet, span)
        rows = [] if kept is None else kept.results(span)
        return {(row.factor, from_epoch(row.start)): (row.version, from_us(row.at_us)) for row in rows}

    def _old_versions(
        self, level: str, kind: type[V], outlet: str, factor: str, start: datetime
    ) -> list[Version[V]]:
        one = Span(start, from_epoch(to_epoch(start) + 1))
        kept = self.kept(level, outlet, one)
        rows = [] if kept is None else kept.results(one, [factor])
        return [
            Version(row.version, from_us(row.at_us), None if row.text == WITHDRAWN else value_of(kind, row))
            for row in rows
        ]

    # --- digests ------------------------------------------------------------------------------------

    def _digest_rows(self) -> Iterator[Placed]:
        recent = super()._digest_rows()
        old = (
            (kept.name, kept.kind, row)
            for kept in self.kept_of(self.points_named())
            for row in kept.rows_by_month()
        )
        return heapq.merge(recent, old, key=lambda one: (one[0], int(one[1]), one[2].time, one[2].seq))

    def _digest_results(self, level: str) -> Iterator[tuple[str, int, str, str]]:
        recent = super()._digest_results(level)
        return heapq.merge(recent, self._old_in_use(level), key=itemgetter(0, 1, 2))

    def _old_in_use(self, level: str) -> Iterator[tuple[str, int, str, str]]:
        for kept in self.kept_of(self.outlets_named(), [level]):
            for row in results.decode(level, kept.in_use(None, None, None)):
                yield row.outlet, row.start, row.factor, row.text


def open_telemetry(
    where: str | Path, history: str | Path | None = None, *, buckets: int = BUCKETS
) -> Telemetry:
    """The store of a file or of ``postgresql://…``, with its history (a folder, ``s3://…``; "" or None: beside the file).

    Raises:
        BadInput: an address that is not known, or its driver is not installed.
        SchemaTooNew: the store was written by a newer mingcha.
        TelemetryFailed: it cannot be opened.
    """
    return Telemetry(where, history or None, buckets=buckets)
