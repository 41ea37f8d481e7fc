"""What ``mingcha hj212 decode --jsonl`` prints about an event: plain values for JSON, passwords hidden."""

import hashlib
from typing import Any

from mingcha.protocol.hj212 import codec, damage
from mingcha.protocol.hj212.crc import parse_hex
from mingcha.protocol.hj212.events import Event, Frame, Problem, Rejected, Skipped
from mingcha.protocol.hj212.limits import CRC_DIGITS, HEAD
from mingcha.protocol.hj212.mask import masked_fields
from mingcha.protocol.hj212.message import Message, decode
from mingcha.protocol.hj212.segment import OPEN
from mingcha.protocol.hj212.verdicts import FrameVerdict, problem

_HALF = "half_frame"
_TAIL = b"\r\n \t\0"


def describe(
    message: Message, *, offset: int = 0, reveal: bool = False, more: tuple[Problem, ...] = ()
) -> dict[str, Any]:
    """A frame. ``more``: problems known only from the bytes around it. ``reveal`` leaves passwords readable."""
    given = parse_hex(message.raw.rstrip(_TAIL)[-CRC_DIGITS:])
    expected = None if message.encrypted else codec.crc(message.segment)
    problems = message.problems + more
    verdict = message.verdict
    if more and verdict is FrameVerdict.ACCEPTED:
        verdict = FrameVerdict.DEVIATING
    return {
        "verdict": verdict.value,
        "edition": message.edition,
        "length_ok": damage.declared_length(message.raw)
        == len(message.raw.rstrip(_TAIL)) - HEAD - CRC_DIGITS,
        "crc_ok": None if expected is None else given == expected,
        "crc_expected": None if expected is None else f"{expected:04X}",
        "fields": _fields(message, reveal=reveal),
        **_trimmed(message, reveal=reveal),
        **_decrypted(message),
        "problems": _problems(problems),
        "raw_sha256": hashlib.sha256(message.raw).hexdigest(),
        "offset": offset,
    }


def describe_rejected(event: Rejected, *, offset: int = 0, reveal: bool = False) -> dict[str, Any]:
    """Refused bytes: what can still be read of them, and why they were refused."""
    found = damage.salvage(event.raw)
    message = decode(Frame(event.raw, found[0])) if found is not None else None
    expected = codec.crc(found[0]) if found is not None else None
    declared = damage.declared_length(event.raw)
    return {
        "verdict": (FrameVerdict.PARTIAL if event.problem.code == _HALF else FrameVerdict.REJECTED).value,
        "edition": message.edition if message is not None else None,
        "length_ok": found is not None and declared == len(found[0]),
        "crc_ok": found is not None and expected is not None and parse_hex(found[1]) == expected,
        "crc_expected": None if expected is None else f"{expected:04X}",
        "fields": None if message is None else _fields(message, reveal=reveal),
        "problems": _problems((event.problem,)),
        "raw_sha256": hashlib.sha256(event.raw).hexdigest(),
        "offset": offset,
    }


def _decrypted(message: Message) -> dict[str, bool]:
    """Only of encrypted frames: whether they could be read. What is plain stands in the bytes as received."""
    if message.encrypted:
        return {"decrypted": False}
    return {} if message.segment in message.raw else {"decrypted": True}


def _problems(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    return [{"code": p.code, "clause": p.clause, "text": p.text} for p in problems]


def _items(message: Message, *, reveal: bool) -> list[dict[str, Any]]:
    return [dict(item) if reveal else _masked(item) for item in message.cp]


def _masked(item: dict[str, Any]) -> dict[str, Any]:
    return {n: "*" * len(str(v)) if n in ("PW", "NewPW", "NewSK") else v for n, v in item.items()}


def _fields(message: Message, *, reveal: bool) -> dict[str, Any]:
    """The literal split: CP is opened by exactly ``CP=&&``."""
    header = message.header if reveal else masked_fields(message.header)
    return {**header, "CP": _items(message, reveal=reveal) if OPEN in message.segment else []}


def _trimmed(message: Message, *, reveal: bool) -> dict[str, Any]:
    """What was read where blanks stood inside ``CP=&&``."""
    return {} if OPEN in message.segment or not message.cp else {"trimmed": _items(message, reveal=reveal)}


def tail_problems(behind: Event | None) -> tuple[Problem, ...]:
    """What the event behind a frame says of its tail; None: nothing came. A frame counts without any tail."""
    if isinstance(behind, Skipped) and behind.raw == b"\r\n":
        return ()
    found = behind.raw[:4] if isinstance(behind, Skipped) else b""
    return (problem("tail", f"found {found!r}; expected CR LF"),)
