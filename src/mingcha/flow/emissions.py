"""Emissions of an outlet in a year, quarter or month: measured, substituted, against the permit, with a forecast.

Gas from hours (R-75-12.2, R-75-12.3), water from days (R-356-7.2, R-356-8). Nothing is written: what stands in is
computed anew from the values in use, so it follows every restatement. Amounts are kg; permitted ones tonnes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from mingcha.core.clock import beijing_day, day_start, from_epoch, hour_start, to_epoch
from mingcha.core.facts import Medium, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow.emission_days import EmissionDays, Manual, emission_days
from mingcha.flow.emission_hours import MISSING, OF_STATUS, EmissionHours, Kind, emission_hours
from mingcha.flow.law import SUBSTITUTION, WATER, forecast_on, substitution_on, water_on
from mingcha.flow.permits import Period, Permit, permitted
from mingcha.flow.settings import Settings
from mingcha.flow.units import written
from mingcha.flow.worked import FLOW
from mingcha.rules.engine import ParameterValue, Registry, standard_registry
from mingcha.stats.capture import Capture
from mingcha.stats.codes import Values
from mingcha.stats.replacement import Basis
from mingcha.stats.substitution import SubstitutionLaw, missing_too_much
from mingcha.stats.totals import Forecast, forecast
from mingcha.store.telemetry import Telemetry

MASS = {Medium.GAS: "mg/m3", Medium.WATER: "mg/L"}
KG_A_TONNE = 1000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLAUSES = {
    Medium.GAS: ("R-75-12.2", "R-75-12.3", "R-75-C.8"),
    Medium.WATER: ("R-356-7.2", "R-356-8", "R-355-8.5"),
}
FORECAST_PARAMETER = "emission_totals.recent_days"
NO_FLOW, TOO_MUCH, NOTHING = "no_flow", "missing_too_much", "nothing_computed"


@dataclass(frozen=True, slots=True)
class Total:
    """One factor in one period. ``steps``: hours (gas) or days (water) by what they are; ``due``: those in which the
    source ran; ``missing``: of these, without an own value.

    ``permit``: of this outlet; ``whole_permit``: of the whole discharger, which other outlets share: no share is formed
    of it. ``reasons``: why the total cannot support accounting, "" none; ``forecast``: kg, see ``stats.totals``.
    """

    period: Period
    measured_kg: float
    substituted_kg: float
    steps: Mapping[Kind, int]
    permit: Permit | None
    whole_permit: Permit | None
    forecast: Forecast | None
    reasons: tuple[str, ...]

    @property
    def total_kg(self) -> float:
        return self.measured_kg + self.substituted_kg

    @property
    def missing(self) -> int:
        return sum(self.steps[kind] for kind in MISSING)

    @property
    def due(self) -> int:
        return self.missing + self.steps[Kind.MEASURED]

    @property
    def usable_for_accounting(self) -> bool:
        return not self.reasons

    @property
    def used(self) -> float | None:
        """Share of the permitted amount, 1 = all of it."""
        return None if self.permit is None else self.total_kg / (float(self.permit.tonnes) * KG_A_TONNE)

    @property
    def exceeded(self) -> bool | None:
        """Strictly more than permitted; None without an amount."""
        return None if self.permit is None else self.total_kg > float(self.permit.tonnes) * KG_A_TONNE


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch that something stands in for: hours of gas, one day of water.

    ``steps``: hours or days of it in the period; ``run_hours``: of the whole run, None for water. ``status``: a ``Kind``.
    ``kg``: for each of them, None where nothing stands in. ``basis``: table_5, table_6, look_back, manual or none.
    ``anchored``: False where no calibration or check was on record, and a stand-in served.
    """

    start: datetime
    end: datetime
    steps: int
    run_hours: int | None
    status: Kind
    kg: float | None
    basis: str
    look_back: int
    found: int
    anchored: bool
    cause: str

    @property
    def short_history(self) -> bool:
        return self.found < self.look_back

    @property
    def total_kg(self) -> float | None:
        return None if self.kg is None else self.kg * self.steps


@dataclass(frozen=True, slots=True, eq=False)
class FactorEmission:
    """``total``: of the period asked for; ``year``: of its year so far. ``capture``: by year and quarter (gas).

    ``valid``, ``due``: hours of the period with a value, and in which there was discharge (water; gas 0).
    ``series``: what the totals are sums of. ``part_volume``: days of water whose volume lacks hours of flow.
    """

    factor: str
    total: Total
    year: Total
    captures: Mapping[tuple[int, int], Capture]
    runs: tuple[Run, ...]
    series: EmissionHours | EmissionDays
    valid: int = 0
    due: int = 0
    part_volume: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Emissions:
    """``until``: up to where values are computed. ``parameters``: every dated number that was used, with its source."""

    outlet: str
    medium: Medium
    period: Period
    until: datetime
    factors: tuple[FactorEmission, ...]
    clauses: tuple[str, ...]
    parameters: tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True)
