"""Journal → readings (stages 4 and 5): decode each preserved frame and keep what it says.

A projection: it can be thrown away and made again from the journal, with equal digests. It follows from the journal
and from what was decided about stations (``Reading``: settings and keys in force *then*, who was let in from when on)
and from nothing else. The positions are kept in the transaction of the rows, so a crash repeats nothing and loses nothing.

Frames of several gateways are taken in the order they were received, so that a station which changes from one to
another is read the same live and in a rebuild. Where what was decided concerns the past, ``Again`` reads the
station anew from then on.

Evidence that does not fit its hashes is never skipped: what stands before it is projected, then that gateway
waits, said loudly, until its journal is mended. Other gateways go on.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import islice

import structlog

from mingcha.core.clock import beijing_day, day_start, from_us, hour_start, now_us, to_us
from mingcha.core.errors import BrokenEvidence
from mingcha.core.packets import Packet
from mingcha.core.refs import FrameRef
from mingcha.gateway.words import (
    HARDWARE_ID,
    PW_WRONG,
    QUARANTINE,
    REGISTERS,
    REJECTED,
    codes_of,
    usable,
    word_of,
)
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import PLAIN, Decoding
from mingcha.store.journal import Direction, Entry, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.recent.restatements import QUARANTINE as LOST_IN_QUARANTINE
from mingcha.store.telemetry.recent.restatements import UNREADABLE, Loss

log = structlog.get_logger(__name__)

RETRY_S = 60.0
BATCH = 4000  # entries a transaction: some 0.2 s of work, so that live values stay fresh
SET_BACK_US = 2_000_000  # a frame this far in the future was received before the clock was set back
HEARD = "heard_us"
HOLD_US = 100_000  # with several gateways the youngest frames wait, as another gateway may still be committing older ones

Named = tuple[FrameRef, Entry]
Stranger = Callable[[str, datetime, FrameRef, int], None]
Newcomer = Callable[[str, datetime, FrameRef], None]


def _plain(mn: str, moment: datetime) -> Decoding:
    return PLAIN


@dataclass(frozen=True, slots=True)
class Reading:
    """What was decided about stations. ``decoding``: settings and keys of an MN in force at a moment; ``adopted``: MN →
    from when on its quarantined frames count.
    """

    decoding: Callable[[str, datetime], Decoding] = _plain
    adopted: Mapping[str, Sequence[datetime]] = field(default_factory=dict)

    def packet(self, ref: FrameRef, entry: Entry) -> Packet | None:
        """The readings of a preserved frame, or None where it holds none that count."""
        if entry.direction is not Direction.IN or not entry.mn:
            return None
        received = from_us(entry.received_us)
        decoding = self.decoding(entry.mn, received)
        if not self._counts(entry, received, decoding):
            return None
        message = hj212.read(entry.raw, decoding)
        return None if message is None else hj212.packet_of(message, received=received, ref=ref)

    def loss(self, entry: Entry) -> Loss | None:
        """What is lost with a preserved frame of a station that holds no reading that counts; None where nothing is.

        Of a stranger's frame the time it speaks of is kept where it can be read.
        """
        if entry.direction is not Direction.IN or not entry.mn:
            return None
        received = from_us(entry.received_us)
        if self.is_stranger(entry):
            message = hj212.read(entry.raw)
            packet = None if message is None else hj212.packet_of(message, received=received, ref=None)
            return Loss(entry.mn, LOST_IN_QUARANTINE, packet.time if packet else received, received)
        refused = word_of(entry.verdict) == REJECTED
        if not refused and not self._counts(entry, received, self.decoding(entry.mn, received)):
            return None
        if hj212.read(entry.raw, self.decoding(entry.mn, received)) is None or refused:
            return Loss(entry.mn, UNREADABLE, received, received)
        return None

    def is_stranger(self, entry: Entry) -> bool:
        """Whether the frame still waits in quarantine."""
        return word_of(entry.verdict) == QUARANTINE and not self._let_in(entry.mn, from_us(entry.received_us))

    def _counts(self, entry: Entry, received: datetime, decoding: Decoding) -> bool:
        """Refused bytes count where a setting dated back reads them after all, but never against a wrong password."""
        if usable(entry.verdict):
            return True
        word = word_of(entry.verdict)
        if word == REJECTED:
            return decoding != PLAIN and PW_WRONG not in codes_of(entry.verdict)
        return word == QUARANTINE and self._let_in(entry.mn, received)

    def _let_in(self, mn: str, received: datetime) -> bool:
        return any(start <= received for start in self.adopted.get(mn, ()))


@dataclass
class Projected:
    """What one batch held. ``last``: the newest entry of each gateway; ``newcomers``: hardware that registered (1001) → when
    and in which frame.
    """

    entries: int = 0
    packets: list[Packet] = field(default_factory=list)
    last: dict[str, FrameRef] = field(default_factory=dict)
    strangers: dict[str, tuple[datetime, FrameRef, int]] = field(default_factory=dict)
    newcomers: dict[str, tuple[datetime, FrameRef]] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    heard_us: int | None = None  # when the first of them was received

    def take(self, gateway: str, named: Named, reading: Reading) -> None:
        ref, entry = named
        self.entries += 1
        self.last[gateway] = ref
        if entry.direction is Direction.IN and entry.mn:
            self.heard_us = min(self.heard_us or entry.received_us, entry.received_us)
        if entry.mn and reading.is_stranger(entry):
            _, _, count = self.strangers.get(entry.mn, (None, None, 0))
            self.strangers[entry.mn] = (from_us(entry.received_us), ref, count + 1)
            self._lose(entry, reading)
        elif packet := reading.packet(ref, entry):
            self.packets.append(packet)
        elif hardware := _hardware(entry):
            self.newcomers[hardware] = (from_us(entry.received_us), ref)
        else:
            self._lose(entry, reading)

    def _lose(self, entry: Entry, reading: Reading) -> None:
        if (loss := reading.loss(entry)) is not None:
            self.losses.append(loss)


def _hardware(entry: Entry) -> str:
    """The id under which a logger without MN registers; "" for anything else. HJ 212-2025, 1001."""
    if entry.mn or word_of(entry.verdict) != QUARANTINE:
        return ""
    message = hj212.read(entry.raw)
    return (message.field(HARDWARE_ID) or "") if message is not None and message.cn == REGISTERS else ""


@dataclass
class _Ahead:
    """What was read ahead of one gateway. ``more``: there may be more behind it; ``broken``: what follows cannot be read."""

    entries: list[Named]
    more: bool = False
    broken: BrokenEvidence | None = None

    def until(self, horizon: int) -> list[Named]:
        """The first entries, up to one that was received after ``horizon``."""
        for place, (_, entry) in enumerate(self.entries):
            if entry.received_us > horizon:
                return self.entries[:place]
        return self.entries


class Projector:
    """Bring the readings up to the end of the journal.

    ``on_stranger``: called with (mn, at, ref, frames) for MNs nobody registered; ``on_newcomer`` with (hardware, at, ref) for
    loggers that have no MN yet. ``reading``: gives what is decided about
    stations; called before each batch. ``broken``: gateways whose journal cannot be read on, and why; they are tried
    again every ``RETRY_S``. ``hold_us``: 0 where no gateway is running.
    """

    def __init__(
        self,
        reader: JournalReader,
        telemetry: Telemetry,
        on_stranger: Stranger | None = None,
        reading: Callable[[], Reading] = Reading,
        *,
        on_newcomer: Newcomer | None = None,
        hold_us: int = HOLD_US,
    ) -> None:
        self.reader = reader
        self.telemetry = telemetry
        self.on_stranger = on_stranger
        self.on_newcomer = on_newcomer
        self.reading = reading
        self.hold_us = hold_us
        self.positions = dict(telemetry.positions())
        self.broken: dict[str, BrokenEvidence] = {}
        self._retry_at: dict[str, float] = {}

    def step(self, limit: int = BATCH) -> int:
        """Project up to ``limit`` entries of each gateway; give how many there were."""
        at = time.monotonic()
        names = [name for name in self.reader.gateways() if self._retry_at.get(name, 0.0) <= at]
        ahead = {name: self._ahead(name, limit) for name in names}
        done = self._gather(ahead)
        if done.last:
            self._keep(done)
        for name, found in ahead.items():
            self._note(name, found, done)
        return done.entries

    def _ahead(self, gateway: str, limit: int) -> _Ahead:
        found = _Ahead([])
        entries = self.reader.entries(self.positions.get(gateway), limit=limit, gateway=gateway)
        try:
            found.entries.extend(islice(entries, limit))
            found.more = len(found.entries) == limit
        except BrokenEvidence as error:
            found.broken = error
        return found

    def _gather(self, ahead: Mapping[str, _Ahead]) -> Projected:
        """Decode what can be put in order: nothing that another gateway may still have something before."""
        done = Projected()
        if not any(found.entries for found in ahead.values()):
            return done
        reading = self.reading()
        if len(ahead) == 1:
            ((name, found),) = ahead.items()
            for named in found.entries:
                done.take(name, named, reading)
            return done
        horizon = _horizon(ahead.values(), now_us() - self.hold_us)
        streams = [_marked(name, found.until(horizon)) for name, found in ahead.items()]
        for _, name, named in merge(*streams, key=lambda one: one[0]):
            done.take(name, named, reading)
        return done

    def _keep(self, done: Projected) -> None:
        with self.telemetry.writing():
            self.telemetry.write(done.packets, position=[*done.last.values()])
            self.telemetry.add_losses(done.losses)
            hear(self.telemetry, done.heard_us)
        self.positions.update(done.last)
        if self.on_stranger:
            for mn, (at, ref, frames) in done.strangers.items():
                self.on_stranger(mn, at, ref, frames)
        if self.on_newcomer:
            for hardware, (at, ref) in done.newcomers.items():
                self.on_newcomer(hardware, at, ref)

    def _note(self, gateway: str, found: _Ahead, done: Projected) -> None:
        if found.broken is not None:
            held = found.entries and done.last.get(gateway) != found.entries[-1][0]
            if not held:
                why = str(found.broken)
                log.critical("journal broken, gateway not projected on", gateway=gateway, why=why)
                self.broken[gateway] = found.broken
                self._retry_at[gateway] = time.monotonic() + RETRY_S
        elif gateway in done.last:
            self.broken.pop(gateway, None)


def hear(telemetry: Telemetry, heard_us: int | None) -> None:
    """Keep when the first frame of all was received: from its day on silence is known (``heard_since``).

    Where that moment is new or goes back, the silence since then is looked at again (``Restater.close_silent``).
    """
    known = telemetry.note(HEARD)
    if heard_us is None or (known is not None and int(known) <= heard_us):
        return
    telemetry.set_note(HEARD, str(heard_us))
    seen, begin = telemetry.silence_seen(), day_start(beijing_day(from_us(heard_us)))
    if seen is not None and begin < seen:
        telemetry.touch((), silence_seen=begin)


def heard_since(telemetry: Telemetry) -> datetime | None:
    """When the first frame in the journal was received, as far as it is projected; None where none was."""
    known = telemetry.note(HEARD)
    return None if known is None else from_us(int(known))


def _marked(name: str, entries: Iterable[Named]) -> Iterator[tuple[int, str, Named]]:
    return ((named[1].received_us, name, named) for named in entries)


def _horizon(ahead: Iterable[_Ahead], youngest_us: int) -> int:
    """Up to when all gateways were read. A clock that was set back holds nothing up: what it calls the future is past."""
    read = [found for found in ahead if found.entries]
    ends = [max(entry.received_us for _, entry in found.entries) for found in read if found.more]
    newest = max(entry.received_us for found in read for _, entry in found.entries)
    set_back = newest > youngest_us + SET_BACK_US
    return min([*ends, newest if set_back else youngest_us])


def project_again(
    reader: JournalReader, telemetry: Telemetry, mn: str, start: datetime, reading: Reading
) -> int:
    """Project what was received of ``mn`` since ``start`` anew; give the number of frames that count.

    The journal is read before the transaction; only what was projected meanwhile is read inside it.

    Raises:
        BrokenEvidence: the journal cannot be read; nothing was changed.
    """
    before = telemetry.positions()
    found = _frames_of(reader, mn, hour_start(start), {}, before)

    def gather(first: datetime, positions: Mapping[str, FrameRef]) -> list[Packet]:
        since = hour_start(first)
        if since < hour_start(start):
            frames = _frames_of(reader, mn, since, {}, positions)
        else:
            frames = [*found, *_frames_of(reader, mn, since, before, positions)]
        frames.sort(key=lambda named: named[1].received_us)
        telemetry.renew_losses(mn, since, [loss for _, entry in frames if (loss := reading.loss(entry))])
        first_us = to_us(first)
        counted = (named for named in frames if named[1].received_us >= first_us)
        return [packet for named in counted if (packet := reading.packet(*named))]

    report = telemetry.project_again(mn, start, gather)
    return report.stored + report.duplicates


def _frames_of(
    reader: JournalReader,
    mn: str,
    start: datetime,
    after: Mapping[str, FrameRef],
    until: Mapping[str, FrameRef],
) -> list[Named]:
    """What was received of ``mn`` since ``start``, behind the positions ``after`` and up to ``until``, gateway by gateway."""
    start_us = to_us(start)
    out: list[Named] = []
    for gateway, last in until.items():
        first = after.get(gateway)
        if first is None:
            blocks = reader.overlapping(gateway, start_us, 1 << 62)
            first = FrameRef(blocks[0].journal, blocks[0].block, -1) if blocks else last
        for ref, entry in reader.entries(first, gateway=gateway):
            if ref > last:
                break
            if entry.mn == mn and entry.received_us >= start_us:
                out.append((ref, entry))
    return out
