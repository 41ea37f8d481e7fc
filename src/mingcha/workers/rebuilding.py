"""Make the readings, hours and days again from the journal and compare digests (design §3: rebuildable)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import from_epoch, hour_start
from mingcha.core.spans import Span
from mingcha.site.data import journal_setting
from mingcha.store.journal import JournalReader
from mingcha.store.journal.jetstream import open_reader
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry import rebuild as fresh_store
from mingcha.workers.projecting import project_waiting, reading_now
from mingcha.workers.projection import BATCH, Projector
from mingcha.workers.restating import GRACE, Restater, by_point, spans_by_outlet, whole_days, write

HOUR = timedelta(hours=1)
ALL = 1_000_000  # point-hours a step
Progress = Callable[[int], None]


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


def project_all(projector: Projector, progress: Progress) -> int:
    """Project to the end of the journal; give the number of entries.

    Raises:
        BrokenEvidence: a journal does not fit its hashes.
    """
    total = 0
    while count := projector.step(BATCH):
        total += count
        progress(count)
    for error in projector.broken.values():
        raise error
    return total


def restate_all(telemetry: Telemetry, now: datetime, progress: Progress) -> int:
    """Compute every closed dirty hour and the rest of its day; give the number of point-hours.

    No findings are made here.
    """
    outlets = {facts.key: facts for facts in registry.all_outlet_facts(now)}
    points = by_point(outlets.values())
    total = 0
    while dirty := [item for item in telemetry.dirty(ALL) if item[1].end + GRACE <= now]:
        for key, spans in spans_by_outlet(dirty, points).items():
            for span in spans:
                write(telemetry, outlets[key], whole_days(span), now)
        telemetry.clean(dirty)
        total += len(dirty)
        progress(len(dirty))
    telemetry.touch((), silence_seen=hour_start(now - GRACE))
    return total


def catch_up(telemetry: Telemetry, reader: JournalReader, now: datetime, progress: Progress) -> None:
    """Bring the store in use up to the end of the journal, findings included, so that the two can be compared."""
    project_all(Projector(reader, telemetry, reading=reading_now, hold_us=0), progress)
    project_waiting(telemetry, reader, now)
    restater = Restater(telemetry)
    restater.refresh(now)
    restater.close_silent(now)
    while done := restater.step(now, limit=ALL):
        progress(done)


def rebuild(journal: Path, readings: Path, now: datetime, progress: Progress, *, keep: bool) -> Rebuilt:
    """Project ``journal`` into a fresh store and compare it with ``readings``.

    ``keep``: let the fresh content take the place of the old one where they differ. Both are computed
    for hours closed by ``now``; run it with `serve` stopped, or live frames come in between.

    Raises:
        BrokenEvidence: a journal does not fit its hashes.
    """
    reader, old = open_reader(journal, journal_setting()), Telemetry(readings)
    catch_up(old, reader, now, progress)
    before = old.digest()
    try:
        with fresh_store(readings) as fresh:
            entries = project_all(Projector(reader, fresh, reading=reading_now, hold_us=0), progress)
            restate_all(fresh, now, progress)
            done = Rebuilt(before, fresh.digest(), entries)
            _leave_unless(keep and not done.same)
            judge_again(old, fresh, now)
    except _NotKept:
        pass
    finally:
        old.close()
    return done


def _leave_unless(kept: bool) -> None:
    if not kept:
        raise _NotKept


def judge_again(old: Telemetry, fresh: Telemetry, now: datetime) -> None:
    """Leave the outlets whose hours differ dirty in ``fresh``: the worker then mends their findings and pages.

    The hours that only one of the two has are among them, also on days that have no readings any more.
    """
    ever = Span(from_epoch(0), now)
    for facts in registry.all_outlet_facts(now):
        differing = {*old.hours(facts.key, ever)} ^ {*fresh.hours(facts.key, ever)}
        if differing:
            for point in facts.points:
                fresh.touch_point(point.point)
            hours = {hour.start for hour in differing}
            fresh.touch((facts.points[0].point, Span(start, start + HOUR)) for start in hours)
