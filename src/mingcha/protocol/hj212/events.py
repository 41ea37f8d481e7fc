"""What leaves the splitter: frames, refusals and the blanks between them.

Together the ``raw`` of all events, in order, are the bytes received.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A named deviation from the standard. ``code`` is listed in ``verdicts.py``; ``text`` says what was found."""

    code: str
    clause: str
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose CRC fits, or whose deviation is tolerated and named in ``problems``."""

    raw: bytes  # exactly as received, without the bytes after the CRC
    segment: bytes  # the data segment, between the length and the CRC
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that are no acceptable frame. The bytes of a frame behind them are never inside."""

    raw: bytes
    problem: Problem


@dataclass(frozen=True, slots=True)
class Skipped:
    """CR LF, a blank, a byte order mark or a spelled-out CR LF between frames; no verdict is needed."""

    raw: bytes


Event = Frame | Rejected | Skipped
