"""Dirty hours → hour and day values → verdicts and clues → findings → public page (stages 6 to 9 and 12).

New, late or marked readings make their hour dirty. Closed hours are computed anew; the span is judged and
screened; facts that restated data no longer support are withdrawn; the public page follows. Only then is the
hour clean: a crash between two steps repeats them, and each of them changes nothing when repeated.

A day on which an outlet sent anything has all its closed hours: those in which it sent nothing are ``Md``. A value
that is in use but no longer follows from the readings is withdrawn. So what is in use follows from the readings,
the register and the time alone, in whatever order they came: a rebuild gives the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from mingcha import flow
from mingcha.apps.findings import selectors as finding_selectors
from mingcha.apps.findings import services as findings
from mingcha.apps.registry import selectors as registry
from mingcha.core.aggregates import DayValue, HourValue
from mingcha.core.clock import beijing_day, day_end, day_start, hour_start
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span, merged
from mingcha.flow.readings import reporting
from mingcha.store.telemetry import Telemetry
from mingcha.workers.publishing import publish

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=90)  # the last minute record of an hour is sent after the hour ends
LOOK_BACK = timedelta(days=1)  # late data change what their neighbours are compared with
NEIGHBOURS = timedelta(hours=1)  # an exceeding hour next to the span belongs to the same row
RETRY = timedelta(minutes=5)  # an outlet whose hours cannot be computed is tried again so often
BATCH = 2000

Dirty = tuple[str, Span]  # a point and an hour


class Restater:
    """Compute what is dirty, for all outlets of the register."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.facts: dict[str, OutletFacts] = {}
        self.by_point: dict[str, list[OutletFacts]] = {}
        self.retry_at: dict[str, datetime] = {}  # outlets that failed
        self.silence_seen: datetime | None = None
        self._read = False  # whether the register was

    def refresh(self, now: datetime) -> None:
        """Read the register anew. The past of a point that was entered since is computed too."""
        before = set(self.by_point)
        self.facts = {facts.key: facts for facts in registry.all_outlet_facts(now)}
        self.by_point = by_point(self.facts.values())
        for point in self.by_point if self._read else ():
            if point not in before:
                self.telemetry.touch_point(point)
        self._read = True

    def step(self, now: datetime, limit: int = BATCH) -> int:
        """Restate closed dirty hours; give the number of point-hours done."""
        dirty = [item for item in self.telemetry.dirty(limit) if item[1].end + GRACE <= now]
        if not dirty:
            return 0
        if any(point not in self.by_point for point, _ in dirty):
            self.refresh(now)
        failed = {
            outlet
            for outlet, spans in spans_by_outlet(dirty, self.by_point).items()
            if not self._try(self.facts[outlet], spans, now)
        }
        done = [item for item in dirty if not failed & {f.key for f in self.by_point.get(item[0], ())}]
        self.telemetry.clean(done)
        return len(done)

    def _try(self, facts: OutletFacts, spans: Sequence[Span], now: datetime) -> bool:
        """One outlet that cannot be computed does not keep the others waiting; its hours stay dirty."""
        if self.retry_at.get(facts.key, now) > now:
            return False
        try:
            for span in spans:
                self.restate(facts, span, now)
            publish(self.telemetry, facts, hour_start(now - GRACE), now)
        except Exception:
            log.exception("outlet cannot be restated", outlet=facts.key, again_in_s=RETRY.total_seconds())
            self.retry_at[facts.key] = now + RETRY
            return False
        self.retry_at.pop(facts.key, None)
        return True

    def restate(self, facts: OutletFacts, span: Span, now: datetime) -> None:
        """Hours, days, verdicts and clues of one outlet and span."""
        days = whole_days(span)
        write(self.telemetry, facts, days, now)
        self._judge(facts, days, now)
        self._screen(facts, span, now)

    def _judge(self, facts: OutletFacts, span: Span, now: datetime) -> None:
        """Judge the span and the rows of hours that reach into it; record what carries a level."""
        span = Span(span.start - NEIGHBOURS, span.end + NEIGHBOURS)
        wide = finding_selectors.judging_span(facts.key, span)
        judgements = flow.judge(self.telemetry.hours(facts.key, wide), facts, levelled=True)
        rows = flow.merge_judgements(judgements, region=facts.region)
        findings.finding_record_verdicts(outlet=facts.key, span=wide, judgements=rows, at=now)

    def _screen(self, facts: OutletFacts, span: Span, now: datetime) -> None:
        """Screen the span and the living clues that reach into it: one that grows is seen whole."""
        span = Span(span.start - LOOK_BACK, span.end)
        wide = finding_selectors.screening_span(facts.key, span)
        clues = flow.screen(self.telemetry, facts, wide)
        findings.finding_record_clues(outlet=facts.key, span=wide, clues=clues, at=now)

    def close_silent(self, now: datetime) -> int:
        """Make dirty what closed without a reading on a day that has some; give the number of hours.

        It goes on from where the last worker ended, however long ago.
        """
        closed = hour_start(now - GRACE)
        if closed == self.silence_seen:
            return 0
        since = self.silence_seen or self.telemetry.silence_seen() or self._first_reading() or closed
        items = silent(self.telemetry, self.facts.values(), Span(min(since, closed), closed))
        self.telemetry.touch(items, silence_seen=closed)
        self.silence_seen = closed
        return len(items)

    def _first_reading(self) -> datetime | None:
        return self.telemetry.first_reading(self.by_point)


