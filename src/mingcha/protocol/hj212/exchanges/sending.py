"""What a logger sends by itself: the queue of what it owes, and what waits for its answer.

An upload that was not acknowledged is owed again (HJ 212-2025: sent later by itself, marked RF=1, newest first; older
loggers send the oldest first). A message whose moment has passed, real-time data or a notify, is let go.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mingcha.core.moves import step
from mingcha.protocol.hj212.exchanges.moves import LOGGER_NEXT, Sending, Told

Texts = Callable[[], Sequence[str]]

WINDOW = 16  # frames that may wait for their answer
OWED_MAX = 20_000  # messages kept; 100 days of 10 minutes, more than a logger must keep


@dataclass(slots=True, eq=False)
class Owed:
    """One message: the CP of each of its packs, made when it leaves. ``due``: when it should have left.

    ``keep``: owed again when nobody answers. ``ack``: asks for an answer.
    """

    cn: str
    st: str
    time: datetime
    texts: Texts
    due: datetime
    keep: bool = True
    ack: bool = True
    state: Sending = Sending.OWED
    open: set[str] = field(default_factory=set)

    def told(self, what: Told) -> None:
        """Move on by the table. Raises IllegalMove where it has no such move: our own mistake."""
        self.state = step(LOGGER_NEXT, self.state, what)


@dataclass(slots=True)
class Outgoing:
    """A frame to be written. ``time``: its DataTime where it carries data. ``resend``: it was written before."""

    raw: bytes
    cn: str
    qn: str
    time: datetime | None = None
    resend: bool = False


@dataclass(slots=True)
class Waiting:
    """A frame without its answer yet. ``due`` and ``first`` are ticks."""

    owed: Owed
    out: Outgoing
    due: float
    first: float
    tries: int = 0


@dataclass(slots=True)
class Tally:
    """What a logger did."""

    sent: int = 0
    acked: int = 0
    resent: int = 0
    late: int = 0
    given_up: int = 0
    dropped: int = 0
    commands: int = 0
    refused: int = 0
    slowest_ack_s: float = 0.0


class Outbox:
    """The queue of one logger. ``newest_first``: the order of 2025. Ticks are seconds of a steady clock."""

    def __init__(
        self, tally: Tally, *, newest_first: bool, window: int = WINDOW, most: int = OWED_MAX
    ) -> None:
        self.tally = tally
        self.waiting: dict[str, Waiting] = {}
        self._now: list[Owed] = []
        self._owed: list[tuple[datetime, int, Owed]] = []
        self._newest_first = newest_first
        self._window = window
        self._most = most
        self._count = 0

    def __len__(self) -> int:
        """Messages owed and frames not answered."""
        return len(self._now) + len(self._owed) + len(self.waiting)

    @property
    def ready(self) -> bool:
        """Something could leave at once."""
        return bool(self._now) or (bool(self._owed) and len(self.waiting) < self._window)

    def add(self, owed: Owed) -> None:
        if not owed.keep:
            self._now.append(owed)
            return
        self._count += 1
        insort(self._owed, (owed.time, self._count, owed))
        if len(self._owed) > self._most:
            del self._owed[0]
            self.tally.dropped += 1

    def take(self, *, own: bool = False) -> Owed | None:
        """The next message to leave, or None. ``own``: only notifies, the logger has no name or key yet."""
        for place, owed in enumerate(self._now):
            if not own or owed.cn[0] != "2":
                return self._now.pop(place)
        if own or not self._owed or len(self.waiting) >= self._window:
            return None
        return self._owed.pop(-1 if self._newest_first else 0)[2]

    def sent(self, owed: Owed, outs: Sequence[Outgoing], *, tick: float, overtime_s: float) -> None:
        """``outs`` leave now; where an answer is wanted each waits for its own."""
        self.tally.sent += len(outs)
        if not owed.ack:
            owed.told(Told.UNASKED)
            return
        owed.told(Told.SENT)
        owed.open = {out.qn for out in outs}
        for out in outs:
            self.waiting[out.qn] = Waiting(owed, out, tick + overtime_s, tick)

    def answered(self, qn: str, tick: float) -> Owed | None:
        """9014 or 9013 with this QN came: the message, where it is whole now."""
        waiting = self.waiting.pop(qn, None)
        if waiting is None:
            return None
        self.tally.acked += 1
        self.tally.slowest_ack_s = max(self.tally.slowest_ack_s, tick - waiting.first)
        waiting.owed.open.discard(qn)
        if waiting.owed.open:
            return None
        waiting.owed.told(Told.ANSWERED)
        return waiting.owed

    def overdue(self, tick: float, *, overtime_s: float, recount: int) -> tuple[list[Outgoing], bool]:
        """Frames to be sent again, and whether the link is unusable: one got no answer to its last resend."""
        again: list[Outgoing] = []
        unusable = False
        for waiting in self.waiting.values():
            if tick < waiting.due:
                continue
            if waiting.tries >= recount:
                self.tally.given_up += 1
                unusable = True
                continue
            waiting.tries += 1
            waiting.due = tick + overtime_s
            waiting.owed.told(Told.RESENT)
            again.append(
                Outgoing(waiting.out.raw, waiting.out.cn, waiting.out.qn, waiting.out.time, resend=True)
            )
        self.tally.resent += len(again)
        return again, unusable

    def take_back(self) -> None:
        """The link is gone: what was not answered is owed again, or let go."""
        for owed in {id(w.owed): w.owed for w in self.waiting.values()}.values():
            owed.told(Told.TIMED_OUT if owed.keep else Told.EXPIRED)
            if owed.keep:
                self.add(owed)
        self.waiting.clear()
        for owed in self._now:
            owed.told(Told.EXPIRED)
        self._now.clear()

    def due(self) -> float | None:
        """The tick at which the first answer is late."""
        return min((w.due for w in self.waiting.values()), default=None)
