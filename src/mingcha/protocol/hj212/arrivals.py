"""``feed``: a chunk of a connection in, frames ready to be stored and answered out. What a gateway pays for.

An ``Arrival`` is a frame to which nothing at all is to object by its bytes (no problem of ``decode`` under the plain
dialect); its header is shared with all frames of that station and command, its answer is made. Every other event
comes as the ``Splitter`` gives it, and the same three promises hold. This is the pure form; ``_feed.pxi`` states
it for speed and asks ``judged`` whenever a frame is not of the ordinary form.
"""

from types import ModuleType

from mingcha.protocol.hj212 import plain
from mingcha.protocol.hj212.checks import is_time
from mingcha.protocol.hj212.crc import crc
from mingcha.protocol.hj212.events import Event, Frame, Skipped
from mingcha.protocol.hj212.head import Head
from mingcha.protocol.hj212.limits import CEILING, CRC_DIGITS, HEAD, HEADS_MAX, LengthPolicy
from mingcha.protocol.hj212.message import Message, decode
from mingcha.protocol.hj212.replies import answer, reply_cn

CRLF = b"\r\n"
_OPEN, _QN, _QN_DIGITS = b"CP=&&", b"QN=", 17

# Headers met in clean frames, with and without QN. Bounded: a full one is emptied, and what is met again is read again.
HEADS: dict[bytes, Head] = {}
HEADS_WITHOUT_QN: dict[bytes, Head] = {}

Judged = tuple[Head, str, str | None, bytes | None, Message]


class Arrival:
    """A clean frame. ``raw``: with the CR LF behind it where that came in the same chunk; ``size``: without.

    ``qn``: 17 digits, "" where there is none (2005). ``data_time``: the first DataTime where it is a time of 14
    digits. ``reply``: the answer it wants, to be sent after storing; None where it wants none.
    """

    __slots__ = ("_frame", "_message", "data_time", "head", "qn", "raw", "reply", "size")

    def __init__(self, frame: Frame, tail: bytes, judged: Judged) -> None:
        self.head, self.qn, self.data_time, self.reply, self._message = judged
        self.raw = frame.raw + tail
        self.size = len(frame.raw)
        self._frame = frame

    @property
    def frame(self) -> Frame:
        return self._frame

    @property
    def message(self) -> Message:
        return self._message

    def __repr__(self) -> str:
        return shown(self)


class Feed:
    """One direction of one connection, as ``Splitter`` but for the arrivals. Does no I/O and reads no clock.

    ``pending``: bytes not yet used. ``ceiling``: longest data segment taken, in bytes. ``lengths``: what to do with a
    wrong length whose CRC fits.
    """

    __slots__ = ("_ceiling", "_lengths", "pending")

    def __init__(self, *, ceiling: int = CEILING, lengths: int = LengthPolicy.EXPLAINED) -> None:
        self._ceiling = ceiling
        self._lengths = int(lengths)
        self.pending = b""

    def receive(self, data: bytes) -> list[Arrival | Event]:
        """Take any number of bytes; return what they complete, in order."""
        return self._advance(self.pending + data if self.pending else bytes(data), final=False)

    def expire(self) -> list[Arrival | Event]:
        """Nothing more will come: give up ``pending``, searching inside it."""
        return self._advance(self.pending, final=True)

    def _advance(self, buffer: bytes, *, final: bool) -> list[Arrival | Event]:
        events, used = plain.cut(buffer, self._ceiling, self._lengths, final)
        self.pending = buffer[used:]
        return _arrived(events, plain)


def _arrived(events: list[Event], backend: ModuleType) -> list[Arrival | Event]:
    """The clean frames among ``events`` as arrivals, each with the CR LF behind it."""
    out: list[Arrival | Event] = []
    joined = False
    for event, behind in zip(events, [*events, None][1:], strict=True):
        if joined:
            joined = False
            continue
        found = judged(event, backend) if isinstance(event, Frame) else None
        if found is None or not isinstance(event, Frame):
            out.append(event)
            continue
        joined = isinstance(behind, Skipped) and behind.raw == CRLF
        out.append(Arrival(event, CRLF if joined else b"", found))
    return out


def ack(qn: bytes | str, tail: bytes) -> bytes:
    """The frame ``QN=<qn><tail>``, ready to be sent.

    Raises:
        ValueError: the segment is longer than four digits can say.
    """
    segment = _QN + (qn.encode() if isinstance(qn, str) else bytes(qn)) + tail
    if len(segment) > 9999:
        raise ValueError(f"a segment of {len(segment)} bytes; four digits say at most 9999")
    return b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))


def decoded(frame: Frame, backend: ModuleType | None = None) -> Message:
    return decode(frame, backend=backend)


def judged(frame: Frame, backend: ModuleType | None = None) -> Judged | None:
    """Head, QN, DataTime, answer and message of a clean frame; None where something is to object."""
    message = decoded(frame, backend)
    if frame.problems or message.head_marks or message.body_marks or message.problems:
        return None
    head, reply = meet(message)
    return head, message.qn, _data_time(message), reply, message


def _data_time(message: Message) -> str | None:
    text = message.field("DataTime")
    return text if text is not None and is_time(text, 14) else None


def meet(message: Message) -> tuple[Head, bytes | None]:
    """The shared header of a clean message, from now on known, and its answer."""
    segment, qn = message.segment, message.qn
    start = len(_QN) + _QN_DIGITS + 1 if qn else 0
    key = segment[start : segment.index(_OPEN)] if _OPEN in segment else segment[start:]
    heads = HEADS if qn else HEADS_WITHOUT_QN
    head, reply = heads.get(key), answer(message)
    if head is None:
        before, after, certain = _around(reply, qn)
        head = Head(
            key=key, st=message.st, cn=message.cn, pw=message.pw, mn=message.mn, flag=message.flag,
            edition=message.edition, wants_ack=message.wants_ack, supplement=message.supplement,
            pack=message.pack, reply_cn=reply_cn(message), before=before, after=after,
        )  # fmt: skip
        if certain:
            if len(heads) >= HEADS_MAX:
                heads.clear()
            heads[key] = head
    return head, reply


def _around(reply: bytes | None, qn: str) -> tuple[bytes | None, bytes | None, bool]:
    """The segment of an answer before and behind QN; and whether it is certain that QN alone varies."""
    if reply is None:
        return None, None, True
    segment = reply[HEAD : -CRC_DIGITS - len(CRLF)]
    if not qn:
        return segment, b"", True
    before, _, after = segment.partition(qn.encode())
    return before, after, segment.count(qn.encode()) == 1


def shown(arrival: Arrival) -> str:
    return f"<Arrival CN={arrival.head.cn} ST={arrival.head.st} MN={arrival.head.mn} QN={arrival.qn}>"
