"""What the datalogger computed itself beside what we compute of the same hours: R-75-C, HJ 212-2017 appendix D.

The hour records (2061) carry its mean ``Avg``, its mean at reference oxygen ``ZsAvg``, and its amount ``Cou``. Where a
datalogger sent nothing but hour records, the computed mean is the reported one, and they cannot differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from mingcha.core.aggregates import HourValue
from mingcha.core.clock import HOUR_S, beijing_day, from_epoch, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import HOUR
from mingcha.core.spans import Span
from mingcha.flow.law import tolerance_on
from mingcha.flow.readings import reporting
from mingcha.rules.engine import Registry, standard_registry
from mingcha.stats.codes import Values
from mingcha.stats.comparison import Compared, Tolerance, compare
from mingcha.store.telemetry import Telemetry

FIELDS = {"Avg": "mean", "ZsAvg": "converted", "Cou": "total"}  # as the logger names it, and our own
PARAMETER = "reported_values.reported_difference_share"
WORST = 5


@dataclass(frozen=True, slots=True)
class Difference:
    start: datetime
    ours: float
    theirs: float

    @property
    def by(self) -> float:
        """Theirs less ours."""
        return self.theirs - self.ours


@dataclass(frozen=True, slots=True)
class FieldCompared:
    """One sub-field of one factor. ``least``: a step of the decimals it is sent with. ``worst``: largest first."""

    factor: str
    field: str
    counts: Compared
    tolerance: Tolerance
    worst: tuple[Difference, ...]


def compared(
    store: Telemetry, facts: OutletFacts, span: Span, *, registry: Registry | None = None
) -> list[FieldCompared]:
    """Each factor and sub-field of which the datalogger sent a number in ``span``, by factor."""
    first = -(-to_epoch(span.start) // HOUR_S) * HOUR_S
    starts = np.arange(first, to_epoch(span.end), HOUR_S, dtype=np.int64)
    theirs = _theirs(store, facts, span, starts)
    if not theirs:
        return []
    held: dict[str, list[HourValue]] = {}
    for value in store.hours(facts.key, span):
        held.setdefault(value.factor, []).append(value)
    law = tolerance_on(beijing_day(span.start), facts.region, registry or standard_registry())
    return [
        _field(factor, field, starts, _ours(held.get(factor, []), field, starts), values, replace(law, least=least))
        for (factor, field), (values, least) in sorted(theirs.items(), key=lambda item: (item[0][0], [*FIELDS].index(item[0][1])))
    ]  # fmt: skip


def _theirs(
    store: Telemetry, facts: OutletFacts, span: Span, starts: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> dict[tuple[str, str], tuple[Values, float]]:
    """By factor and sub-field what was sent, an hour each, and a step of its decimals."""
    found: dict[tuple[str, str], Values] = {}
    decimals: dict[tuple[str, str], int] = {}
    for point, part in reporting(facts.points, span):
        for factor, columns in store.packets(point, HOUR, part, fields=tuple(FIELDS)).items():
            for field, column in columns.items():
                key = (factor, field)
                values = found.setdefault(key, np.full(starts.shape, np.nan))
                places = np.searchsorted(starts, column.times)
                inside = (places < starts.size) & (
                    starts[np.minimum(places, starts.size - 1)] == column.times
                )
                fresh = inside & np.isnan(values[np.minimum(places, starts.size - 1)])
                values[places[fresh]] = column.values[fresh]
                decimals[key] = max([decimals.get(key, 0), *map(_decimals, column.texts)])
    return {
        key: (values, 10.0 ** -decimals[key]) for key, values in found.items() if not np.isnan(values).all()
    }


def _decimals(text: str) -> int:
    """Digits after the point of a number as sent."""
    _, _, after = text.partition(".")
    return len(after) if after.isascii() and after.isdigit() else 0


def _ours(
    held: Sequence[HourValue], field: str, starts: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Values:
    values = np.full(starts.shape, np.nan)
    for hour in held:
        number = getattr(hour, FIELDS[field])
        place = int(np.searchsorted(starts, to_epoch(hour.start)))
        if number is not None and place < starts.size:
            values[place] = number
    return values


def _field(
    factor: str,
    field: str,
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
    ours: Values,
    theirs: Values,
    tolerance: Tolerance,
) -> FieldCompared:
    counts = compare(ours, theirs, tolerance)
    order = sorted(counts.places, key=lambda place: (-abs(theirs[place] - ours[place]), place))[:WORST]
    worst = tuple(Difference(from_epoch(int(starts[p])), float(ours[p]), float(theirs[p])) for p in order)
    return FieldCompared(factor, field, counts, tolerance, worst)
