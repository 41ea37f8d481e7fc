"""Which missing records to ask a logger for, now. Pure: what is missing and what was asked in, requests out.

HJ 212 guide §12.3: a gap in the expected DataTime → history request (2051, 2061, 2031 with BeginTime–EndTime), throttled
per logger, retried with back-off. The rules:

1. What an open request covers is not asked for again.
2. A record asked for ``n`` times in vain waits ``first_wait · 2ⁿ⁻¹`` (at most ``longest_wait``) from the end of the last
   try, and is given up after ``tries``; after ``no_data_tries`` where the logger says it has none (ExeRtn=100).
3. A request that never left (the logger was not there) is no try.
4. Neighbours that may be asked for stand in one request, at most ``records`` of them; the newest go first.
5. At most ``open_most`` requests of a logger are open, and at most ``per_hour`` are asked in an hour.
6. A kind of which the logger never sent anything is only probed: its newest record, once in ``probe``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mingcha.core.packets import DAY, HOUR, MINUTE
from mingcha.core.spans import Span

PRIORITY = (HOUR, MINUTE, DAY)  # hours are judged; minutes prove them
COMMANDS = {HOUR: "get_hours", MINUTE: "get_minutes", DAY: "get_days"}
KINDS = {command: kind for kind, command in COMMANDS.items()}

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Throttle:
    """How the host asks for history. Every number is ours (tag: default); the standard has none."""

    look_back: timedelta = timedelta(days=7)  # older gaps are left to people
    grace: Mapping[str, timedelta] = field(
        default_factory=lambda: {
            MINUTE: timedelta(minutes=30),
            HOUR: timedelta(minutes=30),
            DAY: timedelta(hours=2),
        },
        hash=False,
    )  # a logger sends late what it could not send: it is not asked before
    records: Mapping[str, int] = field(default_factory=lambda: {MINUTE: 144, HOUR: 72, DAY: 31}, hash=False)
    open_most: int = 1
    per_hour: int = 12
    tries: int = 5
    no_data_tries: int = 2
    first_wait: timedelta = timedelta(minutes=15)
    longest_wait: timedelta = timedelta(hours=12)
    probe: timedelta = timedelta(days=1)

    def wait(self, tries: int) -> timedelta:
        """How long after the end of the last of ``tries`` in vain."""
        return min(self.first_wait * (1 << min(max(tries - 1, 0), 20)), self.longest_wait)


@dataclass(frozen=True, slots=True)
class Request:
    """The records of ``kind`` (2051, 2061, 2031) whose intervals begin at ``begin`` … ``end``, both included."""

    kind: str
    begin: datetime
    end: datetime

    def covers(self, kind: str, start: datetime) -> bool:
        return kind == self.kind and self.begin <= start <= self.end


@dataclass(frozen=True, slots=True)
class Past:
    """A request that was asked for. ``ended`` None: still open. ``sent`` False: it never left."""

    request: Request
    asked: datetime
    sent: bool
    ended: datetime | None = None
    no_data: bool = False


@dataclass(frozen=True, slots=True)
class Lacking:
    """What of one kind is missing: the starts of the intervals, in order. ``known``: the logger sends this kind."""

    kind: str
    step: timedelta
    starts: Sequence[datetime]
    known: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """``asks``: to be asked now, the most urgent first. ``given_up``: gaps that are asked for no more."""

    asks: tuple[Request, ...] = ()
    given_up: tuple[Request, ...] = ()


def expected(span: Span, step: timedelta, *, shift: timedelta = timedelta(0)) -> list[datetime]:
    """Starts of the intervals of length ``step`` that lie wholly inside ``span``; the grid goes through the epoch
    less ``shift`` (8 hours for Beijing days).

    >>> from datetime import UTC
    >>> [t.hour for t in expected(Span(datetime(2026, 1, 1, 0, 30, tzinfo=UTC), datetime(2026, 1, 1, 4, tzinfo=UTC)), _HOUR)]
    [1, 2, 3]
    """
    zero = datetime(1970, 1, 1, tzinfo=span.start.tzinfo) - shift
    first = zero - (zero - span.start) // step * step
    return [start for start in Span(first, max(first, span.end)).steps(step) if start + step <= span.end]


def plan(lacking: Iterable[Lacking], past: Sequence[Past], now: datetime, throttle: Throttle) -> Plan:
    """What to ask one logger for at ``now``, given every request it was asked since the oldest missing interval."""
    asks: list[Request] = []
    given_up: list[Request] = []
    for one in sorted(lacking, key=lambda lack: PRIORITY.index(lack.kind)):
        if not one.known:
            asks += _probe(one, past, now, throttle)
            continue
        may, gone = _sorted_out(one, past, now, throttle)
        asks += reversed(joined(one.kind, may, one.step, most=throttle.records[one.kind]))
        given_up += joined(one.kind, gone, one.step)
    return Plan(tuple(asks[: _room(past, now, throttle)]), tuple(given_up))


def _room(past: Sequence[Past], now: datetime, throttle: Throttle) -> int:
    """How many requests may be asked now."""
    still_open = sum(one.ended is None for one in past)
    lately = sum(one.asked > now - _HOUR for one in past)
    return max(0, min(throttle.open_most - still_open, throttle.per_hour - lately))


def _sorted_out(
    one: Lacking, past: Sequence[Past], now: datetime, throttle: Throttle
) -> tuple[list[datetime], list[datetime]]:
    """The starts that may be asked for now, and those given up."""
    of_kind = [p for p in past if p.request.kind == one.kind]
    may, gone = [], []
    for start in one.starts:
        tries = [p for p in of_kind if p.request.covers(one.kind, start)]
        if any(p.ended is None for p in tries):
            continue
        ends = [p.ended for p in tries if p.sent and p.ended is not None]
        if len(ends) >= throttle.tries or sum(p.no_data for p in tries) >= throttle.no_data_tries:
            gone.append(start)
        elif not ends or max(ends) + throttle.wait(len(ends)) <= now:
            may.append(start)
    return may, gone


def _probe(one: Lacking, past: Sequence[Past], now: datetime, throttle: Throttle) -> list[Request]:
    """The newest record, unless this kind was asked for lately."""
    asked = [p for p in past if p.request.kind == one.kind]
    lately = any(p.ended is None or (p.sent and p.asked > now - throttle.probe) for p in asked)
    return [] if lately or not one.starts else [Request(one.kind, one.starts[-1], one.starts[-1])]


def joined(
    kind: str, starts: Sequence[datetime], step: timedelta, *, most: int | None = None
) -> list[Request]:
    """Neighbours as one request of at most ``most`` records, oldest first."""
    found: list[list[datetime]] = []
    for start in starts:
        if found and start - found[-1][-1] == step and (most is None or len(found[-1]) < most):
            found[-1].append(start)
        else:
            found.append([start])
    return [Request(kind, run[0], run[-1]) for run in found]
