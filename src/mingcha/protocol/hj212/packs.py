"""Split packs of one message, put together as they come. HJ 212-2017 §6.3 and HJ/T 212-2005 alike.

Every pack has its own QN, repeats DataTime, is answered by itself and is a frame of its own: whoever keeps readings
keeps each pack's at once. What belongs together has the key (MN, ST, CN, DataTime, PNUM); a QN cannot be it.
``PackMerger`` says which packs are there, which are missing and what they say together. Packs may come in any
order and twice; of a pack that comes again with other content the newer counts and is told (``CHANGED``).
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mingcha.core.packets import FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212.message import Message
from mingcha.protocol.hj212.packets import packet_of

HOLD_S = 300.0  # default: how long packs are waited for; three time-outs with resends and some
GROUPS_MAX = 1024  # default: messages under way at once; the one waiting longest is given up first

Key = tuple[str, str, str, str, int]  # MN, ST, CN, DataTime, PNUM


class Came(StrEnum):
    """What a pack was to the message it belongs to."""

    NEW = "new"
    AGAIN = "again"  # the same pack with the same content: answer it, keep nothing
    CHANGED = "changed"  # the same number with other content


@dataclass(frozen=True, slots=True)
class Packs:
    """One split message so far. ``packs``: by PNO. ``last``: when the newest pack came. ``came``: what that was."""

    key: Key
    packs: tuple[tuple[int, Message], ...]
    last: datetime
    came: Came = Came.NEW

    @property
    def complete(self) -> bool:
        return len(self.packs) == self.key[4]

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers that did not come."""
        there = {number for number, _ in self.packs}
        return tuple(number for number in range(1, self.key[4] + 1) if number not in there)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All fields of CP in the order of the packs; what later packs repeat is left out."""
        first: dict[str, str] = {}
        for _, message in self.packs:
            for name, text in message.fields:
                first.setdefault(name, text)
        return list(first.items())

    def packet(self, *, received: datetime, ref: FrameRef | None) -> Packet | None:
        """The readings of all packs that are there, those of a factor that was split joined; None where none are."""
        found = [packet_of(message, received=received, ref=ref) for _, message in self.packs]
        return merged([packet for packet in found if packet is not None])


def merged(packets: list[Packet]) -> Packet | None:
    """One packet of several with the same time: factors in the order met; of a field given twice the first counts."""
    if not packets:
        return None
    factors: dict[str, FactorReading] = {}
    for packet in packets:
        for reading in packet.readings:
            before = factors.get(reading.factor)
            factors[reading.factor] = reading if before is None else _joined(before, reading)
    supplement = any(packet.supplement for packet in packets)
    return replace(packets[0], readings=tuple(factors.values()), supplement=supplement)


def _joined(before: FactorReading, more: FactorReading) -> FactorReading:
    there = {name for name, _ in before.fields}
    added = tuple(field for field in more.fields if field[0] not in there)
    return FactorReading(before.factor, before.fields + added, before.flag or more.flag)


class PackMerger:
    """Bounded in number and, by ``expire``, in time. Does no I/O and reads no clock."""

    __slots__ = ("_dropped", "_groups", "_hold", "_most")

    def __init__(self, *, hold_s: float = HOLD_S, groups: int = GROUPS_MAX) -> None:
        self._groups: OrderedDict[Key, Packs] = OrderedDict()
        self._hold = timedelta(seconds=hold_s)
        self._most = groups
        self._dropped: deque[Packs] = deque(maxlen=groups)

    def __len__(self) -> int:
        """How many messages wait for packs."""
        return len(self._groups)

    def add(self, message: Message, at: datetime) -> Packs | None:
        """The message that this pack belongs to, as it is now; None where ``message`` is no split pack.

        A complete one is forgotten only by ``expire`` or for want of room: a pack that is sent again is known.
        """
        pack = message.pack
        if pack is None or message.encrypted:
            return None
        key = (message.mn, message.st, message.cn, message.field("DataTime") or "", pack[0])
        packs = dict(self._groups[key].packs) if key in self._groups else {}
        came = _came(packs.get(pack[1]), message)
        packs[pack[1]] = message
        found = Packs(key, tuple(sorted(packs.items(), key=lambda item: item[0])), at, came)
        self._groups[key] = found
        self._groups.move_to_end(key)
        if len(self._groups) > self._most:
            self._dropped.append(self._groups.popitem(last=False)[1])
        return found

    def expire(self, at: datetime) -> list[Packs]:
        """Take out the messages of which nothing came for ``hold_s``, and the newest of those there was no room for.

        The incomplete ones among them miss what ``Packs.missing`` says: the host may ask for it again.
        """
        old = [key for key, packs in self._groups.items() if at - packs.last >= self._hold]
        found = [*self._dropped, *(self._groups.pop(key) for key in old)]
        self._dropped.clear()
        return found


def _came(before: Message | None, message: Message) -> Came:
    if before is None:
        return Came.NEW
    return Came.AGAIN if before.cp == message.cp else Came.CHANGED
