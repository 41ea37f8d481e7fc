"""What happened around the outlets: when no gateway of ours was up, and which frames gave no reading.

Both follow from what is kept for good (the gateways' own rows, the journal), so a rebuild sees what live saw.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from mingcha.core.clock import from_us
from mingcha.core.facts import OutletFacts, Surroundings
from mingcha.core.spans import Span, merged
from mingcha.flow.readings import reporting
from mingcha.gateway import uptime
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.recent.restatements import QUARANTINE, UNREADABLE

QUIET = timedelta(seconds=2 * uptime.BEAT_S)  # a gateway without a sign of life for so long is down


def outages(path: Path, now: datetime) -> tuple[Span, ...]:
    """When not one gateway was up, since the first of them ever started."""
    up = merged(span for rows in _by_gateway(uptime.rows_of(path)).values() for span in _runs(rows, now))
    gaps = [Span(a.end, b.start) for a, b in pairwise(up)]
    if up and up[-1].end < now:
        gaps.append(Span(up[-1].end, now))
    return tuple(gaps)


def _by_gateway(rows: Iterable[uptime.Row]) -> Mapping[str, list[uptime.Row]]:
    found: dict[str, list[uptime.Row]] = {}
    for row in rows:
        found.setdefault(row.gateway, []).append(row)
    return found


def _runs(rows: Sequence[uptime.Row], now: datetime) -> list[Span]:
    """From each start to the last sign of life before the next; the last run goes on where it gave one lately."""
    found: list[Span] = []
    start: datetime | None = None
    last: uptime.Row | None = None
    for row in rows:
        if row.event == uptime.START or start is None:
            if start is not None and last is not None:
                found.append(_span(start, last))
            start = from_us(row.at_us)
        last = row
    if start is None or last is None:
        return found
    run = _span(start, last)
    alive = last.event != uptime.STOP and now - run.end <= QUIET
    return [*found, Span(run.start, max(run.end, now)) if alive else run]


def _span(start: datetime, last: uptime.Row) -> Span:
    return Span(start, max(start, from_us(last.at_us)))


@dataclass
class Around:
    """Gives the surroundings of outlets; outages are read once for each moment asked for."""

    telemetry: Telemetry
    folder: Path | None
    _at: datetime | None = field(default=None, init=False)
    _outages: tuple[Span, ...] = field(default=(), init=False)

    def of(self, facts: OutletFacts, span: Span, now: datetime) -> Surroundings:
        """What concerns an outlet in ``span``."""
        if self.folder is not None and self._at != now:
            self._at, self._outages = now, outages(self.folder / uptime.NAME, now)
        lost = [
            frames
            for point, part in reporting(facts.points, span)
            for frames in self.telemetry.losses(point.partition("/")[0], part)
        ]
        return Surroundings(
            outages=tuple(out for out in self._outages if out.overlaps(span)),
            quarantined=tuple(one.span for one in lost if one.word == QUARANTINE),
            unreadable=tuple(one.span for one in lost if one.word == UNREADABLE),
        )
