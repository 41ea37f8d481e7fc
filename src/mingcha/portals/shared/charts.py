"""What a chart of up to four factors shows, as values: for the SVG picture, for the script and for the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.utils.translation import gettext
from numpy.typing import NDArray

from mingcha.core.clock import beijing_day, day_start, to_epoch
from mingcha.core.facts import Limit, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.gaps import Gap
from mingcha.flow.reading import Line
from mingcha.portals.shared import words
from mingcha.portals.shared.tracks import Item, Track, flag_track, gap_track
from mingcha.stats.thinning import thin

POINTS = 4000  # in total, whatever the span (ui.md §4)
COLUMNS = 960  # of pixels; four points each at most
LEAST_COLUMNS = 16
COUNTED_FROM = 500  # exceeding points beyond this are told as a number
MOST_FACTORS, MOST_AXES = 4, 2
HEADROOM = 1.12
NORMAL = ("N", "")

__all__ = ["Axis", "Chart", "Curve", "Item", "LimitStep", "Part", "Track", "build", "compared"]


@dataclass(frozen=True, slots=True)
class LimitStep:
    """One stretch of the limit line with its source."""

    start: datetime
    end: datetime
    limit: Limit


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale of the chart, in one unit. ``low`` is 0 unless the chart is fitted to its values."""

    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One factor. ``shown``: places of ``line`` that are drawn. ``over``: those above the limit.

    ``gap_count``: how many gaps there are, where only those wide enough to see are listed.
    ``label``: of an outlet among others, instead of the factor's name; ``evidence``: where its values open.
    """

    line: Line
    unit: str
    axis: int
    steps: tuple[LimitStep, ...]
    shown: tuple[int, ...]
    over: tuple[int, ...]
    gaps: tuple[Gap, ...]
    label: str = ""
    evidence: str = ""
    gap_count: int = 0

    @property
    def name(self) -> str:
        return self.label or words.factor_name(self.line.factor) + (
            gettext("（折算）") if self.line.converted else ""
        )

    @property
    def judged(self) -> bool:
        """Only hour and day means are compared with limits; a single reading is no exceedance."""
        return self.line.kind in ("hour", "day")

    @property
    def digits(self) -> int:
        return words.factor_digits(self.line.factor)


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """Factors over ``span``. ``shared``: gaps of all of them. ``thinned``: not every value is drawn.

    What is named like a part of a curve is that of the first one, which alone tables and findings show.
    """

    curves: tuple[Curve, ...]
    axes: tuple[Axis, ...]
    span: Span
    now: datetime
    tracks: tuple[Track, ...]
    shared: tuple[Gap, ...]
    fit: bool = False
    hidden: frozenset[str] = field(default_factory=frozenset)

    @property
    def line(self) -> Line:
        return self.curves[0].line

    @property
    def unit(self) -> str:
        return self.curves[0].unit

    @property
    def steps(self) -> tuple[LimitStep, ...]:
        return self.curves[0].steps

    @property
    def judged(self) -> bool:
        return self.curves[0].judged

    @property
    def thinned(self) -> bool:
        return any(len(curve.shown) < len(curve.line) for curve in self.curves)


def limit_steps(facts: OutletFacts, factor: str, kind: str, span: Span) -> tuple[LimitStep, ...]:
    """The limits in force over ``span``; for single readings those of the hour, to look at only."""
    averaging = "day" if kind in ("day", "month") else "hour"
    steps = []
    for limit in facts.limits:
        if limit.factor != factor or limit.averaging != averaging or kind == "month":
            continue
        start = max(day_start(limit.valid_from), span.start)
        end = span.end if limit.valid_to is None else min(day_start(limit.valid_to), span.end)
        if start < end:
            steps.append(LimitStep(start, end, limit))
    return tuple(sorted(steps, key=lambda step: step.start))


def wants_conversion(facts: OutletFacts, factor: str, span: Span) -> bool:
    """Whether the limit of the factor is one at reference oxygen."""
    days = {beijing_day(span.start), beijing_day(span.end)}
    held = [facts.limit(factor, averaging, day) for averaging in ("hour", "day") for day in days]
    return any(limit is not None and limit.reference_o2 is not None for limit in held)


def unit_of(facts: OutletFacts, factor: str) -> str:
    """The unit in which a factor is drawn: of its limit, else as registered, else of the table of factors."""
    limited = next((limit.unit for limit in facts.limits if limit.factor == factor), "")
    known = next((setting.unit for setting in facts.settings if setting.factor == factor), "")
    return words.unit_text(limited or known) or words.factor_unit(factor)


def build(
    facts: OutletFacts,
    lines: Sequence[Line],
    span: Span,
    now: datetime,
    *,
    gaps: Mapping[str, Sequence[Gap]],
    tracks: Sequence[Track] = (),
    fit: bool = False,
    hidden: frozenset[str] = frozenset(),
) -> Chart:
    """The chart of ``lines``, thinned for the screen; exceeding and flagged points stay.

    ``gaps``: by factor. ``hidden``: overlays that are switched off (``flags``, ``gaps`` …).
    """
    units = list(dict.fromkeys(unit_of(facts, line.factor) for line in lines))
    curves = tuple(
        _curve(
            facts, line, units.index(unit_of(facts, line.factor)), len(lines), span, gaps.get(line.factor, ())
        )
        for line in lines
    )
    shared = set(curves[0].gaps).intersection(*(curve.gaps for curve in curves[1:])) if curves else set()
    flags = (
        []
        if "flags" in hidden
        else [flag_track(c.line, span, c.name if len(curves) > 1 else "") for c in curves]
    )
    holes = [gap_track(c.gaps, c.name) for c in curves if len(curves) > 1 and set(c.gaps) - shared]
    return Chart(
        curves=curves,
        axes=tuple(_axis(unit, [c for c in curves if c.axis == n], fit) for n, unit in enumerate(units)),
        span=span, now=now, tracks=(*flags, *([] if "gaps" in hidden else holes), *tracks),
        shared=() if "gaps" in hidden else tuple(sorted(shared, key=lambda gap: gap.span)), fit=fit, hidden=hidden,
    )  # fmt: skip


def _curve(facts: OutletFacts, line: Line, axis: int, count: int, span: Span, gaps: Sequence[Gap]) -> Curve:
    steps = limit_steps(facts, line.factor, line.kind, span)
    over = above(line, steps)
    shown = _drawn(line, over, POINTS // count)
    judged = line.kind in ("hour", "day")
    return Curve(
        line, unit_of(facts, line.factor), axis, steps, tuple(shown.tolist()),
        tuple(np.flatnonzero(over).tolist()) if judged else (), _visible(gaps, span),
        gap_count=len(gaps),
    )  # fmt: skip


def _drawn(line: Line, over: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """Places to draw, at most ``most`` of them but for those above a limit, which stay while they are few.

    Columns grow wider, at last over changes of reason, until the points fit.
    """
    flagged = np.array([flag not in NORMAL for flag in line.flags], dtype=np.bool_)
    keep = next((mask for mask in (over | flagged, over) if int(mask.sum()) <= COUNTED_FROM), None)
    columns, reasons = min(COLUMNS, most // 4), reading.reasons(line)
    while columns >= LEAST_COLUMNS:
        shown = thin(line.times, line.values, reasons, columns, keep)
        if len(shown) <= most:
            return shown
        columns //= 2
    return _densest(line, over if int(over.sum()) <= COUNTED_FROM else None, most)


def _densest(line: Line, keep: NDArray[np.bool_] | None, most: int) -> NDArray[np.int64]:
    """Corners of columns alone, whatever the reasons: where numbers come and go too often, gaps break the line."""
    known = np.flatnonzero(~np.isnan(line.values))
    kept = None if keep is None else keep[known]
    columns = max(LEAST_COLUMNS, (most - (0 if kept is None else int(kept.sum()))) // 4)
    groups = np.zeros(len(known), dtype=np.int64)
    return known[thin(line.times[known], line.values[known], groups, columns, kept)]


def _visible(gaps: Sequence[Gap], span: Span) -> tuple[Gap, ...]:
    """All while they are few; else those a pixel wide, and one of the smaller ones in each pixel."""
    if len(gaps) <= COUNTED_FROM:
        return tuple(gaps)
    pixel = max(1.0, span.length.total_seconds() / COLUMNS)
    wide = [gap for gap in gaps if gap.span.length.total_seconds() >= pixel]
    narrow = {
        (gap.span.start - span.start).total_seconds() // pixel: gap
        for gap in gaps
        if gap.span.length.total_seconds() < pixel
    }
    return tuple(sorted([*wide, *narrow.values()], key=lambda gap: gap.span))


def above(line: Line, steps: Sequence[LimitStep]) -> NDArray[np.bool_]:
    """Which values are above the limit of their moment."""
    found = np.zeros(len(line), dtype=np.bool_)
    for step in steps:
        inside = (line.times >= to_epoch(step.start)) & (line.times < to_epoch(step.end))
        found |= inside & (np.nan_to_num(line.values, nan=-np.inf) > float(step.limit.value))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One outlet of a comparison. ``evidence``: the address of its drawer."""

    label: str
    facts: OutletFacts
    line: Line
    gaps: Sequence[Gap]
    evidence: str


