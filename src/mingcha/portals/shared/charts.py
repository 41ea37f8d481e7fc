"""What a chart of one factor shows, as values: for the SVG picture, for the script and for the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
from django.utils.translation import gettext

from mingcha.core.clock import beijing_day, day_start, from_epoch, to_epoch
from mingcha.core.facts import Limit, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.reading import Line
from mingcha.portals.shared import badges, words

COLUMNS = 960  # of pixels; four points each at most (ui.md §4)
COUNTED_FROM = 500  # exceeding points beyond this are told as a number
BEIJING_S = 8 * 3600
NORMAL = ("N", "")


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of a track. ``tone`` of badges; ``url`` "" where there is nothing to open."""

    start: datetime
    end: datetime
    tone: str
    word: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    name: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class LimitStep:
    """One stretch of the limit line with its source."""

    start: datetime
    end: datetime
    limit: Limit


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One factor over ``span``. ``shown``: indices of ``line`` that are drawn. ``over``: those above the limit."""

    line: Line
    span: Span
    now: datetime
    unit: str
    steps: tuple[LimitStep, ...]
    shown: tuple[int, ...]
    over: tuple[int, ...]
    gaps: tuple[Span, ...]
    tracks: tuple[Track, ...] = field(default=())

    @property
    def judged(self) -> bool:
        """Only hour and day means are compared with limits; a single reading is no exceedance."""
        return self.line.kind in ("hour", "day")

    @property
    def top(self) -> float:
        """The upper end of the axis, from 0 on."""
        known = self.line.values[~np.isnan(self.line.values)]
        highest = float(known.max()) if len(known) else 1.0
        limit = max((float(step.limit.value) for step in self.steps), default=0.0)
        return max(highest, limit) * 1.12 or 1.0


def limit_steps(facts: OutletFacts, factor: str, kind: str, span: Span) -> tuple[LimitStep, ...]:
    """The limits in force over ``span``; for single readings those of the hour, to look at only."""
    averaging = "day" if kind == "day" else "hour"
    steps = []
    for limit in facts.limits:
        if limit.factor != factor or limit.averaging != averaging:
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


def build(facts: OutletFacts, line: Line, span: Span, now: datetime, tracks: Sequence[Track] = ()) -> Chart:
    """The chart of ``line``, thinned for the screen; exceeding and flagged points stay."""
    steps = limit_steps(facts, line.factor, line.kind, span)
    above = _above(line, steps)
    flagged = np.array([flag not in NORMAL for flag in line.flags], dtype=np.bool_)
    keep = (above | flagged) if int((above | flagged).sum()) <= COUNTED_FROM else above
    shown = reading.thinned(line, COLUMNS, keep=keep if int(keep.sum()) <= COUNTED_FROM else None)
    known = next((s.unit for s in facts.settings if s.factor == line.factor), "")
    return Chart(
        line=line, span=span, now=now,
        unit=words.unit_text(steps[0].limit.unit if steps else known) or words.factor_unit(line.factor),
        steps=steps, shown=tuple(shown.tolist()),
        over=tuple(np.flatnonzero(above).tolist()) if line.kind in ("hour", "day") else (),
        gaps=tuple(reading.gaps(line, span, now)),
        tracks=(flag_track(line, span), *tracks),
    )  # fmt: skip


def _above(line: Line, steps: Sequence[LimitStep]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    above = np.zeros(len(line), dtype=np.bool_)
    for step in steps:
        inside = (line.times >= to_epoch(step.start)) & (line.times < to_epoch(step.end))
        above |= inside & (np.nan_to_num(line.values, nan=-np.inf) > float(step.limit.value))
    return above


def flag_track(line: Line, span: Span) -> Track:
    """Runs of one data flag."""
    items = []
    for flag, run in groupby(zip(line.times.tolist(), line.flags, strict=True), key=lambda row: row[1]):
        times = [row[0] for row in run]
        known = badges.BADGES["flag"].get(flag)
        tone, word = (known.tone, gettext(known.word)) if known else ("none", flag or gettext("无标识"))
        for start, end in _stretches(times, line.step_s):
            items.append(Item(from_epoch(start), min(from_epoch(end), span.end), tone, word))
    return Track(gettext("数据标识"), tuple(item for item in items if item.start < item.end))


def _stretches(times: Sequence[int], step_s: int) -> list[tuple[int, int]]:
    """Runs without a pause; each record lasts one step."""
    found: list[tuple[int, int]] = []
    for moment in times:
        if found and moment - found[-1][1] <= step_s * (reading.GAP - 1):
            found[-1] = (found[-1][0], moment + step_s)
        else:
            found.append((moment, moment + step_s))
    return found


def summary(chart: Chart) -> str:
    """The chart in one sentence."""
    line = chart.line
    known = line.values[~np.isnan(line.values)]
    name = words.factor_name(line.factor) + (gettext("（折算）") if line.converted else "")
    if not len(known):
        return gettext("%(name)s：这段时间没有数据。") % {"name": name}
    digits = words.factor_digits(line.factor)
    parts = [
        gettext("%(name)s，%(kind)s %(n)d 个，最小 %(low)s，最大 %(high)s %(unit)s") % {
            "name": name, "kind": kind_word(line.kind), "n": len(known), "unit": chart.unit,
            "low": words.number_text(float(known.min()), digits), "high": words.number_text(float(known.max()), digits),
        }
    ]  # fmt: skip
    if chart.judged and chart.steps:
        parts.append(gettext("超过限值 %(n)d 个") % {"n": len(chart.over)})
    if chart.gaps:
        parts.append(gettext("缺 %(n)d 段") % {"n": len(chart.gaps)})
    return gettext("，").join(parts) + gettext("。")


def kind_word(kind: str) -> str:
    return {
        "real": gettext("实时值"), "minute": gettext("分钟值"), "hour": gettext("小时值"), "day": gettext("日值"),
    }[kind]  # fmt: skip


def limit_text(limit: Limit) -> str:
    """``限值 100 mg/m³ · GB 13223-2011 表1 · 2014-07-01 起``."""
    averaging = gettext("小时限值") if limit.averaging == "hour" else gettext("日限值")
    source = f"{limit.document} {limit.clause}".strip()
    since = gettext("%(day)s 起") % {"day": limit.valid_from}
    return f"{averaging} {limit.value:f} {words.unit_text(limit.unit)} · {source} · {since}"


def as_json(chart: Chart) -> dict[str, Any]:
    """For the script. Times are Beijing wall-clock milliseconds (UTC + 8 h), so that any browser shows Beijing."""
    line = chart.line
    digits = words.factor_digits(line.factor)
    limit = max((step.limit.value for step in chart.steps), default=None) if chart.judged else None
    return {
        "name": words.factor_name(line.factor) + (gettext("（折算）") if line.converted else ""),
        "unit": chart.unit,
        "digits": digits,
        "step": line.step_s * 1000,
        "start": _wall(chart.span.start),
        "end": _wall(chart.span.end),
        "summary": summary(chart),
        "points": [_point(chart, i, digits, limit) for i in chart.shown],
        "over": [[_shift(int(line.times[i])), float(line.values[i])] for i in chart.over[:COUNTED_FROM]],
        "gaps": [[_wall(gap.start), _wall(gap.end)] for gap in chart.gaps],
        "steps": [
            {
                "start": _wall(s.start),
                "end": _wall(s.end),
                "value": float(s.limit.value),
                "text": limit_text(s.limit),
            }
            for s in chart.steps
        ],
        "tracks": [
            {
                "name": t.name,
                "items": [[_wall(i.start), _wall(i.end), i.tone, i.word, i.url] for i in t.items],
            }
            for t in chart.tracks
        ],
        "words": {
            "limit": gettext("限值"),
            "gap": gettext("缺"),
            "open": gettext("回车打开证据"),
            "zoom": gettext("缩放"),
        },
    }


def _point(chart: Chart, index: int, digits: int, limit: Any) -> list[Any]:
    line = chart.line
    value = float(line.values[index])
    epoch = int(line.times[index])
    shown = None if np.isnan(value) else words.number_text(value, digits, limit)
    revised = line.versions[index] > 1
    return [_shift(epoch), None if np.isnan(value) else value, line.flags[index], shown, int(revised), epoch]


def _wall(moment: datetime) -> int:
    return _shift(to_epoch(moment))


def _shift(epoch: int) -> int:
    return (epoch + BEIJING_S) * 1000
