"""What people and workers ask of loggers through the gateway, and what it tells them; values only.

``Orders`` is handed in by the command line, so that the gateway knows no database. Its calls are made in one
worker thread, never in the event loop, and may be made again after an error: they must bear repetition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

# States of a command as reported; ``sent`` is what ``Orders.take`` writes.
ACCEPTED, RUNNING = "accepted", "running"
DONE, FAILED, REFUSED, TIMED_OUT = "done", "failed", "refused", "timed_out"
FINAL = frozenset({DONE, FAILED, REFUSED, TIMED_OUT})

# Reasons of our own, beside the codes of 9011 (refused) and 9012 (failed).
NO_ANSWER, CONNECTION_LOST, STOPPED = "no_answer", "connection_lost", "gateway_stopped"
BAD_VALUES, RESTARTED, EXPIRED, NO_REPORT = "bad_values", "gateway_restarted", "expired", "no_report"

# What is ``Asked``.
FIRST_CONTACT, KEY, REGISTER, OWN = "first_contact", "key", "register", "own"


@dataclass(frozen=True, slots=True)
class Order:
    """A command for one station. ``st`` "" = the system code it last sent.

    ``hardware``: a 2025 logger without MN is addressed by the id it registered with (1001); ``mn`` is then the one it
    is to be given.
    """

    id: str
    mn: str
    command: str
    values: Mapping[str, Any] = field(repr=False)  # may hold a new password or key
    expires: datetime
    st: str = ""
    hardware: str = ""

    @property
    def address(self) -> str:
        """Under which name the host knows the station."""
        return hardware_address(self.hardware) if self.hardware else self.mn


@dataclass(frozen=True, slots=True)
class Report:
    """News of an order. ``reason``: code of 9011 or 9012, or a word of ours; ``results``: only with a final state."""

    id: str
    state: str
    at: datetime
    qn: str = ""
    reason: str = ""
    results: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a logger asks for, or what the host did by itself.

    ``first_contact``: ``steps``, a list of (command, values) still to be carried out, in this order;
    ``key``: the logger asked for a new key, ``created`` is the time of the one it has;
    ``register``: a 2025 logger without MN: ``hardware`` its own number, ``fields`` of 1001, ``st``, ``conn``;
    ``own``: an exchange that the host began by itself ended: ``command``, ``qn``, ``state``, ``reason``.
    """

    what: str
    mn: str
    at: datetime
    edition: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


class Orders(Protocol):
    """The queue, as the gateway sees it."""

    def begin(self) -> None:
        """The gateway starts: what an earlier run of it left under way has ended without result."""

    def waiting(self) -> list[Order]:
        """What is queued and not expired, in the order asked; more than one of a station does no harm."""

    def take(self, orders: Sequence[tuple[Order, str]]) -> set[str]:
        """Mark orders (with the QN they will have) as sent, before they leave.

        Returns the ids that were still queued: one that was cancelled, or that another gateway took, is not sent.
        """

    def report(self, reports: Sequence[Report]) -> None: ...

    def heard(self, asked: Sequence[Asked]) -> None: ...


def hardware_address(hardware: str) -> str:
    """No MN holds a colon, so a logger without MN is never taken for another."""
    return f"hardware:{hardware}"