def compared(parts: Sequence[Part], span: Span, now: datetime, *, normal: bool = False) -> Chart:
    """One factor of several outlets on one axis; ``normal``: each in per cent of its own limit.

    Limits are drawn where all outlets share them, or as 100 %. An outlet without a limit has no line in per cent.
    """
    curves = [_part(part, span, len(parts), normal) for part in parts]
    limits = {tuple((step.start, step.end, step.limit.value) for step in curve.steps) for curve in curves}
    if len(limits) > 1:
        curves = [replace(curve, steps=()) for curve in curves]
    else:
        curves = [curves[0], *(replace(curve, steps=()) for curve in curves[1:])]
    holes = [gap_track(curve.gaps, curve.name) for curve in curves if curve.gaps]
    axis = _axis(curves[0].unit, curves, False)
    return Chart(tuple(curves), (axis,), span, now, tuple(holes), ())


def _part(part: Part, span: Span, count: int, normal: bool) -> Curve:
    curve = _curve(part.facts, part.line, 0, count, span, part.gaps)
    curve = replace(curve, label=part.label, evidence=part.evidence)
    if not normal:
        return curve
    shares = np.full(len(curve.line), np.nan)
    for step in curve.steps:
        inside = (curve.line.times >= to_epoch(step.start)) & (curve.line.times < to_epoch(step.end))
        shares[inside] = curve.line.values[inside] / float(step.limit.value) * 100
    whole = tuple(replace(s, limit=replace(s.limit, value=Decimal(100), unit="%")) for s in curve.steps)
    return replace(curve, line=replace(curve.line, values=shares), unit="%", steps=whole)


