"""Readings as pages want them: the newest by outlet, lines of a chart, thinned lines. Reads only.

``kind`` is what a page calls a resolution: real, minute, hour, day, month. Real and minute are what the logger
sent (CN 2011, 2051); hour, day and month are what we computed from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import isnan
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from mingcha.core.aggregates import HourCode
from mingcha.core.clock import BEIJING, DAY_S, HOUR_S, beijing, from_epoch, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import MINUTE, REALTIME
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.flow.readings import reporting
from mingcha.stats.thinning import thin
from mingcha.store.telemetry import Latest, Series, Telemetry
from mingcha.store.telemetry.recent.columns import Columns

T = TypeVar("T")

KINDS = ("real", "minute", "hour", "day", "month")
SENT = ("real", "minute")
CN = {"real": REALTIME, "minute": MINUTE}
FIELDS = {"real": ("Rtd", "ZsRtd"), "minute": ("Avg", "ZsAvg")}  # as measured, converted
FIELDS_OF = {CN[kind]: fields for kind, fields in FIELDS.items()}
STEP_S = {"hour": HOUR_S, "day": DAY_S, "month": 31 * DAY_S}
REAL_STEP_S = 60  # until the spacing of the data tells another
BEIJING_S = 8 * HOUR_S
GAP = 1.5  # a pause longer than this many steps is a gap
LINK_DELAYED_S, LINK_OFFLINE_S = 180, 600  # hj212 digest: three RtdIntervals, which is not in the register


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One factor over time. Parallel columns; ``values`` NaN where there is no number.

    ``flags``: as received, or the code of the hour. ``refs``: frames, None for computed values.
    ``step_s``: expected spacing (a month counts 31 days). ``converted``: whether the values are at reference oxygen.
    ``versions``: how many are kept. ``causes``: why an hour is not valid (a ``core.causes.Cause``, "" where it is);
    empty for what was sent. ``late``: places that came in after one would have called the link offline, or of which
    nothing valid was known at the first cut.
    """

    factor: str
    kind: str
    step_s: int
    converted: bool
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    texts: Sequence[str]
    flags: Sequence[str]
    refs: Sequence[FrameRef | None]
    versions: Sequence[int]
    causes: Sequence[str] = ()
    late: frozenset[int] = field(default_factory=frozenset)

    def __len__(self) -> int:
        return len(self.times)


class _Digits(Sequence[str]):
    """Computed values in full digits, "" where there is none; written when asked for, as a chart asks for few."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return _Digits(self._values[place])
        value = float(self._values[place])
        return "" if isnan(value) else repr(value)


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
    [found] = lines(store, facts, {factor: converted}, kind, span, as_of=as_of)
    return found


def lines(
    store: Telemetry,
    facts: OutletFacts,
    factors: Mapping[str, bool],
    kind: str,
    span: Span,
    *,
    as_of: datetime | None = None,
) -> list[Line]:
    """Several factors (factor → whether converted) of one span, in one read of the computed values."""
    if kind not in SENT:
        held = store.columns(kind, facts.key, span, list(factors), as_of=as_of) if factors else {}
        return [_computed(factor, kind, held.get(factor), wanted) for factor, wanted in factors.items()]
    return [_received(store, facts, factor, kind, span, wanted, as_of) for factor, wanted in factors.items()]


def _received(
    store: Telemetry,
    facts: OutletFacts,
    factor: str,
    kind: str,
    span: Span,
    converted: bool,
    as_of: datetime | None,
) -> Line:
    measured, at_reference = FIELDS[kind]
    if converted:
        found = _sent(store, facts, factor, kind, span, at_reference, as_of)
        if len(found):
            return found
    return _sent(store, facts, factor, kind, span, measured, as_of)


def _computed(factor: str, kind: str, found: Columns | None, converted: bool) -> Line:
    if found is None:
        return empty_line(factor, kind)
    has = converted and not np.isnan(found.converted).all()
    values = found.converted if has else found.mean
    return Line(
        factor, kind, STEP_S[kind], has, found.starts, values,
        _Digits(values),
        _codes(found, kind), [None] * len(found), found.versions.tolist(),
        found.causes if kind == "hour" else (), _filled(found, values),
    )  # fmt: skip


def empty_line(factor: str, kind: str) -> Line:
    """A line without values."""
    nothing = np.array([], dtype=np.int64)
    step = STEP_S.get(kind, REAL_STEP_S)
    return Line(factor, kind, step, False, nothing, nothing.astype(np.float64), [], [], [], [])


def _codes(found: Columns, kind: str) -> Sequence[str]:
    """The code of an hour; of a day or month whether it has a mean, and else whether the source ran at all."""
    if kind == "hour":
        return found.codes
    rows = zip(np.isnan(found.mean).tolist(), found.ran.tolist(), strict=True)
    silent = {True: HourCode.STOPPED.value, False: HourCode.NO_DATA.value}
    return [silent[ran == 0] if missing else HourCode.NORMAL.value for missing, ran in rows]


def _filled(found: Columns, values: NDArray[np.float64]) -> frozenset[int]:
    """Valid hours that were lost or invalid at the first cut (R-TR-3)."""
    known = (~np.isnan(values)).tolist()
    return frozenset(i for i, first in enumerate(found.firsts) if first in ("lost", "received") and known[i])


def _sent(
    store: Telemetry,
    facts: OutletFacts,
    factor: str,
    kind: str,
    span: Span,
    field_name: str,
    as_of: datetime | None,
) -> Line:
    parts = [
        store.series(point, CN[kind], factor, part, field=field_name, as_of=as_of)
        for point, part in reporting(facts.points, span)
    ]
    found = _merged([part for part in parts if len(part)])
    step = facts.minute_interval_s if kind == "minute" else _spacing(found.times)
    due_us = (found.times + (step if kind == "minute" else 0) + LINK_OFFLINE_S) * 1_000_000
    late = np.flatnonzero((found.received > 0) & (found.received > due_us))
    return Line(
        factor, kind, step, field_name.startswith("Zs"), found.times, found.values, found.texts, found.flags,
        found.refs, found.versions.tolist(), (), frozenset(late.tolist()),
    )  # fmt: skip


def _merged(parts: Sequence[Series]) -> Series:
    """By time; of two loggers at one moment the one named first counts."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        nothing = np.array([], dtype=np.int64)
        return Series(nothing, nothing.astype(np.float64), [], [], [], nothing, nothing)
    times, keep = np.unique(np.concatenate([part.times for part in parts]), return_index=True)
    order = keep.tolist()
    return Series(
        times=times,
        values=np.concatenate([part.values for part in parts])[keep],
        texts=_picked((part.texts for part in parts), order),
        flags=_picked((part.flags for part in parts), order),
        refs=_picked((part.refs for part in parts), order),
        received=np.concatenate([part.received for part in parts])[keep],
        versions=np.concatenate([part.versions for part in parts])[keep],
    )


