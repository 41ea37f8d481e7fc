"""Dirty hours → values → verdicts and clues → findings → public page (stages 6 to 9 and 12).

New, late or unreadable frames make their hour dirty, and so does what people change: marks, settings, schedules, limits
(``workers/jobs.py``). Closed hours are computed anew; the span is judged and screened; facts that restated data no
longer support are withdrawn; the public page follows. Only then is the hour clean: a crash between two steps repeats
them, and each of them changes nothing when repeated.

Every day of an outlet's life has all its closed hours, also those in which nothing came. A value that is in use but no
longer follows is withdrawn. So what is in use follows from the readings, the register and the time alone, in whatever
order they came: a rebuild gives the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from mingcha import flow
from mingcha.apps.findings import selectors as finding_selectors
from mingcha.apps.findings import services as findings
from mingcha.apps.marking import facts as register
from mingcha.core.clock import beijing_day, day_start, hour_start
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span, merged
from mingcha.flow.gridlaw import first_cut
from mingcha.flow.law import first_cut_hour_on
from mingcha.flow.readings import reporting
from mingcha.rules.engine import standard_registry
from mingcha.store.telemetry import Telemetry
from mingcha.workers.projection import heard_since
from mingcha.workers.publishing import publish
from mingcha.workers.surroundings import Around
from mingcha.workers.values import DAY, GRACE, grid_days, in_parts, whole_days, write

log = structlog.get_logger(__name__)

LOOK_BACK = timedelta(days=1)  # late data change what their neighbours are compared with
NEIGHBOURS = timedelta(hours=1)  # an exceeding hour next to the span belongs to the same row
RETRY = timedelta(minutes=5)  # an outlet whose hours cannot be computed is tried again so often
BATCH = 2000
CUT_SEEN = "cut_seen"  # note of the store: up to when first editions were closed, ISO 8601

Dirty = tuple[str, Span]  # a point and an hour


class Restater:
    """Compute what is dirty, for all outlets of the register.

    ``folder``: where the gateways say when they were up; without it no hour is lost by our own downtime.
    """

    def __init__(self, telemetry: Telemetry, folder: Path | None = None) -> None:
        self.telemetry = telemetry
        self.around = Around(telemetry, folder)
        self.facts: dict[str, OutletFacts] = {}
        self.by_point: dict[str, list[OutletFacts]] = {}
        self.retry_at: dict[str, datetime] = {}  # outlets that failed
        self._read = False  # whether the register was
        self._touched = -1  # how often facts had been touched when it was

    def refresh(self, now: datetime) -> None:
        """Read the register anew. The past of a point that was entered since is computed too."""
        before, self._touched = set(self.by_point), self.telemetry.facts_touched()
        self.facts = {facts.key: facts for facts in register.all_outlet_facts(now)}
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
        # After the dirty hours were read: whoever changed facts wrote them before he touched the hours.
        changed = self.telemetry.facts_touched() != self._touched
        if changed or any(point not in self.by_point for point, _ in dirty):
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
        """Hours, days, months, verdicts and clues of one outlet and span."""
        days = whole_days(span)
        for part in in_parts(days):
            write(self.telemetry, facts, part, now, self.around.of(facts, part, now))
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
        """Make dirty what closed without a reading, and the days whose first edition is due; give the number of hours.

        It goes on from where the last worker ended, however long ago.
        """
        closed, seen = hour_start(now - GRACE), self.telemetry.silence_seen()
        if closed == seen:
            return 0
        begun = self._begun() or closed
        since = seen or begun
        items = silent(self.telemetry, self.facts.values(), Span(min(since, closed), closed))
        cut_seen = self.telemetry.note(CUT_SEEN)
        cut_since = begun if cut_seen is None else min(since, datetime.fromisoformat(cut_seen))
        items += cut_days(self.telemetry, self.facts.values(), Span(min(cut_since, closed), closed))
        with self.telemetry.writing():
            self.telemetry.touch(items, silence_seen=closed)
            self.telemetry.set_note(CUT_SEEN, closed.isoformat())
        return len(items)

    def _begun(self) -> datetime | None:
        """The first Beijing day on which anything of the outlets can have begun."""
        return _first_day(self.telemetry, self.by_point)


def by_point(outlets: Iterable[OutletFacts]) -> dict[str, list[OutletFacts]]:
    """The outlets a point has reported for."""
    found: dict[str, list[OutletFacts]] = defaultdict(list)
    for facts in outlets:
        for point in dict.fromkeys(item.point for item in facts.points):
            found[point].append(facts)
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


def silent(telemetry: Telemetry, outlets: Iterable[OutletFacts], span: Span) -> list[Dirty]:
    """The last closed hour of each day of ``span`` in an outlet's life that does not have this hour yet."""
    found: list[Dirty] = []
    for facts in outlets:
        if not facts.points or not facts.settings or not span.length:
            continue
        for day in grid_days(telemetry, facts, whole_days(span), span.end):
            end = min(day.end, span.end)
            last = Span(end - timedelta(hours=1), end)
            if not telemetry.hours(facts.key, last):
                found.append((_point(facts, last), last))
    return found


def cut_days(telemetry: Telemetry, outlets: Iterable[OutletFacts], span: Span) -> list[Dirty]:
    """The last hour of each day of an outlet's life whose first cut lies in ``span``, its start left out."""
    found: list[Dirty] = []
    if not span.length:
        return found
    days = whole_days(Span(span.start - 3 * DAY, span.end))
    for facts in outlets:
        due = [Span(s, s + DAY) for s in days.steps(DAY) if span.start < _cut(facts.region, s) <= span.end]
        for reach in merged(due):
            for day in grid_days(telemetry, facts, reach, span.end):
                last = Span(day.end - timedelta(hours=1), day.end)
                found.append((_point(facts, last), last))
    return found


def _cut(region: str, start: datetime) -> datetime:
    day = beijing_day(start)
    return first_cut(day, first_cut_hour_on(day, region, standard_registry()))


def _point(facts: OutletFacts, span: Span) -> str:
    """A point to which a dirty hour of the outlet is written down: the one installed then, else the first."""
    return next((point for point, _ in reporting(facts.points, span)), facts.points[0].point)


def touched_by(facts: OutletFacts, span: Span) -> Iterator[Dirty]:
    """What to make dirty where the facts of ``span`` changed: by the points installed then, else by the first."""
    if not facts.points:
        return
    told = [*reporting(facts.points, span)]
    yield from told
    begin = span.start
    for part in merged(part for _, part in told):
        if begin < part.start:
            yield facts.points[0].point, Span(begin, part.start)
        begin = part.end
    if begin < span.end:
        yield facts.points[0].point, Span(begin, span.end)


def first_day(telemetry: Telemetry, facts: OutletFacts) -> datetime | None:
    """The first Beijing day that can have values of the outlet."""
    return _first_day(telemetry, [point.point for point in facts.points])


def _first_day(telemetry: Telemetry, points: Iterable[str]) -> datetime | None:
    moments = [telemetry.first_reading(points), heard_since(telemetry)]
    earliest = min((moment for moment in moments if moment is not None), default=None)
    return None if earliest is None else day_start(beijing_day(earliest))