class Anchors:
    """What look-backs lie before: moments of passed calibrations of gas (table 5), days of passed checks of water."""

    calibrations: tuple[datetime, ...] = ()
    checks: tuple[date, ...] = ()
    manual: Mapping[str, Manual] | None = None


def emissions(
    store: Telemetry,
    facts: OutletFacts,
    period: Period,
    *,
    now: datetime,
    permits: tuple[Permit, ...] = (),
    anchors: Anchors = Anchors(),
    registry: Registry | None = None,
) -> Emissions:
    """The emissions of every pollutant of the outlet that has an amount, in ``period`` so far.

    The law is that in force on the last day of the period that has begun. Without ``anchors`` each look-back lies before
    its own run, and where the rule asks for a calibration or check the run says so.
    """
    job = _Job.of(store, facts, period, now, permits, anchors, registry or standard_registry())
    found = tuple(job.factor(name) for name in job.factors())
    medium = facts.medium
    return Emissions(facts.key, medium, period, job.until, found, CLAUSES[medium], job.parameters())


@dataclass(frozen=True, slots=True)
class _Job:
    """One question about one outlet. ``day``: whose law counts."""

    store: Telemetry
    facts: OutletFacts
    period: Period
    permits: tuple[Permit, ...]
    anchors: Anchors
    registry: Registry
    until: datetime
    day: date

    @classmethod
    def of(
        cls,
        store: Telemetry,
        facts: OutletFacts,
        period: Period,
        now: datetime,
        permits: tuple[Permit, ...],
        anchors: Anchors,
        registry: Registry,
    ) -> "_Job":
        until = computed_until(store, facts, period.whole_year.span, now)
        day = max(period.first, beijing_day(min(until, period.span.end) - HOUR))
        return cls(store, facts, period, permits, anchors, registry, until, day)

    def factors(self) -> list[str]:
        """Those filed in a unit that a mass follows from, and those with a permitted amount."""
        settings, year = Settings(self.facts), self.period.whole_year.span
        filed = {
            name
            for name in settings.factors_within(year)
            if any(written(setting.unit) == MASS[self.facts.medium] for setting in settings.of(name))
        }
        return sorted(filed | {permit.factor for permit in self.permits if not permit.whole})

    def parameters(self) -> tuple[ParameterValue, ...]:
        names = (SUBSTITUTION if self.facts.medium is Medium.GAS else WATER).values()
        held = (self.registry.parameter(n, self.day, self.facts.region) for n in (*names, FORECAST_PARAMETER))
        return tuple(value for value in held if value is not None)

    def factor(self, name: str) -> FactorEmission:
        if self.facts.medium is Medium.GAS:
            return self._gas(name)
        return self._water(name)

    def _gas(self, name: str) -> FactorEmission:
        law = substitution_on(self.day, self.facts.region, self.registry)
        moments = np.array(sorted(map(to_epoch, self.anchors.calibrations)), dtype=np.int64)
        year = self.period.whole_year.span
        series = emission_hours(self.store, self.facts, name, year, law, moments, until=self.until)
        daily = days_of_hours(series)
        missing = law.max_missing
        return FactorEmission(
            name,
            self._total(name, self.period, series, daily, missing),
            self._total(name, self.period.whole_year, series, daily, missing),
            series.captures,
            gas_runs(series, self.period.span),
            series,
        )

    def _water(self, name: str) -> FactorEmission:
        law, region = water_on(self.day, self.facts.region, self.registry), self.facts.region
        year, checks = self.period.whole_year.span, sorted(self.anchors.checks)
        manual = (self.anchors.manual or {}).get(name)
        series = emission_days(
            self.store, self.facts, name, year, law, checks, until=self.until, manual=manual
        )
        missing = substitution_on(self.day, region, self.registry).max_missing
        part = series.within(self.period.span)
        return FactorEmission(
            name,
            self._total(name, self.period, series, series.kg, missing),
            self._total(name, self.period.whole_year, series, series.kg, missing),
            {},
            water_runs(series, self.period.span, law.look_back_days),
            series,
            int(series.valid[part].sum()),
            int(series.due[part].sum()),
            series.part_volume,
        )

    def _total(
        self, name: str, period: Period, series: EmissionHours | EmissionDays, daily: Values, most: float
    ) -> Total:
        span = period.span
        steps = {kind: series.count(span, kind) for kind in Kind}
        amounts = [series.sum(span, kind) for kind in (Kind.MEASURED, Kind.SUBSTITUTED)]
        own = permitted(self.permits, name, period)
        ahead = self._forecast(period, series, daily, own, sum(amounts))
        whole = permitted(self.permits, name, period, whole=True)
        return Total(
            period, amounts[0], amounts[1], steps, own, whole, ahead, self._reasons(name, steps, most)
        )

    def _forecast(
        self,
        period: Period,
        series: EmissionHours | EmissionDays,
        daily: Values,
        own: Permit | None,
        so_far: float,
    ) -> Forecast | None:
        """From the whole days of the year up to the end of the period; the day that runs is one of those left."""
        begun = np.flatnonzero(~np.isnan(daily))
        first = period.whole_year.first
        end = min((period.last - first).days + 1, daily.size)
        start = (period.first - first).days
        if not begun.size or end < start:
            return None
        known = int(begun[0])
        inside = max(0, end - max(start, known))
        left = period.days - (end - start)
        tonnes = None if own is None else float(own.tonnes) * KG_A_TONNE
        law = forecast_on(self.day, self.facts.region, self.registry)
        made = forecast(daily[known:end], inside, inside + left, tonnes, law)
        low, high = (None if v is None else max(v, so_far) for v in (made.low, made.high))
        return replace(made, low=low, high=high)

    def _reasons(self, name: str, steps: Mapping[Kind, int], most: float) -> tuple[str, ...]:
        """Why the total cannot support accounting."""
        missing = sum(steps[kind] for kind in MISSING)
        due = missing + steps[Kind.MEASURED]
        if not due and not steps[Kind.STOPPED]:
            return (NOTHING,)
        found = [k.value for k in (Kind.NO_SUBSTITUTION, Kind.NO_HISTORY, Kind.NO_RULE) if steps[k]]
        if missing_too_much(missing, due, SubstitutionLaw(max_missing=most)):
            found.insert(0, TOO_MUCH)
        flow = FLOW[self.facts.medium]
        if not steps[Kind.MEASURED] and flow not in Settings(self.facts).factors_within(self.period.span):
            found.insert(0, NO_FLOW)
        return tuple(found)


