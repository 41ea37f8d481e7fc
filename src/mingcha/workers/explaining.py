"""Walk back from a finding to the raw bytes: finding → fact → receipt → hour → frame → block."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from mingcha.apps.findings import selectors as findings
from mingcha.apps.marking import facts as register
from mingcha.core.aggregates import HourValue
from mingcha.core.clock import beijing, beijing_day, hour_start
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import HOUR, MINUTE
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.protocol import hj212
from mingcha.store.journal import JournalReader
from mingcha.store.telemetry import Telemetry

DUTY = "duty"
SAID = {"rule": "receipt", "clue": "clue", DUTY: "duty"}  # what a fact of each kind rests on
MOST_FRAMES = 24  # shown under one hour or clue; the number left out is said


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the walk. ``body`` is JSON-able and printed below the title."""

    title: str
    body: dict[str, Any] = field(default_factory=dict)
    children: tuple["Step", ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, **self.body, "from": [child.as_json() for child in self.children]}

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The walk as indented text."""
        pad = "  " * depth
        yield f"{pad}{self.title}"
        for name, value in self.body.items():
            yield f"{pad}    {name}: {value}"
        for child in self.children:
            yield from child.lines(depth + 1)


class Explainer:
    """Joins records, readings and journal. Shows frames with their passwords masked."""

    def __init__(self, telemetry: Telemetry, journal: JournalReader) -> None:
        self.telemetry = telemetry
        self.journal = journal

    def finding(self, number: str) -> Step:
        """The whole walk of one finding.

        Raises:
            NotFound: no finding has this number.
        """
        found = findings.finding_by_number(number)
        facts = findings.facts_of_finding(found)
        body = {
            "state": found.get_state_display(),
            "level": found.get_level_display(),
            "source": found.source,
            "span": f"{beijing(found.start):%Y-%m-%d %H:%M} – {beijing(found.end):%Y-%m-%d %H:%M}",
        }
        children = tuple(self._fact(found, fact) for fact in facts)
        return Step(f"{found.number} {found.title_zh} / {found.title_en}", body, children)

    def _fact(self, found: Any, fact: Any) -> Step:
        body = {"sentence": fact.sentence_zh, "digest": fact.digest}
        if fact.withdrawn_at:
            body["withdrawn"] = f"{beijing(fact.withdrawn_at):%Y-%m-%d %H:%M}"
        said = Step(SAID[found.kind], dict(fact.body))
        if found.outlet is None or found.kind == DUTY:
            return Step(f"fact {fact.key}", body, (said,))
        facts = register.outlet_facts(found.outlet.key, beijing_day(fact.start))
        span = Span(hour_start(fact.start), fact.end)
        return Step(f"fact {fact.key}", body, (said, *self.span(facts, found.factor, span)))

    def span(self, facts: OutletFacts, factor: str, span: Span) -> tuple[Step, ...]:
        """The hours of a span, each with the frames its readings came in."""
        hours = self.telemetry.hours(facts.key, span, factor=factor or None)
        return tuple(self.hour(facts, hour) for hour in hours)

    def hour(self, facts: OutletFacts, hour: HourValue) -> Step:
        """One hour value and the frames it rests on."""
        span = Span(hour.start, hour.start + timedelta(hours=1))
        body = {
            "code": hour.code.value, "mean": hour.mean, "converted": hour.converted,
            "valid_minutes": hour.valid_minutes, "due": hour.due, "received": hour.received,
            "cause": hour.cause or "-", "first": hour.first or "-", "inputs": hour.inputs,
            "versions": len(self.telemetry.hour_versions(facts.key, hour.factor, hour.start)),
        }  # fmt: skip
        refs = self._refs(facts, hour.factor, span)
        frames = [self.frame(ref) for ref in refs[:MOST_FRAMES]]
        if len(refs) > MOST_FRAMES:
            frames.append(Step(f"… and {len(refs) - MOST_FRAMES} more frames"))
        return Step(f"hour {beijing(hour.start):%Y-%m-%d %H}时 {hour.factor}", body, tuple(frames))

    def _refs(self, facts: OutletFacts, factor: str, span: Span) -> list[FrameRef]:
        refs: set[FrameRef] = set()
        for point in facts.points:
            for kind in (MINUTE, HOUR):
                columns = self.telemetry.packets(point.point, kind, span).get(factor, {})
                for column in columns.values():
                    refs.update(ref for ref in column.refs if ref is not None)
        return sorted(refs)

    def frame(self, ref: FrameRef) -> Step:
        """A preserved frame: its place in the chain, its digest and its bytes."""
        entry = self.journal.read(ref)
        body = {
            "verdict": entry.verdict,
            "from": entry.conn,
            "sha256": sha256(entry.raw).hexdigest(),
            "block": self.journal.block_hash(ref),
            "raw": hj212.mask(entry.raw).decode("utf-8", "backslashreplace").rstrip("\r\n"),
        }
        return Step(f"frame {ref}", body)
