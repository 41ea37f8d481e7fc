"""The SVG picture of a chart: what a page shows before, and without, scripts. About 4 kB."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import floor, log10

import numpy as np
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from mingcha.core.clock import beijing, from_epoch, to_epoch
from mingcha.portals.shared import words
from mingcha.portals.shared.charts import Chart, limit_text, summary

WIDTH, LEFT, RIGHT, TOP, PLOT, TRACK = 960, 84, 16, 16, 240, 22
PICTURE_POINTS = 480  # of the line in the picture; the script draws the rest
STEPS = (1, 2, 3, 6, 12, 24, 48, 168, 336, 720)  # hours between ticks
GOOD_TICKS = 9
HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v6" class="c-hatch"/></pattern></defs>'
)


class _Scale:
    """Moments and values to places."""

    def __init__(self, chart: Chart) -> None:
        self.start, self.end = to_epoch(chart.span.start), to_epoch(chart.span.end)
        self.top = chart.top

    def x(self, epoch: float) -> float:
        share = (epoch - self.start) / max(1, self.end - self.start)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(TOP + PLOT * (1 - max(0.0, value) / self.top), 1)


def draw(chart: Chart) -> SafeString:
    """The picture. Styles come from ``chart.css``; no inline style, no script."""
    scale = _Scale(chart)
    height = TOP + PLOT + 22 + TRACK * len(chart.tracks)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{escape(summary(chart))}">',
        HATCH,
        *_grid(chart, scale), *_gaps(chart, scale), *_limits(chart, scale), *_line(chart, scale),
        *_over(chart, scale), *_ticks(chart, scale), *_tracks(chart, scale),
        "</svg>",
    ]  # fmt: skip
    return mark_safe("".join(parts))  # noqa: S308 - every text in it was escaped above


def _grid(chart: Chart, scale: _Scale) -> Iterator[str]:
    step = _nice(scale.top / 4)
    value = 0.0
    while value <= scale.top:
        y = scale.y(value)
        yield f'<path class="c-grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
        yield f'<text class="c-text" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>'
        value += step
    yield f'<text class="c-text" x="4" y="{TOP + 4}">{escape(chart.unit)}</text>'


def _nice(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** floor(log10(rough))
    return next((power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough), power * 10)


def _gaps(chart: Chart, scale: _Scale) -> Iterator[str]:
    for gap in chart.gaps:
        x, x2 = scale.x(to_epoch(gap.start)), scale.x(to_epoch(gap.end))
        said = escape(f"{gettext('缺')} {words.span_text(gap.start, gap.end)}")
        yield f'<rect x="{x}" y="{TOP}" width="{max(1.0, round(x2 - x, 1))}" height="{PLOT}" fill="url(#hatch)" opacity=".35"><title>{said}</title></rect>'
        if x2 - x > 14:
            yield f'<text class="c-unknown" x="{(x + x2) / 2:.1f}" y="{TOP + PLOT / 2}">?</text>'


def _limits(chart: Chart, scale: _Scale) -> Iterator[str]:
    for step in chart.steps:
        y = scale.y(float(step.limit.value))
        x, x2 = scale.x(to_epoch(step.start)), scale.x(to_epoch(step.end))
        said = escape(limit_text(step.limit))
        yield f'<path class="c-limit" d="M{x} {y}H{x2}"><title>{said}</title></path>'
        yield f'<text class="c-text" x="{x2 - 4}" y="{y - 5}" text-anchor="end">{said}</text>'


def _line(chart: Chart, scale: _Scale) -> Iterator[str]:
    path, last = [], None
    for index in _few(chart.shown):
        epoch, value = int(chart.line.times[index]), float(chart.line.values[index])
        if np.isnan(value):
            last = None
            continue
        joined = last is not None and not _broken(chart, last, epoch)
        path.append(f"{'L' if joined else 'M'}{scale.x(epoch)} {scale.y(value)}{'' if joined else 'h.1'}")
        last = epoch
    if path:
        yield f'<path class="c-line" d="{"".join(path)}"/>'


def _few(shown: tuple[int, ...]) -> tuple[int, ...]:
    stride = max(1, len(shown) // PICTURE_POINTS)
    return shown[::stride]


def _broken(chart: Chart, a: int, b: int) -> bool:
    """Whether a gap lies between two moments: gaps are never joined."""
    return any(a < to_epoch(gap.end) and to_epoch(gap.start) < b for gap in chart.gaps)


def _over(chart: Chart, scale: _Scale) -> Iterator[str]:
    for index in chart.over[:PICTURE_POINTS]:
        epoch, value = int(chart.line.times[index]), float(chart.line.values[index])
        x, y = scale.x(epoch), scale.y(value)
        said = escape(f"{words.table_time(from_epoch(epoch))} {words.number_text(value, 2)} {chart.unit}")
        yield f'<path class="c-over" d="M{x} {y - 6}l5 9h-10z"><title>{said}</title></path>'


def _ticks(chart: Chart, scale: _Scale) -> Iterator[str]:
    yield f'<path class="c-axis" d="M{LEFT} {TOP + PLOT}H{WIDTH - RIGHT}"/>'
    for moment in _tick_moments(chart.span.start, chart.span.end):
        x = scale.x(to_epoch(moment))
        local = beijing(moment)
        text = local.strftime("%m-%d") if local.hour == 0 else local.strftime("%H:%M")
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


def _tracks(chart: Chart, scale: _Scale) -> Iterator[str]:
    for row, track in enumerate(chart.tracks):
        y = TOP + PLOT + 24 + row * TRACK
        yield f'<text class="c-text" x="4" y="{y + 13}">{escape(track.name)}</text>'
        yield f'<rect class="c-track" x="{LEFT}" y="{y}" width="{WIDTH - LEFT - RIGHT}" height="{TRACK - 5}"/>'
        for item in track.items:
            x, x2 = scale.x(to_epoch(item.start)), scale.x(to_epoch(item.end))
            said = escape(f"{item.word} {words.span_text(item.start, item.end)}")
            bar = (
                f'<rect class="c-bar-{item.tone}" x="{x}" y="{y + 2}" width="{max(2.0, round(x2 - x, 1))}" '
                f'height="{TRACK - 9}"><title>{said}</title></rect>'
            )
            yield f'<a href="{escape(item.url)}" aria-label="{said}">{bar}</a>' if item.url else bar
