"""What the register knows of an outlet, as plain values for computing and judging.

Built by ``apps.registry.selectors`` for a day, handed down to ``flow``.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from mingcha.core.citation import Sureness
from mingcha.core.spans import Span


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
    """How one factor is measured at the outlet from ``start`` to ``end`` (UTC, None = open).

    ``resolution``: least step reported. ``cycle_s``: seconds between analyses of a sample-and-hold analyser, None for
    a continuous one. ``reference_o2``: where set, before that of the limits.
    """

    factor: str
    unit: str
    resolution: float | None = None
    detection_limit: float | None = None
    range_top: float | None = None
    cycle_s: int | None = None
    reference_o2: float | None = None
    start: datetime | None = None
    end: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When data of a factor ("" = all) are due: batch dischargers, analysers shared by several outlets.

    ``hours``: Beijing hours of the day (0-23) and ``weekdays`` (0 = Monday) in which data are due; from ``start`` to
    ``end`` (UTC, None = open). Outside them the hour is not due, for ``cause`` (a ``core.causes.Cause``).
    """

    factor: str
    start: datetime
    end: datetime | None
    hours: frozenset[int]
    weekdays: frozenset[int]
    cause: str


@dataclass(frozen=True, slots=True)
class MarkSpan:
    """A mark that has effect. ``factor``: "" = all. ``code``: the HJ 75 code its minutes take (R-MK-4).

    ``cause``: a ``core.causes.Cause``. ``due``: False takes the hour out of the denominators. ``known_at``: when it
    was handed in (a late one: when an authority accepted it).
    """

    factor: str
    start: datetime
    end: datetime
    code: str
    cause: str
    due: bool
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What happened around an outlet: ``outages`` of our own gateways, ``quarantined`` and ``unreadable`` spans of its dataloggers."""

    outages: tuple[Span, ...] = ()
    quarantined: tuple[Span, ...] = ()
    unreadable: tuple[Span, ...] = ()


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
    schedules: tuple[Schedule, ...] = ()
    marks: tuple[MarkSpan, ...] = ()
    units: tuple[
        tuple[str, str], ...
    ] = ()  # (factor, unit) where its datalogger departs from the factor table

    def limit(self, factor: str, averaging: str, day: date) -> Limit | None:
        """The limit in force on ``day``; the strictest where several hold."""
        held = [
            limit
            for limit in self.limits
            if limit.factor == factor and limit.averaging == averaging and limit.holds_on(day)
        ]
        return min(held, key=lambda limit: limit.value, default=None)

    def setting(self, factor: str, at: datetime | None = None) -> Setting | None:
        """How ``factor`` is measured at a moment; without one, the setting named first."""
        held = (s for s in self.settings if s.factor == factor and (at is None or s.holds_at(at)))
        return next(held, None)
