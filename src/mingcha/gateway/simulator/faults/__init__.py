"""What goes wrong, as composable spans: at the plant and its analysers, in the text of a frame, on link and wire.

A fault says when (``span``, None = always) and, where it strikes only now and then, how often
(``share`` of frames, decided repeatably from the frame). Give a logger any tuple of faults; they act
in the order given. To add one, copy its nearest sibling and enter it in ``BY_NAME``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mingcha.core.errors import BadInput
from mingcha.core.packets import number
from mingcha.core.spans import Span
from mingcha.gateway.simulator.faults.base import Fault
from mingcha.gateway.simulator.faults.link_faults import (
    Again,
    ClockDrift,
    Cut,
    Drop,
    Encryption,
    Future,
    Heartbeat,
    Late,
    NonNumber,
    OldKey,
    Registration,
    SplitPacks,
    Storm,
    UnknownFactor,
)
from mingcha.gateway.simulator.faults.plant_faults import (
    Exceedance,
    Flagged,
    SampleAndHold,
    Stop,
    Stuck,
)
from mingcha.gateway.simulator.faults.wire_faults import (
    Duplicate,
    Garbage,
    GbkText,
    HalfFrame,
    MissingCrlf,
    ModbusHigh,
    ModbusLow,
    WrongCrc,
    WrongLength,
)

__all__ = [
    "BY_NAME",
    "FRAMES",
    "LOGGERS",
    "ONLY_2025",
    "Again",
    "ClockDrift",
    "Cut",
    "Drop",
    "Duplicate",
    "Encryption",
    "Exceedance",
    "Fault",
    "Flagged",
    "Future",
    "Garbage",
    "GbkText",
    "HalfFrame",
    "Heartbeat",
    "Late",
    "MissingCrlf",
    "ModbusHigh",
    "ModbusLow",
    "Named",
    "NonNumber",
    "OldKey",
    "Registration",
    "SampleAndHold",
    "SplitPacks",
    "Stop",
    "Storm",
    "Stuck",
    "UnknownFactor",
    "WrongCrc",
    "WrongLength",
    "has",
    "named",
]

FRAMES, LOGGERS = "frames", "loggers"  # what a rate is a share of


@dataclass(frozen=True, slots=True)
class Named:
    """A fault of ``mingcha simulate --faults``. ``rate``: share of the frames, or of the loggers, it strikes."""

    fault: type[Fault]
    rate: float = 1.0
    of: str = LOGGERS

    @property
    def text(self) -> str:
        return " ".join((self.fault.__doc__ or "").replace("``", "").split())


BY_NAME: dict[str, Named] = {
    "exceedance": Named(Exceedance),
    "stuck": Named(Stuck),
    "hold": Named(SampleAndHold),
    "stop": Named(Stop),
    "maintenance": Named(Flagged),
    "cut": Named(Cut),
    "drop": Named(Drop, 0.05, FRAMES),
    "storm": Named(Storm),
    "drift": Named(ClockDrift),
    "late": Named(Late, 0.2, FRAMES),
    "again": Named(Again, 0.2, FRAMES),
    "duplicate": Named(Duplicate, 0.2, FRAMES),
    "garbage": Named(Garbage, 0.2, FRAMES),
    "half": Named(HalfFrame, 0.1, FRAMES),
    "crc": Named(WrongCrc, 0.2, FRAMES),
    "modbus-low": Named(ModbusLow, 1.0, FRAMES),
    "modbus-high": Named(ModbusHigh, 1.0, FRAMES),
    "length": Named(WrongLength, 0.2, FRAMES),
    "crlf": Named(MissingCrlf, 0.2, FRAMES),
    "gbk": Named(GbkText, 0.2, FRAMES),
    "split": Named(SplitPacks, 1.0, FRAMES),
    "future": Named(Future, 0.1, FRAMES),
    "unknown-factor": Named(UnknownFactor, 0.2, FRAMES),
    "non-number": Named(NonNumber, 0.2, FRAMES),
    "encryption": Named(Encryption),
    "heartbeat": Named(Heartbeat),
    "old-key": Named(OldKey),
    "registration": Named(Registration),
}
ONLY_2025 = (Encryption, Heartbeat, OldKey, Registration)


def named(name: str, *, start: datetime, length: timedelta) -> Fault:
    """The fault ``name`` or ``name:rate`` as ``mingcha simulate`` makes it: in ``[start, start + length)``.

    Raises:
        BadInput: there is no such fault, or the rate is none; the message lists the faults that are.
    """
    word, colon, rate = name.partition(":")
    if word not in BY_NAME:
        raise BadInput({"faults": f"no fault is named {word!r}; known: {', '.join(BY_NAME)}"})
    found = BY_NAME[word]
    share = number(rate) if colon else found.rate
    if share is None or not 0.0 < share <= 1.0:
        raise BadInput({"faults": f"{rate!r} is no rate of {word}; expected a number over 0 and up to 1"})
    return found.fault(span=Span(start, start + length), share=share)


def has(faults: Sequence[Fault], kind: type[Fault]) -> bool:
    return any(isinstance(fault, kind) for fault in faults)
