"""Compare what we make of the test frames with their recorded truth (``vectors/hj212_frames.jsonl``)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from mingcha.protocol.hj212.decoding import PLAIN, Decoding, reread
from mingcha.protocol.hj212.describe import describe, describe_rejected
from mingcha.protocol.hj212.dialect import Dialect
from mingcha.protocol.hj212.events import Event, Frame, Skipped
from mingcha.protocol.hj212.message import decode
from mingcha.protocol.hj212.splitter import Splitter

# Vectors whose advice we do not follow, and why.
EXPLAINED = {
    "hj0f06938361": "advice 'accept' looks at length and CRC only; there is no MN, so no station to accept it for",
    "hj7059faaf89": "advice 'wait' looks at the missing LF; all 1623 declared bytes are there, the CRC is Modbus",
}

_ACCEPT, _WARN, _REJECT = {"accepted", "deviating"}, {"deviating"}, {"rejected"}
# Advice (how it begins) → verdicts that follow it; the first that fits counts.
_ADVICE = (
    ("accept with warning", _WARN),
    ("accept, parse as 1200 with warning", _WARN),
    ("accept single pack, warn", _WARN),
    ("accept as a single pack with warning", _WARN),
    ("accept as normal upload, warn", _WARN),
    ("accept if registered (case-insensitive look-up, warn)", _WARN),
    ("accept", _ACCEPT),
    ("decrypt, then check CRC over plaintext, accept", _ACCEPT),
    ("store raw", _ACCEPT),
    ("reject CRC (or accept with warning if configured)", _REJECT | _WARN),
    ("reject", _REJECT),
    ("no station: reject", _REJECT),
    ("do not wait", _REJECT),
    ("tolerate if configured, else reject", _REJECT | _WARN),
    ("length wrong, CRC over the && delimited segment fits", _REJECT | _WARN),
    ("CRC fits: accept with warning or reject", _REJECT | _WARN),
    ("wait for more bytes, then time out", {"partial"}),
)


@dataclass(frozen=True, slots=True)
class Report:
    """``differences`` and ``explained``: (id, what)."""

    total: int
    differences: tuple[tuple[str, str], ...]
    explained: tuple[tuple[str, str], ...]

    @property
    def right(self) -> int:
        return self.total - len(self.explained) - len({name for name, _ in self.differences})

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": not self.differences,
            "total": self.total,
            "right": self.right,
            "differences": [{"id": name, "what": what} for name, what in self.differences],
            "explained": [{"id": name, "why": why} for name, why in self.explained],
        }


def run(lines: Iterable[str], *, backend: ModuleType | None = None) -> Report:
    """Read every vector and compare."""
    vectors = [json.loads(line) for line in lines if line.strip()]
    differences = [
        (vector["id"], what)
        for vector in vectors
        if vector["id"] not in EXPLAINED
        for what in compare(vector, backend=backend)
    ]
    explained = [(vector["id"], EXPLAINED[vector["id"]]) for vector in vectors if vector["id"] in EXPLAINED]
    return Report(len(vectors), tuple(differences), tuple(explained))


def bytes_of(vector: dict[str, Any]) -> bytes:
    """The frame as bytes."""
    return bytes.fromhex(vector["frame_hex"]) if "frame_hex" in vector else vector["frame"].encode()


def compare(vector: dict[str, Any], *, backend: ModuleType | None = None) -> Iterator[str]:
    """Every difference from the truth of ``vector``, as a sentence."""
    splitter = Splitter(backend=backend)
    raw = bytes_of(vector)
    events = [*splitter.receive(raw), *splitter.expire()]
    if b"".join(event.raw for event in events) != raw:
        yield "bytes were lost or doubled"
    if vector["kind"] == "stream":
        yield from _stream(vector, events)
        return
    found = [event for event in events if not isinstance(event, Skipped)]
    if len(found) != 1:
        yield f"{len(found)} events, expected 1"
        return
    yield from _single(vector, _described(found[0], backend))
    if vector.get("encrypted"):
        yield from _decrypted(vector, _described(found[0], backend, decoding_of(vector)))


def decoding_of(vector: dict[str, Any]) -> Decoding:
    """The key of an encrypted vector, and the setting that takes ciphertext written out as text."""
    return Decoding(Dialect(ciphertext="text"), (bytes.fromhex(vector["key_hex"]),))


def _described(event: Event, backend: ModuleType | None, decoding: Decoding = PLAIN) -> dict[str, Any]:
    if isinstance(event, Skipped):
        raise TypeError("blanks between frames have no description")
    event = reread(event, decoding)
    if isinstance(event, Frame):
        return describe(decode(event, dialect=decoding.dialect, backend=backend), reveal=True)
    return describe_rejected(event, reveal=True)


def _decrypted(vector: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    if found.get("decrypted") is not True:
        yield "the ciphertext was not decrypted with its key"
    yield from _verdict(vector, found)
    yield from _truth(vector, found)


def _stream(vector: dict[str, Any], events: list[Event]) -> Iterator[str]:
    segments = [event.segment.decode() for event in events if isinstance(event, Frame)]
    if segments != vector["expected_segments"]:
        yield f"{len(segments)} segments, expected {len(vector['expected_segments'])}, or other ones"


def _single(vector: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    yield from _verdict(vector, found)
    if vector["kind"] == "partial":
        return
    if not vector.get("encrypted"):
        yield from _truth(vector, found)
    elif not {"encrypted", "ciphertext_as_text"} & {problem["code"] for problem in found["problems"]}:
        yield "the ciphertext was not recognised"


def _verdict(vector: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    advice = vector["suggested_handling"]
    allowed = next((verdicts for start, verdicts in _ADVICE if advice.startswith(start)), set())
    if found["verdict"] not in allowed:
        yield f"verdict {found['verdict']}, advice {advice!r}"


def _truth(vector: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    recorded = (
        ("length_ok", "length_ok"),
        ("crc_ok", "crc_ok"),
        ("crc_expected", "crc_expected"),
        ("fields", "parsed"),
    )
    for name, expected in recorded:
        if found[name] != vector[expected]:
            yield f"{name} {found[name]}, expected {vector[expected]}"
