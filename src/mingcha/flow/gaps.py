"""Where a line is broken and why: holes of a chart with the cause of each, from the hours of the outlet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from mingcha.core.causes import Cause
from mingcha.core.clock import from_epoch, hour_start, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span, merged
from mingcha.flow import reading
from mingcha.flow.reading import Line
from mingcha.store.telemetry import Telemetry

HOUR = timedelta(hours=1)
LOOKED_AT = timedelta(
    days=400
)  # of hours read to tell the causes of one line's gaps; beyond it they stay unknown


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without a value. ``cause``: a ``core.causes.Cause``, "" where nothing tells why."""

    span: Span
    cause: str = ""


def gaps_of(store: Telemetry, facts: OutletFacts, found: Line, span: Span, now: datetime) -> list[Gap]:
    """Every stretch of ``span`` in which the line has no value, cut where the cause changes."""
    holes = reading.gaps(found, span, now)
    if found.kind == "hour":
        silent = list(_silent(found, span))
        return _joined([*silent, *(part for hole in holes for part in _unconnected(facts, hole))])
    if found.kind not in reading.SENT:
        holes += [gap.span for gap in _silent(found, span)]
    return _joined([part for hole in merged(holes) for part in _caused(store, facts, found.factor, hole)])


def _silent(found: Line, span: Span) -> Iterator[Gap]:
    """Records without a number, with the cause they carry."""
    missing = np.flatnonzero(np.isnan(found.values)).tolist()
    for place in missing:
        start = int(found.times[place])
        end = (
            to_epoch(reading.next_month(from_epoch(start))) if found.kind == "month" else start + found.step_s
        )
        cause = found.causes[place] if found.causes else ""
        first, last = max(start, to_epoch(span.start)), min(end, to_epoch(span.end))
        if first < last:
            yield Gap(Span(from_epoch(first), from_epoch(last)), cause)


def _caused(store: Telemetry, facts: OutletFacts, factor: str, hole: Span) -> Iterator[Gap]:
    """The hole, cut into the causes that its hours carry."""
    *before, rest = _unconnected(facts, hole)
    yield from before
    hole = rest.span
    if rest.cause or hole.length > LOOKED_AT:
        yield rest
        return
    first = hour_start(hole.start)
    held = store.columns("hour", facts.key, Span(first, hole.end), [factor]).get(factor)
    causes = dict(zip(held.starts.tolist(), held.causes, strict=True)) if held is not None else {}
    moment = first
    while moment < hole.end:
        part = Span(max(moment, hole.start), min(moment + HOUR, hole.end))
        yield Gap(part, causes.get(to_epoch(moment), ""))
        moment += HOUR


def _unconnected(facts: OutletFacts, hole: Span) -> list[Gap]:
    """What lies before the first datalogger was not connected yet; of the rest nothing is known here."""
    first = min((point.start for point in facts.points), default=hole.start)
    if first <= hole.start:
        return [Gap(hole)]
    before = Gap(Span(hole.start, min(first, hole.end)), Cause.NOT_CONNECTED.value)
    return [before] if first >= hole.end else [before, Gap(Span(first, hole.end))]


def _joined(parts: Sequence[Gap]) -> list[Gap]:
    """Neighbours of one cause as one, by time."""
    out: list[Gap] = []
    for gap in sorted(parts, key=lambda gap: gap.span):
        if out and out[-1].cause == gap.cause and out[-1].span.end >= gap.span.start:
            out[-1] = Gap(out[-1].span.joined(gap.span), gap.cause)
        else:
            out.append(gap)
    return out
