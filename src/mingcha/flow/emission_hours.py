"""Hourly emissions of one gas factor with what stands in for the invalid ones: R-75-12.2, R-75-12.3.

A valid hour has the mass that ``flow.outlet`` computed (mean by volume of the hour). Hours in which the source stood,
or ran in start, shut-down or banked fire (these have no mean), end a run and are not substituted. An hour outside the
life of the factor in the register is in no quarter. An hour in it without a value is an invalid one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.causes import Cause
from mingcha.core.clock import HOUR_S, beijing_day, day_start, from_epoch, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span, merged
from mingcha.flow.readings import reporting
from mingcha.flow.settings import Settings
from mingcha.stats.capture import Capture, capture, quarter_of
from mingcha.stats.codes import INDEX, NO_DATA, STOPPED, Codes, Mask, Times, Values
from mingcha.stats.expected import touched
from mingcha.stats.legacy import GAS_UNTIL
from mingcha.stats.substitution import (
    GasHours,
    Status,
    Substitution,
    SubstitutionLaw,
    Table,
    substitute,
)
from mingcha.store.telemetry import Telemetry

SUBSTITUTED = frozenset({"a21026", "a21002", "a34013"})  # SO2, NOx, particulate matter: R-75-12.3
STATES = frozenset({HourCode.START, HourCode.SHUTDOWN, HourCode.BANKED})
STEP = timedelta(days=120)  # of reading back: 2160 valid hours are 90 days of a source that never stops
AHEAD = timedelta(days=31)  # of reading on, where a run passes the end of the period


class Kind(StrEnum):
    """What an hour of emission is. ``NO_RULE``: invalid, and the rule is of no such factor or not yet in force."""

    MEASURED = "measured"
    SUBSTITUTED = "substituted"
    NO_SUBSTITUTION = "no_substitution"
    NO_HISTORY = "no_history"
    NO_RULE = "no_rule"
    STOPPED = "stopped"
    NO_MEAN = "no_mean"  # start, shut-down, banked fire
    NOT_CONNECTED = "not_connected"


KINDS: tuple[Kind, ...] = tuple(Kind)
PLACE = {kind: place for place, kind in enumerate(KINDS)}
MISSING = (Kind.SUBSTITUTED, Kind.NO_SUBSTITUTION, Kind.NO_HISTORY, Kind.NO_RULE)
OF_STATUS = {
    Status.SUBSTITUTED: Kind.SUBSTITUTED,
    Status.NO_SUBSTITUTION: Kind.NO_SUBSTITUTION,
    Status.NO_HISTORY: Kind.NO_HISTORY,
}


@dataclass(frozen=True, slots=True, eq=False)
class EmissionHours:
    """Every hour from ``starts[0]`` on, of one factor. ``kg``: NaN where none is known, 0 where the source stood.

    ``kinds``: places in ``KINDS``. ``parts``: what stands in, places counted in these arrays. ``captures``: by year and
    quarter, of the hours so far in the life of the factor. ``causes``: of ``core.causes``, "" for valid hours.
    """

    starts: Times
    kg: Values
    kinds: NDArray[np.int8]
    causes: tuple[str, ...]
    parts: tuple[Substitution, ...]
    captures: Mapping[tuple[int, int], Capture]

    def within(self, span: Span) -> slice:
        """The places of the hours that start in ``span``."""
        ends = [to_epoch(span.start), to_epoch(span.end)]
        return slice(*np.searchsorted(self.starts, ends).tolist())

    def count(self, span: Span, *kinds: Kind) -> int:
        return int(np.isin(self.kinds[self.within(span)], [PLACE[kind] for kind in kinds]).sum())

    def sum(self, span: Span, kind: Kind) -> float:
        part = self.within(span)
        return float(np.nansum(np.where(self.kinds[part] == PLACE[kind], self.kg[part], 0.0)))


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Hours as arrays, before substitution. ``inside``: in the life of the factor."""

    starts: Times
    kg: Values
    codes: Codes
    inside: Mask
    states: Mask
    tables: NDArray[np.int64]
    causes: tuple[str, ...]

    @property
    def stood(self) -> Mask:
        found: Mask = (self.codes == STOPPED) | self.states | ~self.inside
        return found

    @property
    def valid(self) -> Mask:
        found: Mask = ~np.isnan(self.kg) & ~self.stood
        return found


def emission_hours(
    store: Telemetry,
    facts: OutletFacts,
    factor: str,
    span: Span,
    law: SubstitutionLaw,
    calibrations: Times,
    *,
    until: datetime,
) -> EmissionHours:
    """The hours of ``span`` up to ``until`` (what is computed), with the runs that reach in and out of it.

    ``calibrations``: epoch seconds of passed ones, rising; without one before a run that falls under table 5 its
    start stands in, and the part says ``uncalibrated``.
    """
    end = min(span.end, until)
    whole = Span(_first_needed(store, facts, factor, span, law, calibrations), min(until, end + AHEAD))
    held = _held(facts, factor, whole, store.hours(facts.key, whole, factor=factor))
    captures = _captures(held)
    parts = _parts(held, factor, calibrations, captures, law)
    shown = Span(span.start, max(span.start, end))
    return _cut(_laid(held, parts, captures), shown)


