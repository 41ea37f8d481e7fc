"""What every fault can disturb; siblings override what they do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import to_epoch
from mingcha.core.spans import Span
from mingcha.gateway.simulator import plant
from mingcha.gateway.simulator.noise import Times, key_of, uniform
from mingcha.gateway.simulator.plant import Profile, Samples, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Nothing wrong yet; siblings override what they disturb. ``share``: of the frames inside ``span``."""

    span: Span | None = None
    share: float = 1.0

    @property
    def disturbs(self) -> bool:
        """Whether the plant or its analysers are touched, not only text, clock, link or wire."""
        own = type(self)
        return own.on_state is not Fault.on_state or own.on_samples is not Fault.on_samples

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
