"""``Recent``: readings, hour, day and month values in a row store. Writers take turns, readers do not wait."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mingcha.core.aggregates import DayValue, HourValue, MonthValue
from mingcha.core.clock import from_epoch, to_epoch
from mingcha.core.packets import HOUR, MINUTE, REALTIME, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry.recent import again, columns, digests, reader, writer
from mingcha.store.telemetry.recent.columns import Columns
from mingcha.store.telemetry.recent.connection import Connections, Session
from mingcha.store.telemetry.recent.engines import engine_of
from mingcha.store.telemetry.recent.newest import Newest, newest
from mingcha.store.telemetry.recent.restatements import Restatements
from mingcha.store.telemetry.recent.results import Results, V
from mingcha.store.telemetry.values import Latest, Series, ValueVersion, Version, WriteReport

HOURS = Results("hour", HourValue)
DAYS = Results("day", DayValue)
MONTHS = Results("month", MonthValue)
OF_LEVEL: dict[str, Results[Any]] = {"hour": HOURS, "day": DAYS, "month": MONTHS}
_HOUR = timedelta(hours=1)
OF_HOURS = (REALTIME, MINUTE, HOUR)  # the kinds of which hours are made
_SILENCE = "SELECT value FROM meta WHERE key = 'silence_seen'"
_SET_SILENCE = """
INSERT INTO meta VALUES ('silence_seen', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""
_CLEAN = """
DELETE FROM dirty
WHERE point = (SELECT id FROM names WHERE sort = 'point' AND name = ?) AND hour = ? AND stamp <= ?
"""
Whole = tuple[str, Span]  # an outlet and all values that start in a span


class Recent(Restatements):
    """The store of one SQLite file, or of ``postgresql://…``; made where it is new. Threads may share it.

    Which version of a value is current is told in ``merge``: the newest received, except that a text
    which is no number never replaces a valid number.

    Raises:
        BadInput: ``where`` is no address that is known, or its driver is not installed.
        SchemaTooNew: the store was written by a newer mingcha.
        TelemetryFailed: it cannot be opened.
    """

    def __init__(self, where: str | Path) -> None:
        self.where = where
        self._connections = Connections(engine_of(where))
        self._handed: dict[tuple[str, int], int] = {}

    @property
    def path(self) -> Path:
        """The file of a store on SQLite."""
        return Path(self.where)

    @property
    def name(self) -> str:
        """The store as people are told of it, without secrets."""
        return self._connections.engine.name

    def writing(self) -> AbstractContextManager[Session]:
        """One write transaction: what this thread asks of the store inside joins it. All of it counts or nothing.

        Raises:
            TelemetryFailed: disk, lock or network refused.
        """
        return self._connections.writing()

    def reading(self) -> AbstractContextManager[Session]:
        """What this thread asks of the store inside is of one moment. Keep it short."""
        return self._connections.reading()

    def write(
        self, packets: Sequence[Packet], *, position: FrameRef | Sequence[FrameRef] | None
    ) -> WriteReport:
        """Rows, latest, dirty hours and the position of its gateway (or of several), in one transaction.

        With ``position`` each frame has its effect once: frames of that gateway at or before the position
        the file holds are skipped, and it never goes back. Frames of an earlier time that were passed over
        then (a station adopted later) come by ``project_again``.

        Raises:
            TelemetryFailed: disk or lock refused; nothing was written.
            BadValue: a packet cannot be kept; nothing was written.
        """
        with self.writing() as session:
            return writer.write(session, packets, position, self._hooks())

    def project_again(self, mn: str, start: datetime, gather: again.Gather) -> WriteReport:
        """Replace what was received of a station since ``start`` by what ``gather`` finds; see ``again``.

        One transaction: ``gather`` holds up the other writers, so let it have read the journal before.

        Raises:
            TelemetryFailed: disk or lock refused; nothing was changed.
        """
        with self.writing() as session:
            return again.project_again(session, mn, start, gather, self._hooks())

    def positions(self) -> dict[str, FrameRef]:
        """How far each gateway's journal is projected."""
        with self.reading() as session:
            return reader.positions(session)

    def latest(self, points: Collection[str] | None = None, *, kind: str | None = None) -> list[Latest]:
        """The newest of every point, kind and factor, sorted so."""
        with self.reading() as session:
            return reader.latest(session, points, kind)

    def newest(
        self, kind: str, points: Collection[str] | None = None, *, fields: Collection[str] | None = None
    ) -> dict[tuple[str, str], Newest]:
        """The same for many points at once, as columns by (factor, field): of some ``fields``, or all."""
        with self.reading() as session:
            return newest(session, kind, points, fields)

    def series(
        self, point: str, kind: str, factor: str, span: Span, *, field: str, as_of: datetime | None = None
    ) -> Series:
        """One field over time; with ``as_of`` what had been received by then."""
        with self.reading() as session:
            found = reader.series(session, point, kind, span, as_of=as_of, factor=factor, fields=(field,))
        return found.get((factor, field)) or reader.empty()

    def packets(
        self,
        point: str,
        kind: str,
        span: Span,
        *,
        as_of: datetime | None = None,
        fields: Collection[str] | None = None,
    ) -> dict[str, dict[str, Series]]:
        """All factors at once: factor → field → series; of some ``fields``, or all."""
        with self.reading() as session:
            found = reader.series(session, point, kind, span, as_of=as_of, fields=fields)
        factors: dict[str, dict[str, Series]] = {}
        for (factor, field), column in found.items():
            factors.setdefault(factor, {})[field] = column
        return factors

    def history(self, point: str, kind: str, time: datetime, factor: str) -> list[ValueVersion]:
        """Every version of every field of a factor at one time, oldest first."""
        with self.reading() as session:
            return reader.history(session, point, kind, time, factor)

    def dirty(self, limit: int) -> list[tuple[str, Span]]:
        """Hours touched since they were last cleaned, the earliest hours first; one hour an item."""
        query = """
            SELECT names.name, hour, stamp FROM dirty JOIN names ON names.id = dirty.point
            ORDER BY hour, point LIMIT ?
        """
        with self.reading() as session:
            rows = session.db.execute(query, (limit,)).fetchall()
        self._handed.update({(point, hour): stamp for point, hour, stamp in rows})
        return [(point, Span(from_epoch(hour), from_epoch(hour) + _HOUR)) for point, hour, _ in rows]

    def clean(self, items: Iterable[tuple[str, Span]]) -> None:
        """Forget hours that ``dirty`` of this object gave out, unless they were touched again since."""
        keys = [(point, to_epoch(span.start)) for point, span in items]
        with self.writing() as session:
            session.db.executemany(
                _CLEAN,
                [(*key, self._handed.get(key, 0)) for key in keys],
            )
        for key in keys:
            self._handed.pop(key, None)

    def touch(self, items: Iterable[tuple[str, Span]], *, silence_seen: datetime | None = None) -> None:
        """Make the hours of points dirty, as a new reading would.

        ``silence_seen``: kept in the same transaction, see the method of that name.
        """
        with self.writing() as session:
            writer.touch(session, items)
            if silence_seen is not None:
                session.db.execute(_SET_SILENCE, (str(to_epoch(silence_seen)),))

    def silence_seen(self) -> datetime | None:
        """Up to when hours without readings were made dirty; None where that was never done in this file."""
        with self.reading() as session:
            row = session.db.execute(_SILENCE).fetchone()
        return None if row is None else from_epoch(int(row[0]))

    def first_reading(self, points: Iterable[str]) -> datetime | None:
        """The earliest time of a reading (2011, 2051, 2061) of ``points``."""
        with self.reading() as session:
            found = [reader.first(session, point, kind) for point in points for kind in OF_HOURS]
        return min((time for time in found if time is not None), default=None)

    def touch_point(self, point: str) -> None:
        """Make every hour in which ``point`` has readings dirty."""
        with self.writing() as session:
            writer.touch_point(session, point, self._sealed_hours(point))

    def has_readings(self, point: str, span: Span) -> bool:
        """Whether anything of which hours are made (2011, 2051, 2061) came for a time in ``span``."""
        with self.reading() as session:
            return any(reader.holds(session, point, kind, span) for kind in OF_HOURS)

    def times(self, point: str, kind: str, span: Span) -> list[datetime]:
        """The times (DataTime) in ``span`` of which something of ``kind`` came, in order."""
        with self.reading() as session:
            return reader.times(session, point, kind, span)

    def write_hours(
        self, values: Sequence[HourValue], *, at: datetime, whole: Whole | None = None
    ) -> list[HourValue]:
        """Keep hour values; return those that changed. An equal value writes nothing, old versions stay.

        ``whole``: an outlet and a span of which ``values`` are all there is: what else is in use there is
        withdrawn, by a version of its own.
        """
        return self._write(HOURS, values, at, whole)

    def write_days(
        self, values: Sequence[DayValue], *, at: datetime, whole: Whole | None = None
    ) -> list[DayValue]:
        """Keep day values as ``write_hours`` keeps hours; return those that changed."""
        return self._write(DAYS, values, at, whole)

    def write_months(
        self, values: Sequence[MonthValue], *, at: datetime, whole: Whole | None = None
    ) -> list[MonthValue]:
        """Keep month values as ``write_hours`` keeps hours; return those that changed."""
        return self._write(MONTHS, values, at, whole)

    def _write(self, table: Results[V], values: Sequence[V], at: datetime, whole: Whole | None) -> list[V]:
        with self.writing() as session:
            for outlet, span in _touched(values, whole):
                self._reopen_results(table.level, outlet, span)
            if whole is not None:
                table.withdraw(session, *whole, values, at)
            return table.write(session, values, at)

    def hours(
        self, outlet: str, span: Span, *, factor: str | None = None, as_of: datetime | None = None
    ) -> list[HourValue]:
        """Hours that start in ``span``, by start and factor; with ``as_of`` what was known then."""
        with self.reading() as session:
            return HOURS.read(session, outlet, span, factor, as_of)

    def days(
        self, outlet: str, span: Span, *, factor: str | None = None, as_of: datetime | None = None
    ) -> list[DayValue]:
        """Days that start in ``span``, by start and factor; with ``as_of`` what was known then."""
        with self.reading() as session:
            return DAYS.read(session, outlet, span, factor, as_of)

    def months(
        self, outlet: str, span: Span, *, factor: str | None = None, as_of: datetime | None = None
    ) -> list[MonthValue]:
        """Months that start in ``span``, by start and factor; with ``as_of`` what was known then."""
        with self.reading() as session:
            return MONTHS.read(session, outlet, span, factor, as_of)

    def columns(
        self, level: str, outlet: str, span: Span, factors: Sequence[str], *, as_of: datetime | None = None
    ) -> dict[str, Columns]:
        """Values of a level (hour, day, month) by factor, as columns; with ``as_of`` what was known then."""
        with self.reading() as session:
            found = columns.rows(session, level, outlet, span, factors, as_of)
        return columns.columns(level, found)

    def hour_numbers(self, outlet: str, span: Span) -> dict[tuple[str, datetime], tuple[int, datetime]]:
        """By factor and start: the number of the last version and when it was written."""
        with self.reading() as session:
            return HOURS.numbers(session, outlet, span)

    def hour_versions(self, outlet: str, factor: str, start: datetime) -> list[Version[HourValue]]:
        """Every version of one hour, oldest first."""
        with self.reading() as session:
            return HOURS.versions(session, outlet, factor, start)

    def day_versions(self, outlet: str, factor: str, start: datetime) -> list[Version[DayValue]]:
        """Every version of one day, oldest first."""
        with self.reading() as session:
            return DAYS.versions(session, outlet, factor, start)

    def month_versions(self, outlet: str, factor: str, start: datetime) -> list[Version[MonthValue]]:
        """Every version of one month, oldest first."""
        with self.reading() as session:
            return MONTHS.versions(session, outlet, factor, start)

    def digest(self) -> dict[str, str]:
        """Digests of ``readings`` (every row), ``hours``, ``days`` and ``months`` (the values in use)."""
        with self.reading():
            return {
                "readings": digests.readings(self._digest_rows()),
                **{f"{level}s": digests.results(self._digest_results(level)) for level in OF_LEVEL},
            }

    def _digest_rows(self) -> Iterator[digests.Placed]:
        """Every row of readings, by point, kind as a number, time and sequence; inside ``reading``."""
        with self.reading() as session:
            yield from digests.rows(session)

    def _digest_results(self, level: str) -> Iterator[tuple[str, int, str, str]]:
        """Outlet, start, factor and text of every value in use, in that order; inside ``reading``."""
        with self.reading() as session:
            yield from OF_LEVEL[level].current(session)

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()


def _touched(values: Sequence[V], whole: Whole | None) -> list[Whole]:
    """The outlets that a write looks at, each with a span of all starts that it looks at."""
    starts: dict[str, list[datetime]] = {}
    for value in values:
        starts.setdefault(value.outlet, []).append(value.start)
    if whole is not None:
        starts.setdefault(whole[0], []).extend((whole[1].start, whole[1].end))
    return [(outlet, Span(min(found), max(found) + _HOUR)) for outlet, found in starts.items()]