def by_point(outlets: Iterable[OutletFacts]) -> dict[str, list[OutletFacts]]:
    """The outlets a point has reported for."""
    found: dict[str, list[OutletFacts]] = defaultdict(list)
    for facts in outlets:
        for point in facts.points:
            found[point.point].append(facts)
    return dict(found)


def spans_by_outlet(
    dirty: Iterable[Dirty], outlets_of: dict[str, list[OutletFacts]]
) -> dict[str, list[Span]]:
    """What is dirty of each outlet; hours of points that no outlet knows are left out."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for point, span in dirty:
        for facts in outlets_of.get(point, []):
            spans[facts.key].append(span)
    return {outlet: merged(found) for outlet, found in spans.items()}


def whole_days(span: Span) -> Span:
    """The Beijing days that ``span`` touches."""
    return Span(
        day_start(beijing_day(span.start)), day_end(beijing_day(span.end - timedelta(microseconds=1)))
    )


def write(telemetry: Telemetry, facts: OutletFacts, days: Span, now: datetime) -> tuple[int, int]:
    """Compute and keep the closed hours and days of whole Beijing ``days``; give how many changed.

    What is in use there and is no longer computed (a factor that only real-time values had, before the minute
    records came; a day that has no readings any more) is withdrawn.
    """
    hours: list[HourValue] = []
    ends: list[DayValue] = []
    closed = hour_start(now - GRACE)
    for part in merged(reported_days_of(telemetry, facts, days, closed)):
        restated = flow.restate(telemetry, facts, part, horizon=now - GRACE)
        hours += restated.hours
        ends += restated.days
    ended = Span(days.start, max(days.start, min(days.end, closed)))
    over = Span(days.start, max(days.start, min(days.end, day_start(beijing_day(closed)))))
    changed = telemetry.write_hours(hours, at=now, whole=(facts.key, ended))
    return len(changed), len(telemetry.write_days(ends, at=now, whole=(facts.key, over)))


def silent(telemetry: Telemetry, outlets: Iterable[OutletFacts], span: Span) -> list[Dirty]:
    """The last closed hour of each day of ``span`` that has readings but not yet this hour."""
    found: list[Dirty] = []
    for facts in outlets:
        if not facts.points or not span.length:
            continue
        for day in reported_days_of(telemetry, facts, whole_days(span), span.end):
            end = min(day.end, span.end)
            last = Span(end - timedelta(hours=1), end)
            if not telemetry.hours(facts.key, last):
                found.append((facts.points[0].point, last))
    return found


def reported_days_of(telemetry: Telemetry, facts: OutletFacts, days: Span, closed: datetime) -> list[Span]:
    """The Beijing days in whose hours closed by ``closed`` something came from a point that reported for the outlet."""
    found = []
    for start in days.steps(timedelta(days=1)):
        day = Span(start, start + timedelta(days=1))
        if start >= closed:
            break
        parts = reporting(facts.points, Span(start, min(day.end, closed)))
        if any(telemetry.has_readings(point, part) for point, part in parts):
            found.append(day)
    return found
