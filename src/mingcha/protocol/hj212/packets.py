"""A message's readings as a packet of core. Grouped by factor code, never by position."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from mingcha.core.clock import parse_digits
from mingcha.core.packets import DAY, FURNACE, HOUR, KINDS, MINUTE, FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212 import numbers
from mingcha.protocol.hj212.dialect import Dialect
from mingcha.protocol.hj212.factors import canonical
from mingcha.protocol.hj212.limits import FURNACE_MIN
from mingcha.protocol.hj212.message import Message
from mingcha.protocol.hj212.verdicts import FrameVerdict

_FLAG = "Flag"


def packet_of(message: Message, *, received: datetime, ref: FrameRef | None) -> Packet | None:
    """The readings of an upload; None where the CN carries none, DataTime is unusable or the frame was refused.

    Codes of 2005 (``03``, ``S01``) become those of 2017, the station's own codes and data flags those they stand
    for; an unknown code stays as it is. Of a field that comes twice the first counts. A bare ``Flag`` stands for
    every factor without its own. Where the station sends the end of an interval, its start is computed.
    """
    if message.cn not in KINDS or message.verdict is FrameVerdict.REJECTED:
        return None
    time = data_time(message)
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


def data_time(message: Message) -> datetime | None:
    """DataTime as UTC: the start of the interval, the instant of real-time data; None where it is no time."""
    time = parse_digits((message.field("DataTime") or "")[:14])
    if time is None or message.dialect.data_time == "start":
        return time
    return time - interval(message.cn, message.dialect)


def interval(cn: str, dialect: Dialect) -> timedelta:
    """The length of the interval that an upload reports; zero for an instant."""
    if cn == MINUTE:
        return timedelta(minutes=dialect.minutes)
    return _INTERVALS.get(cn, timedelta())


_INTERVALS = {FURNACE: timedelta(minutes=FURNACE_MIN), HOUR: timedelta(hours=1), DAY: timedelta(days=1)}


def _readings(message: Message) -> tuple[FactorReading, ...]:
    factors: dict[str, dict[str, str]] = {}
    bare = ""
    split = _own_split(message.dialect) if message.dialect.factors else _split
    for name, text in message.fields:
        code, field = split(name)
        if code is not None:
            factors.setdefault(code, {}).setdefault(field, text)
        elif name == _FLAG:
            bare = bare or text
    letters = dict(message.dialect.data_flags)
    return tuple(_reading(code, fields, bare, letters) for code, fields in factors.items())


@lru_cache(maxsize=8192)  # a logger sends the same names for years
def _split(name: str) -> tuple[str | None, str]:
    """Factor and field of ``a21026-Avg``; no factor where the name is not of that form."""
    code, dash, field = name.partition("-")
    return (canonical(code), field) if dash else (None, name)


def _own_split(dialect: Dialect) -> Callable[[str], tuple[str | None, str]]:
    """``_split`` for a station with codes of its own."""

    def split(name: str) -> tuple[str | None, str]:
        code, dash, field = name.partition("-")
        return (canonical(code, dialect.factors), field) if dash else (None, name)

    return split


def _reading(code: str, fields: dict[str, str], bare: str, letters: dict[str, str]) -> FactorReading:
    flag = fields.pop(_FLAG, bare)
    texts = "".join(fields.values())
    if "E" in texts or "e" in texts:
        fields = {name: _decimal(text) for name, text in fields.items()}
    return FactorReading(code, tuple(fields.items()), letters.get(flag, flag))


def _decimal(text: str) -> str:
    """``1.2E3`` as ``1200``: a tolerated exponent becomes the decimal text it stands for."""
    number = numbers.parse_exponent(text)
    return text if number is None else numbers.plain(number)
