"""What makes an hour due, received and lost: dated parameters of the folder ``data_hours``, by day and region."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import lru_cache

from mingcha.core.clock import day_start
from mingcha.rules.engine import Registry

FOLDER = "data_hours"
MINUTE_S = 60
_IN_MINUTES = {"own_downtime_s": "own_downtime_minutes", "least_field_s": "least_field_minutes"}


@dataclass(frozen=True, slots=True)
class GridLaw:
    """The defaults are today's. All but ``standard_check_hours`` are our own conventions.

    ``own_downtime_s``: an hour that was not received is our own loss when no gateway was up for so long.
    ``least_field_s``: without an hour record a field has come when minute records that carry it cover so much.
    ``minutes_count``, ``realtime_counts``: whether an hour of which only these came counts as received.
    """

    own_downtime_s: int = 15 * MINUTE_S
    least_field_s: int = 45 * MINUTE_S
    minutes_count: int = 1
    realtime_counts: int = 0
    over_range_marks: int = 1
    flagged_check: int = 1
    zero_flow_leaves: int = 1
    standard_check_hours: int = 1


@lru_cache(maxsize=1024)
def _on(day: date, region: str, registry: "_Same") -> GridLaw:
    found = {}
    for item in fields(GridLaw):
        name = f"{FOLDER}.{_IN_MINUTES.get(item.name, item.name)}"
        value = registry.found.parameter(name, day, region) if name in registry.found.parameters else None
        if value is not None:
            found[item.name] = int(value.value) * (MINUTE_S if item.name in _IN_MINUTES else 1)
    return GridLaw(**found)


@dataclass(frozen=True, eq=False)
class _Same:
    """A registry as a key: its mappings cannot be hashed, so it is known by being the same object."""

    found: Registry

    def __hash__(self) -> int:
        return id(self.found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.found is self.found


def grid_law_on(day: date, region: str, registry: Registry) -> GridLaw:
    """The law of a Beijing day; today's default where a parameter has no value that early, or is not delivered."""
    return _on(day, region, _Same(registry))


def first_cut(day: date, hour: int) -> datetime:
    """The moment at which what is known of ``day`` becomes its first edition (R-TR-3): ``hour`` of the next day."""
    return day_start(day) + timedelta(hours=24 + hour)
