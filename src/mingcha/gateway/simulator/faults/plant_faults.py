"""What goes wrong at the plant and its analysers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import to_epoch
from mingcha.core.errors import BadInput
from mingcha.gateway.simulator import plant
from mingcha.gateway.simulator.faults.base import Fault
from mingcha.gateway.simulator.noise import Times, Values
from mingcha.gateway.simulator.plant import FLAGS, Change, Profile, Samples, State

RAMP_S = 1200  # a process changes over about twenty minutes, not at once
COOLING_S = 5400  # time constant with which a stopped stack cools
HEATING_S = 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceedance(Fault):
    """Concentrations are ``scale`` times as high: the treatment fails. Empty ``factors`` = all pollutants."""

    factors: tuple[str, ...] = ()
    scale: float = 3.0

    def on_samples(self, profile: Profile, samples: Samples, earlier: Sequence[plant.PlantFault]) -> Samples:
        rise = 1.0 + (self.scale - 1.0) * _ramp(self, samples.times)
        return _changed(profile, samples, self.factors, lambda _, column: column * rise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck(Fault):
    """The analyser repeats its last value while the plant runs; the flag stays N. Needs a ``span``."""

    factors: tuple[str, ...] = ()

    def on_samples(self, profile: Profile, samples: Samples, earlier: Sequence[plant.PlantFault]) -> Samples:
        if self.span is None:
            raise BadInput({"span": "a stuck analyser needs a span; it repeats the value at its start"})
        inside = self.inside(samples.times)
        if not inside.any():
            return samples
        last = plant.at(profile, self.span.start, earlier).values
        changed = _changed(
            profile, samples, self.factors, lambda f, column: np.where(inside, last[f], column)
        )
        normal = {
            f: np.where(inside, np.uint8(plant.NORMAL), samples.flags[f])
            for f in _named(profile, self.factors)
        }
        return replace(changed, flags={**changed.flags, **normal})


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAndHold(Fault):
    """Honest: a result every ``cycle_s`` seconds, held in between. Water analysers do it anyway."""

    factors: tuple[str, ...] = ()
    cycle_s: int = 7200

    def on_samples(self, profile: Profile, samples: Samples, earlier: Sequence[plant.PlantFault]) -> Samples:
        inside = self.inside(samples.times)
        unique, back = np.unique(samples.times // self.cycle_s * self.cycle_s, return_inverse=True)
        held = plant.samples(profile, unique, earlier).values
        return _changed(
            profile, samples, self.factors, lambda f, column: np.where(inside, held[f][back], column)
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Fault):
    """Production stops: load and flow 0, oxygen that of air, the stack cools; flag F (``flagged``)."""

    flagged: bool = True

    def on_state(self, profile: Profile, state: State) -> State:
        inside = self.inside(state.times)
        if self.span is None:
            return replace(state, load=np.zeros(len(inside)), warmth=np.zeros(len(inside)))
        since = np.maximum(state.times - to_epoch(self.span.start), 0) / COOLING_S
        after = (state.times - to_epoch(self.span.end)) / HEATING_S
        coldest = 1.0 - np.exp(-self.span.length.total_seconds() / COOLING_S)
        reheated = 1.0 - coldest * np.exp(-np.maximum(after, 0.0))
        warmth = np.where(inside, np.exp(-since), np.where(after >= 0.0, reheated, 1.0))
        return replace(state, load=np.where(inside, 0.0, state.load), warmth=state.warmth * warmth)

    def on_samples(self, profile: Profile, samples: Samples, earlier: Sequence[plant.PlantFault]) -> Samples:
        return _flagged(samples, self.inside(samples.times), "F") if self.flagged else samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged(Fault):
    """A data flag is set by the logger or its people (D fault, M maintenance …); values go on."""

    letter: str = "M"

    def on_samples(self, profile: Profile, samples: Samples, earlier: Sequence[plant.PlantFault]) -> Samples:
        return _flagged(samples, self.inside(samples.times), self.letter)


def _ramp(fault: Fault, times: Times) -> Values:
    if fault.span is None:
        return np.ones(len(times))
    rising = (times - to_epoch(fault.span.start)) / RAMP_S
    falling = (to_epoch(fault.span.end) - times) / RAMP_S
    return np.clip(np.minimum(rising, falling), 0.0, 1.0)


def _named(profile: Profile, factors: tuple[str, ...]) -> tuple[str, ...]:
    pollutants = tuple(p.factor for p in profile.plant.pollutants)
    return tuple(f for f in factors if f in profile.factors) if factors else pollutants


def _changed(profile: Profile, samples: Samples, factors: tuple[str, ...], change: Change) -> Samples:
    values = {f: change(f, samples.values[f]) for f in _named(profile, factors)}
    return replace(samples, values={**samples.values, **values})


def _flagged(samples: Samples, inside: NDArray[np.bool_], letter: str) -> Samples:
    number = np.uint8(FLAGS.index(letter))
    return replace(samples, flags={f: np.where(inside, number, flags) for f, flags in samples.flags.items()})