def _axis(unit: str, curves: Sequence[Curve], fit: bool) -> Axis:
    """From 0 to above the highest value and limit; fitted: from below the lowest value to above the highest."""
    values = np.concatenate([curve.line.values for curve in curves])
    known = values[~np.isnan(values)]
    highest = float(known.max()) if len(known) else 1.0
    lowest = float(known.min()) if len(known) else 0.0
    if fit and len(known):
        room = (highest - lowest) * (HEADROOM - 1) / 2 or abs(highest) * 0.05 or 1.0
        return Axis(unit, lowest - room, highest + room)
    limit = max((float(step.limit.value) for curve in curves for step in curve.steps), default=0.0)
    return Axis(unit, min(0.0, lowest), max(highest, limit) * HEADROOM or 1.0)


def summary(chart: Chart) -> str:
    """The chart in one sentence for each factor."""
    return " ".join(_sentence(curve) for curve in chart.curves)


def _sentence(curve: Curve) -> str:
    line = curve.line
    known = line.values[~np.isnan(line.values)]
    if not len(known):
        return gettext("%(name)s：这段时间没有数据。") % {"name": curve.name}
    low, high = (words.number_text(float(value), curve.digits) for value in (known.min(), known.max()))
    parts = [
        gettext("%(name)s，%(kind)s %(n)d 个，最小 %(low)s，最大 %(high)s %(unit)s") % {
            "name": curve.name, "kind": kind_word(line.kind), "n": len(known), "unit": curve.unit, "low": low, "high": high,
        }
    ]  # fmt: skip
    if curve.judged and curve.steps:
        parts.append(gettext("超过限值 %(n)d 个") % {"n": len(curve.over)})
    if curve.gap_count:
        parts.append(gettext("缺 %(n)d 段") % {"n": curve.gap_count})
    return gettext("，").join(parts) + gettext("。")


def kind_word(kind: str) -> str:
    return {
        "real": gettext("实时值"), "minute": gettext("分钟值"), "hour": gettext("小时值"), "day": gettext("日值"),
        "month": gettext("月值"),
    }[kind]  # fmt: skip


def limit_text(limit: Limit) -> str:
    """``限值 100 mg/m³ · GB 13223-2011 表1 · 2014-07-01 起``."""
    averaging = gettext("小时限值") if limit.averaging == "hour" else gettext("日限值")
    source = f"{limit.document} {limit.clause}".strip()
    since = gettext("%(day)s 起") % {"day": limit.valid_from}
    return f"{averaging} {limit.value:f} {words.unit_text(limit.unit)} · {source} · {since}"
