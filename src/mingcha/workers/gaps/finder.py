"""Looks for what loggers owe and asks them for it: the expected grid against the readings, through the queue.

What is expected: of every point (``MN/ST``) of the outlets in use, from its installation on, the hour (2061), minute (2051)
and day (2031) records whose interval ended longer than the grace time ago. Production stops and our own
downtime make no difference: a logger keeps records through both. A logger that was not heard lately is not asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from mingcha.apps.audit import selectors as audit
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices import selectors as devices
from mingcha.apps.devices import services
from mingcha.apps.marking import facts as register
from mingcha.core.clock import beijing_day, format_digits, from_us
from mingcha.core.dated import Dated, load_dated
from mingcha.core.errors import MingchaError
from mingcha.core.facts import OutletFacts, PointSpan
from mingcha.core.packets import DAY, HOUR, MINUTE
from mingcha.core.spans import Span
from mingcha.gateway.stats import boards
from mingcha.protocol.hj212.exchanges.values import moment_of
from mingcha.store.telemetry import Telemetry
from mingcha.workers.gaps.plan import (
    COMMANDS,
    KINDS,
    Lacking,
    Past,
    Plan,
    Request,
    Throttle,
    expected,
    joined,
    plan,
)

log = structlog.get_logger(__name__)

NO_DATA = "100"  # ExeRtn
DAY_SHIFT = timedelta(hours=8)  # the day of a day record is a Beijing day
WHY = "缺失数据自动补采 (missing records)"
GIVEN_UP = "gap.given_up"
NAMED_EVERY = timedelta(days=1)  # a logger that never delivers is told of once a day, not once an hour

LastHeard = Callable[[], Mapping[str, datetime]]


@dataclass(frozen=True, slots=True)
class Asking:
    """How the finder itself behaves, beside the throttle of one logger."""

    all_at_once: int
    expires: timedelta
    live: timedelta


class GapFinder:
    """Keeps in mind from when on each point and kind is whole, so that a pass reads little."""

    def __init__(self, telemetry: Telemetry, last_heard: LastHeard) -> None:
        self._telemetry = telemetry
        self._last_heard = last_heard
        self._whole: dict[tuple[str, str], datetime] = {}
        self._known: set[tuple[str, str]] = set()
        self._named: dict[str, _Named] = {}

    def step(self, now: datetime) -> int:
        """Ask what may be asked now; give the number of requests."""
        throttle, asking = throttle_on(now), asking_on(now)
        past = past_of(devices.system_asks(since=now - throttle.look_back - timedelta(days=1)))
        heard = self._last_heard()
        asked = 0
        for facts, point in self._points(now):
            mn, _, st = point.point.partition("/")
            if mn not in heard or heard[mn] < now - asking.live or asked >= asking.all_at_once:
                continue
            found = self._plan(facts, point, past.get(point.point, ()), now, throttle)
            self._name(facts, point.point, found.given_up, now)
            asked += sum(_ask(mn, st, request, now, asking) for request in found.asks)
        return asked

    def _points(self, now: datetime) -> Iterator[tuple[OutletFacts, PointSpan]]:
        """The points in place, with their outlets."""
        for facts in register.all_outlet_facts(now):
            for point in facts.points:
                if point.start <= now and (point.end is None or point.end > now):
                    yield facts, point

    def _plan(
        self, facts: OutletFacts, point: PointSpan, past: Sequence[Past], now: datetime, throttle: Throttle
    ) -> Plan:
        lacking = [self._lacking(point, kind, step, now, throttle) for kind, step in _steps(facts).items()]
        found = plan(lacking, past, now, throttle)
        for one in lacking:
            self._remember(point.point, one, found.given_up, now - throttle.grace[one.kind])
        return found

    def _lacking(
        self, point: PointSpan, kind: str, step: timedelta, now: datetime, throttle: Throttle
    ) -> Lacking:
        """What of one kind is missing since the point was last whole."""
        key = (point.point, kind)
        oldest = max(point.start, now - throttle.look_back)
        start = max(oldest, self._whole.get(key, oldest))
        span = Span(min(start, now - throttle.grace[kind]), now - throttle.grace[kind])
        held = set(self._telemetry.times(point.point, kind, span))
        if held or (key not in self._known and self._telemetry.times(point.point, kind, Span(oldest, now))):
            self._known.add(key)
        shift = DAY_SHIFT if kind == DAY else timedelta(0)
        starts = [moment for moment in expected(span, step, shift=shift) if moment not in held]
        return Lacking(kind, step, starts, known=key in self._known)

    def _remember(self, point: str, one: Lacking, given_up: Iterable[Request], until: datetime) -> None:
        """From where the next pass begins: what is there or given up need not be looked at again."""
        told = self._named.get(point)
        gone = [gap for gap in given_up if told is not None and gap in told.gaps]
        owed = [s for s in one.starts if not any(gap.covers(one.kind, s) for gap in gone)]
        if one.known:
            self._whole[point, one.kind] = owed[0] if owed else until - one.step

    def _name(self, facts: OutletFacts, point: str, given_up: Sequence[Request], now: datetime) -> None:
        """Put gaps that are asked for no more on record: each once, and those of one point once a day."""
        if not given_up:
            return
        if point not in self._named:
            self._named[point] = _named(point)
        told = self._named[point]
        fresh = [gap for gap in given_up if gap not in told.gaps]
        if fresh and (told.at is None or told.at <= now - NAMED_EVERY):
            steps = _steps(facts)
            for gap in (part for one in fresh for part in told.new_parts(one, steps[one.kind])):
                detail = {"outlet": facts.key, "kind": gap.kind, "begin": gap.begin, "end": gap.end}
                audit_record(by=None, action=GIVEN_UP, subject=("point", point), at=now, detail=detail)
                log.warning("gap given up: the logger does not deliver", point=point, **detail)
            told.add(fresh, now)


@dataclass(slots=True)
class _Named:
    """The gaps of a point that are on record, and since when."""

    gaps: list[Request]
    at: datetime | None = None

    def new_parts(self, gap: Request, step: timedelta) -> list[Request]:
        """What of ``gap`` is not on record, in runs."""
        starts = [
            start for start in Span(gap.begin, gap.end + step).steps(step) if not self._holds(gap.kind, start)
        ]
        return joined(gap.kind, starts, step)

    def add(self, gaps: Sequence[Request], at: datetime) -> None:
        self.gaps += gaps
        self.at = at

    def _holds(self, kind: str, start: datetime) -> bool:
        return any(gap.covers(kind, start) for gap in self.gaps)


def _ask(mn: str, st: str, request: Request, now: datetime, asking: Asking) -> bool:
    """Queue one request; a logger that cannot be asked (its edition has no such command) keeps no other waiting."""
    values = {"begin": format_digits(request.begin), "end": format_digits(request.end)}
    try:
        services.command_ask(
            mn=mn, st=st, command=COMMANDS[request.kind], values=values, why=WHY, by=None, at=now,
            expires=now + asking.expires,
        )  # fmt: skip
    except MingchaError as error:
        if not error.permanent:
            raise
        log.warning("history cannot be asked for", mn=mn, kind=request.kind, why=str(error))
        return False
    return True


def past_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Past]]:
    """Requests asked before, by point."""
    found: dict[str, list[Past]] = defaultdict(list)
    for row in rows:
        begin, end = _moment(row["values"].get("begin")), _moment(row["values"].get("end"))
        if row["command"] in KINDS and begin is not None and end is not None:
            found[f"{row['mn']}/{row['st']}"].append(
                Past(
                    Request(KINDS[row["command"]], begin, end), asked=row["asked_at"], sent=row["sent_at"] is not None,
                    ended=row["ended_at"], no_data=row["reason"] == NO_DATA,
                )
            )  # fmt: skip
    return found


def _moment(value: object) -> datetime | None:
    """A time as a command keeps it: 14 digits, or ISO 8601 with its offset."""
    return None if value is None else moment_of(value)


def _named(point: str) -> _Named:
    """The gaps of a point that were put on record before."""
    events = [event for event in audit.timeline("point", point) if event.action == GIVEN_UP]
    moments = [(e.detail["kind"], _moment(e.detail["begin"]), _moment(e.detail["end"])) for e in events]
    gaps = [
        Request(kind, begin, end) for kind, begin, end in moments if begin is not None and end is not None
    ]
    return _Named(gaps, max((event.at for event in events), default=None))


def _steps(facts: OutletFacts) -> dict[str, timedelta]:
    """The kinds an outlet owes, and how long the interval of each is."""
    minute = timedelta(seconds=facts.minute_interval_s)
    return {HOUR: timedelta(hours=1), MINUTE: minute, DAY: timedelta(days=1)}


def last_heard_in(folder: Path) -> LastHeard:
    """When each MN was last heard, from the files the gateways keep in the data folder."""
    return lambda: {mn: from_us(row["last_seen_us"]) for mn, row in boards(folder).items()}


@cache
def settings() -> dict[str, Dated]:
    return load_dated(Path(__file__).with_name("settings.yaml"))


def throttle_on(at: datetime) -> Throttle:
    """The throttle in force."""
    value = _values(at)
    words = {MINUTE: "minute", HOUR: "hour", DAY: "day"}
    return Throttle(
        look_back=timedelta(days=value["look_back_d"]),
        grace={kind: timedelta(minutes=value[f"grace_{word}_min"]) for kind, word in words.items()},
        records={kind: value[f"records_{word}"] for kind, word in words.items()},
        open_most=value["open_most"],
        per_hour=value["per_hour"],
        tries=value["tries"],
        no_data_tries=value["no_data_tries"],
        first_wait=timedelta(minutes=value["first_wait_min"]),
        longest_wait=timedelta(minutes=value["longest_wait_min"]),
        probe=timedelta(hours=value["probe_h"]),
    )


def asking_on(at: datetime) -> Asking:
    value = _values(at)
    return Asking(
        value["all_at_once"], timedelta(minutes=value["expires_min"]), timedelta(minutes=value["live_min"])
    )


def _values(at: datetime) -> dict[str, int]:
    return {name: dated.whole(beijing_day(at)) for name, dated in settings().items()}
