"""Values of a plant at any moment: pure, repeatable from seed and time, in the units of the factor table.

Load has the rhythm of day and week; oxygen, temperature and flow follow the load; concentrations
follow load and oxygen (they are diluted by it); water analysers hold a result until the next one.
Once a day the analysers calibrate (data flag C): zero, then span. Volume flow of gas is dry, at
standard state, and fits velocity, temperature, pressure and moisture; HJ 212-2017 appendix D.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import to_epoch
from mingcha.gateway.simulator import kinds
from mingcha.gateway.simulator.kinds import DECIMALS, KINDS, GasKind, Pollutant, WaterKind
from mingcha.gateway.simulator.noise import Times, Values, key_of, normal, process, wander

SAMPLE_S = 10  # step at which a simulated logger samples; real ones sample at least every 5 s
FLAGS = "NFCDMTB"  # data flags by their number in a flag array; HJ 212-2017 table 7
NORMAL, STOPPED, CALIBRATING = FLAGS.index("N"), FLAGS.index("F"), FLAGS.index("C")
SIMULATED_PW = "123456"  # the one the standard prints in its examples
O2_OF_AIR = 20.9
AIR_KPA = 101.325
BEIJING_S = 8 * 3600
HOLD_STEPS = 40  # how many cycles back a water analyser without flow looks for its last result

Flags = NDArray[np.uint8]
Change = Callable[[str, Values], Values]  # of one factor's column


@dataclass(frozen=True, slots=True)
class Profile:
    """One simulated outlet. ``size`` scales flow, ``level`` the concentrations.

    ``calibration_s``: second of the Beijing day at which the analysers calibrate, a multiple of 600;
    None takes one between 01:00 and 05:00 from the seed. ``twin``: the MN whose plant this one has too.
    """

    mn: str
    kind: str
    seed: int = 0
    password: str = SIMULATED_PW
    size: float = 1.0
    level: float = 1.0
    minute_interval_s: int = 600
    calibration_s: int | None = None
    twin: str = ""

    @property
    def plant(self) -> GasKind | WaterKind:
        return KINDS[self.kind]

    @property
    def st(self) -> str:
        return self.plant.st

    @property
    def factors(self) -> tuple[str, ...]:
        """The codes it reports, in the order of the frame."""
        main = tuple(p.factor for p in self.plant.pollutants)
        if isinstance(self.plant, GasKind):
            rest = (kinds.O2, kinds.TEMPERATURE, kinds.HUMIDITY, kinds.VELOCITY, kinds.PRESSURE)
            return (*main, *rest, kinds.GAS_FLOW)
        return (*main, kinds.PH, kinds.WATER_TEMPERATURE, kinds.WATER_FLOW)

    @property
    def reference_o2(self) -> float | None:
        return self.plant.reference_o2 if isinstance(self.plant, GasKind) else None

    @property
    def flow_factor(self) -> str:
        return kinds.GAS_FLOW if isinstance(self.plant, GasKind) else kinds.WATER_FLOW

    def key(self, *parts: object) -> int:
        return key_of(self.seed, self.twin or self.mn, *parts)


@dataclass(frozen=True, slots=True)
class State:
    """What the plant does: ``load`` 0…1, ``warmth`` 0 (cold) … 1 (at working temperature)."""

    times: Times
    load: Values
    warmth: Values


@dataclass(frozen=True, slots=True)
class Samples:
    """What the analysers say at ``times``: values at reporting resolution, a flag number for each.

    ``converted`` holds the pollutants at reference oxygen (gas only).
    """

    times: Times
    load: Values
    values: dict[str, Values]
    flags: dict[str, Flags]
    converted: dict[str, Values] = field(default_factory=dict)


class PlantFault(Protocol):
    """Something that changes the plant or what its analysers say; see ``faults``."""

    def on_state(self, profile: Profile, state: State) -> State: ...

    def on_samples(self, profile: Profile, samples: Samples, earlier: Sequence["PlantFault"]) -> Samples: ...


def values(profile: Profile, moment: datetime, faults: Sequence[PlantFault] = ()) -> dict[str, float]:
    """Factor → value at ``moment`` (the sample at or before it)."""
    found = at(profile, moment, faults)
    return {factor: float(column[0]) for factor, column in found.values.items()}


def at(profile: Profile, moment: datetime, faults: Sequence[PlantFault] = ()) -> Samples:
    """The one sample at or before ``moment``."""
    second = to_epoch(moment) // SAMPLE_S * SAMPLE_S
    return samples(profile, np.array([second], dtype=np.int64), faults)


def samples(profile: Profile, times: Times, faults: Sequence[PlantFault] = ()) -> Samples:
    """What the logger of ``profile`` samples at ``times`` (multiples of ``SAMPLE_S``)."""
    state = state_at(profile, times, faults)
    plant = profile.plant
    measured = (
        _gas(profile, plant, state) if isinstance(plant, GasKind) else _water(profile, plant, state, faults)
    )
    flags = {factor: np.full(len(times), NORMAL, np.uint8) for factor in measured}
    found = _calibrated(profile, Samples(times, state.load, measured, flags))
    for place, fault in enumerate(faults):
        found = fault.on_samples(profile, found, faults[:place])
    return _converted(profile, _rounded(found))


def state_at(profile: Profile, times: Times, faults: Sequence[PlantFault] = ()) -> State:
    """Load and warmth, with what ``faults`` do to them."""
    state = State(times, _load(profile, times), np.ones(len(times)))
    for fault in faults:
        state = fault.on_state(profile, state)
    return state


def _load(profile: Profile, times: Times) -> Values:
    rhythm = profile.plant.rhythm
    local = times + BEIJING_S
    hour = (local % 86_400) / 3600.0
    weekday = (local // 86_400 + 3) % 7  # the epoch was a Thursday
    day = 0.5 * (1.0 + np.cos((hour - rhythm.peak_h) * (2.0 * np.pi / 24.0)))
    load = rhythm.low + (rhythm.high - rhythm.low) * day
    load = load * np.where(weekday >= 5, rhythm.weekend, 1.0)
    load = load * (1.0 + rhythm.swing * process(profile.key("load"), times))
    if rhythm.open_h is not None:
        load = np.where((hour >= rhythm.open_h[0]) & (hour < rhythm.open_h[1]), load, 0.0)
    return np.asarray(np.clip(load, 0.0, 1.05))


def _gas(profile: Profile, plant: GasKind, state: State) -> dict[str, Values]:
    def noise(factor: str) -> Values:
        return process(profile.key(factor), state.times)

    running = state.load > 0.0
    o2 = plant.o2 + plant.o2_idle * (1.0 - state.load) + 0.35 * noise(kinds.O2)
    o2 = np.where(running, np.clip(o2, 0.3, 20.5), O2_OF_AIR - 0.02 * np.abs(noise(kinds.O2)))
    found = {p.factor: _stack(profile, plant, p, state, o2) for p in plant.pollutants}
    hot = plant.temperature * (0.86 + 0.14 * state.load) + 1.6 * noise(kinds.TEMPERATURE)
    temperature = 22.0 + (hot - 22.0) * state.warmth
    humidity = np.clip(
        (plant.humidity + 0.5 * noise(kinds.HUMIDITY)) * (0.15 + 0.85 * state.warmth), 0.5, 60.0
    )
    velocity = plant.velocity * (0.22 + 0.78 * state.load) * (1.0 + 0.025 * noise(kinds.VELOCITY))
    velocity = np.where(running, velocity, 0.0)
    draught = plant.pressure_kpa * (0.3 + 0.7 * state.load) * (1.0 + 0.05 * noise(kinds.PRESSURE))
    pressure = np.where(running, draught, 0.004 * noise(kinds.PRESSURE))
    flow = standard_flow(plant.area_m2 * profile.size, velocity, temperature, pressure, humidity)
    return found | {
        kinds.O2: o2, kinds.TEMPERATURE: temperature, kinds.HUMIDITY: humidity,
        kinds.VELOCITY: velocity, kinds.PRESSURE: pressure, kinds.GAS_FLOW: flow,
    }  # fmt: skip


def standard_flow(
    area_m2: float, velocity: Values, temperature: Values, pressure: Values, humidity: Values
) -> Values:
    """Dry volume flow at 273 K and 101.325 kPa, m³/s; HJ 212-2017 appendix D (Q_snh)."""
    standard = (273.0 / (273.0 + temperature)) * ((AIR_KPA + pressure) / AIR_KPA)
    return area_m2 * velocity * standard * (1.0 - humidity / 100.0)


def _stack(profile: Profile, plant: GasKind, p: Pollutant, state: State, o2: Values) -> Values:
    """Measured dry concentration: the level at reference oxygen, as diluted by the oxygen there is."""
    noise = process(profile.key(p.factor), state.times)
    grain = normal(profile.key(p.factor, "grain"), state.times)
    level = p.level * profile.level * np.exp(p.swing * noise + 0.015 * grain)
    level = level * np.maximum(state.load, 0.05) ** p.follows
    measured = level * (21.0 - o2) / (21.0 - plant.reference_o2)
    return np.where(state.load > 0.0, measured, np.abs(0.01 * p.level * grain))


def _water(
    profile: Profile, plant: WaterKind, state: State, faults: Sequence[PlantFault]
) -> dict[str, Values]:
    times = state.times
    flow = (
        plant.flow * profile.size * state.load * (1.0 + 0.03 * process(profile.key(kinds.WATER_FLOW), times))
    )
    sampled = _sampled_at(profile, plant, times, faults)
    found = {p.factor: _analysis(profile, p, sampled, faults) for p in plant.pollutants}
    season = 4.0 * np.cos((times / 86_400.0 - 205.0) * (2.0 * np.pi / 365.25))
    return found | {
        kinds.PH: plant.ph + 0.12 * process(profile.key(kinds.PH), times),
        kinds.WATER_TEMPERATURE: plant.temperature + season + 0.5 * process(profile.key(kinds.WATER_TEMPERATURE), times),
        kinds.WATER_FLOW: np.maximum(flow, 0.0),
    }  # fmt: skip


def _sampled_at(profile: Profile, plant: WaterKind, times: Times, faults: Sequence[PlantFault]) -> Times:
    """When the result shown at each time was sampled: cycle starts with flow; none without flow."""
    offset = profile.key("cycle") % (plant.cycle_s // 600) * 600
    starts = (times - offset) // plant.cycle_s * plant.cycle_s + offset
    unique, back = np.unique(starts, return_inverse=True)
    for _ in range(HOLD_STEPS):
        dry = state_at(profile, unique, faults).load <= 0.0
        if not dry.any():
            break
        unique = np.where(dry, unique - plant.cycle_s, unique)
    return np.asarray(unique[back])


def _analysis(profile: Profile, p: Pollutant, sampled: Times, faults: Sequence[PlantFault]) -> Values:
    unique, back = np.unique(sampled, return_inverse=True)
    load = np.maximum(state_at(profile, unique, faults).load, 0.05)
    slow = wander(profile.key(p.factor), unique, 21_600)
    grain = normal(profile.key(p.factor, "grain"), unique)
    level = p.level * profile.level * load**p.follows * np.exp(p.swing * (0.8 * slow + 0.6 * grain))
    return np.asarray(level[back])


def calibration_second(profile: Profile) -> int:
    """Second of the Beijing day at which the daily calibration begins."""
    if profile.calibration_s is not None:
        return profile.calibration_s
    return 3600 + profile.key("calibration") % 24 * 600


def _calibrated(profile: Profile, found: Samples) -> Samples:
    """Put zero and span of the daily calibration in: 10 minutes for gas, 30 for water (one standard)."""
    since = (found.times + BEIJING_S - calibration_second(profile)) % 86_400
    gas = isinstance(profile.plant, GasKind)
    during = since < (600 if gas else 1800)
    if not during.any():
        return found
    columns, flags = dict(found.values), dict(found.flags)
    tops = {p.factor: p.range_top for p in profile.plant.pollutants} | ({kinds.O2: 20.0} if gas else {})
    for factor, top in tops.items():
        grain = normal(profile.key(factor, "calibration"), found.times)
        zero, span = np.abs(0.002 * top * grain), 0.8 * top * (1.0 + 0.004 * grain)
        shown = (
            np.where(since < 240, zero, np.where(since < 480, span, columns[factor])) if gas else 0.6 * span
        )
        columns[factor] = np.where(during, shown, columns[factor])
        flags[factor] = np.where(during, np.uint8(CALIBRATING), flags[factor])
    return replace(found, values=columns, flags=flags)


def _rounded(found: Samples) -> Samples:
    # Adding 0.0 turns a negative zero into zero: "-0.00" is on no display.
    return replace(found, values={f: np.round(v, DECIMALS.get(f, 2)) + 0.0 for f, v in found.values.items()})


def convert(value: Values, o2: Values, reference_o2: float) -> Values:
    """C·(21−O2_ref)/(21−O2), with oxygen kept just under 21 (HJ 212-2017 appendix D)."""
    return value * (21.0 - reference_o2) / (21.0 - np.minimum(o2, O2_OF_AIR))


def _converted(profile: Profile, found: Samples) -> Samples:
    if profile.reference_o2 is None:
        return found
    o2, reference = found.values[kinds.O2], profile.reference_o2
    out = {
        p.factor: np.round(convert(found.values[p.factor], o2, reference), DECIMALS[p.factor])
        for p in profile.plant.pollutants
    }
    return replace(found, converted=out)
