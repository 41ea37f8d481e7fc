"""Reports of one outlet, R-75-13: hour table of a day, day table of a month, month table of a quarter or a year.

Values in full digits: what a page rounds it rounds when it shows (R-75-C.12), after every comparison. Amounts are sums
of what was measured; nothing is substituted here.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from mingcha.core.aggregates import DayValue, HourCode, HourValue, MonthValue
from mingcha.core.causes import Cause
from mingcha.core.clock import beijing_day, to_epoch
from mingcha.core.facts import Limit, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow.law import first_cut_hour_on
from mingcha.flow.outlet import MASS_UNIT
from mingcha.flow.reading import factors_of
from mingcha.flow.report_periods import LEVEL, Kind, Period, row_name
from mingcha.flow.report_values import Cell, Column, Extremes, Report, Row, State, Tally
from mingcha.flow.units import written
from mingcha.flow.worked import FLOW
from mingcha.protocol.hj212 import factors as codes
from mingcha.rules.engine import Registry, standard_registry
from mingcha.stats.decimals import decimals_of
from mingcha.stats.hours import settled
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.recent.columns import MOST, Columns

Value = HourValue | DayValue | MonthValue
Key = tuple[str, datetime]  # factor, start of the row
MINUTES = 60
NO_HOURS = Tally()
AVERAGING = {
    "hour": "hour",
    "day": "day",
    "month": "",
}  # the limit that stands beside a level; none for months


def report(
    store: Telemetry,
    facts: OutletFacts,
    period: Period,
    now: datetime,
    *,
    as_of: datetime | None = None,
    registry: Registry | None = None,
) -> Report:
    """The report of ``period`` from the values in use, or those in use at ``as_of``."""
    level = LEVEL[period.kind]
    held = _values(store, facts.key, level, period.span, as_of)
    factors = list(dict.fromkeys([*factors_of(store, facts), *sorted({value.factor for value in held})]))
    hours = {} if level == "hour" else _tallies(store, facts.key, factors, period, as_of)
    whole: Sequence[Value] = ()
    if period.kind in (Kind.DAY, Kind.MONTH):
        whole = _values(store, facts.key, period.kind.value, period.span, as_of)
    return assemble(
        facts, period, factors, held, hours, whole, now, as_of=as_of, registry=registry or standard_registry()
    )


def _values(
    store: Telemetry, outlet: str, level: str, span: Span, as_of: datetime | None
) -> Sequence[HourValue] | Sequence[DayValue] | Sequence[MonthValue]:
    if level == "hour":
        return store.hours(outlet, span, as_of=as_of)
    if level == "day":
        return store.days(outlet, span, as_of=as_of)
    return store.months(outlet, span, as_of=as_of)


def _tallies(
    store: Telemetry, outlet: str, factors: Sequence[str], period: Period, as_of: datetime | None
) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {}
    for n in range(0, len(factors), MOST):
        held = store.columns("hour", outlet, period.span, factors[n : n + MOST], as_of=as_of)
        for factor, columns in held.items():
            found |= {(factor, start): tally for start, tally in _by_row(columns, period.rows())}
    return found


def _by_row(columns: Columns, rows: Sequence[Span]) -> Iterable[tuple[datetime, Tally]]:
    for row in rows:
        first, last = columns.starts.searchsorted([to_epoch(row.start), to_epoch(row.end)]).tolist()
        means = columns.mean[first:last].tolist()
        yield row.start, tally(columns.codes[first:last], columns.causes[first:last], means)


def tally(hour_codes: Sequence[str], causes: Sequence[str], means: Sequence[float]) -> Tally:
    """Parallel columns of hours; NaN: no mean."""
    valid = [
        mean
        for code, mean in zip(hour_codes, means, strict=True)
        if code == HourCode.NORMAL and not math.isnan(mean)
    ]
    return Tally(_counted(hour_codes), _counted(causes), min(valid, default=None), max(valid, default=None))


def _counted(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Most frequent first, then by name; "" left out."""
    return tuple(
        sorted(Counter(text for text in texts if text).items(), key=lambda pair: (-pair[1], pair[0]))
    )


# --- assembly: values only --------------------------------------------------------------------------


def assemble(
    facts: OutletFacts,
    period: Period,
    factors: Sequence[str],
    held: Sequence[Value],
    tallies: Mapping[Key, Tally],
    whole: Sequence[Value],
    now: datetime,
    *,
    as_of: datetime | None,
    registry: Registry,
) -> Report:
    """``held``: values of the rows. ``tallies``: of their hours, for days and months. ``whole``: of the whole period."""
    at = now if as_of is None else min(now, as_of)
    level = LEVEL[period.kind]
    values = {(value.factor, value.start): value for value in held}
    rows = tuple(
        Row(row_name(period.kind, span), span, _row_state(span, at), tuple(
            _cell(facts, factor, span, level, values.get((factor, span.start)), tallies.get((factor, span.start), NO_HOURS))
            for factor in factors
        ))
        for span in period.rows()
    )  # fmt: skip
    of_all = {value.factor: value for value in whole if value.start == period.span.start}
    columns = tuple(
        _column(facts, factor, period, [row.cells[n] for row in rows], of_all.get(factor))
        for n, factor in enumerate(factors)
    )
    return Report(facts.key, period, at, as_of, _state(facts, period, at, registry), columns, rows)


