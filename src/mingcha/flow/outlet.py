"""Hour and day values of one outlet from its records: what ``stats`` computes, under the facts of the register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

import numpy as np

from mingcha.core.aggregates import DayValue, HourCode, HourValue
from mingcha.core.causes import Cause
from mingcha.core.clock import HOUR_S, day_end, day_start, from_epoch, to_epoch
from mingcha.core.digest import digest
from mingcha.core.facts import MarkSpan, Medium, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow.gridlaw import GridLaw, grid_law_on
from mingcha.flow.held import Came
from mingcha.flow.law import validity_on
from mingcha.flow.marks import in_order
from mingcha.flow.readings import Texts
from mingcha.flow.settings import Settings
from mingcha.flow.units import written
from mingcha.flow.worked import FLOW, UNWEIGHTED, Maker, Worked, flow_unit, texts_of
from mingcha.rules.engine import Registry
from mingcha.stats.codes import NORMAL
from mingcha.stats.conversion import convert_o2, emission_kg, water_mass_kg
from mingcha.stats.days import DayHour, gas_day, water_day
from mingcha.stats.flow import volumes
from mingcha.stats.hours import HourStat, settled
from mingcha.stats.validity import Validity

OXYGEN = "a19001"
MASS_UNIT = {"mg/m3": Medium.GAS, "mg/L": Medium.WATER}


@dataclass(frozen=True, slots=True)
class DayWork:
    """One Beijing day of an outlet: what came, what became of it, and under which law."""

    day: date
    came: Came
    law: Validity
    grid: GridLaw
    factors: Mapping[str, Worked]
    values: Mapping[int, Mapping[str, HourValue]]


@dataclass(frozen=True)
class Outlet:
    """The arithmetic of one outlet. ``registry``: where dated thresholds come from."""

    facts: OutletFacts
    registry: Registry
    marks: tuple[MarkSpan, ...] = field(default=())

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.facts)

    @property
    def flow(self) -> str:
        return FLOW[self.facts.medium]

    def empty(self, factor: str, start: datetime) -> HourValue:
        nothing = digest([factor, to_epoch(start), []])
        return HourValue(self.facts.key, factor, start, HourCode.NO_DATA, 0, None, inputs=nothing)

    def work(self, day: date, came: Came) -> DayWork:
        """Hours by start and factor: those in which a factor has a record or a mark."""
        law = validity_on(day, self.facts.region, self.registry)
        grid = grid_law_on(day, self.facts.region, self.registry)
        maker = Maker(self.facts, self.settings, self.marks, law, grid)
        worked = maker.worked(self._named(day, came), came)
        values: dict[int, dict[str, HourValue]] = {}
        for first in sorted({start for one in worked.values() for start in one.stats}):
            values[first] = self._values(first, worked, came)
        return DayWork(day, came, law, grid, worked, values)

    def _named(self, day: date, came: Came) -> list[str]:
        """The factors that came, and those that only marks speak of."""
        named = came.factors()
        span = Span(day_start(day), day_end(day))
        if any(mark.start < span.end and span.start < mark.end for mark in self.marks):
            named |= self.settings.factors_within(span)
        return sorted(named)

    # --- hours --------------------------------------------------------------------------------------

    def _values(self, first: int, worked: Mapping[str, Worked], came: Came) -> dict[str, HourValue]:
        """The values of one hour. Of a factor filed in another unit than it is sent in, nothing is computed."""
        start = from_epoch(first)
        stats = {factor: one.stats[first] for factor, one in worked.items() if first in one.stats}
        odd = {factor for factor in stats if self.odd(factor, start)}
        usable = {factor: stat for factor, stat in stats.items() if factor not in odd}
        volume, oxygen = self._volume(first, usable), usable.get(OXYGEN)
        texts = {factor: texts_of(factor, first, came) for factor in stats}
        found: dict[str, HourValue] = {}
        for factor, stat in stats.items():
            reference = self.settings.reference_o2(factor, start)
            inputs = self._inputs(factor, first, texts, reference)
            if factor in odd:
                told = reported(came, factor, first)
                found[factor] = replace(self.empty(factor, start), inputs=inputs, reported=told)
                continue
            found[factor] = HourValue(
                self.facts.key,
                factor,
                start,
                stat.code,
                stat.valid_minutes,
                stat.mean,
                stat.minimum,
                stat.maximum,
                _converted(stat, oxygen, reference),
                self._total(factor, start, stat, volume),
                reported(came, factor, first),
                inputs,
            )
        return found

    def odd(self, factor: str, start: datetime) -> str:
        """The unit a factor is sent in where another is filed for the hour; "" where they agree."""
        setting = self.settings.at(factor, start)
        return "" if setting is None else self.settings.reported_unit(setting)

    def _inputs(self, factor: str, first: int, texts: Mapping[str, Texts], reference: float | None) -> str:
        """The digest of what the value was computed from: records, reference, and what the register said."""
        beside = (OXYGEN, self.flow)
        used = [texts[name] for name in (factor, *beside) if name in texts]
        given: list[object] = [factor, first, used, reference, self.facts.minute_interval_s]
        setting = self.settings.at(factor, from_epoch(first))
        if setting is not None and (setting.unit or setting.range_top is not None):
            given.append([setting.unit, setting.range_top])
        hour = Span(from_epoch(first), from_epoch(first + HOUR_S))
        if marks := in_order(self.marks, factor, hour):
            given.append([[to_epoch(m.start), to_epoch(m.end), m.code, m.cause, m.due] for m in marks])
        return digest(given)

    def _volume(self, first: int, stats: Mapping[str, HourStat]) -> float | None:
        """m³ of the hour: the logger's own sum where the hour is whole, else mean flow for an hour."""
        flow = stats.get(self.flow)
        if flow is None or flow.mean is None:
            return None
        if flow.total is not None and flow.seconds[NORMAL] == HOUR_S:
            return flow.total
        per_second = float(
            volumes(np.array([flow.mean]), np.array([1]), flow_unit(self.facts.medium, self.settings, first))[
                0
            ]
        )
        return settled(per_second * HOUR_S)

    def _total(self, factor: str, start: datetime, stat: HourStat, volume: float | None) -> float | None:
        """m³ of a flow; kg of a pollutant by mean and volume (R-75-C.8), else the logger's own sum."""
        if factor == self.flow:
            return volume
        if stat.mean is None or volume is None:
            return stat.total
        setting = self.settings.at(factor, start)
        medium = MASS_UNIT.get(written(setting.unit)) if setting is not None else None
        if medium is Medium.GAS:
            return settled(emission_kg(stat.mean, volume))
        return settled(water_mass_kg(stat.mean, volume)) if medium is Medium.WATER else stat.total

    # --- days ---------------------------------------------------------------------------------------

    def day_values(self, day: date, hours: Sequence[HourValue]) -> list[DayValue]:
        """One value per factor that has an hour on ``day``."""
        span = Span(day_start(day), day_end(day))
        by_factor: dict[str, list[HourValue]] = {}
        for hour in hours:
            if hour.start in span:
                by_factor.setdefault(hour.factor, []).append(hour)
        flow = {h.start: h.total for h in by_factor.get(self.flow, ())}
        law = validity_on(day, self.facts.region, self.registry)
        return [self._day(factor, span, items, flow, law) for factor, items in sorted(by_factor.items())]

    def _day(
        self,
        factor: str,
        span: Span,
        items: Sequence[HourValue],
        flow: Mapping[datetime, float | None],
        law: Validity,
    ) -> DayValue:
        weighted = factor not in UNWEIGHTED
        given = [
            DayHour(_day_code(h), h.mean, h.converted, h.total, flow.get(h.start) if weighted else None)
            for h in items
        ]
        stat = gas_day(given, law) if self.facts.medium is Medium.GAS else water_day(given, law)
        return DayValue(
            self.facts.key,
            factor,
            span.start,
            stat.valid_hours,
            stat.running_hours,
            stat.mean,
            stat.converted,
            stat.total,
            stat.partial,
            digest([(to_epoch(h.start), h.inputs, h.due) for h in items]),
        )


def reported(came: Came, factor: str, first: int) -> float | None:
    """What the logger itself sent as hourly mean (2061 Avg), None where it sent no number."""
    record = came.hourly.get(factor, {}).get(first)
    return None if record is None or record.mean != record.mean else record.mean


def _day_code(hour: HourValue) -> HourCode:
    """An hour that was not due and not valid leaves the day like one in which the source was stopped."""
    left = not hour.due and not hour.valid and hour.cause != Cause.NOT_CONNECTED
    return HourCode.STOPPED if left else hour.code


def _converted(stat: HourStat, oxygen: HourStat | None, reference: float | None) -> float | None:
    """At reference oxygen by the mean oxygen of the hour, R-75-C.6."""
    if reference is None or stat.mean is None or oxygen is None or oxygen.mean is None:
        return None
    value = convert_o2(stat.mean, oxygen.mean, reference).value
    return None if value is None else settled(value)
