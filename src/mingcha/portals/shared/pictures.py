"""The SVG picture of a chart: what a page shows before, and without, scripts. About 4 kB."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import floor, log10

import numpy as np
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from mingcha.core.clock import beijing, from_epoch, to_epoch
from mingcha.flow.gaps import Gap
from mingcha.portals.shared import causes, words
from mingcha.portals.shared.charts import Axis, Chart, Curve, limit_text, summary
from mingcha.portals.shared.tracks import Track

WIDTH, LEFT, RIGHT, TOP, PLOT, TRACK = 960, 84, 16, 24, 240, 22
AXIS = 56  # more room on the right for a second axis
PICTURE_POINTS = 480  # of all lines in the picture; the script draws the rest
STEPS = (1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 2160, 4320, 8760)  # hours between ticks
GOOD_TICKS = 9
SYMBOLS = ("M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0", "M-3-3h6v6h-6z", "M0-4l4 7h-8z", "M0-4l4 4-4 4-4-4z")
MARKS_EVERY = 40  # points between the symbols that tell lines apart
PATTERNS = (
    '<pattern id="gap-fault" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><path d="M0 0v6" class="c-hatch"/></pattern>'
    '<pattern id="gap-link" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v6" class="c-hatch"/></pattern>'
    '<pattern id="gap-care" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="1.1" class="c-dots"/></pattern>'
    '<pattern id="gap-own" width="12" height="8" patternUnits="userSpaceOnUse"><path d="M0 0h12M0 4h12M3 0v4M9 4v4" class="c-brick"/></pattern>'
)


class _Scale:
    """Moments and values to places."""

    def __init__(self, chart: Chart) -> None:
        self.start, self.end = to_epoch(chart.span.start), to_epoch(chart.span.end)
        self.axes = chart.axes
        self.right = WIDTH - RIGHT - (AXIS if len(chart.axes) > 1 else 0)

    def x(self, epoch: float) -> float:
        share = (epoch - self.start) / max(1, self.end - self.start)
        return round(LEFT + min(1.0, max(0.0, share)) * (self.right - LEFT), 1)

    def y(self, value: float, axis: int) -> float:
        low, high = self.axes[axis].low, self.axes[axis].high
        share = (value - low) / ((high - low) or 1.0)
        return round(TOP + PLOT * (1 - min(1.0, max(0.0, share))), 1)


def draw(chart: Chart) -> SafeString:
    """The picture. Styles come from ``chart.css``; no inline style, no script."""
    scale = _Scale(chart)
    height = TOP + PLOT + 22 + TRACK * len(chart.tracks)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{escape(summary(chart))}">',
        f"<defs>{PATTERNS}</defs>",
        *(part for number, axis in enumerate(chart.axes) for part in _axis(axis, number, scale)),
        *_gaps(chart.shared, scale),
        *(part for curve in chart.curves for part in _limits(curve, scale)),
        *(part for number, curve in enumerate(chart.curves) for part in _line(curve, number, chart, scale)),
        *(part for curve in chart.curves for part in _over(curve, scale)),
        *_ticks(chart, scale), *_tracks(chart.tracks, scale),
        "</svg>",
    ]  # fmt: skip
    return mark_safe("".join(parts))  # noqa: S308 - every text in it was escaped above


def _axis(axis: Axis, number: int, scale: _Scale) -> Iterator[str]:
    """The first axis stands left and has a grid, the second right."""
    step = _nice((axis.high - axis.low) / 4)
    value = np.ceil(axis.low / step) * step
    right = number > 0
    x, anchor = (scale.right + 6, "start") if right else (LEFT - 6, "end")
    while value <= axis.high:
        y = scale.y(value, number)
        if not right:
            yield f'<path class="c-grid" d="M{LEFT} {y}H{scale.right}"/>'
        yield f'<text class="c-text" x="{x}" y="{y + 4}" text-anchor="{anchor}">{value:g}</text>'
        value += step
    yield f'<text class="c-text" x="{WIDTH - 4 if right else 4}" y="{TOP - 10}" text-anchor="{"end" if right else "start"}">{escape(axis.unit)}</text>'


def _nice(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** floor(log10(rough))
    return next((power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough), power * 10)


def _gaps(gaps: Sequence[Gap], scale: _Scale) -> Iterator[str]:
    for gap in gaps:
        pattern = causes.pattern(gap.cause)
        if pattern == "none":
            continue
        x, x2 = scale.x(to_epoch(gap.span.start)), scale.x(to_epoch(gap.span.end))
        said = escape(f"{causes.cause_word(gap.cause)} {words.span_text(gap.span.start, gap.span.end)}")
        width = max(1.0, round(x2 - x, 1))
        yield f'<rect {_look(pattern)} x="{x}" y="{TOP}" width="{width}" height="{PLOT}"><title>{said}</title></rect>'
        if pattern == "unknown" and width > 14:
            yield f'<text class="c-unknown" x="{(x + x2) / 2:.1f}" y="{TOP + PLOT / 2}">?</text>'


def _look(pattern: str) -> str:
    """How the box of a gap is filled: by a pattern of this picture, or by its class."""
    drawn = f' fill="url(#gap-{pattern})"' if pattern in ("fault", "link", "care", "own") else ""
    return f'class="c-gap-{pattern}"{drawn}'


def _limits(curve: Curve, scale: _Scale) -> Iterator[str]:
    """Dashed steps, each joined to the next by its riser."""
    axis = scale.axes[curve.axis]
    steps = [step for step in curve.steps if axis.low <= float(step.limit.value) <= axis.high]
    for number, step in enumerate(steps):
        y = scale.y(float(step.limit.value), curve.axis)
        x, x2 = scale.x(to_epoch(step.start)), scale.x(to_epoch(step.end))
        after = steps[number + 1] if number + 1 < len(steps) else None
        riser = (
            f"V{scale.y(float(after.limit.value), curve.axis)}" if after and after.start == step.end else ""
        )
        said = escape(limit_text(step.limit))
        yield f'<path class="c-limit" d="M{x} {y}H{x2}{riser}"><title>{said}</title></path>'
        yield f'<text class="c-text" x="{x2 - 4}" y="{y - 5}" text-anchor="end">{said}</text>'


def _line(curve: Curve, number: int, chart: Chart, scale: _Scale) -> Iterator[str]:
    path, symbols, last = [], [], None
    holes = ([to_epoch(g.span.start) for g in curve.gaps], [to_epoch(g.span.end) for g in curve.gaps])
    for count, place in enumerate(_few(curve.shown, PICTURE_POINTS // len(chart.curves))):
        epoch, value = int(curve.line.times[place]), float(curve.line.values[place])
        if np.isnan(value):
            last = None
            continue
        joined = last is not None and not _broken(holes, last, epoch)
        x, y = scale.x(epoch), scale.y(value, curve.axis)
        path.append(f"{'L' if joined else 'M'}{x} {y}{'' if joined else 'h.1'}")
        last = epoch
        if len(chart.curves) > 1 and count % MARKS_EVERY == 0:
            symbols.append(
                f'<path class="c-symbol c-symbol-{number + 1}" transform="translate({x} {y})" d="{SYMBOLS[number]}"/>'
            )
    if path:
        yield f'<path class="c-line c-line-{number + 1}" d="{"".join(path)}"><title>{escape(curve.name)}</title></path>'
    yield from symbols


def _few(shown: tuple[int, ...], most: int) -> tuple[int, ...]:
    stride = max(1, len(shown) // most)
    return shown[::stride]


def _broken(holes: tuple[list[int], list[int]], a: int, b: int) -> bool:
    """Whether a gap lies between two moments: gaps are never joined. ``holes``: starts and ends, in order."""
    starts, ends = holes
    place = bisect_left(starts, b)
    return place > 0 and a < ends[place - 1]


def _over(curve: Curve, scale: _Scale) -> Iterator[str]:
    for place in curve.over[:PICTURE_POINTS]:
        epoch, value = int(curve.line.times[place]), float(curve.line.values[place])
        x, y = scale.x(epoch), scale.y(value, curve.axis)
        said = escape(f"{words.table_time(from_epoch(epoch))} {words.number_text(value, 2)} {curve.unit}")
        yield f'<path class="c-over" d="M{x} {y - 6}l5 9h-10z"><title>{said}</title></path>'


def _ticks(chart: Chart, scale: _Scale) -> Iterator[str]:
    yield f'<path class="c-axis" d="M{LEFT} {TOP + PLOT}H{scale.right}"/>'
    long = chart.span.length > timedelta(days=300)
    for moment in _tick_moments(chart.span.start, chart.span.end):
        x = scale.x(to_epoch(moment))
        local = beijing(moment)
        text = local.strftime("%Y-%m" if long else "%m-%d") if local.hour == 0 else local.strftime("%H:%M")
        yield f'<path class="c-axis" d="M{x} {TOP + PLOT}v4"/>'
        yield f'<text class="c-text" x="{x}" y="{TOP + PLOT + 16}" text-anchor="middle">{text}</text>'


def _tick_moments(start: datetime, end: datetime) -> Iterator[datetime]:
    hours = max(1.0, (end - start) / timedelta(hours=1))
    step = next((s for s in STEPS if hours / s <= GOOD_TICKS), STEPS[-1])
    local = beijing(start)
    moment = local.replace(hour=0, minute=0, second=0, microsecond=0)
    while moment <= end:
        if moment >= start:
            yield moment
        moment += timedelta(hours=step)


def _tracks(tracks: Sequence[Track], scale: _Scale) -> Iterator[str]:
    for row, track in enumerate(tracks):
        y = TOP + PLOT + 24 + row * TRACK
        yield f'<text class="c-text" x="4" y="{y + 13}">{escape(track.name)}</text>'
        yield f'<rect class="c-track" x="{LEFT}" y="{y}" width="{scale.right - LEFT}" height="{TRACK - 5}"/>'
        for item in track.items:
            x, x2 = scale.x(to_epoch(item.start)), scale.x(to_epoch(item.end))
            said = escape(f"{item.word} {words.span_text(item.start, item.end)}")
            look = _look(item.pattern) if item.pattern else f'class="c-bar-{item.tone}"'
            bar = (
                f'<rect {look} x="{x}" y="{y + 2}" width="{max(2.0, round(x2 - x, 1))}" '
                f'height="{TRACK - 9}"><title>{said}</title></rect>'
            )
            yield f'<a href="{escape(item.url)}" aria-label="{said}">{bar}</a>' if item.url else bar


def legend(chart: Chart) -> list[tuple[SafeString, str]]:
    """(picture, word) of the lines, where there are several, and of the causes of gaps that the chart shows."""
    lines = [(_key_line(n), curve.name) for n, curve in enumerate(chart.curves, start=1)]
    gaps = [] if "gaps" in chart.hidden else [gap for curve in chart.curves for gap in curve.gaps]
    words_of = {causes.cause_word(gap.cause): causes.pattern(gap.cause) for gap in gaps}
    boxes = [(_key_box(pattern), word) for word, pattern in words_of.items() if pattern != "none"]
    return [*(lines if len(lines) > 1 else []), *boxes]


def _key_line(number: int) -> SafeString:
    return mark_safe(  # noqa: S308 - made of numbers and constants
        f'<svg class="c-key-line" viewBox="0 0 28 12" aria-hidden="true"><path class="c-line c-line-{number}" d="M0 6h28"/>'
        f'<path class="c-symbol-{number}" transform="translate(14 6)" d="{SYMBOLS[(number - 1) % len(SYMBOLS)]}"/></svg>'
    )


def _key_box(pattern: str) -> SafeString:
    mark = '<text class="c-unknown" x="11" y="11">?</text>' if pattern == "unknown" else ""
    return mark_safe(  # noqa: S308 - made of constants
        f'<svg class="c-key-box" viewBox="0 0 22 12" aria-hidden="true"><rect {_look(pattern)} width="22" height="12"/>{mark}</svg>'
    )