def computed_until(store: Telemetry, facts: OutletFacts, year: Span, now: datetime) -> datetime:
    """The end of the last hour (water: day) of ``year`` that has a value; the start of the year where none has."""
    end = min(year.end, hour_start(now))
    for back in (2 * DAY, 60 * DAY, 366 * DAY):
        span = Span(max(year.start, end - back), max(year.start, end))
        if facts.medium is Medium.GAS:
            ends = [value.start + HOUR for value in store.hours(facts.key, span)]
        else:
            ends = [value.start + DAY for value in store.days(facts.key, span)]
        if ends:
            return max(ends)
    return year.start


def days_of_hours(series: EmissionHours) -> Values:
    """kg of each whole day; NaN where nothing of it is known though the source may have run.

    The series starts at 00:00 Beijing.
    """
    size = series.kg.size // 24 * 24
    kg = series.kg[:size].reshape(-1, 24)
    known = ~np.isnan(kg)
    sums: Values = np.where(known, kg, 0.0).sum(axis=1)
    sums[~known.any(axis=1)] = np.nan
    return sums


def gas_runs(series: EmissionHours, span: Span) -> tuple[Run, ...]:
    """The parts of runs that lie in ``span``, in order."""
    shown = series.within(span)
    found = []
    for part in series.parts:
        first, last = max(part.first, shown.start), min(part.last, shown.stop - 1)
        if first > last:
            continue
        start = from_epoch(int(series.starts[first]))
        table = f"table_{int(part.table)}"
        status = OF_STATUS[part.status]
        causes = series.causes[first : last + 1]
        found.append(
            Run(start, start + (last - first + 1) * HOUR, last - first + 1, part.run_hours, status, part.value,
                table, part.look_back, part.found, not part.uncalibrated, max(dict.fromkeys(causes), key=causes.count))
        )  # fmt: skip
    return tuple(found)


def water_runs(series: EmissionDays, span: Span, look_back: int) -> tuple[Run, ...]:
    """The replaced days in ``span``, in order."""
    found = []
    for one in series.replaced:
        start, made = day_start(one.day), one.found
        if start not in span:
            continue
        status = Kind.NO_HISTORY if made.emission_kg is None else Kind.SUBSTITUTED
        wanted = 0 if made.basis is Basis.MANUAL else look_back
        anchored = one.checked or made.basis is Basis.MANUAL
        found.append(
            Run(start, start + DAY, 1, None, status, made.emission_kg, made.basis.value, wanted, made.found, anchored, "")
        )  # fmt: skip
    return tuple(found)