def _picked(columns: Iterable[Sequence[T]], order: Sequence[int]) -> list[T]:
    every = [value for column in columns for value in column]
    return [every[i] for i in order]


def _spacing(times: NDArray[np.int64]) -> int:
    return int(np.median(np.diff(times))) if len(times) > 2 else REAL_STEP_S


def gaps(found: Line, span: Span, now: datetime) -> list[Span]:
    """Where data were due and no record came; what lies after ``now`` was not due yet."""
    start, end = (
        _first_due(found, to_epoch(span.start)),
        min(to_epoch(span.end), to_epoch(now) - found.step_s),
    )
    if found.kind == "month":
        return _missing_months(found, from_epoch(start), end)
    edges = [start - found.step_s, *found.times.tolist(), end]
    return [
        Span(from_epoch(a + found.step_s), from_epoch(b))
        for a, b in pairwise(edges)
        if b - a > GAP * found.step_s and b > a + found.step_s
    ]


def _missing_months(found: Line, month: datetime, end: int) -> list[Span]:
    """Whole months without a record, each by itself."""
    known, missing = set(found.times.tolist()), []
    while to_epoch(month) < end:
        after = next_month(month)
        if to_epoch(month) not in known:
            missing.append(Span(month, after))
        month = after
    return missing


def next_month(moment: datetime) -> datetime:
    """00:00 Beijing of the first day of the month after that of ``moment``."""
    local = beijing(moment).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (local + timedelta(days=32)).replace(day=1, tzinfo=BEIJING)


def _first_due(found: Line, start: int) -> int:
    """The first full step at or after ``start``; days and months begin at 00:00 Beijing."""
    if found.kind == "month":
        local = beijing(from_epoch(start))
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return to_epoch(first if first == local else next_month(local))
    shift = BEIJING_S if found.kind == "day" else 0
    return -(-(start + shift) // found.step_s) * found.step_s - shift


def reasons(found: Line) -> NDArray[np.int64]:
    """A number for each place, the same where flag and cause are the same."""
    said = list(zip(found.flags, found.causes or found.flags, strict=True))
    numbers = {reason: number for number, reason in enumerate(dict.fromkeys(said))}
    return np.array([numbers[reason] for reason in said], dtype=np.int64)


def thinned(found: Line, columns: int, *, keep: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Indices to draw: first, least, greatest and last of each column and run of one reason; and all of ``keep``."""
    return thin(found.times, found.values, reasons(found), columns, keep)
