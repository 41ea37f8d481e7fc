"""All minute, hour and day frames of a past span as the gateway would have received them, in order.

Used to fill the journal of the demonstration: a day's samples are made and averaged at once.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice

import numpy as np

from mingcha.core.clock import HOUR_S, beijing_day, day_start, from_epoch, to_epoch
from mingcha.core.packets import DAY, HOUR, MINUTE
from mingcha.core.spans import Span
from mingcha.gateway.caps import Policy
from mingcha.gateway.commit import Appends
from mingcha.gateway.intake import Intake
from mingcha.gateway.simulator import means, plant
from mingcha.gateway.simulator.faults import ClockDrift, Cut, Fault
from mingcha.gateway.simulator.frames import Form, interval_items, interval_s
from mingcha.gateway.simulator.plant import SAMPLE_S, Profile
from mingcha.gateway.stations import Stations
from mingcha.gateway.stats import Stats
from mingcha.protocol.hj212 import Splitter
from mingcha.store.journal import Direction, Entry

KINDS = (MINUTE, HOUR, DAY)
DELAY_S = {MINUTE: 3.0, HOUR: 6.0, DAY: 9.0}  # a logger sends so long after the interval ends
PAST = "past"  # name of the connection in journalled history
BLOCK_FRAMES = 2000
BACKFILL_STEP = timedelta(milliseconds=400)  # between frames that wait for the link


@dataclass(frozen=True, slots=True)
class Outlet:
    """A profile with the edition it speaks and what goes wrong there."""

    profile: Profile
    edition: str = "2017"
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Received:
    """``raw`` of ``mn`` as it reached the gateway at ``at``."""

    at: datetime
    mn: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Due:
    kind: str
    moment: datetime
    sent: datetime
    items: list[str]


def history(outlets: Sequence[Outlet], span: Span, *, kinds: Sequence[str] = KINDS) -> Iterator[Received]:
    """Frames of all ``outlets`` for the intervals inside ``span``, in the order received."""
    return heapq.merge(*(of_outlet(outlet, span, kinds=kinds) for outlet in outlets))


def of_outlet(outlet: Outlet, span: Span, *, kinds: Sequence[str] = KINDS) -> list[Received]:
    """Frames of one outlet in the order received. What fell into a cut comes after it, if that is inside ``span``."""
    waiting: dict[Cut, list[_Due]] = {fault: [] for fault in outlet.faults if isinstance(fault, Cut)}
    found: list[Received] = []
    for due in _dues(outlet, span, kinds):
        cut = next((cut for cut in waiting if cut.active(due.sent)), None)
        if cut is None:
            found += _received(outlet, due, due.sent, supplement=False)
        else:
            waiting[cut].append(due)
    for cut, dues in waiting.items():
        if cut.span is not None and cut.span.end <= span.end:
            found += _backfill(outlet, cut.span.end, dues)
    return sorted(found)


def _backfill(outlet: Outlet, start: datetime, waiting: list[_Due]) -> Iterator[Received]:
    """What waited, from ``start`` on; HJ 212-2025 sends the newest first."""
    order = reversed(waiting) if outlet.edition == "2025" else iter(waiting)
    for number, due in enumerate(order):
        yield from _received(outlet, due, start + number * BACKFILL_STEP, supplement=True)


def _received(outlet: Outlet, due: _Due, sent: datetime, *, supplement: bool) -> Iterator[Received]:
    """``sent`` is true time; a drifting clock shows in the QN."""
    drift = sum((f.seconds for f in outlet.faults if isinstance(f, ClockDrift) and f.active(sent)), 0.0)
    form = Form(outlet.profile, due.kind, outlet.edition, outlet.faults)
    clock = sent + timedelta(seconds=drift)
    for upload in form.uploads(due.items, due.moment, clock, supplement=supplement):
        for write in upload.on_wire(outlet.faults):
            yield Received(sent + timedelta(milliseconds=180), outlet.profile.mn, write)


def _dues(outlet: Outlet, span: Span, kinds: Sequence[str]) -> Iterator[_Due]:
    """What falls due, day by day: samples of a whole Beijing day are made at once."""
    day = beijing_day(span.start)
    while day_start(day) < span.end:
        for kind, table in _tables(outlet, day_start(day)):
            if kind in kinds:
                yield from _dues_of(outlet, kind, table, span)
        day += timedelta(days=1)


def _tables(outlet: Outlet, start: datetime) -> Iterator[tuple[str, means.Table]]:
    profile, first = outlet.profile, to_epoch(start)
    times = np.arange(first, first + 24 * HOUR_S, SAMPLE_S, dtype=np.int64)
    minutes = means.from_samples(profile, plant.samples(profile, times, outlet.faults))
    hours = means.hours(profile, minutes)
    yield MINUTE, minutes
    yield HOUR, hours
    yield DAY, means.days(profile, hours)


def _dues_of(outlet: Outlet, kind: str, table: means.Table, span: Span) -> Iterator[_Due]:
    step = interval_s(outlet.profile, kind)
    delay = DELAY_S[kind] + outlet.profile.key("delay") % 40 / 10.0  # loggers do not all send at once
    for second, items in zip(table.starts.tolist(), interval_items(table, outlet.edition), strict=True):
        moment = from_epoch(second)
        end = moment + timedelta(seconds=step)
        if span.start <= moment and end <= span.end:
            yield _Due(kind, moment, end + timedelta(seconds=delay), items)


def preserve(journal: Appends, received: Iterable[Received], stations: Stations) -> Stats:
    """Journal past frames as the gateway would have: same verdicts, same answers, blocks within one day.

    ``received`` in order. Use it on a journal that holds nothing later. Returns what was counted.
    """
    stats = Stats(started_us=0)
    intake = Intake(stations, Policy(set_time=False), stats)
    for _, group in groupby(received, key=lambda one: beijing_day(one.at)):
        day = iter(group)
        while block := list(islice(day, BLOCK_FRAMES)):
            journal.append([entry for one in block for entry in _entries(intake, one)])
    return stats


def _entries(intake: Intake, one: Received) -> Iterator[Entry]:
    splitter = Splitter()
    at = to_us(one.at)
    taken = intake.take([*splitter.receive(one.raw), *splitter.expire()], received_us=at, conn=PAST)
    yield from taken.entries
    for mn, reply in taken.replies:
        yield Entry(Direction.OUT, at, PAST, mn, "", reply)


def to_us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)
