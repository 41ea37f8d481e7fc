"""What goes wrong, as composable spans: at the plant and its analysers, in the text of a frame, on the wire.

A fault says when (``span``, None = always) and, where it strikes only now and then, how often
(``share`` of frames, decided repeatably from the frame). Give a logger any tuple of faults; they act
in the order given. To add one, copy its nearest sibling and enter it in ``BY_NAME``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import to_epoch
from mingcha.core.errors import BadInput
from mingcha.core.spans import Span
from mingcha.gateway.simulator import plant
from mingcha.gateway.simulator.noise import Times, Values, key_of, uniform
from mingcha.gateway.simulator.plant import FLAGS, Change, Profile, Samples, State

RAMP_S = 1200  # a process changes over about twenty minutes, not at once
COOLING_S = 5400  # time constant with which a stopped stack cools
HEATING_S = 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Nothing wrong yet; siblings override what they disturb. ``share``: of the frames inside ``span``."""

    span: Span | None = None
    share: float = 1.0

    def active(self, moment: datetime) -> bool:
        return self.span is None or moment in self.span

    def strikes(self, moment: datetime, mn: str) -> bool:
        """Whether this fault hits the frame of ``mn`` with DataTime ``moment``."""
        if not self.active(moment):
            return False
        return self.share >= 1.0 or uniform(key_of(type(self).__name__, mn), to_epoch(moment)) < self.share

    def on_state(self, profile: Profile, state: State) -> State:
        return state

    def on_samples(self, profile: Profile, samples: Samples, earlier: Sequence[plant.PlantFault]) -> Samples:
        return samples

    def on_items(self, items: list[str]) -> list[str]:
        """Change the factor items of a frame (``a21026-Rtd=3.1,a21026-Flag=N``)."""
        return items

    def on_wire(self, raw: bytes) -> list[bytes]:
        """Change the bytes of a frame: what is written instead, in order."""
        return [raw]

    def inside(self, times: Times) -> NDArray[np.bool_]:
        if self.span is None:
            return np.ones(len(times), dtype=np.bool_)
        start, end = to_epoch(self.span.start), to_epoch(self.span.end)
        return (times >= start) & (times < end)


# --- the plant and its analysers -------------------------------------------------------------------


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


# --- the text of a frame ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NonNumber(Fault):
    """The first factor's values are ``text`` instead of a number."""

    text: str = "NaN"

    def on_items(self, items: list[str]) -> list[str]:
        pairs = [pair.partition("=") for pair in items[0].split(",")]
        spoilt = [f"{name}={value if name.endswith('-Flag') else self.text}" for name, _, value in pairs]
        return [",".join(spoilt), *items[1:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownFactor(Fault):
    """A code that is in no table is sent too."""

    code: str = "zz9999"

    def on_items(self, items: list[str]) -> list[str]:
        return [*items, f"{self.code}-Rtd=1.0,{self.code}-Flag=N"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Future(Fault):
    """DataTime lies ``ahead`` of the true time."""

    ahead: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPacks(Fault):
    """Frames are sent in ``packs`` packs (拆分包) though one would do."""

    packs: int = 2


# --- the clock and the link ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDrift(Fault):
    """The logger's clock is ``seconds`` ahead (negative: behind) until somebody sets it."""

    seconds: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Fault):
    """The link is down during ``span``; what was due is sent afterwards (2025: RF=1, newest first)."""


# --- the wire --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCrc(Fault):
    def on_wire(self, raw: bytes) -> list[bytes]:
        body, digits, tail = _tail(raw)
        return [body + (b"0001" if digits != b"0001" else b"1081") + tail]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLength(Fault):
    """The length field says ``off`` bytes too many."""

    off: int = 7

    def on_wire(self, raw: bytes) -> list[bytes]:
        return [b"##%04d" % (int(raw[2:6]) + self.off) + raw[6:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCrlf(Fault):
    def on_wire(self, raw: bytes) -> list[bytes]:
        return [raw.removesuffix(b"\r\n")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage(Fault):
    """Line noise before the frame, with half a frame head in it."""

    noise: bytes = b"\x00\xffAT+CIPSEND\r\n##01"

    def on_wire(self, raw: bytes) -> list[bytes]:
        return [self.noise + raw]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(Fault):
    def on_wire(self, raw: bytes) -> list[bytes]:
        return [raw, raw]


def _tail(raw: bytes) -> tuple[bytes, bytes, bytes]:
    cut = len(raw) - 6 if raw.endswith(b"\r\n") else len(raw) - 4
    return raw[:cut], raw[cut : cut + 4], raw[cut + 4 :]


# --- by name ---------------------------------------------------------------------------------------

# Names of `mingcha simulate --faults`: which fault, and the share of frames it strikes there.
BY_NAME: dict[str, tuple[type[Fault], float]] = {
    "exceedance": (Exceedance, 1.0),
    "stuck": (Stuck, 1.0),
    "hold": (SampleAndHold, 1.0),
    "stop": (Stop, 1.0),
    "maintenance": (Flagged, 1.0),
    "cut": (Cut, 1.0),
    "drift": (ClockDrift, 1.0),
    "garbage": (Garbage, 0.2),
    "crc": (WrongCrc, 0.2),
    "length": (WrongLength, 0.2),
    "crlf": (MissingCrlf, 0.2),
    "split": (SplitPacks, 1.0),
    "duplicate": (Duplicate, 0.2),
    "future": (Future, 0.1),
    "unknown-factor": (UnknownFactor, 0.2),
    "non-number": (NonNumber, 0.2),
}


def named(name: str, *, start: datetime, length: timedelta) -> Fault:
    """The fault ``name`` as ``mingcha simulate`` makes it: in ``[start, start + length)``.

    Raises:
        BadInput: there is no such fault; the message lists those that are.
    """
    if name not in BY_NAME:
        raise BadInput({"faults": f"no fault is named {name!r}; known: {', '.join(BY_NAME)}"})
    fault, share = BY_NAME[name]
    return fault(span=Span(start, start + length), share=share)
