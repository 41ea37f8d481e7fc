"""What is wrong with bytes that are no good frame: one diagnosis for both back ends.

Only damaged input comes here, so plain Python is fast enough.
"""

import re
import sys
from collections.abc import Callable

from mingcha.protocol.hj212.crc import DIALECTS, crc, dialect_name, parse_hex
from mingcha.protocol.hj212.events import Frame, Problem, Rejected
from mingcha.protocol.hj212.limits import (
    CIPHER_BLOCK,
    CIPHER_STRANGE,
    COUNTED_ENVELOPE,
    CRC_DIGITS,
    HEAD,
    HEADER,
    LengthPolicy,
    may_be_encrypted,
)
from mingcha.protocol.hj212.segment import text_of
from mingcha.protocol.hj212.verdicts import problem

OPEN, CLOSE = b"CP=&&", b"&&"

_NAMES = b"|".join(name.encode() for name in HEADER)
_STARTS = re.compile(rb"[ ]*(?:" + _NAMES + rb")[ ]*=")
_INNER = re.compile(rb"##[0-9]{4}(?:" + _NAMES + rb")=")
_ENDS = re.compile(rb"(?=&&([0-9A-Fa-f]{4}))")
_HEAD_DIGITS = re.compile(rb"##([0-9]{0,4})")
_CN = re.compile(rb"(?:^|;)CN=([0-9]{4});")
_FLAG_2025 = re.compile(rb"(?:^|;)Flag=(?:8|9|10|11);")
_PLAIN_START = re.compile(rb"[0-9A-Za-z_-]{1,24}=")
_STRANGE = bytes(range(0x20, 0x7F))
NOWHERE = sys.maxsize


def starts_segment(segment: bytes) -> bool:
    """Whether ``segment`` begins with a field of the header. A fitting CRC alone proves little (1 in 256)."""
    return _STARTS.match(segment) is not None


class Scan:
    """What is asked of one buffer again and again, found once: hostile bytes ask at every sixth byte for the next 4,096.

    ``crc``: the function of the back end that asks. Starts only go up.
    """

    __slots__ = ("_at", "_buffer", "_end", "_head", "crc")

    def __init__(self, buffer: bytes, crc: Callable[[bytes], int]) -> None:
        self._buffer = buffer
        self._at = self._end = self._head = -1
        self.crc = crc

    def inner_start(self, start: int, end: int) -> bool:
        """Whether another frame visibly begins within ``[start, end)``: the one before was cut short."""
        if self._at < start:
            found = _INNER.search(self._buffer, start)
            self._at, self._end = found.span() if found is not None else (NOWHERE, NOWHERE)
        return self._end <= end

    def run_end(self, at: int, start: int, cap: int, *, final: bool) -> int:
        """Where the damaged run that begins at ``at`` ends: before the next ``##`` found from ``start`` on,
        behind a line feed, or after ``cap`` bytes; -1 where that is not yet known.

        The answer follows from the bytes alone, never from how they were cut.
        """
        limit = at + cap
        if self._head < start:
            found = self._buffer.find(b"##", start)
            self._head = NOWHERE if found < 0 else found
        near = self._head < limit
        feed = self._buffer.find(b"\n", start, self._head if near else limit)
        if feed >= 0:
            return feed + 1
        if near:
            return self._head
        if len(self._buffer) > limit:
            return limit
        return len(self._buffer) if final else -1


