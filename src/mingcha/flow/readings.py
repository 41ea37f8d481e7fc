"""Readings of one outlet over a span: through every point that reported for it, joined by time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from mingcha.core.facts import OutletFacts, PointSpan
from mingcha.core.packets import MINUTE, REALTIME
from mingcha.core.spans import Span
from mingcha.flow.ports import Column, Readings
from mingcha.stats.codes import Times, Values

MEAN = {MINUTE: "Avg", REALTIME: "Rtd"}  # the field that is the value of a record


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """One factor's records as stored. ``texts``: what a digest is made of, one tuple a record."""

    times: Times
    values: Values
    flags: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    lows: Values
    highs: Values
    amounts: Values

    def within(self, first: int, last: int) -> "Raw":
        """The records with ``first <= time < last`` (epoch seconds)."""
        part = slice(*np.searchsorted(self.times, [first, last]).tolist())
        return Raw(
            self.times[part],
            self.values[part],
            self.flags[part],
            self.texts[part],
            self.lows[part],
            self.highs[part],
            self.amounts[part],
        )


def read(
    store: Readings, facts: OutletFacts, kind: str, span: Span, as_of: datetime | None
) -> dict[str, Raw]:
    """All factors of ``kind``. Where two points report the same moment, the one named first counts."""
    found: dict[str, list[Raw]] = {}
    for point, part in reporting(facts.points, span):
        for factor, fields in store.packets(point, kind, part, as_of=as_of).items():
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
    others = {name: _beside(main.times, fields.get(name)) for name in ("Min", "Max", "Cou")}
    texts = [
        (factor, str(moment), text, flag, *(others[name][1].get(moment, "") for name in others))
        for moment, text, flag in zip(main.times.tolist(), main.texts, main.flags, strict=True)
    ]
    return Raw(
        main.times,
        main.values,
        tuple(main.flags),
        tuple(texts),
        others["Min"][0],
        others["Max"][0],
        others["Cou"][0],
    )


def _beside(times: Times, column: Column | None) -> tuple[Values, dict[int, str]]:
    """Another field at the same moments: values (NaN where it has none) and texts by time."""
    if column is None:
        return np.full(times.shape, np.nan), {}
    values = dict(zip(column.times.tolist(), column.values.tolist(), strict=True))
    texts = dict(zip(column.times.tolist(), column.texts, strict=True))
    return np.array([values.get(t, np.nan) for t in times.tolist()], dtype=np.float64), texts


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
    )
