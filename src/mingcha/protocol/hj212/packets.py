"""A message's readings as a packet of core. Grouped by factor code, never by position."""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from mingcha.core.clock import parse_digits
from mingcha.core.packets import KINDS, FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212.factors import canonical
from mingcha.protocol.hj212.message import Message
from mingcha.protocol.hj212.verdicts import FrameVerdict

_EXPONENT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?[eE][+-]?[0-9]{1,2}")
_FLAG = "Flag"


def packet_of(message: Message, *, received: datetime, ref: FrameRef | None) -> Packet | None:
    """The readings of an upload; None where the CN carries none, DataTime is unusable or the frame was refused.

    Codes of 2005 (``03``, ``S01``) become those of 2017; an unknown code stays as it is. Of a field that comes
    twice the first counts. A bare ``Flag`` stands for every factor without its own.
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
        code, field = _split(name)
        if code is not None:
            factors.setdefault(code, {}).setdefault(field, text)
        elif name == _FLAG:
            bare = bare or text
    return tuple(_reading(code, fields, bare) for code, fields in factors.items())


@lru_cache(maxsize=8192)  # a logger sends the same names for years
def _split(name: str) -> tuple[str | None, str]:
    """Factor and field of ``a21026-Avg``; no factor where the name is not of that form."""
    code, dash, field = name.partition("-")
    return (canonical(code), field) if dash else (None, name)


def _reading(code: str, fields: dict[str, str], bare: str) -> FactorReading:
    flag = fields.pop(_FLAG, bare)
    texts = "".join(fields.values())
    if "E" in texts or "e" in texts:
        fields = {name: _decimal(text) for name, text in fields.items()}
    return FactorReading(code, tuple(fields.items()), flag)


def _decimal(text: str) -> str:
    """``1.2E3`` as ``1200``: a tolerated exponent becomes the decimal text it stands for."""
    return format(Decimal(text), "f") if _EXPONENT.fullmatch(text) else text
