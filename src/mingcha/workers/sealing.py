"""Sealing by the clock: a process of its own, so that restating goes on and its memory is given back at the end."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import structlog

from mingcha.core.errors import BadInput

log = structlog.get_logger(__name__)

DAYS, HOURS = "MINGCHA_HISTORY_DAYS", "MINGCHA_SEAL_HOURS"
DAYS_DEFAULT, HOURS_DEFAULT = 14, 24
FIRST_S = 600  # after the worker's start: a restart has more urgent work


def setting(name: str, default: int, least: int) -> int:
    """A whole number of the environment.

    Raises:
        BadInput: it is none, or too small.
    """
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) < least:
        raise BadInput({name: f"{text!r}: expected a whole number from {least} on"})
    return int(text)


def due_before(now: datetime) -> datetime:
    """Days that ended by then are sealed: those closed for ``MINGCHA_HISTORY_DAYS`` whole days (UTC)."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=setting(DAYS, DAYS_DEFAULT, 1))


def period_s() -> float:
    """How often is sealed; 0: only by command."""
    return setting(HOURS, HOURS_DEFAULT, 0) * 3600.0


class Child:
    """Starts a ``mingcha`` command that prints JSON; one at a time. ``name``: what the log calls its end."""

    def __init__(self, name: str, *words: str) -> None:
        self._name, self._words = name, words
        self._child: subprocess.Popen[str] | None = None

    def step(self) -> None:
        """Begin, unless the last one still runs."""
        if self.running():
            log.warning(
                "the last run is not over", work=self._name, pid=self._child.pid if self._child else None
            )
            return
        command = [sys.executable, "-m", "mingcha", *self._words, "--json"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def look(self) -> None:
        """Say how it ended, once it has."""
        if self._child is None or self.running():
            return
        printed, complained = self._child.communicate()
        how = log.info if self._child.returncode == 0 else log.error
        how(self._name, code=self._child.returncode, report=printed.strip(), error=complained.strip()[-2000:])
        self._child = None

    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None


class Sealing(Child):
    """``mingcha seal``."""

    def __init__(self) -> None:
        super().__init__("sealed", "seal")
