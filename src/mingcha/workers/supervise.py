"""Run several commands of mingcha together: start, watch, restart with back-off, stop in order.

A process that ends is started again after 1, 2, 4 … 30 seconds; one that lived for a minute starts
over at 1. A part may be wanted only at times (forwarding: while there are targets); it is started and stopped
as its answer changes. On SIGINT or SIGTERM all are asked to stop, in reverse order, and after ``STOP_S`` killed.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

FIRST_WAIT_S, LONGEST_WAIT_S, HEALTHY_S = 1.0, 30.0, 60.0
STOP_S = 20.0  # a group commit and a projection batch are far shorter


@dataclass
class Part:
    """One supervised command and its present process. ``wanted``: whether it shall run now; asked often, so it must be quick."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    wait_s: float = FIRST_WAIT_S
    started: float = 0.0
    start_after: float = 0.0
    ends: list[int] = field(default_factory=list)
    wanted: Callable[[], bool] = lambda: True

    def start(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "mingcha", *self.arguments]
        self.process = subprocess.Popen(command, env=dict(environment), start_new_session=True)
        self.started = time.monotonic()

    def ended(self) -> int | None:
        """The exit code where the process has ended since it was started, else None."""
        return None if self.process is None else self.process.poll()

    def plan_restart(self, code: int) -> None:
        self.ends.append(code)
        self.process = None
        lived = time.monotonic() - self.started
        self.wait_s = FIRST_WAIT_S if lived > HEALTHY_S else self.wait_s
        self.start_after = time.monotonic() + self.wait_s
        self.wait_s = min(self.wait_s * 2, LONGEST_WAIT_S)


class Supervisor:
    """Keep ``parts`` running until told to stop.

    ``say`` receives one sentence per event (started, ended, restarted), for the terminal or a log.
    """

    def __init__(self, parts: Sequence[Part], *, say: Callable[[str], None]) -> None:
        self.parts = list(parts)
        self.say = say
        self.stopping = threading.Event()

    def run(self) -> None:
        """Block until SIGINT or SIGTERM, then stop everything."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            while not self.stopping.is_set():
                for part in self.parts:
                    self._look_after(part)
                self.stopping.wait(0.2)
        finally:
            self.stop()

    def _look_after(self, part: Part) -> None:
        code = part.ended()
        if not part.wanted():
            self._let_go(part, code)
            return
        if code is not None:
            part.plan_restart(code)
            self.say(f"{part.name} ended with code {code}; starting again in {part.wait_s / 2:.0f} s")
        if part.process is None and time.monotonic() >= part.start_after:
            part.start(os.environ)

    def _let_go(self, part: Part, code: int | None) -> None:
        """A part that is not wanted: ask it to end, and forget it when it has."""
        if code is not None:
            part.process = None
            self.say(f"{part.name} is not needed and has ended")
        elif part.process is not None:
            part.process.terminate()

    def stop(self) -> None:
        """Ask all to stop, last started first; kill what does not within ``STOP_S``."""
        alive = [part for part in reversed(self.parts) if part.process and part.process.poll() is None]
        for part in alive:
            assert part.process is not None
            part.process.terminate()
        deadline = time.monotonic() + STOP_S
        for part in alive:
            assert part.process is not None
            try:
                part.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{part.name} did not stop within {STOP_S:.0f} s and was killed")
                part.process.kill()
                part.process.wait()