def _row_state(span: Span, at: datetime) -> str:
    if span.end <= at:
        return "over"
    return "running" if span.start <= at else "future"


def _state(facts: OutletFacts, period: Period, at: datetime, registry: Registry) -> State:
    cut = period.span.end + timedelta(hours=first_cut_hour_on(period.last, facts.region, registry))
    if at < period.span.end:
        return State.RUNNING
    return State.PROVISIONAL if at < cut else State.COMPLETE


def _cell(facts: OutletFacts, factor: str, span: Span, level: str, value: Value | None, hours: Tally) -> Cell:
    limit = facts.limit(factor, AVERAGING[level], beijing_day(span.start))
    if value is None:
        first = min((point.start for point in facts.points), default=None)
        unconnected = first is None or span.end <= first
        return Cell(cause=Cause.NOT_CONNECTED.value if unconnected else "", limit=limit, tally=hours)
    cell = cell_of(value, hours)
    return _compared(cell, limit, _unit(facts, factor, span.start))


def cell_of(value: Value, hours: Tally = NO_HOURS) -> Cell:
    """A value as a cell without a limit. The amount of an invalid hour counts nowhere (R-75-C.8)."""
    if isinstance(value, HourValue):
        valid = value.valid and value.mean is not None
        return Cell(
            True, value.code.value, value.valid_minutes, MINUTES, value.mean, value.converted,
            value.total if valid else None, value.minimum, value.maximum, value.cause,
        )  # fmt: skip
    cause = hours.causes[0][0] if hours.causes and value.mean is None else ""
    if isinstance(value, DayValue):
        return Cell(
            True, "", value.valid_hours, value.running_hours, value.mean, value.converted, value.total,
            hours.minimum, hours.maximum, cause, tally=hours,
        )  # fmt: skip
    return Cell(
        True, "", value.valid_days, value.due_days, value.mean, value.converted, value.total,
        value.minimum, value.maximum, cause, tally=hours,
    )  # fmt: skip


def _compared(cell: Cell, limit: Limit | None, unit: str) -> Cell:
    """With its limit; compared in full digits, at reference oxygen where the limit is."""
    over = None
    if limit is not None:
        value = cell.measured if limit.reference_o2 is None else cell.converted
        if value is not None and written(limit.unit) == written(unit):
            over = Decimal(repr(value)) > limit.value
    return replace(cell, limit=limit, over=over)


def _column(
    facts: OutletFacts, factor: str, period: Period, cells: Sequence[Cell], whole: Value | None
) -> Column:
    unit = _unit(facts, factor, period.span.end - timedelta(seconds=1))
    total_unit = amount_unit(facts, factor, unit)
    totals = [cell.total for cell in cells if cell.total is not None]
    decimals = _decimals(factor, unit)
    return Column(
        factor=factor,
        unit=unit,
        decimals=decimals,
        total_unit=total_unit,
        total_decimals=decimals_of("emission", total_unit) if total_unit != "m3" else decimals,
        has_converted=any(cell.converted is not None for cell in cells),
        has_total=bool(totals),
        measured=extremes(cell.measured for cell in cells),
        converted=extremes(cell.converted for cell in cells),
        total=settled(math.fsum(totals)) if totals else None,
        whole=None if whole is None else cell_of(whole),
        limits=tuple(dict.fromkeys(cell.limit for cell in cells if cell.limit is not None)),
        over=sum(cell.over is True for cell in cells),
        judged=sum(cell.over is not None for cell in cells),
    )


def extremes(values: Iterable[float | None]) -> Extremes:
    known = [value for value in values if value is not None]
    mean = settled(math.fsum(known) / len(known)) if known else None
    return Extremes(len(known), max(known, default=None), min(known, default=None), mean)


def _unit(facts: OutletFacts, factor: str, at: datetime) -> str:
    """As filed at that moment, else as its datalogger or the factor table has it."""
    setting = facts.setting(factor, at) or facts.setting(factor)
    return setting.unit if setting is not None and setting.unit else codes.unit_of(factor, facts.units)


def amount_unit(facts: OutletFacts, factor: str, unit: str) -> str:
    """Of ``total``: m³ of a flow, kg of a concentration; else that of the factor table's amounts."""
    if factor == FLOW[facts.medium]:
        return "m3"
    if written(unit) in MASS_UNIT:
        return "kg"
    known = codes.lookup(factor)
    return known.unit_mass if known is not None else ""


def _decimals(factor: str, unit: str) -> int | None:
    """R-75-C.12, else the decimals of the factor table."""
    found = decimals_of(factor, written(unit))
    known = codes.lookup(factor)
    return found if found is not None or known is None else known.decimals
