"""Readings as pages want them: the newest by outlet, lines of a chart, thinned lines. Reads only.

``kind`` is what a page calls a resolution: real, minute, hour, day. Real and minute are what the logger
sent (CN 2011, 2051); hour and day are what we computed from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mingcha.core.aggregates import DayValue, HourCode, HourValue
from mingcha.core.clock import DAY_S, HOUR_S, from_epoch, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import MINUTE, REALTIME
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.flow.readings import reporting
from mingcha.store.telemetry import Latest, Series, Telemetry

KINDS = ("real", "minute", "hour", "day")
CN = {"real": REALTIME, "minute": MINUTE}
FIELDS = {"real": ("Rtd", "ZsRtd"), "minute": ("Avg", "ZsAvg")}  # as measured, converted
FIELDS_OF = {CN[kind]: fields for kind, fields in FIELDS.items()}
REAL_STEP_S = 60  # until the spacing of the data tells another
BEIJING_S = 8 * HOUR_S
GAP = 1.5  # a pause longer than this many steps is a gap
LINK_DELAYED_S, LINK_OFFLINE_S = 180, 600  # hj212 digest: three RtdIntervals, which is not in the register


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One factor over time. Parallel columns; ``values`` NaN where there is no number.

    ``flags``: as received, or the code of the hour. ``refs``: frames, None for computed values.
    ``step_s``: expected spacing. ``converted``: whether the values are at reference oxygen.
    """

    factor: str
    kind: str
    step_s: int
    converted: bool
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    texts: list[str]
    flags: list[str]
    refs: list[FrameRef | None]
    versions: list[int]

    def __len__(self) -> int:
        return len(self.times)


class Computed(Protocol):
    """What hour and day values have in common."""

    @property
    def factor(self) -> str: ...
    @property
    def start(self) -> datetime: ...
    @property
    def mean(self) -> float | None: ...
    @property
    def converted(self) -> float | None: ...


def newest(store: Telemetry, points: Mapping[str, str]) -> dict[str, list[Latest]]:
    """By outlet the newest reading of each factor, real-time or minute. ``points``: point → outlet key."""
    found: dict[str, dict[str, Latest]] = {}
    for row in store.latest(list(points)):
        if row.kind not in FIELDS_OF:
            continue
        known = found.setdefault(points[row.point], {}).get(row.factor)
        if known is None or (known.time, known.kind) < (row.time, row.kind):
            found[points[row.point]][row.factor] = row
    return {key: list(rows.values()) for key, rows in found.items()}


def text_of(row: Latest, *, converted: bool) -> tuple[str, bool]:
    """The text of a newest reading as measured or converted, and which it is; "" where it has none."""
    measured, at_reference = FIELDS_OF[row.kind]
    text = row.get(at_reference) if converted else None
    return (text, True) if text is not None else (row.get(measured) or "", False)


def link_state(rows: Sequence[Latest], now: datetime) -> str:
    """online, delayed, offline, stopped or never: by when the newest reading came in and what it says."""
    if not rows:
        return "never"
    last = max(row.received or row.time for row in rows)
    silent = (now - last).total_seconds()
    if silent > LINK_OFFLINE_S:
        return "offline"
    if all(row.flag == "F" for row in rows):
        return "stopped"
    return "delayed" if silent > LINK_DELAYED_S else "online"


def factors_of(store: Telemetry, facts: OutletFacts) -> list[str]:
    """The factors an outlet reports or is limited in, limited ones first."""
    sent = {row.factor for row in store.latest([p.point for p in facts.points])}
    limited = list(dict.fromkeys(limit.factor for limit in facts.limits))
    measured = [setting.factor for setting in facts.settings]
    return list(dict.fromkeys([*limited, *measured, *sorted(sent)]))


def line(
    store: Telemetry,
    facts: OutletFacts,
    factor: str,
    kind: str,
    span: Span,
    *,
    converted: bool = False,
    as_of: datetime | None = None,
) -> Line:
    """The values of ``factor`` in ``span``; with ``as_of`` what was known then.

    ``converted`` asks for values at reference oxygen; where the outlet has none, the measured come.
    """
    if kind == "hour":
        hours = store.hours(facts.key, span, factor=factor, as_of=as_of)
        return _computed(factor, kind, HOUR_S, hours, [_hour_flag(h) for h in hours], converted=converted)
    if kind == "day":
        days = store.days(facts.key, span, factor=factor, as_of=as_of)
        return _computed(factor, kind, DAY_S, days, [_day_flag(d) for d in days], converted=converted)
    measured, at_reference = FIELDS[kind]
    if converted:
        found = _sent(store, facts, factor, kind, span, at_reference, as_of)
        if len(found):
            return found
    return _sent(store, facts, factor, kind, span, measured, as_of)


