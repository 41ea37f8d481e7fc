"""Make the readings, hours and days again from the journal and compare digests (design §3: rebuildable)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mingcha.apps.registry import selectors as registry
from mingcha.core.facts import OutletFacts
from mingcha.flow import restate
from mingcha.store.journal import JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry import rebuild as fresh_store
from mingcha.workers.projection import BATCH, Projector
from mingcha.workers.restating import GRACE, Restater


class _NotKept(Exception):
    """Leaves the old content in place."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Digests before and after, by table; ``same`` where all are equal."""

    before: dict[str, str]
    after: dict[str, str]
    entries: int

    @property
    def same(self) -> bool:
        return self.before == self.after


def project_all(projector: Projector, progress: Callable[[int], None]) -> int:
    """Project to the end of the journal; give the number of entries."""
    total = 0
    while count := projector.step(BATCH):
        total += count
        progress(count)
    return total


def restate_all(telemetry: Telemetry, now: datetime, progress: Callable[[int], None]) -> int:
    """Compute every closed dirty hour; give the number of point-hours. No findings are made here."""
    by_point: dict[str, list[OutletFacts]] = {}
    for facts in registry.all_outlet_facts(now):
        for point in facts.points:
            by_point.setdefault(point.point, []).append(facts)
    total = 0
    while dirty := [item for item in telemetry.dirty(5000) if item[1].end + GRACE <= now]:
        for point, span in dirty:
            for facts in by_point.get(point, []):
                found = restate(telemetry, facts, span, horizon=now)
                telemetry.write_hours(found.hours, at=now)
                telemetry.write_days(found.days, at=now)
        telemetry.clean(dirty)
        total += len(dirty)
        progress(len(dirty))
    return total


def catch_up(telemetry: Telemetry, reader: JournalReader, now: datetime, progress: Callable[[int], None]) -> None:
    """Bring the store in use up to the end of the journal, findings included, so that the two can be compared."""
    project_all(Projector(reader, telemetry), progress)
    restater = Restater(telemetry)
    restater.refresh(now)
    while restater.step(now, limit=100_000):
        progress(1)


def rebuild(journal: Path, readings: Path, now: datetime, progress: Callable[[int], None], *, keep: bool) -> Rebuilt:
    """Project ``journal`` into a fresh store and compare it with ``readings``.

    ``keep``: let the fresh content take the place of the old one where they differ. Both are computed
    for hours closed by ``now``; run it with `serve` stopped, or live frames come in between.
    """
    reader, old = JournalReader(journal), Telemetry(readings)
    catch_up(old, reader, now, progress)
    before = old.digest()
    try:
        with fresh_store(readings) as fresh:
            entries = project_all(Projector(reader, fresh), progress)
            restate_all(fresh, now, progress)
            done = Rebuilt(before, fresh.digest(), entries)
            if done.same or not keep:
                raise _NotKept
    except _NotKept:
        pass
    return done
