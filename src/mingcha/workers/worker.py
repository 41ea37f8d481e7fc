"""The worker: restates and publishes what is dirty, hands on audited actions, runs jobs, keeps the schedule.

The projector is a process of its own (``mingcha worker --only projector``), so that a long restatement
never delays live values.
"""

import signal
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.db import close_old_connections

from mingcha.apps.devices import services as devices
from mingcha.core.clock import now
from mingcha.core.refs import FrameRef
from mingcha.site import data
from mingcha.workers import jobs, queue
from mingcha.workers.gaps import GapFinder, last_heard_in
from mingcha.workers.projecting import ReadingKept
from mingcha.workers.projection import Projector
from mingcha.workers.restating import Restater
from mingcha.workers.schedule import Schedule, entries

log = structlog.get_logger(__name__)

IDLE_S = 0.25  # how long to wait when there is nothing to do: bounds the freshness of live values
ERROR_WAIT_S = 5.0
REGISTER_S = 60  # how often the register is read anew


def until_stopped(steps: Sequence[Callable[[], int]]) -> None:
    """Call ``steps`` in turn until SIGTERM or SIGINT; wait when none had work.

    A step that fails is logged and tried again after ``ERROR_WAIT_S``: its work is still there.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        worked = 0
        for one in steps:
            try:
                worked += one()
            except Exception:
                log.exception("step failed", step=getattr(one, "__qualname__", repr(one)))
                close_old_connections()  # one that was lost with its server is made anew
                stop.wait(ERROR_WAIT_S)
        if not worked:
            stop.wait(IDLE_S)


def stranger_seen(mn: str, at: datetime, ref: FrameRef, frames: int) -> None:
    """Show the MN of an unregistered logger to the regulators."""
    devices.quarantine_seen(mn=mn, at=at, ref=str(ref), frames=frames)


def newcomer_seen(hardware: str, at: datetime, ref: FrameRef) -> None:
    """Name the frame in which a logger without MN registered."""
    devices.registration_framed(hardware=hardware, at=at, ref=str(ref))


def make_projector() -> Projector:
    """The projector over the data folder."""
    telemetry = data.open_readings()
    return Projector(
        data.journal_reader(), telemetry, stranger_seen, ReadingKept(), on_newcomer=newcomer_seen
    )


class Worker:
    """Everything but projection, in one loop."""

    def __init__(self) -> None:
        self.telemetry = data.open_readings()
        self.restater = Restater(self.telemetry, data.data_folder())
        gaps = GapFinder(self.telemetry, last_heard_in(data.data_folder()))
        self.schedule = Schedule(entries(gaps))
        self.register_read: datetime | None = None

    def run(self) -> None:
        queue.reclaim()
        until_stopped([self.restate, self.follow, self.by_the_clock])

    def restate(self) -> int:
        moment = now()
        if self.register_read is None or (moment - self.register_read).total_seconds() > REGISTER_S:
            self.restater.refresh(moment)
            self.register_read = moment
        self.restater.close_silent(moment)
        return self.restater.step(moment)

    def follow(self) -> int:
        followed = jobs.dispatch()
        queue.drain()
        return followed

    def by_the_clock(self) -> int:
        self.schedule.step()
        return 0