def _hour_flag(hour: HourValue) -> str:
    return hour.code.value


def _day_flag(day: DayValue) -> str:
    if day.mean is not None:
        return HourCode.NORMAL.value
    return HourCode.STOPPED.value if day.running_hours == 0 else HourCode.NO_DATA.value


def _computed(
    factor: str, kind: str, step_s: int, rows: Sequence[Computed], flags: list[str], *, converted: bool
) -> Line:
    has = converted and any(row.converted is not None for row in rows)
    values = [row.converted if has else row.mean for row in rows]
    return Line(
        factor, kind, step_s, has,
        np.array([to_epoch(row.start) for row in rows], dtype=np.int64),
        np.array([np.nan if value is None else value for value in values], dtype=np.float64),
        ["" if value is None else repr(value) for value in values],
        flags, [None] * len(rows), [1] * len(rows),
    )  # fmt: skip


def _sent(
    store: Telemetry,
    facts: OutletFacts,
    factor: str,
    kind: str,
    span: Span,
    field: str,
    as_of: datetime | None,
) -> Line:
    parts = [
        store.series(point, CN[kind], factor, part, field=field, as_of=as_of)
        for point, part in reporting(facts.points, span)
    ]
    rows = _merged([part for part in parts if len(part)])
    times = np.array([row[0] for row in rows], dtype=np.int64)
    step = facts.minute_interval_s if kind == "minute" else _spacing(times)
    return Line(
        factor, kind, step, field.startswith("Zs"), times,
        np.array([row[1] for row in rows], dtype=np.float64),
        [row[2] for row in rows], [row[3] for row in rows], [row[4] for row in rows], [row[5] for row in rows],
    )  # fmt: skip


def _merged(parts: Iterable[Series]) -> list[tuple[int, float, str, str, FrameRef | None, int]]:
    """By time; of two loggers at one moment the one named first counts."""
    rows: dict[int, tuple[int, float, str, str, FrameRef | None, int]] = {}
    for part in parts:
        columns = (part.times.tolist(), part.values.tolist(), part.texts, part.flags, part.refs)
        for row in zip(*columns, part.versions.tolist(), strict=True):
            rows.setdefault(row[0], row)
    return [rows[moment] for moment in sorted(rows)]


def _spacing(times: NDArray[np.int64]) -> int:
    return int(np.median(np.diff(times))) if len(times) > 2 else REAL_STEP_S


def gaps(found: Line, span: Span, now: datetime) -> list[Span]:
    """Where data were due and none came; what lies after ``now`` was not due yet."""
    end = min(to_epoch(span.end), to_epoch(now) - found.step_s)
    edges = [_first_due(found, to_epoch(span.start)) - found.step_s, *found.times.tolist(), end]
    return [
        Span(from_epoch(a + found.step_s), from_epoch(b))
        for a, b in pairwise(edges)
        if b - a > GAP * found.step_s and b > a + found.step_s
    ]


def _first_due(found: Line, start: int) -> int:
    """The first full step at or after ``start``; days begin at 00:00 Beijing."""
    shift = BEIJING_S if found.kind == "day" else 0
    return -(-(start + shift) // found.step_s) * found.step_s - shift


def thinned(found: Line, columns: int, *, keep: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Indices to draw: first, least, greatest and last of each column and run of one flag; and all of ``keep``."""
    size = len(found)
    if size <= columns * 4:
        return np.arange(size, dtype=np.int64)
    first, last = int(found.times[0]), int(found.times[-1]) + 1
    column = (found.times - first) * columns // (last - first)
    flags = np.array([hash(flag) for flag in found.flags])
    breaks = np.flatnonzero((np.diff(column) != 0) | (np.diff(flags) != 0)) + 1
    chosen = [int(i) for part in np.split(np.arange(size), breaks) for i in _corners(found.values, part)]
    if keep is not None:
        chosen += np.flatnonzero(keep).tolist()
    return np.unique(np.array(chosen, dtype=np.int64))


def _corners(values: NDArray[np.float64], part: NDArray[np.int64]) -> set[int]:
    known = part[~np.isnan(values[part])]
    found = {int(part[0]), int(part[-1])}
    if len(known):
        found |= {int(known[np.argmin(values[known])]), int(known[np.argmax(values[known])])}
    return found
