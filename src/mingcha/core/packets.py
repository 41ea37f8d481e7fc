"""What one data frame says, as values: the word that protocol, store and simulator share.

A packet is one frame's readings of one moment or interval. It keeps the decimal text as received;
floats are made where arithmetic needs them.
"""

from dataclasses import dataclass
from datetime import datetime

from mingcha.core.refs import FrameRef

# CN of the uploads that carry readings; HJ 212-2017 table 9, 2111 by HJ 212-2025.
REALTIME, MINUTE, HOUR, DAY, FURNACE = "2011", "2051", "2061", "2031", "2111"
KINDS = (REALTIME, MINUTE, HOUR, DAY, FURNACE)


@dataclass(frozen=True, slots=True)
class FactorReading:
    """One factor of one packet. ``fields``: (sub-field, decimal text) in the order received.

    ``flag`` is the data flag as received ("" where none came). A text that is no number
    (``NaN``, ``-``, a condition mark) stays as text.
    """

    factor: str
    fields: tuple[tuple[str, str], ...]
    flag: str = ""

    def get(self, field: str) -> str | None:
        """The text of ``field`` (``Rtd``, ``Avg``, ``ZsAvg``, ``Cou`` …), or None."""
        for name, text in self.fields:
            if name == field:
                return text
        return None


@dataclass(frozen=True, slots=True)
class Packet:
    """The readings of one frame.

    ``time``: DataTime as UTC; start of the interval (instant for 2011). ``qn``: 17 digits as sent,
    or "". ``supplement``: RF=1. ``late`` is decided where the clock is known, not here.
    """

    mn: str
    st: str
    cn: str
    time: datetime
    readings: tuple[FactorReading, ...]
    edition: str = ""
    qn: str = ""
    supplement: bool = False
    received: datetime | None = None
    ref: FrameRef | None = None

    @property
    def point(self) -> str:
        """The key under which readings are kept: ``MN/ST``."""
        return f"{self.mn}/{self.st}"


def number(text: str | None) -> float | None:
    """The value of a decimal text, or None: exactly ``[-]digits[.digits]``.

    Python's own number grammar never defines the wire's: no exponent, blank, underscore,
    ``nan`` or ``inf``. What is not of this form is kept as text and counts as missing.
    """
    if not text or len(text) > 32:
        return None
    body = text[1:] if text[0] == "-" else text
    whole, dot, part = body.partition(".")
    if not (whole.isascii() and whole.isdigit()):
        return None
    if dot and not (part.isascii() and part.isdigit()):
        return None
    return float(text)
