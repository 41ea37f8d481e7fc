"""Readings of one outlet over a span: through every point that reported for it, joined by time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any

import numpy as np

from mingcha.core.facts import OutletFacts, PointSpan
from mingcha.core.packets import MINUTE, REALTIME
from mingcha.core.spans import Span
from mingcha.flow.ports import Column, Readings
from mingcha.stats.codes import Times, Values

MEAN = {MINUTE: "Avg", REALTIME: "Rtd"}  # the field that is the value of a record
BESIDE = ("Min", "Max", "Cou")


Texts = tuple[tuple[str, ...], ...]  # what a digest is made of, one tuple a record


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """One factor's records as stored."""

    times: Times
    values: Values
    flags: tuple[str, ...]
    texts: Texts
    lows: Values
    highs: Values
    amounts: Values
    received: Times  # epoch microseconds of the newest text of each record, 0 where unknown

    def within(self, first: int, last: int) -> "Raw":
        """The records with ``first <= time < last`` (epoch seconds)."""
        part = self._part(first, last)
        return Raw(
            self.times[part],
            self.values[part],
            self.flags[part],
            self.texts[part],
            self.lows[part],
            self.highs[part],
            self.amounts[part],
            self.received[part],
        )

    def texts_within(self, first: int, last: int) -> Texts:
        """The texts of those records."""
        return self.texts[self._part(first, last)]

    def _part(self, first: int, last: int) -> slice:
        return slice(*np.searchsorted(self.times, [first, last]).tolist())


def read(
    store: Readings,
    facts: OutletFacts,
    kind: str,
    span: Span,
    as_of: datetime | None,
    *,
    beside: Sequence[str] = BESIDE,
) -> dict[str, Raw]:
    """All factors of ``kind``. Where two points report the same moment, the one named first counts.

    ``beside``: which of ``BESIDE`` to read; one that is not read is as if nobody had sent it.
    """
    found: dict[str, list[Raw]] = {}
    for point, part in reporting(facts.points, span):
        columns = store.packets(point, kind, part, as_of=as_of, fields=(MEAN[kind], *beside))
        for factor, fields in columns.items():
            raw = _raw(factor, fields, MEAN[kind])
            if raw is not None:
                found.setdefault(factor, []).append(raw)
    return {factor: joined(parts) for factor, parts in found.items()}


def reporting(points: Sequence[PointSpan], span: Span) -> Iterator[tuple[str, Span]]:
    """Each point with the part of ``span`` it reported for."""
    for item in points:
        start = max(item.start, span.start)
        end = span.end if item.end is None else min(item.end, span.end)
        if start < end:
            yield item.point, Span(start, end)


def _raw(factor: str, fields: Mapping[str, Column], mean: str) -> Raw | None:
    main = fields.get(mean)
    if main is None or not len(main.times):
        return None
    lows, highs, amounts = (_beside(main.times, fields.get(name)) for name in BESIDE)
    received = newest(main, [fields[name] for name in BESIDE if name in fields])
    moments = map(str, main.times.tolist())
    texts = zip(
        repeat(factor), moments, main.texts, main.flags, lows[1], highs[1], amounts[1]
    )  # fmt: skip
    values = (lows[0], highs[0], amounts[0])
    return Raw(main.times, main.values, tuple(main.flags), tuple(texts), *values, received)


def newest(main: Column, beside: Sequence[Column]) -> Times:
    """When the last text of each record was received."""
    received = main.received
    for column in beside:
        if np.array_equal(main.times, column.times):
            received = np.maximum(received, column.received)
            continue
        place = np.minimum(np.searchsorted(main.times, column.times), max(main.times.size - 1, 0))
        same = main.times[place] == column.times
        received = received.copy()
        np.maximum.at(received, place[same], column.received[same])
    return received


def _beside(times: Times, column: Column | None) -> tuple[Values, Iterable[str]]:
    """Another field at the same moments: values (NaN where it has none) and texts ("" there)."""
    if column is None:
        return np.full(times.shape, np.nan), repeat("")
    if np.array_equal(times, column.times):
        return column.values, column.texts
    values = dict(zip(column.times.tolist(), column.values.tolist(), strict=True))
    texts = dict(zip(column.times.tolist(), column.texts, strict=True))
    moments = times.tolist()
    found = np.array([values.get(t, np.nan) for t in moments], dtype=np.float64)
    return found, [texts.get(t, "") for t in moments]


def joined(parts: Sequence[Raw]) -> Raw:
    """Series of one factor as one, by time; of two records of one moment the first counts."""
    if len(parts) == 1:
        return parts[0]
    times, keep = np.unique(np.concatenate([p.times for p in parts]), return_index=True)
    flags: list[Any] = [flag for p in parts for flag in p.flags]
    texts: list[Any] = [text for p in parts for text in p.texts]
    return Raw(
        times,
        np.concatenate([p.values for p in parts])[keep],
        tuple(flags[i] for i in keep.tolist()),
        tuple(texts[i] for i in keep.tolist()),
        np.concatenate([p.lows for p in parts])[keep],
        np.concatenate([p.highs for p in parts])[keep],
        np.concatenate([p.amounts for p in parts])[keep],
        np.concatenate([p.received for p in parts])[keep],
    )
