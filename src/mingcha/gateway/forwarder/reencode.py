"""A frame as another host wants it: its names and edition around the parameters as they were received. No I/O.

QN, ST, CN and the text of CP stay; MN, PW and Flag are the target's. Factor codes become those of the target's edition
(2005 has others than 2017 and 2025); a field without a code there is left out and told. A frame that came without QN (2005) gets the moment
at which it was received, so that it is the same however often it is sent. CP that is too long for the target's edition is
split (HJ 212-2017 §6.3, packs repeat DataTime); RF goes to targets of 2025 only, which know it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mingcha.core.clock import format_digits, parse_digits
from mingcha.core.errors import LocalError
from mingcha.gateway.forwarder.targets import Identity, Target
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import Message
from mingcha.protocol.hj212.commands import is_upload
from mingcha.protocol.hj212.editions import ACK_BIT, SPLIT_BIT, version_bits
from mingcha.protocol.hj212.limits import PARAMETERS_MAX, SEGMENT_MAX, may_be_encrypted
from mingcha.protocol.hj212.sm4 import encrypt
from mingcha.protocol.hj212.translate import Left, translated

DATA_GROUP = "2"  # first digit of the commands that carry data
RF_EDITION = "2025"
_ITEM = re.compile(rb"(?://.*?//|[^;])+", re.DOTALL)  # text between // and // is kept whole
SHOWN = 5  # reasons that are spelled out
_NAME_MAX = 255  # characters of a copied field; longer ones are hostile


class Unsendable(LocalError):
    """The target's edition has no form for this frame."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Bytes to send and what its answer will name."""

    raw: bytes
    qn: str
    mn: str


def passes(message: Message, target: Target) -> bool:
    """Whether the target wants this usable frame of a logger: uploads of data, within its filters."""
    if target.stations and message.mn not in target.stations:
        return False
    if target.sts and message.st not in target.sts:
        return False
    if target.cns:
        return message.cn in target.cns
    return message.cn.startswith(DATA_GROUP) and is_upload(message.cn, message.edition)


@dataclass(frozen=True, slots=True)
class Reencoded:
    """``frames`` to be sent, and the fields that could not go along: (name, why)."""

    frames: tuple[Ready, ...]
    left: Left = ()


def reencoded(message: Message, target: Target, *, received: datetime, late: bool) -> Reencoded:
    """What is to be sent of ``message``. ``late``: it waited so long here that it counts as sent afterwards (RF).

    Raises:
        Unsendable: an item is too long for a pack, the frame is a pack that would have to be split again, or no field of
            its has a code in the target's edition.
    """
    if message.content_at < 0 or message.encrypted:
        raise Unsendable("its parameters cannot be read (no CP, or no key opens them)")
    qn = message.qn or format_digits(received, milliseconds=True)
    rf = target.edition == RF_EDITION and (message.supplement or late)
    cp, left = translated(
        _content(message), came=message.edition, to=target.edition, own=message.dialect.factors
    )
    if left and b"-" not in cp:
        raise Unsendable(f"none of its fields has a code of {target.edition}: {_told(left)}")
    return Reencoded(tuple(_frames(message, target, qn, cp, rf=rf)), left)


def _frames(message: Message, target: Target, qn: str, cp: bytes, *, rf: bool) -> list[Ready]:
    parts = _parts(message, cp, target.edition)
    if message.pack is not None:
        if len(parts) > 1:
            raise Unsendable(
                f"it is pack {message.pack[1]} of {message.pack[0]} and longer than {target.edition} allows"
            )
        return [_frame(message, target, qn, parts[0], message.pack, rf=rf)]
    if len(parts) == 1:
        return [_frame(message, target, qn, parts[0], None, rf=rf)]
    return [
        _frame(message, target, name, part, (len(parts), number), rf=rf)
        for number, (name, part) in enumerate(zip(_numbers(qn, len(parts)), parts, strict=True), 1)
    ]


def _frame(
    message: Message, target: Target, qn: str, cp: bytes, pack: tuple[int, int] | None, *, rf: bool
) -> Ready:
    name = target.identities.get(message.mn, Identity())
    mn = name.mn or message.mn[:_NAME_MAX]
    password = name.password or target.password or message.pw[:_NAME_MAX]
    flag = version_bits(target.edition) | ACK_BIT | (SPLIT_BIT if pack else 0)
    head = f"QN={qn};ST={message.st};CN={message.cn};PW={password};MN={mn};Flag={flag};"
    if pack:
        head += f"PNUM={pack[0]};PNO={pack[1]};"
    if rf:
        head += "RF=1;"
    segment = head.encode() + b"CP=&&" + cp + b"&&"
    if len(segment) > SEGMENT_MAX:
        raise Unsendable(f"the segment would have {len(segment)} bytes, at most {SEGMENT_MAX} are allowed")
    if target.sm4_key and may_be_encrypted(message.cn):
        return Ready(_encrypted(segment, target.sm4_key), qn, mn)
    return Ready(hj212.wrap(segment), qn, mn)


def _encrypted(segment: bytes, key: bytes) -> bytes:
    """The CRC is over the plaintext; length does not change. Guide to HJ 212 §10 [secondary]."""
    return b"##%04d%b%04X\r\n" % (len(segment), encrypt(segment, key), hj212.crc(segment))


def _content(message: Message) -> bytes:
    """CP as received."""
    segment = message.segment
    end = segment.rfind(b"&&", message.content_at)
    return segment[message.content_at : end if end >= 0 else len(segment)]


def _told(left: Left) -> str:
    """The first reasons, each once."""
    whys = list(dict.fromkeys(why for _, why in left))
    return "; ".join(whys[:SHOWN]) + (f" and {len(whys) - SHOWN} more" if len(whys) > SHOWN else "")


def _parts(message: Message, cp: bytes, edition: str) -> list[bytes]:
    """``cp`` in as many parts as the edition needs."""
    room = min(PARAMETERS_MAX.get(edition, SEGMENT_MAX), SEGMENT_MAX - _head_room(message))
    return [cp] if len(cp) <= room else _packed(_ITEM.findall(cp), room)


def _head_room(message: Message) -> int:
    """Bytes of a segment that are not CP: the longest names of HJ 212 and what its fields are called, with reserve."""
    return 130 + max(0, len(message.mn) - 24)


def _packed(items: Sequence[bytes], room: int) -> list[bytes]:
    """Items joined into parts of at most ``room`` bytes, each beginning with DataTime where there is one."""
    times = [item for item in items if item.lstrip().startswith(b"DataTime=")]
    first = times[0] + b";" if times else b""
    parts: list[bytes] = []
    for item in items:
        if times and item is times[0]:
            continue
        if len(first) + len(item) > room:
            raise Unsendable(f"item {item[:20]!r}… has {len(item)} bytes, more than a pack of {room} holds")
        if parts and len(parts[-1]) + 1 + len(item) <= room:
            parts[-1] += b";" + item
        else:
            parts.append(first + item)
    return parts or [times[0]]


def _numbers(qn: str, count: int) -> list[str]:
    """Every pack has a QN of its own: the original, and a millisecond more each. The same at each sending."""
    moment = parse_digits(qn) if len(qn) == 17 else None
    if moment is None:
        raise Unsendable(f"QN {qn[:20]!r} is no time, so that its packs could have none of their own")
    return [
        format_digits(moment + timedelta(milliseconds=n), milliseconds=True) if n else qn
        for n in range(count)
    ]
