"""The functions of the codec in plain Python: ``crc``, ``cut`` (framing), ``header``, ``parameters`` (grammar), ``opened``.

What reads messages needs no more of a back end than these; ``_pure.py`` adds the classes of its own to make the twin of
``_codec.pyx``.
"""

import re
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TypeVar

from mingcha.protocol.hj212 import damage
from mingcha.protocol.hj212.crc import crc, parse_hex
from mingcha.protocol.hj212.events import Event, Frame, Problem, Rejected, Skipped
from mingcha.protocol.hj212.limits import CRC_DIGITS, HEAD
from mingcha.protocol.hj212.segment import header, parameters
from mingcha.protocol.hj212.verdicts import problem

M = TypeVar("M")
D = TypeVar("D")

_TOKENS = (b"\r\n", b"\xef\xbb\xbf", b"\\r\\n", b"\r", b"\n", b" ", b"\t", b"\0")
_TOKEN_STARTS = frozenset(token[0] for token in _TOKENS)
_SKIPPED = {token: Skipped(token) for token in _TOKENS}
_SHARPS = re.compile(rb"#+")
_WAITING = tuple(token[:size] for token in _TOKENS for size in range(1, len(token)))

__all__ = ["crc", "cut", "header", "next_event", "opened", "parameters"]


def opened(cls: Callable[[Frame, ModuleType, D], M], frame: Frame, dialect: D, backend: ModuleType) -> M:
    """The message of ``frame``."""
    return cls(frame, backend, dialect)


def cut(buffer: bytes, ceiling: int, policy: int, final: bool) -> tuple[list[Event], int]:
    """The events that ``buffer`` completes, and how many of its bytes they use.

    ``final``: nothing will follow; every byte is used.
    """
    events: list[Event] = []
    scan = damage.Scan(buffer, crc)
    at = 0
    while at < len(buffer):
        event = next_event(buffer, at, ceiling, policy, final, scan)
        if event is None:
            break
        events.append(event)
        at += len(event.raw)
    return events, at


def next_event(
    buffer: bytes, at: int, ceiling: int, policy: int, final: bool, scan: damage.Scan
) -> Event | None:
    """``scan``: the same one for all calls on this buffer."""
    if buffer.startswith(b"##", at):
        return _start(buffer, at, ceiling, policy, final, scan)
    if buffer[at] in _TOKEN_STARTS:
        if not final and len(buffer) - at < 4 and buffer[at:] in _WAITING:
            return None
        for token in _TOKENS:
            if buffer.startswith(token, at):
                return _SKIPPED[token]
    end = scan.run_end(at, at + 1, ceiling + HEAD + CRC_DIGITS, final=final)
    return None if end < 0 else Rejected(buffer[at:end], _garbage(end - at))


@cache
def _garbage(size: int) -> Problem:
    """One for each size up to the longest run."""
    return problem("garbage", f"{size} bytes")


def _start(buffer: bytes, at: int, ceiling: int, policy: int, final: bool, scan: damage.Scan) -> Event | None:
    cap = ceiling + HEAD + CRC_DIGITS
    if buffer.startswith(b"###", at):
        return _surplus(buffer, at, cap, final)
    field = buffer[at + 2 : at + HEAD]
    if len(field) < CRC_DIGITS and not final:
        return None
    incomplete = len(field) < CRC_DIGITS
    if len(field) == CRC_DIGITS and field.isdigit() and int(field) <= ceiling:
        end = at + HEAD + int(field) + CRC_DIGITS
        incomplete = scan.inner_start(at + HEAD, end)
        if not incomplete and end <= len(buffer):
            frame = _whole(buffer[at:end], scan.crc)
            if frame is not None:
                return frame
        elif not incomplete and not final:
            return None
        incomplete |= end > len(buffer)
    stop = scan.run_end(at, at + 2, cap, final=final)
    if stop < 0:
        return None
    return damage.damaged(buffer[at:stop], ceiling=ceiling, policy=policy, incomplete=incomplete)


def _surplus(buffer: bytes, at: int, cap: int, final: bool) -> Event | None:
    """``#`` before the last two of a run are garbage."""
    found = _SHARPS.match(buffer, at, at + cap + 1)
    end = at if found is None else found.end()
    if end == len(buffer) and end - at <= cap and not final:
        return None
    size = min(end - at, cap) - 2
    return Rejected(buffer[at : at + size], _garbage(size))


def _whole(raw: bytes, crc: Callable[[bytes], int]) -> Frame | None:
    """The frame ``raw`` of the declared length, if its CRC and structure hold."""
    given = parse_hex(raw[-CRC_DIGITS:])
    if given is None:
        return None
    segment = raw[HEAD:-CRC_DIGITS]
    if damage.looks_encrypted(segment):
        return Frame(raw, segment, damage.encrypted(fits=crc(segment) == given))
    return Frame(raw, segment) if damage.starts_segment(segment) and crc(segment) == given else None
