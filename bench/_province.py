"""A province of outlets as arrays: who stands where, what ran, what was measured, what was lost and why.

Everything follows from the seed and the number of the bucket, so that buckets can be made in any order and by several
processes. One array runs over (outlet, hour), one over (outlet, factor, hour), flattened in that order: rows come out
sorted by outlet, factor and time, as history wants them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from mingcha.core.aggregates import HourCode
from mingcha.core.causes import NOT_DUE, NOT_RECEIVED, Cause
from mingcha.core.clock import DAY_S, HOUR_S
from mingcha.core.facts import Medium

Hours = NDArray[np.bool_]
Amounts = NDArray[np.float64]

START = datetime(2025, 10, 31, 16, tzinfo=UTC)  # 00:00 Beijing of 1 November
CAUSES = ("", *(cause.value for cause in Cause))
CODES = tuple(code.value for code in HourCode)
FIRST = ("", "valid", "received", "lost")
CODE_OF = {
    "": HourCode.NORMAL, Cause.STOPPED: HourCode.STOPPED, Cause.NO_DISCHARGE: HourCode.STOPPED,
    Cause.STANDARD_CHECK: HourCode.CALIBRATION, Cause.CALIBRATION: HourCode.CALIBRATION,
    Cause.MAINTENANCE: HourCode.MAINTENANCE, Cause.FAULT: HourCode.FAULT, Cause.OVER_RANGE: HourCode.OVER_RANGE,
    Cause.FIELDS_MISSING: HourCode.NORMAL,
}  # fmt: skip
"""Every other cause leaves an hour without data."""
GATEWAYS = 4
CITIES = ("310000", "320500", "330200", "330400", "320200", "320600")
TYPES = ("发电", "水泥", "钢铁", "垃圾焚烧", "化工", "印染", "电镀", "造纸", "城镇污水处理", "制药")
AGENCIES = 40


@dataclass(frozen=True, slots=True)
class Factor:
    """``level``: usual mean; ``step``: resolution; ``mass``: has an amount; ``converted``: to reference oxygen."""

    code: str
    level: float
    step: float
    mass: bool = False
    converted: bool = False
    checked: bool = False  # automatic standard check, R-TR-1


GAS = (
    Factor("a00000", 90_000.0, 10.0, mass=True), Factor("a19001", 8.2, 0.01),
    Factor("a21026", 18.0, 0.01, mass=True, converted=True), Factor("a21002", 32.0, 0.01, mass=True, converted=True),
    Factor("a34013", 4.0, 0.01, mass=True, converted=True), Factor("a01012", 61.0, 0.1),
    Factor("a01014", 9.0, 0.1), Factor("a01013", -0.1, 0.001),
)  # fmt: skip
WATER = (
    Factor("w00000", 35.0, 0.1, mass=True), Factor("w01018", 28.0, 0.1, mass=True, checked=True),
    Factor("w21003", 1.4, 0.001, mass=True, checked=True), Factor("w01001", 7.4, 0.01),
    Factor("w21011", 0.3, 0.001, mass=True, checked=True), Factor("w21001", 9.0, 0.01, mass=True, checked=True),
    Factor("w01010", 24.0, 0.1), Factor("w01009", 6.0, 0.01),
)  # fmt: skip
OXYGEN = "a19001"
REFERENCE_O2, AIR_O2 = 6.0, 21.0


@dataclass(frozen=True, slots=True)
class Outlet:
    """A line of ``outlets.csv`` (design §8)."""

    outlet: str
    medium: Medium
    type: str
    city: str
    district: str
    discharger: str
    agency: str
    batch: bool

    def measured(self, count: int) -> list[Factor]:
        """Its factors by code; the flow is the first."""
        return sorted((GAS if self.medium is Medium.GAS else WATER)[:count], key=lambda one: one.code)


@dataclass(frozen=True, slots=True)
class Province:
    """``days`` from ``START`` on; ``factors`` of each outlet."""

    outlets: int
    days: int
    seed: int = 1
    factors: int = 5

    def __post_init__(self) -> None:
        if not (self.outlets > 0 and self.days > 0 and 1 <= self.factors <= len(GAS)):
            raise ValueError(
                f"{self.outlets} outlets, {self.days} days, {self.factors} factors: expected at least one of each "
                f"and at most {len(GAS)} factors"
            )

    @property
    def start(self) -> int:
        return int(START.timestamp())

    @property
    def hours(self) -> int:
        return self.days * 24

    def register(self) -> list[Outlet]:
        """All outlets by key; one to five of a discharger, dischargers in districts of six cities."""
        chance = np.random.default_rng([self.seed, 0])
        found: list[Outlet] = []
        discharger = 0
        while len(found) < self.outlets:
            discharger += 1
            city = CITIES[int(chance.integers(len(CITIES)))]
            district = f"{city[:4]}{int(chance.integers(1, 13)):02d}"
            uscc = f"91{district}MA{discharger:08d}"
            kind = int(chance.integers(len(TYPES)))
            agency = f"91{city}MA9{int(chance.integers(AGENCIES)):07d}"
            for number in range(1, min(int(chance.integers(1, 6)), self.outlets - len(found)) + 1):
                gas = kind < 5 or (kind < 8 and number > 1)
                medium = Medium.GAS if gas else Medium.WATER
                name = f"{uscc}/{'DA' if gas else 'DW'}{number:03d}"
                batch = not gas and bool(chance.random() < 0.2)
                found.append(Outlet(name, medium, TYPES[kind], city, district, uscc, agency, batch))
        return sorted(found, key=lambda one: one.outlet)


@dataclass(frozen=True, slots=True)
class Year:
    """Flat columns over (outlet, factor, hour) of some outlets; places of ``CODES``, ``CAUSES``, ``FIRST``.

    ``late``: what came after the first cut, and so is the second version of its hour. NaN: no value.
    """

    outlets: Sequence[Outlet]
    factors: int
    hours: int
    code: NDArray[np.int8]
    cause: NDArray[np.int8]
    first: NDArray[np.int8]
    late: Hours
    minutes: NDArray[np.int16]
    mean: Amounts
    minimum: Amounts
    maximum: Amounts
    converted: Amounts
    total: Amounts
    reported: Amounts
    delay_s: NDArray[np.int32]


def year(province: Province, bucket: int, part: int, outlets: Sequence[Outlet]) -> Year:
    """What some outlets measured over all the days; ``bucket`` and ``part`` only seed the chance."""
    chance = np.random.default_rng([province.seed, 1, bucket, part])
    states = _States(province, outlets, chance)
    states.stops()
    states.care()
    states.gaps(_outages(province))
    values = _values(province, outlets, states, chance)
    due = ~np.isin(states.cause, [CAUSES.index(cause) for cause in NOT_DUE])
    received = due & ~np.isin(states.cause, [CAUSES.index(cause) for cause in NOT_RECEIVED])
    valid = states.cause == 0
    first = np.where(states.late | ~received, 3, np.where(valid, 1, 2)).astype(np.int8)
    code = np.array([CODES.index(CODE_OF.get(cause, HourCode.NO_DATA)) for cause in CAUSES], dtype=np.int8)
    minutes = np.where(valid, 60 - 3 * (chance.random(valid.shape, dtype=np.float32) < 0.04), 0).astype(
        np.int16
    )
    delay = chance.integers(HOUR_S + 60, HOUR_S + 900, valid.shape, dtype=np.int32)
    delay[states.late] += chance.integers(DAY_S, 3 * DAY_S, int(states.late.sum()), dtype=np.int32)
    columns = (code[states.cause], states.cause, first, states.late, minutes, *values, delay)
    return Year(outlets, province.factors, province.hours, *(column.reshape(-1) for column in columns))


def _outages(province: Province) -> Hours:
    """Hours in which each of our gateways was down."""
    chance = np.random.default_rng([province.seed, 2])
    return _spans(chance, GATEWAYS, province, a_year=3, mean_h=2)


def _spans(
    chance: np.random.Generator, rows: int, province: Province, *, a_year: float, mean_h: float
) -> Hours:
    """Random spans by row: so many a year, lengths exponential."""
    counts = chance.poisson(a_year * province.days / 365, rows)
    row = np.repeat(np.arange(rows), counts)
    begin = chance.integers(0, province.hours, row.size)
    end = np.minimum(begin + 1 + chance.exponential(mean_h, row.size).astype(np.int64), province.hours)
    edges = np.zeros((rows, province.hours + 1), dtype=np.int16)
    np.add.at(edges, (row, begin), 1)
    np.add.at(edges, (row, end), -1)
    return np.cumsum(edges, axis=1, dtype=np.int16)[:, :-1] > 0


class _States:
    """The cause of every (outlet, factor, hour); what is written later goes before what was there."""

    def __init__(self, province: Province, outlets: Sequence[Outlet], chance: np.random.Generator) -> None:
        self._province, self._outlets, self._chance = province, outlets, chance
        self.count = len(outlets)
        shape = (self.count, province.factors, province.hours)
        self.cause = np.zeros(shape, dtype=np.int8)
        self.late = np.zeros(shape, dtype=np.bool_)
        self.water = np.array([one.medium is Medium.WATER for one in outlets])
        self.hour = np.arange(province.hours)

    def _spans(self, a_year: float, mean_h: float, *, by_factor: bool = False) -> Hours:
        rows = self.count * (self._province.factors if by_factor else 1)
        found = _spans(self._chance, rows, self._province, a_year=a_year, mean_h=mean_h)
        return found.reshape(self.cause.shape) if by_factor else found

    def _put(self, cause: Cause, hours: Hours) -> None:
        """``hours``: of outlets, or of factors."""
        where = hours if hours.ndim == 3 else np.broadcast_to(hours[:, None, :], self.cause.shape)
        self.cause[where] = CAUSES.index(cause)

    def stops(self) -> None:
        """Repairs of days; batch dischargers pour on working days from 8 to 20."""
        self._put(Cause.STOPPED, self._spans(2.5, 60) & ~self.water[:, None])
        self._put(Cause.NO_DISCHARGE, self._spans(1.5, 30) & self.water[:, None])
        clock, weekday = self.hour % 24, (self.hour // 24 + 5) % 7
        working = (clock >= 8) & (clock < 20) & (weekday < 5)
        batch = np.array([one.batch for one in self._outlets])
        self._put(Cause.NO_DISCHARGE, batch[:, None] & ~working[None, :])

    def care(self) -> None:
        """Calibrations each week, checks each day, servicing, faults, hours over range: only while it runs."""
        running = self.cause == 0
        turn = self._chance.integers(0, 168, self.count)[:, None]
        weekly = (self.hour[None, :] + turn) % 168 == 0
        daily = (self.hour[None, :] + turn) % 24 == 0
        checked = np.array([[f.checked for f in o.measured(self._province.factors)] for o in self._outlets])
        self._put(Cause.STANDARD_CHECK, running & daily[:, None, :] & checked[:, :, None])
        self._put(Cause.CALIBRATION, running & (weekly & ~self.water[:, None])[:, None, :])
        self._put(Cause.MAINTENANCE, running & self._spans(14, 2)[:, None, :])
        self._put(Cause.FAULT, running & self._spans(3, 18, by_factor=True))
        self._put(Cause.OVER_RANGE, running & self._spans(2, 0.5, by_factor=True))
        self._put(Cause.TOO_FEW, running & self._spans(6, 0.5, by_factor=True))

    def gaps(self, outages: Hours) -> None:
        """What did not arrive; three fifths of broken links are sent again days later."""
        due = ~np.isin(self.cause, [CAUSES.index(cause) for cause in NOT_DUE])
        broken = self._spans(9, 5)
        again = broken & self._spans(70, 80)
        self.late |= due & again[:, None, :]
        self._put(Cause.FIELDS_MISSING, (self.cause == 0) & self._spans(4, 0.5, by_factor=True))
        self._put(Cause.NO_FRAME, due & (broken & ~again)[:, None, :])
        self._put(Cause.LINK_DOWN, due & self._spans(3, 4)[:, None, :])
        self._put(Cause.UNREADABLE, due & self._spans(0.8, 2)[:, None, :])
        self._put(Cause.QUARANTINED, due & self._spans(0.2, 30)[:, None, :])
        gateway = self._chance.integers(0, GATEWAYS, self.count)
        self._put(Cause.OWN_DOWNTIME, due & outages[gateway][:, None, :])
        self.late &= ~np.isin(self.cause, [CAUSES.index(cause) for cause in NOT_RECEIVED])


def _values(
    province: Province, outlets: Sequence[Outlet], states: _States, chance: np.random.Generator
) -> tuple[Amounts, ...]:
    """mean, minimum, maximum, converted, total, reported; a mean is that of six readings of the resolution."""
    factors = [one.measured(province.factors) for one in outlets]
    level = np.array([[f.level for f in some] for some in factors])[:, :, None]
    step = np.array([[f.step for f in some] for some in factors])[:, :, None]
    own = chance.lognormal(0, 0.25, level.shape)
    load = _load(states, chance)[:, None, :]
    noise = chance.standard_normal(states.cause.shape, dtype=np.float32)
    sixths = np.rint(level * own * load * (1 + 0.06 * noise) * 6 / step)
    mean = sixths * step / 6
    spread = np.abs(mean) * (0.02 + 0.05 * chance.random(mean.shape, dtype=np.float32))
    minimum, maximum = (np.rint((mean + sign * spread) / step) * step for sign in (-1, 1))
    missing = CAUSES.index(Cause.FIELDS_MISSING)
    gone = (states.cause != 0) & (states.cause != missing)
    reported = np.rint(mean / step) * step
    reported[
        np.isin(states.cause, [CAUSES.index(c) for c in NOT_RECEIVED if c is not Cause.FIELDS_MISSING])
    ] = np.nan
    for column in (mean, minimum, maximum):
        column[gone] = np.nan
    return mean, minimum, maximum, _converted(factors, mean), _totals(factors, mean), reported


def _load(states: _States, chance: np.random.Generator) -> Amounts:
    """How hard each outlet works: by the hour of the day, the day of the week, the season."""
    hour = states.hour[None, :]
    phase, swing = chance.uniform(0, 24, (states.count, 1)), chance.uniform(0.03, 0.2, (states.count, 1))
    daily = 1 + swing * np.sin(2 * np.pi * (hour - phase) / 24)
    weekly = 1 - 0.08 * ((hour // 24 + 5) % 7 >= 5)
    yearly = 1 + 0.1 * np.sin(2 * np.pi * (hour - 20 * phase) / 8760)
    loaded: Amounts = daily * weekly * yearly
    return loaded


def _converted(factors: Sequence[Sequence[Factor]], mean: Amounts) -> Amounts:
    wanted = np.array([[f.converted for f in some] for some in factors])[:, :, None]
    oxygen = np.full_like(mean[:, :1, :], np.nan)
    for place, some in enumerate(factors):
        for number, factor in enumerate(some):
            if factor.code == OXYGEN:
                oxygen[place] = np.minimum(mean[place, number], 18.9)
    found: Amounts = np.where(wanted, mean * (AIR_O2 - REFERENCE_O2) / (AIR_O2 - oxygen), np.nan)
    return found


def _totals(factors: Sequence[Sequence[Factor]], mean: Amounts) -> Amounts:
    """m³ of a flow (first factor), kg of what has a mass."""
    scale = np.array(
        [[0.0 if not f.mass else 1e-6 if f.code[0] == "a" else 1e-3 for f in some] for some in factors]
    )[:, :, None]
    found: Amounts = np.where(scale > 0, mean * mean[:, :1, :] * scale, np.nan)
    found[:, 0, :] = mean[:, 0, :]
    return found
