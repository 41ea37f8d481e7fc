"""Make the readings, hours, days and months again from the journal and compare digests (design §3: rebuildable)."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from mingcha.apps.marking import facts as register
from mingcha.core.aggregates import DayValue, HourValue
from mingcha.core.clock import beijing_day, day_end, from_epoch, hour_start, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.site.data import journal_setting
from mingcha.store.journal import JournalReader
from mingcha.store.journal.jetstream import open_reader
from mingcha.store.telemetry import Telemetry, open_telemetry
from mingcha.store.telemetry import rebuild as fresh_store
from mingcha.store.telemetry.recent.restatements import REBUILD
from mingcha.workers.projecting import project_waiting, reading_now
from mingcha.workers.projection import BATCH, Projector
from mingcha.workers.restating import CUT_SEEN, Restater, first_day
from mingcha.workers.surroundings import Around
from mingcha.workers.values import GRACE, in_parts, write

log = structlog.get_logger(__name__)

HOUR = timedelta(hours=1)
ALL = 1_000_000  # point-hours a step
Progress = Callable[[int], None]


class _NotKept(Exception):
    """Leaves the old content in place."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Digests before and after, by table; ``same`` where all are equal.

    ``skipped``: outlets that cannot be computed, and why; live leaves them as they were, so they may differ.
    """

    before: dict[str, str]
    after: dict[str, str]
    entries: int
    skipped: dict[str, str] = field(default_factory=dict)

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


def restate_all(
    telemetry: Telemetry, now: datetime, progress: Progress, folder: Path | None = None
) -> dict[str, str]:
    """Compute every closed hour of every outlet's life; give the outlets that cannot be computed, and why.

    No findings are made here. The hours of what cannot be computed stay dirty, as they do live.
    """
    around, closed = Around(telemetry, folder), hour_start(now - GRACE)
    skipped: dict[str, str] = {}
    left: set[str] = set()
    for facts in register.all_outlet_facts(now):
        try:
            progress(_all_of(telemetry, facts, around, now))
        except Exception as error:
            log.exception("outlet cannot be computed", outlet=facts.key)
            skipped[facts.key] = f"{type(error).__name__}: {error}"
            left |= {point.point for point in facts.points}
    over = [item for item in telemetry.dirty(ALL) if item[1].end + GRACE <= now and item[0] not in left]
    telemetry.clean(over)
    with telemetry.writing():
        telemetry.touch((), silence_seen=closed)
        telemetry.set_note(CUT_SEEN, closed.isoformat())
    return skipped


def _all_of(telemetry: Telemetry, facts: OutletFacts, around: Around, now: datetime) -> int:
    """Everything of one outlet; the number of its hours."""
    start = first_day(telemetry, facts)
    if start is None or start >= now:
        return 0
    life = Span(start, day_end(beijing_day(now)))
    return sum(
        write(telemetry, facts, part, now, around.of(facts, part, now)).hours for part in in_parts(life)
    )


def catch_up(
    telemetry: Telemetry, reader: JournalReader, now: datetime, progress: Progress, folder: Path | None = None
) -> None:
    """Bring the store in use up to the end of the journal, findings included, so that the two can be compared."""
    project_all(Projector(reader, telemetry, reading=reading_now, hold_us=0), progress)
    project_waiting(telemetry, reader, now)
    restater = Restater(telemetry, folder)
    restater.refresh(now)
    restater.close_silent(now)
    while done := restater.step(now, limit=ALL):
        progress(done)


def rebuild(
    journal: Path,
    readings: str | Path,
    now: datetime,
    progress: Progress,
    *,
    keep: bool,
    history: str | None = None,
) -> Rebuilt:
    """Project ``journal`` into a fresh store and compare it with ``readings`` and what these sealed into ``history``.

    ``keep``: let the fresh content take the place of the old one where they differ. Both are computed
    for hours closed by ``now``; run it with `serve` stopped, or live frames come in between.

    Raises:
        BrokenEvidence: a journal does not fit its hashes.
    """
    reader, old, folder = (
        open_reader(journal, journal_setting()),
        open_telemetry(readings, history),
        journal.parent,
    )
    catch_up(old, reader, now, progress, folder)
    before = old.digest()
    try:
        with fresh_store(readings, history) as fresh:
            entries = project_all(Projector(reader, fresh, reading=reading_now, hold_us=0), progress)
            skipped = restate_all(fresh, now, progress, folder)
            done = Rebuilt(before, fresh.digest(), entries, skipped)
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

    The hours that only one of the two has are among them, also on days that have no readings any more. What was said
    of earlier restatements stays, and what the rebuild changed is said as well.
    """
    fresh.carry_restatements(old.restatements(limit=ALL))
    ever = Span(from_epoch(0), now)
    for facts in register.all_outlet_facts(now):
        hours = _differing(old.hours(facts.key, ever), fresh.hours(facts.key, ever))
        days = _differing(old.days(facts.key, ever), fresh.days(facts.key, ever))
        fresh.say_rebuilt(facts.key, {"hour": hours, "day": days}, at=now)
        if hours and facts.points:
            starts = {from_epoch(row["start"]) for row in hours}
            fresh.touch_for([(facts.points[0].point, Span(start, start + HOUR)) for start in starts], REBUILD)


def _differing(
    before: Iterable[HourValue] | Iterable[DayValue], after: Iterable[HourValue] | Iterable[DayValue]
) -> list[dict[str, Any]]:
    """What one has and the other has not, by start and factor, old and new."""
    old = {(value.start, value.factor): value for value in before}
    new = {(value.start, value.factor): value for value in after}
    return [
        {
            "factor": key[1],
            "start": to_epoch(key[0]),
            "old": _plain(old.get(key)),
            "new": _plain(new.get(key)),
        }
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _plain(value: HourValue | DayValue | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {name: said for name, said in asdict(value).items() if name not in ("outlet", "factor", "start")}
