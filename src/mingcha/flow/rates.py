"""Rates, lost hours, completeness and comparison of outlets over any span (R-TR-1 to R-TR-6).

Counts are summed, never rates. A question about few outlet-hours is answered from the values themselves; a wide one by
the SQL of ``store.telemetry.queries`` on DuckDB, over recent and sealed hours alike. Both ways give the same rows.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mingcha.core.aggregates import HourValue
from mingcha.core.causes import Cause
from mingcha.core.clock import BEIJING, HOUR_S, beijing, beijing_day, from_epoch, from_us
from mingcha.core.errors import BadInput
from mingcha.core.spans import Span
from mingcha.flow import wide
from mingcha.stats.rates import Counts, Edition, Rates, VrBase
from mingcha.stats.rates import rates as rates_of_counts
from mingcha.store.telemetry import Telemetry

BY = ("outlet", "group", "factor", "day", "month")
FEW_OUTLET_HOURS = 4_000  # of the recent store: five outlets for a month; DuckDB takes 0.1 s to start
FEW_OUTLETS = 50

Key = tuple[str | None, str | None, str | None, date | None, date | None]  # in the order of BY


@dataclass(frozen=True, slots=True)
class RateRow:
    """Counts of what was asked for; None where it was not asked for. ``month``: its first day.

    ``hours``: all that have a value, due or not. ``causes``: hours that are not valid by ``core.causes.Cause``, those
    not due included, most first.
    """

    outlet: str | None
    group: str | None
    factor: str | None
    day: date | None
    month: date | None
    counts: Counts
    hours: int
    causes: dict[str, int] = field(default_factory=dict)

    def rates(self, vr_base: VrBase = VrBase.RECEIVED, edition: Edition = Edition.COMPLETE) -> Rates:
        return rates_of_counts(self.counts, vr_base, edition)

    @property
    def lost(self) -> int:
        """Hours that were due and are not valid."""
        return self.counts.due - self.counts.valid

    @property
    def own_downtime(self) -> int:
        return self.counts.own_downtime


@dataclass(frozen=True, slots=True)
class LostHour:
    """An hour that is not valid. ``first``: what was known at the first cut, ``valid``, ``received``, ``lost`` or ""
    (no cut yet). ``version``: how many there are; ``at``: when this one was written.
    """

    outlet: str
    factor: str
    start: datetime
    code: str
    cause: str
    due: bool
    received: bool
    valid_minutes: int
    first: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DayCell:
    """One factor on one Beijing day."""

    counts: Counts
    hours: int
    causes: dict[str, int]

    @property
    def share(self) -> float | None:
        """Valid of due, 0 to 1; None where nothing was due."""
        return self.counts.valid / self.counts.due if self.counts.due else None


@dataclass(frozen=True, slots=True)
class Completeness:
    """Day by factor. A day and factor without a cell has no hour at all."""

    outlet: str
    days: list[date]
    factors: list[str]
    cells: dict[tuple[date, str], DayCell]


@dataclass(frozen=True, slots=True)
class Compared:
    """One factor of an outlet in the span, or on one day of it; means are those of the valid hours.

    ``maximum_at``: the first hour of the greatest mean.
    """

    outlet: str
    day: date | None
    hours: int
    valid: int
    mean: float | None
    minimum: float | None
    maximum: float | None
    maximum_at: datetime | None
    converted: float | None
    total: float | None


def rates_of(
    telemetry: Telemetry,
    outlets: Collection[str] | None,
    span: Span,
    *,
    by: Sequence[str] = ("outlet",),
    groups: Mapping[str, str] | None = None,
) -> list[RateRow]:
    """Counts and lost hours by any of ``BY``, sorted in its order; ``outlets`` None: all that have hours.

    ``groups``: discharger, district … of each outlet, for ``by`` group; an outlet it leaves out has group None.

    Raises:
        BadInput: ``by`` names something else, or group without ``groups``.
    """
    _check(by, groups)
    if outlets is not None and _is_small(telemetry, len(set(outlets)), span):
        return _few(telemetry, sorted(set(outlets)), span, by, groups or {})
    return _wide(telemetry, outlets, span, by, groups or {})


def _check(by: Sequence[str], groups: Mapping[str, str] | None) -> None:
    unknown = [name for name in by if name not in BY]
    if unknown:
        raise BadInput({"by": f"{unknown[0]!r}: expected some of {', '.join(BY)}"})
    if "group" in by and groups is None:
        raise BadInput({"groups": "rates by group need the group of each outlet"})


def _is_small(telemetry: Telemetry, outlets: int, span: Span) -> bool:
    """Whether values one by one are faster: few, and none of them sealed, which SQL reads far faster."""
    sealed = telemetry.sealed_until()
    hours = int(span.length.total_seconds()) // HOUR_S
    return outlets * hours <= FEW_OUTLET_HOURS and (sealed is None or sealed <= span.start)


@dataclass(slots=True)
class _Tally:
    counts: Counts = field(default_factory=Counts)
    hours: int = 0
    causes: Counter[str] = field(default_factory=Counter)


def _rows(tallies: Mapping[Key, _Tally]) -> list[RateRow]:
    def rank(key: Key) -> tuple[tuple[bool, str], ...]:
        return tuple((part is not None, str(part)) for part in key)

    return [
        RateRow(*key, one.counts, one.hours, dict(sorted(one.causes.items(), key=lambda c: (-c[1], c[0]))))
        for key, one in sorted(tallies.items(), key=lambda item: rank(item[0]))
    ]


def counts_of(hour: HourValue) -> Counts:
    """One hour as counts. Where there was no first cut yet, it counts there as it is known now."""
    valid, received = hour.cause == "", hour.received
    first = hour.first or ("valid" if valid and received else "received" if received else "lost")
    if not hour.due:
        return Counts()
    return Counts(
        1, int(received), int(received and valid), int(first in ("valid", "received")), int(first == "valid"),
        int(not received and hour.cause == Cause.OWN_DOWNTIME),
    )  # fmt: skip


def _few(
    telemetry: Telemetry, outlets: Sequence[str], span: Span, by: Sequence[str], groups: Mapping[str, str]
) -> list[RateRow]:
    """Kinds of hours are counted first (there are few), then made into counts."""
    kinds: Counter[tuple[Key, Counts, str]] = Counter()
    for outlet in outlets:
        group = groups.get(outlet)
        for hour in telemetry.hours(outlet, span):
            day = beijing_day(hour.start)
            key = (outlet, group, hour.factor, day, day.replace(day=1))
            kinds[_asked(key, by), counts_of(hour), hour.cause] += 1
    tallies: dict[Key, _Tally] = {}
    for (asked, counts, cause), times in kinds.items():
        tally = tallies.setdefault(asked, _Tally())
        tally.counts += _times(counts, times)
        tally.hours += times
        if cause:
            tally.causes[cause] += times
    return _rows(tallies)


def _asked(key: Key, by: Sequence[str]) -> Key:
    outlet, group, factor, day, month = key
    return (
        outlet if "outlet" in by else None, group if "group" in by else None, factor if "factor" in by else None,
        day if "day" in by else None, month if "month" in by else None,
    )  # fmt: skip


def _times(counts: Counts, times: int) -> Counts:
    return Counts(
        counts.due * times, counts.received * times, counts.valid * times, counts.first_received * times,
        counts.first_valid * times, counts.own_downtime * times,
    )  # fmt: skip


def _wide(
    telemetry: Telemetry,
    outlets: Collection[str] | None,
    span: Span,
    by: Sequence[str],
    groups: Mapping[str, str],
) -> list[RateRow]:
    """Where months are asked for, a day at a time of a few outlets, else month by month: so little is read out."""
    daily = "month" in by and outlets is not None and len(outlets) <= FEW_OUTLETS
    tallies: dict[Key, _Tally] = {}
    with wide.engine(telemetry, span, outlets) as engine:
        for part, month in _months(span) if "month" in by and not daily else [(span, None)]:
            asked = wide.Asked(part, outlets, groups, (*by, "day") if daily else tuple(by))
            for row in wide.counts(engine, asked, by_cause=True):
                day = wide.day_of(row["day"])
                of = day.replace(day=1) if daily and day is not None else month
                key = (row["outlet"], row["grp"], row["factor"], day if "day" in by else None, of)
                tally = tallies.setdefault(key, _Tally())
                tally.counts += Counts(*(row[name] for name in wide.COUNTS))
                tally.hours += row["hours"]
                if row["cause"]:
                    tally.causes[row["cause"]] += row["hours"]
    return _rows(tallies)


def _months(span: Span) -> list[tuple[Span, date | None]]:
    """The parts of ``span`` by Beijing month."""
    found: list[tuple[Span, date | None]] = []
    start = span.start
    while start < span.end:
        first = beijing_day(start).replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        edge = datetime(following.year, following.month, 1, tzinfo=BEIJING).astimezone(span.start.tzinfo)
        found.append((Span(start, min(edge, span.end)), first))
        start = edge
    return found


def lost_hours(
    telemetry: Telemetry,
    outlet: str,
    span: Span,
    *,
    factor: str | None = None,
    cause: str | None = None,
    limit: int = 1000,
) -> list[LostHour]:
    """The hours of an outlet that are not valid, newest first, at most ``limit``; those not due are among them."""
    if not _is_small(telemetry, 1, span):
        with wide.engine(telemetry, span, [outlet]) as engine:
            rows = wide.lost(engine, outlet, span, factor or "", cause or "")[:limit]
        return [
            LostHour(
                outlet, row["factor"], from_epoch(row["start_s"]), row["code"], row["cause"], row["due"], row["received"],
                row["valid_minutes"], row["first_edition"], row["version"], from_us(row["at_us"]),
            )
            for row in rows
        ]  # fmt: skip
    hours = [
        hour
        for hour in telemetry.hours(outlet, span, factor=factor)
        if hour.cause and cause in (None, "", hour.cause)
    ]
    hours.sort(key=lambda hour: (-hour.start.timestamp(), hour.factor))
    numbers = telemetry.hour_numbers(outlet, span) if hours else {}
    return [
        LostHour(
            outlet, h.factor, h.start, h.code.value, h.cause, h.due, h.received, h.valid_minutes, h.first,
            *numbers[h.factor, h.start],
        )
        for h in hours[:limit]
    ]  # fmt: skip


def completeness(telemetry: Telemetry, outlet: str, span: Span) -> Completeness:
    """Day by factor of one outlet; ``days`` are all Beijing days that ``span`` touches."""
    rows = rates_of(telemetry, [outlet], span, by=("factor", "day"))
    cells = {
        (row.day, row.factor): DayCell(row.counts, row.hours, row.causes)
        for row in rows
        if row.day is not None and row.factor is not None
    }
    first, last = beijing_day(span.start), beijing_day(span.end - timedelta(microseconds=1))
    days = (
        [first + timedelta(days=n) for n in range((last - first).days + 1)] if span.start < span.end else []
    )
    return Completeness(outlet, days, sorted({factor for _, factor in cells}), cells)


def compare(
    telemetry: Telemetry, outlets: Collection[str], factor: str, span: Span, *, daily: bool = False
) -> list[Compared]:
    """One factor of several outlets side by side, over the span or day by day, by outlet and day."""
    if not _is_small(telemetry, len(set(outlets)), span):
        with wide.engine(telemetry, span, outlets) as engine:
            rows = wide.extremes(engine, wide.Asked(span, outlets, {}, ("day",) if daily else ()))
        return [_compared(row) for row in rows if row["factor"] == factor]
    found: list[Compared] = []
    for outlet in sorted(set(outlets)):
        held: dict[date | None, list[HourValue]] = {}
        for hour in telemetry.hours(outlet, span, factor=factor):
            held.setdefault(beijing(hour.start).date() if daily else None, []).append(hour)
        found += [_summed(outlet, day, hours) for day, hours in held.items()]
    return found


def _compared(row: Mapping[str, wide.Cell]) -> Compared:
    at = row["maximum_at"]
    return Compared(
        row["outlet"], wide.day_of(row["day"]), row["hours"], row["valid"], row["mean"], row["minimum"], row["maximum"],
        None if at is None else from_epoch(at), row["converted"], row["total"],
    )  # fmt: skip


def _summed(outlet: str, day: date | None, hours: Sequence[HourValue]) -> Compared:
    """The same as ``extremes.sql``: hours of code N; a converted mean of those that have one."""
    normal = [hour for hour in hours if hour.valid]
    means = [(hour.mean, hour.start) for hour in normal if hour.mean is not None]
    converted = [hour.converted for hour in normal if hour.converted is not None]
    totals = [hour.total for hour in normal if hour.total is not None]
    greatest = max((mean for mean, _ in means), default=None)
    return Compared(
        outlet, day, len(hours), len(means),
        sum(mean for mean, _ in means) / len(means) if means else None,
        min((mean for mean, _ in means), default=None), greatest,
        next((start for mean, start in means if mean == greatest), None),
        sum(converted) / len(converted) if converted else None, sum(totals) if totals else None,
    )  # fmt: skip
