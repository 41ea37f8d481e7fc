"""Readings to clues: the detectors over one outlet, with as much of its past as they ask for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from mingcha.core.clock import beijing_day
from mingcha.core.clues import Clue
from mingcha.core.facts import OutletFacts
from mingcha.core.packets import MINUTE
from mingcha.core.spans import Span
from mingcha.flow.ports import Readings
from mingcha.flow.readings import read
from mingcha.flow.settings import facts_at
from mingcha.screening import Detector, prepare, standard_detectors
from mingcha.screening.features import Samples
from mingcha.stats.codes import NORMAL
from mingcha.stats.flags import codes_of


def screen(
    store: Readings,
    facts: OutletFacts,
    span: Span,
    *,
    detectors: Mapping[str, Detector] | None = None,
    as_of: datetime | None = None,
) -> list[Clue]:
    """Clues that overlap ``span``, by start and detector; not merged.

    Readings before ``span`` are read as the outlet's own history; a clue may begin there.
    """
    used = standard_detectors() if detectors is None else detectors
    past = timedelta(seconds=max((item.history_s for item in used.values()), default=0))
    raws = read(store, facts, MINUTE, Span(span.start - past, span.end), as_of, beside=())
    day = beijing_day(span.start)
    samples = {
        factor: Samples(raw.times, raw.values, codes_of(raw.flags, day=day) == NORMAL)
        for factor, raw in raws.items()
    }
    prepared = prepare(facts_at(facts, span.end), samples)
    clues = [clue for item in used.values() for clue in item.run(prepared)]
    kept = [clue for clue in clues if clue.start < span.end and span.start < clue.end]
    return sorted(kept, key=lambda c: (c.start, c.detector, c.factor or ""))