def looks_encrypted(segment: bytes) -> bool:
    """Whether CP holds ciphertext of HJ 212-2025: right command, right Flag, unprintable blocks."""
    if not segment.endswith(CLOSE):
        return False
    at = segment.find(OPEN)
    body = segment[at + len(OPEN) : -len(CLOSE)]
    if at < 0 or len(body) < CIPHER_BLOCK:
        return False
    command = _CN.search(segment, 0, at)
    if command is None or not may_be_encrypted(command[1].decode()) or not _FLAG_2025.search(segment, 0, at):
        return False
    first, blocks = body[:CIPHER_BLOCK], body[: len(body) // CIPHER_BLOCK * CIPHER_BLOCK]
    if _PLAIN_START.match(body) and len(first.translate(None, _STRANGE)) < CIPHER_STRANGE:
        return False  # a long Chinese text behind its name
    return len(blocks.translate(None, _STRANGE)) * CIPHER_BLOCK >= CIPHER_STRANGE * len(blocks)


def encrypted(*, fits: bool) -> tuple[Problem, ...]:
    """The problems of a frame that is kept unread for want of a key. ``fits``: the CRC fits the ciphertext."""
    return (
        problem(
            "encrypted", "the CRC fits the ciphertext, by chance or as it was made over it" if fits else ""
        ),
    )


def salvage(raw: bytes) -> tuple[bytes, bytes] | None:
    """The segment that ends at the last ``&&`` followed by four hex digits, and these digits.

    Where there is no such end, four digits at the very end that fit all before them as CRC.
    """
    head = _HEAD_DIGITS.match(raw)
    if head is None:
        return None
    ends = list(_ENDS.finditer(raw, head.end())) if CLOSE in raw else []
    if ends:
        return raw[head.end() : ends[-1].start() + len(CLOSE)], ends[-1][1]
    kept = raw.rstrip(b"\r\n ")
    segment, digits = kept[head.end() : -CRC_DIGITS], kept[-CRC_DIGITS:]
    if not segment:
        return None
    given = parse_hex(digits)
    return (segment, digits) if given is not None and given == crc(segment) else None


def declared_length(raw: bytes) -> int | None:
    """The length field; None where it is not four digits."""
    head = _HEAD_DIGITS.match(raw)
    return int(head[1]) if head is not None and len(head[1]) == 4 else None


def damaged(run: bytes, *, ceiling: int, policy: int, incomplete: bool) -> Frame | Rejected:
    """Name what is wrong with ``run``, which begins with ``##``; or take its frame out if the policy says so.

    ``incomplete``: the stream ended before the declared length was reached.
    """
    found = salvage(run)
    if found is None:
        return Rejected(run, _without_end(run, ceiling, incomplete=incomplete))
    segment, digits = found
    given, expected = int(digits, 16), crc(segment)
    if given == expected and starts_segment(segment) and tolerated(run, segment, policy):
        end = run.index(segment) + len(segment) + CRC_DIGITS
        return Frame(run[:end], segment, (length_problem(run, segment),))
    return Rejected(run, _named(run, segment, given, expected, ceiling))


def length_problem(run: bytes, segment: bytes) -> Problem:
    """The name of a tolerated wrong length."""
    code = "length_characters" if counts_characters(run, segment) else "length_wrong"
    return problem(code, f"declared {run[2:HEAD].decode('ascii', 'replace')}, found {len(segment)}")


def counts_characters(run: bytes, segment: bytes) -> bool:
    """Whether the length is the number of characters, not of bytes."""
    text = text_of(segment)[0]
    return len(text) != len(segment) and declared_length(run) == len(text)


def tolerated(run: bytes, segment: bytes, policy: int) -> bool:
    declared = declared_length(run)
    if policy == LengthPolicy.EXPLAINED:
        if declared is None:
            return False
        return declared - len(segment) in COUNTED_ENVELOPE or counts_characters(run, segment)
    return policy == LengthPolicy.ANY


def _length_field(run: bytes, ceiling: int) -> Problem | None:
    declared = declared_length(run)
    if declared is None:
        return problem("length_digits", f"found {run[2:HEAD]!r}; expected four digits, zero-padded")
    if declared > ceiling:
        return problem("length_ceiling", f"found {declared}; we take up to {ceiling}")
    return None


def _without_end(run: bytes, ceiling: int, *, incomplete: bool) -> Problem:
    """The problem of a run in which no ``&&`` with a CRC is found."""
    if incomplete and (len(run) < HEAD or declared_length(run) is not None):
        return problem("half_frame", f"{len(run)} bytes, then nothing")
    field = _length_field(run, ceiling)
    if field is not None:
        return field
    declared = declared_length(run) or 0
    segment, digits = run[HEAD : HEAD + declared], run[HEAD + declared : HEAD + declared + CRC_DIGITS]
    given = parse_hex(digits)
    if given is None or len(segment) < declared:
        return problem("crc_missing", f"found {digits!r} behind {declared} bytes")
    return _crc_problem(segment, given, crc(segment))


def _named(run: bytes, segment: bytes, given: int, expected: int, ceiling: int) -> Problem:
    field = _length_field(run, ceiling)
    if field is not None:
        return field
    declared = declared_length(run)
    if b"CP=&&{0x" in segment:
        return problem("ciphertext_as_text", "send the bytes themselves between CP=&& and &&")
    if declared == len(segment):
        return _crc_problem(segment, given, expected)
    text = f"declared {declared}, found {len(segment)} up to &&"
    if given == expected:
        return problem("length", text)
    return problem("length_and_crc", f"{text}; CRC {given:04X}, expected {expected:04X}")


def _crc_problem(segment: bytes, given: int, expected: int) -> Problem:
    if given == expected:
        return problem(
            "structure", f"begins with {segment[:12]!r}; expected QN=, ST= or another header field"
        )
    text = f"found {given:04X}, expected {expected:04X}"
    name = dialect_name(segment, given, expected)
    return problem("crc", text) if name is None else problem(f"crc_{name}", f"{text} ({DIALECTS[name]})")
