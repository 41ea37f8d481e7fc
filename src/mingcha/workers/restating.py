"""Dirty hours → hour and day values → verdicts and clues → findings (stages 6 to 9).

New, late or marked readings make their hour dirty. Closed hours are computed anew; what changed is
judged and screened; facts that restated data no longer support are withdrawn. Every step can be
repeated, so a crash between two of them costs only time.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from mingcha import flow
from mingcha.apps.findings import selectors as finding_selectors
from mingcha.apps.findings import services as findings
from mingcha.apps.registry import selectors as registry
from mingcha.core.aggregates import HourValue
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span, merged
from mingcha.store.telemetry import Telemetry

GRACE = timedelta(seconds=90)  # the last minute record of an hour is sent after the hour ends
LOOK_BACK = timedelta(days=7)  # a clue that began in it is seen whole and grows with new hours
NEIGHBOURS = timedelta(hours=1)  # an exceeding hour next to the span belongs to the same row
BATCH = 2000


class Restater:
    """Compute what is dirty, for all outlets of the register."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.facts: dict[str, OutletFacts] = {}
        self.by_point: dict[str, list[OutletFacts]] = {}

    def refresh(self, now: datetime) -> None:
        """Read the register anew."""
        self.facts = {facts.key: facts for facts in registry.all_outlet_facts(now)}
        self.by_point = defaultdict(list)
        for facts in self.facts.values():
            for point in facts.points:
                self.by_point[point.point].append(facts)

    def step(self, now: datetime, limit: int = BATCH) -> list[HourValue]:
        """Restate closed dirty hours; give the hour values that changed."""
        dirty = [item for item in self.telemetry.dirty(limit) if item[1].end + GRACE <= now]
        if not dirty:
            return []
        if any(point not in self.by_point for point, _ in dirty):
            self.refresh(now)
        changed: list[HourValue] = []
        for facts, spans in self._by_outlet(dirty).items():
            for span in spans:
                changed += self.restate(self.facts[facts], span, now)
        self.telemetry.clean(dirty)
        return changed

    def _by_outlet(self, dirty: Iterable[tuple[str, Span]]) -> dict[str, list[Span]]:
        spans: dict[str, list[Span]] = defaultdict(list)
        for point, span in dirty:
            for facts in self.by_point.get(point, []):
                spans[facts.key].append(span)
        return {outlet: merged(found) for outlet, found in spans.items()}

    def restate(self, facts: OutletFacts, span: Span, now: datetime) -> list[HourValue]:
        """Hours, days, verdicts and clues of one outlet and span; give the hours that changed."""
        restated = flow.restate(self.telemetry, facts, span, horizon=now)
        changed = self.telemetry.write_hours(restated.hours, at=now)
        self.telemetry.write_days(restated.days, at=now)
        if changed:
            self._judge(facts, span, now)
        self._screen(facts, Span(span.start - LOOK_BACK, span.end), now)
        return changed

    def _judge(self, facts: OutletFacts, span: Span, now: datetime) -> None:
        """Judge the span and the rows of hours that reach into it; record what carries a level."""
        span = Span(span.start - NEIGHBOURS, span.end + NEIGHBOURS)
        wide = finding_selectors.judging_span(facts.key, span)
        judgements = flow.judge(self.telemetry.hours(facts.key, wide), facts, levelled=True)
        rows = flow.merge_judgements(judgements, region=facts.region)
        findings.finding_record_verdicts(outlet=facts.key, span=wide, judgements=rows, at=now)

    def _screen(self, facts: OutletFacts, span: Span, now: datetime) -> None:
        clues = flow.screen(self.telemetry, facts, span)
        findings.finding_record_clues(outlet=facts.key, span=span, clues=clues, at=now)
