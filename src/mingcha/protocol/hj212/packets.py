"""A message's readings as a packet of core. Grouped by factor code, never by position."""

import re
from datetime import datetime
from decimal import Decimal

from mingcha.core.clock import parse_digits
from mingcha.core.packets import KINDS, FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212.message import Message
from mingcha.protocol.hj212.verdicts import FrameVerdict

_EXPONENT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?[eE][+-]?[0-9]{1,2}")
_FLAG = "Flag"


def packet_of(message: Message, *, received: datetime, ref: FrameRef | None) -> Packet | None:
    """The readings of an upload; None where the CN carries none, DataTime is unusable or the frame was refused.

    Of a field that comes twice the first counts. A bare ``Flag`` stands for every factor without its own.
    """
    if message.cn not in KINDS or message.verdict is FrameVerdict.REJECTED:
        return None
    time = parse_digits((message.field("DataTime") or "")[:14])
    readings = _readings(message)
    if time is None or not readings:
        return None
    return Packet(
        mn=message.mn,
        st=message.st,
        cn=message.cn,
        time=time,
        readings=readings,
        edition=message.edition or "",
        qn=message.qn,
        supplement=message.supplement,
        received=received,
        ref=ref,
    )


def _readings(message: Message) -> tuple[FactorReading, ...]:
    factors: dict[str, dict[str, str]] = {}
    bare = ""
    for name, text in message.fields:
        code, dash, field = name.partition("-")
        if dash:
            factors.setdefault(code, {}).setdefault(field, text)
        elif name == _FLAG:
            bare = bare or text
    return tuple(_reading(code, fields, bare) for code, fields in factors.items())


def _reading(code: str, fields: dict[str, str], bare: str) -> FactorReading:
    values = tuple((name, _decimal(text)) for name, text in fields.items() if name != _FLAG)
    return FactorReading(code, values, fields.get(_FLAG, bare))


def _decimal(text: str) -> str:
    """``1.2E3`` as ``1200``: a tolerated exponent becomes the decimal text it stands for."""
    if "E" not in text and "e" not in text:
        return text
    return format(Decimal(text), "f") if _EXPONENT.fullmatch(text) else text
