"""Day emissions of one water factor with what stands in where no day mean can be formed: R-356-7.2, R-356-8.

A day whose mean can be formed emits that mean by the volume of the day. A day without discharge emits nothing. All
other days in the life of the factor are replaced; concentration and flow never are, but for manual data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from mingcha.core.aggregates import DayValue
from mingcha.core.clock import beijing_day, day_end, day_start
from mingcha.core.facts import Medium, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow.emission_hours import PLACE, STEP, Kind, lives
from mingcha.flow.worked import FLOW
from mingcha.stats.codes import Values
from mingcha.stats.legacy import WATER_UNTIL
from mingcha.stats.replacement import WaterLaw, WaterReplacement, replace_water_day, water_day_emission
from mingcha.store.telemetry import Telemetry

FLOW_FACTOR = FLOW[Medium.WATER]
Manual = Mapping[date, Sequence[float]]  # mg/L by day of a non-normal period


@dataclass(frozen=True, slots=True)
class ReplacedDay:
    """``checked``: a passed check was on record before the day; without one all days before it count (our default)."""

    day: date
    found: WaterReplacement
    checked: bool


@dataclass(frozen=True, slots=True, eq=False)
class EmissionDays:
    """Every day from ``first`` on. ``kg`` and ``kinds`` as of ``EmissionHours``, a day each.

    ``valid``, ``due``: hours of each day. ``part_volume``: days whose volume lacks hours of flow.
    """

    first: date
    kg: Values
    kinds: np.ndarray[tuple[int], np.dtype[np.int8]]
    valid: np.ndarray[tuple[int], np.dtype[np.int64]]
    due: np.ndarray[tuple[int], np.dtype[np.int64]]
    replaced: tuple[ReplacedDay, ...]
    part_volume: int

    def within(self, span: Span) -> slice:
        days = [(beijing_day(moment) - self.first).days for moment in (span.start, span.end)]
        return slice(*(min(max(n, 0), self.kg.size) for n in days))

    def count(self, span: Span, *kinds: Kind) -> int:
        return int(np.isin(self.kinds[self.within(span)], [PLACE[kind] for kind in kinds]).sum())

    def sum(self, span: Span, kind: Kind) -> float:
        part = self.within(span)
        return float(np.nansum(np.where(self.kinds[part] == PLACE[kind], self.kg[part], 0.0)))


def emission_days(
    store: Telemetry,
    facts: OutletFacts,
    factor: str,
    span: Span,
    law: WaterLaw,
    checks: Sequence[date],
    *,
    until: datetime,
    manual: Manual | None = None,
) -> EmissionDays:
    """The whole days of ``span`` up to ``until``. ``checks``: days of passed checks, rising."""
    first, end = _first_needed(store, facts, factor, span, law, checks), min(span.end, until)
    last = max(beijing_day(span.start), beijing_day(end))  # the day that runs at ``end`` is not over
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    whole = Span(day_start(first), day_start(last))
    own = {beijing_day(v.start): v for v in store.days(facts.key, whole, factor=factor)}
    flow = {beijing_day(v.start): v for v in store.days(facts.key, whole, factor=FLOW_FACTOR)}
    lived = lives(facts, factor, whole)
    inside = [any(s.start < day_end(day) and day_start(day) < s.end for s in lived) for day in days]
    measured = np.array([_measured(own.get(day), flow.get(day)) for day in days], dtype=np.float64)
    kinds = np.array(
        [_kind(day, own.get(day), here, kg) for day, here, kg in zip(days, inside, measured, strict=True)],
        dtype=np.int8,
    )
    kg = np.where(kinds == PLACE[Kind.STOPPED], 0.0, measured)
    valid = np.where(kinds == PLACE[Kind.MEASURED], measured, np.nan)
    replaced = []
    for place in np.flatnonzero(kinds == PLACE[Kind.NO_HISTORY]).tolist():
        one = _replaced(days, place, valid, checks, law, manual or {}, flow.get(days[place]))
        replaced.append(one)
        if one.found.emission_kg is not None:
            kinds[place], kg[place] = PLACE[Kind.SUBSTITUTED], one.found.emission_kg
    begin = (beijing_day(span.start) - first).days
    kept = [own.get(day) for day in days[begin:]]
    return EmissionDays(
        beijing_day(span.start), kg[begin:], kinds[begin:],
        np.array([0 if v is None else v.valid_hours for v in kept], dtype=np.int64),
        np.array([0 if v is None else v.running_hours for v in kept], dtype=np.int64),
        tuple(one for one in replaced if one.day >= beijing_day(span.start)),
        sum(_lacks(flow.get(day)) for day, kind in zip(days[begin:], kinds[begin:], strict=True) if kind == PLACE[Kind.MEASURED]),
    )  # fmt: skip


def _first_needed(
    store: Telemetry, facts: OutletFacts, factor: str, span: Span, law: WaterLaw, checks: Sequence[date]
) -> date:
    """How far back 30 valid days before the last check before ``span`` may reach."""
    begun = min((beijing_day(point.start) for point in facts.points), default=beijing_day(span.start))
    first = beijing_day(span.start)
    anchor = max((day for day in checks if day <= first), default=first)
    valid, step = 0, STEP
    while first > begun and valid < law.look_back_days:
        earlier = max(begun, first - step)
        held = store.days(facts.key, Span(day_start(earlier), day_start(first)), factor=factor)
        valid += sum(value.mean is not None and beijing_day(value.start) < anchor for value in held)
        first, step = earlier, 2 * step
    return first


def _measured(own: DayValue | None, flow: DayValue | None) -> float:
    """kg of a day whose mean and volume are there, else NaN."""
    if own is None or own.mean is None or flow is None or flow.total is None or flow.mean is None:
        return float("nan")
    return water_day_emission(own.mean, flow.total)


def _kind(day: date, own: DayValue | None, inside: bool, kg: float) -> int:
    if not np.isnan(kg):
        return PLACE[Kind.MEASURED]
    if not inside:
        return PLACE[Kind.NOT_CONNECTED]
    if own is not None and own.running_hours == 0:
        return PLACE[Kind.STOPPED]
    return PLACE[Kind.NO_RULE if day < WATER_UNTIL else Kind.NO_HISTORY]


def _lacks(flow: DayValue | None) -> bool:
    return flow is not None and flow.valid_hours < flow.running_hours


def _replaced(
    days: Sequence[date],
    place: int,
    valid: Values,
    checks: Sequence[date],
    law: WaterLaw,
    manual: Manual,
    flow: DayValue | None,
) -> ReplacedDay:
    """R-356-8 for the day at ``place``."""
    day = days[place]
    passed = max((check for check in checks if check <= day), default=None)
    results = manual.get(day, ())
    found = replace_water_day(
        valid[:place],
        None if passed is None else (passed - days[0]).days,
        law,
        normal=not results,
        manual_mgl=results,
        volume_m3=None if flow is None or flow.mean is None else flow.total,
    )
    return ReplacedDay(day, found, passed is not None)
