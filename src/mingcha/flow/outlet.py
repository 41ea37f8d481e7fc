"""Hour and day values of one outlet from its records: what ``stats`` computes, under the facts of the register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from mingcha.core.aggregates import DayValue, HourCode, HourValue
from mingcha.core.clock import HOUR_S, day_end, day_start, from_epoch, to_epoch
from mingcha.core.digest import digest
from mingcha.core.facts import Medium, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow.law import validity_on
from mingcha.flow.readings import Raw, Texts
from mingcha.rules.engine import Registry
from mingcha.stats.codes import NORMAL, Values
from mingcha.stats.conversion import convert_o2, emission_kg, water_mass_kg
from mingcha.stats.days import DayHour, gas_day, water_day
from mingcha.stats.flags import codes_of
from mingcha.stats.flow import volumes
from mingcha.stats.hours import HourStat, gas_hours, settled, water_hours
from mingcha.stats.records import Records, aligned, make_records, without_flow_stopped
from mingcha.stats.validity import Validity

OXYGEN = "a19001"
FLOW = {Medium.GAS: "a00000", Medium.WATER: "w00000"}
FLOW_UNIT = {Medium.GAS: "m3/s", Medium.WATER: "L/s"}  # of the factor table, where no setting says otherwise
UNWEIGHTED = ("w01001", "w01010", "w00000")  # pH, temperature, flow: no weighting by flow, R-356-7.2
MASS_UNIT = {"mg/m3": Medium.GAS, "mg/L": Medium.WATER}


@dataclass(frozen=True, slots=True)
class Outlet:
    """The arithmetic of one outlet. ``registry``: where dated thresholds come from."""

    facts: OutletFacts
    registry: Registry

    def empty(self, factor: str, start: datetime) -> HourValue:
        nothing = digest([factor, to_epoch(start), []])
        return HourValue(self.facts.key, factor, start, HourCode.NO_DATA, 0, None, inputs=nothing)

    def hours(self, day: date, held: Mapping[str, Raw]) -> dict[int, dict[str, HourValue]]:
        """By start (epoch seconds) and factor, from the records of one Beijing day or a part of it.

        A factor has a value in the hours in which it has a record.
        """
        law = validity_on(day, self.facts.region, self.registry)
        stats = self._stats(day, held, law)
        references = {factor: self._reference(factor, day) for factor in held}
        found: dict[int, dict[str, HourValue]] = {}
        for first in sorted({start for by_start in stats.values() for start in by_start}):
            of_hour = {factor: by_start[first] for factor, by_start in stats.items() if first in by_start}
            texts = {factor: held[factor].texts_within(first, first + HOUR_S) for factor in of_hour}
            found[first] = self._values(first, of_hour, texts, references)
        return found

    def _stats(self, day: date, held: Mapping[str, Raw], law: Validity) -> dict[str, dict[int, HourStat]]:
        """By factor and start."""
        records = {factor: self._as_records(raw, day) for factor, raw in held.items()}
        gas = self.facts.medium is Medium.GAS
        stats = {
            factor: gas_hours(item, law) if gas else self._water(factor, item, records, law)
            for factor, item in records.items()
        }
        return {factor: {stat.start: stat for stat in items} for factor, items in stats.items()}

    def _as_records(self, raw: Raw, day: date) -> Records:
        return make_records(
            raw.times,
            raw.values,
            codes_of(raw.flags, day=day),
            interval_s=self.facts.minute_interval_s,
            lows=raw.lows,
            highs=raw.highs,
            amounts=raw.amounts,
        )

    def _water(
        self, factor: str, item: Records, records: Mapping[str, Records], law: Validity
    ) -> list[HourStat]:
        """A concentration is valid only with flow, and weighs by it (R-356-6.2a, R-356-7.2)."""
        flow = records.get(FLOW[Medium.WATER])
        if flow is None or factor in UNWEIGHTED:
            return water_hours(item, None, law)
        beside = aligned(item.times, flow.times, flow.values)
        codes = without_flow_stopped(item.codes, beside)
        poured: Values = volumes(beside, item.lengths, self._flow_unit())
        return water_hours(replace(item, codes=codes), poured, law)

    def _flow_unit(self) -> str:
        setting = self.facts.setting(FLOW[self.facts.medium])
        return FLOW_UNIT[self.facts.medium] if setting is None else setting.unit

    def _volume(self, stats: Mapping[str, HourStat]) -> float | None:
        """m³ of the hour: the logger's own sum where the hour is whole, else mean flow for an hour."""
        flow = stats.get(FLOW[self.facts.medium])
        if flow is None or flow.mean is None:
            return None
        if flow.total is not None and flow.seconds[NORMAL] == HOUR_S:
            return flow.total
        per_second = float(volumes(np.array([flow.mean]), np.array([1]), self._flow_unit())[0])
        return settled(per_second * HOUR_S)

    def _values(
        self,
        first: int,
        stats: Mapping[str, HourStat],
        texts: Mapping[str, Texts],
        references: Mapping[str, float | None],
    ) -> dict[str, HourValue]:
        """The values of one hour."""
        start, volume, oxygen = from_epoch(first), self._volume(stats), stats.get(OXYGEN)
        beside = (OXYGEN, FLOW[self.facts.medium])
        found: dict[str, HourValue] = {}
        for factor, stat in stats.items():
            reference = references[factor]
            inputs = [texts[name] for name in (factor, *beside) if name in texts]
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
                self._total(factor, stat, volume),
                inputs=digest([factor, first, inputs, reference, self.facts.minute_interval_s]),
            )
        return found

    def _reference(self, factor: str, day: date) -> float | None:
        """The reference oxygen of the hourly limit, else of the daily one; None where none is set."""
        for averaging in ("hour", "day"):
            limit = self.facts.limit(factor, averaging, day)
            if limit is not None and limit.reference_o2 is not None:
                return float(limit.reference_o2)
        return None

    def _total(self, factor: str, stat: HourStat, volume: float | None) -> float | None:
        """m³ of a flow; kg of a pollutant by mean and volume (R-75-C.8), else the logger's own sum."""
        if factor == FLOW[self.facts.medium]:
            return volume
        if stat.mean is None or volume is None:
            return stat.total
        setting = self.facts.setting(factor)
        medium = MASS_UNIT.get(setting.unit) if setting is not None else None
        if medium is Medium.GAS:
            return settled(emission_kg(stat.mean, volume))
        return settled(water_mass_kg(stat.mean, volume)) if medium is Medium.WATER else stat.total

    def day_values(self, day: date, hours: Sequence[HourValue]) -> list[DayValue]:
        """One value per factor that has an hour on ``day``."""
        span = Span(day_start(day), day_end(day))
        by_factor: dict[str, list[HourValue]] = {}
        for hour in hours:
            if hour.start in span:
                by_factor.setdefault(hour.factor, []).append(hour)
        flow = {h.start: h.total for h in by_factor.get(FLOW[self.facts.medium], ())}
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
            DayHour(h.code, h.mean, h.converted, h.total, flow.get(h.start) if weighted else None)
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
            digest([(to_epoch(h.start), h.inputs) for h in items]),
        )


def _converted(stat: HourStat, oxygen: HourStat | None, reference: float | None) -> float | None:
    """At reference oxygen by the mean oxygen of the hour, R-75-C.6."""
    if reference is None or stat.mean is None or oxygen is None or oxygen.mean is None:
        return None
    value = convert_o2(stat.mean, oxygen.mean, reference).value
    return None if value is None else settled(value)
