"""What happens by the clock. Times are counted from the worker's start; every entry can run at any time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from mingcha.apps.duties import services as duties
from mingcha.apps.maintenance import services as maintenance
from mingcha.apps.marking import services as marking
from mingcha.core.clock import now
from mingcha.workers import checkpointing, commanding
from mingcha.workers.gaps import GapFinder
from mingcha.workers.queue import forget, retry_failed
from mingcha.workers.sealing import FIRST_S, Sealing, period_s

log = structlog.get_logger(__name__)


@dataclass
class Entry:
    """``run`` every ``period_s`` seconds."""

    name: str
    period_s: float
    run: Callable[[], object]
    due: float = 0.0


def entries(gaps: GapFinder | None = None) -> list[Entry]:
    """The schedule. Deadlines are looked at often: a duty is late within seconds of its due time.

    ``gaps``: asks loggers for what they owe; None where nobody receives readings.
    """
    sealing, often = Sealing(), period_s()
    sealings = [
        Entry("seal", often, sealing.step, time.monotonic() + FIRST_S),
        Entry("sealed", 30, sealing.look),
    ]
    local = checkpointing.local_files()
    dropping = (
        [Entry("local", 3600, local.step, time.monotonic() + FIRST_S), Entry("dropped", 30, local.look)]
        if local
        else []
    )
    looking = [Entry("gaps", 300, lambda: gaps.step(now()))] if gaps is not None else []
    return [
        *looking,
        *(sealings if often else []),
        *dropping,
        Entry("duties", 10, lambda: duties.duties_expire(at=now())),
        Entry("tasks", 60, lambda: maintenance.tasks_expire(at=now())),
        Entry("visits", 60, lambda: maintenance.visits_time_out(at=now())),
        Entry("codes", 3600, lambda: marking.codes_open_due(at=now())),
        Entry("commands", 10, lambda: commanding.expire(now())),
        Entry("keys", 3600, lambda: commanding.warn_of_keys(now())),
        Entry("retry", 30, retry_failed),
        Entry("checkpoint", 30, lambda: checkpointing.checkpoint(now())),
        Entry("stamp", 300, checkpointing.stamp),
        Entry("forget", 86_400, lambda: forget(now())),
    ]


class Schedule:
    """Run the entries that are due. One that fails is logged and comes again at its next time."""

    def __init__(self, table: list[Entry] | None = None) -> None:
        self.table = entries() if table is None else table

    def step(self) -> None:
        moment = time.monotonic()
        for entry in self.table:
            if entry.due <= moment:
                entry.due = moment + entry.period_s
                self._run(entry)

    def _run(self, entry: Entry) -> None:
        try:
            entry.run()
        except Exception:
            log.exception("scheduled work failed", entry=entry.name)