def _first_needed(
    store: Telemetry, facts: OutletFacts, factor: str, span: Span, law: SubstitutionLaw, calibrations: Times
) -> datetime:
    """How far back the longest look-back of the first run in ``span`` may reach; the life of the outlet bounds it."""
    begun = min((point.start for point in facts.points), default=span.start)
    before = calibrations[: int(np.searchsorted(calibrations, to_epoch(span.start), side="right"))]
    anchor = from_epoch(int(before[-1])) if before.size else span.start
    first, valid, step = span.start, 0, STEP
    while first > begun and valid < law.poor_look_back_h:
        earlier = max(begun, first - step)
        held = store.hours(facts.key, Span(earlier, first), factor=factor)
        valid += sum(value.valid and value.total is not None and value.start < anchor for value in held)
        first, step = earlier, 2 * step
    return first


def _held(facts: OutletFacts, factor: str, span: Span, values: list[HourValue]) -> _Held:
    first = -(-to_epoch(span.start) // HOUR_S) * HOUR_S
    starts = np.arange(first, to_epoch(span.end), HOUR_S, dtype=np.int64)
    size = starts.size
    inside = touched(starts, lives(facts, factor, span))
    codes, kg = np.full(size, NO_DATA, dtype=np.int8), np.full(size, np.nan)
    states, tables = np.zeros(size, dtype=np.bool_), np.full(size, int(Table.OTHER), dtype=np.int64)
    causes = [Cause.NO_FRAME.value if here else Cause.NOT_CONNECTED.value for here in inside.tolist()]
    for value in values:
        place = (to_epoch(value.start) - first) // HOUR_S
        if not 0 <= place < size:
            continue
        left = not value.due and not value.valid
        codes[place] = STOPPED if left else INDEX[value.code]
        kg[place] = value.total if value.valid and value.total is not None else np.nan
        inside[place] = value.valid or value.cause != Cause.NOT_CONNECTED
        states[place] = value.code in STATES
        tables[place] = Table.OUT_OF_CONTROL if value.cause == Cause.OUT_OF_CONTROL else Table.OTHER
        causes[place] = value.cause
    return _Held(starts, kg, codes, inside, states, tables, tuple(causes))


def lives(facts: OutletFacts, factor: str, span: Span) -> list[Span]:
    """The parts of ``span`` in which the register has a datalogger and a setting of the factor."""
    filed = Settings(facts).spans(factor, span)
    both = [(a, b) for _, a in reporting(facts.points, span) for b in filed if a.overlaps(b)]
    return merged(Span(max(a.start, b.start), min(a.end, b.end)) for a, b in both)


def _captures(held: _Held) -> dict[tuple[int, int], Capture]:
    """By quarter, of the hours in the life of the factor."""
    days = (held.starts + 8 * HOUR_S) // (24 * HOUR_S)
    quarters = {int(day): quarter_of(date(1970, 1, 1) + timedelta(days=int(day))) for day in np.unique(days)}
    found: dict[tuple[int, int], Capture] = {}
    for quarter in dict.fromkeys(quarters.values()):
        inside = held.inside & np.isin(days, [day for day, of in quarters.items() if of == quarter])
        found[quarter] = capture(held.codes[inside], int(inside.sum()))
    return found


def _parts(
    held: _Held,
    factor: str,
    calibrations: Times,
    captures: Mapping[tuple[int, int], Capture],
    law: SubstitutionLaw,
) -> list[Substitution]:
    """What the rule gives; nothing for a factor it does not name, and for hours before it was in force."""
    if factor not in SUBSTITUTED:
        return []
    hours = GasHours(held.starts, held.kg, held.valid, held.stood, held.tables)
    found = substitute(hours, calibrations, captures, law)
    begun = to_epoch(day_start(GAS_UNTIL))
    return [part for part in found if int(held.starts[part.first]) >= begun]


def _laid(
    held: _Held, parts: list[Substitution], captures: Mapping[tuple[int, int], Capture]
) -> EmissionHours:
    kinds = np.full(held.starts.shape, PLACE[Kind.NO_RULE], dtype=np.int8)
    kinds[held.valid] = PLACE[Kind.MEASURED]
    kinds[held.states] = PLACE[Kind.NO_MEAN]
    kinds[held.codes == STOPPED] = PLACE[Kind.STOPPED]
    kinds[~held.inside] = PLACE[Kind.NOT_CONNECTED]
    kg = np.where(held.valid, held.kg, np.nan)
    kg[kinds == PLACE[Kind.STOPPED]] = 0.0
    for part in parts:
        places = slice(part.first, part.last + 1)
        kinds[places] = PLACE[OF_STATUS[part.status]]
        kg[places] = np.nan if part.value is None else part.value
    return EmissionHours(held.starts, kg, kinds, held.causes, tuple(parts), captures)


def _cut(whole: EmissionHours, span: Span) -> EmissionHours:
    """The hours of ``span``; a run that reaches out of it keeps its whole length in ``run_hours``."""
    part = whole.within(span)
    parts = tuple(
        replace(p, first=max(p.first, part.start) - part.start, last=min(p.last, part.stop - 1) - part.start)
        for p in whole.parts
        if p.first < part.stop and p.last >= part.start
    )
    year = beijing_day(span.start).year
    captures = {quarter: one for quarter, one in whole.captures.items() if quarter[0] == year}
    return EmissionHours(
        whole.starts[part], whole.kg[part], whole.kinds[part], whole.causes[part], parts, captures
    )
