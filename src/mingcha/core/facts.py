"""What the register knows of an outlet, as plain values for computing and judging.

Built by ``apps.registry.selectors`` for a day, handed down to ``flow``.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from mingcha.core.citation import Sureness


class Medium(StrEnum):
    WATER = "water"
    GAS = "gas"


@dataclass(frozen=True, slots=True)
class Limit:
    """A dated limit of an outlet. ``averaging``: "hour" or "day". ``valid_to`` is exclusive."""

    factor: str
    value: Decimal
    unit: str
    averaging: str
    document: str
    clause: str
    valid_from: date
    valid_to: date | None = None
    reference_o2: Decimal | None = None
    sureness: Sureness = Sureness.OFFICIAL

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class PointSpan:
    """Which telemetry point (``MN/ST``) reported for the outlet from when to when (UTC, open end None)."""

    point: str
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """How one factor is measured at the outlet. ``resolution``: least step reported. ``cycle_s``:
    seconds between analyses of a sample-and-hold analyser, None for a continuous one.
    """

    factor: str
    unit: str
    resolution: float | None = None
    detection_limit: float | None = None
    range_top: float | None = None
    cycle_s: int | None = None


@dataclass(frozen=True, slots=True)
class OutletFacts:
    """One outlet as judged. ``key``: ``USCC/DA001``; ``region``: profile of rules, e.g. ``shanghai``."""

    key: str
    name: str
    medium: Medium
    region: str
    points: tuple[PointSpan, ...]
    limits: tuple[Limit, ...] = ()
    settings: tuple[Setting, ...] = ()
    minute_interval_s: int = 600

    def limit(self, factor: str, averaging: str, day: date) -> Limit | None:
        """The limit in force on ``day``; the strictest where several hold."""
        held = [
            limit
            for limit in self.limits
            if limit.factor == factor and limit.averaging == averaging and limit.holds_on(day)
        ]
        return min(held, key=lambda limit: limit.value, default=None)

    def setting(self, factor: str) -> Setting | None:
        return next((s for s in self.settings if s.factor == factor), None)
