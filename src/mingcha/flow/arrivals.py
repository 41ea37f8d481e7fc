"""What came of each hour and factor: whether every required field did (R-TR-6), and hour records as sent (2061)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import repeat

import numpy as np

from mingcha.core.clock import HOUR_S
from mingcha.core.facts import Medium, OutletFacts
from mingcha.core.packets import HOUR, MINUTE
from mingcha.core.spans import Span
from mingcha.flow.ports import Column, Readings
from mingcha.flow.readings import Raw, newest, reporting
from mingcha.stats.codes import Seconds
from mingcha.stats.rates import required_fields

AVERAGE, LEAST, GREATEST, AMOUNT, CONVERTED = FIELDS = ("Avg", "Min", "Max", "Cou", "ZsAvg")
NO_LINK = "B"  # flag of HJ 212: no communication with the analyser, so nothing of it came
_OF_RAW = {LEAST: 4, GREATEST: 5, AMOUNT: 6}  # places in the texts of a record


@dataclass(frozen=True, slots=True)
class HourRecord:
    """One factor of one 2061 frame. ``mean``: NaN where its text is no number."""

    mean: float
    low: float
    high: float
    amount: float
    flag: str
    texts: tuple[str, ...]  # as FIELDS, "" where none came
    received_us: int  # of its newest text, 0 where unknown

    def carries(self, required: Sequence[str]) -> bool:
        return self.flag != NO_LINK and all(self.texts[FIELDS.index(name)] for name in required)


def hour_records(
    store: Readings, facts: OutletFacts, span: Span, as_of: datetime | None = None
) -> dict[str, dict[int, HourRecord]]:
    """Every 2061 record of a span by factor and start (epoch seconds).

    Where two points report the same hour, the one named first counts.
    """
    found: dict[str, dict[int, HourRecord]] = {}
    for point, part in reporting(facts.points, span):
        columns = store.packets(point, HOUR, part, as_of=as_of, fields=FIELDS)
        for factor, held in columns.items():
            kept = found.setdefault(factor, {})
            for start, record in _records(held):
                kept.setdefault(start, record)
    return found


def _records(columns: Mapping[str, Column]) -> Iterator[tuple[int, HourRecord]]:
    main = columns.get(AVERAGE)
    if main is None:
        return
    low, high, amount, converted = (_beside(main, columns.get(name)) for name in FIELDS[1:])
    received = newest(main, [columns[name] for name in FIELDS[1:] if name in columns])
    rows = zip(
        main.values.tolist(),
        low,
        high,
        amount,
        converted,
        main.texts,
        main.flags,
        received.tolist(),
        strict=False,
    )
    for time, (mean, (lo, a), (hi, b), (cou, c), (_, zs), text, flag, came) in zip(
        main.times.tolist(), rows, strict=True
    ):
        yield time, HourRecord(mean, lo, hi, cou, flag, (text, a, b, c, zs), came)


def _beside(main: Column, column: Column | None) -> Iterable[tuple[float, str]]:
    """Value and text of another field at the times of ``main``."""
    if column is None:
        return repeat((float("nan"), ""))
    pairs = zip(column.values.tolist(), column.texts, strict=True)
    if np.array_equal(main.times, column.times):
        return pairs
    held = dict(zip(column.times.tolist(), pairs, strict=True))
    return [held.get(time, (float("nan"), "")) for time in main.times.tolist()]


@cache
def required(medium: Medium, mass: bool, reference_o2: bool, flow: bool) -> tuple[str, ...]:
    """R-TR-6 for one factor. ``mass``: it has an amount; ``flow``: the outlet measures its flow, without which water has none."""
    weighed = mass and (flow or medium is Medium.GAS)
    return required_fields(medium, mass=weighed, reference_o2=reference_o2)


def covered_s(
    raw: Raw, lengths: Seconds, wanted: Sequence[str], converted: Collection[int]
) -> dict[int, int]:
    """Seconds of each hour in whose records every wanted field came.

    ``lengths``: of the records; ``converted``: times that have ZsAvg.
    """
    places = [_OF_RAW[name] for name in wanted if name in _OF_RAW]
    zs = CONVERTED in wanted
    full = np.fromiter(
        (
            bool(text[2]) and text[3] != NO_LINK and all(text[place] for place in places)
            for text in raw.texts
        ),
        dtype=np.bool_,
        count=len(raw.texts),
    )  # fmt: skip
    if zs:
        full &= np.isin(raw.times, np.fromiter(converted, dtype=np.int64, count=len(converted)))
    hours, which = np.unique(raw.times // HOUR_S * HOUR_S, return_inverse=True)
    seconds = np.bincount(which, weights=lengths * full, minlength=hours.size)
    return {int(hour): int(s) for hour, s in zip(hours.tolist(), seconds.tolist(), strict=True)}


def converted_times(
    store: Readings, facts: OutletFacts, span: Span, as_of: datetime | None = None
) -> dict[str, set[int]]:
    """The times of minute records that carry a value at reference oxygen, by factor."""
    found: dict[str, set[int]] = {}
    for point, part in reporting(facts.points, span):
        columns = store.packets(point, MINUTE, part, as_of=as_of, fields=(CONVERTED,))
        for factor, held in columns.items():
            if CONVERTED in held:
                found.setdefault(factor, set()).update(held[CONVERTED].times.tolist())
    return found
