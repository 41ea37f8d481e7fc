"""Raw frames as pages show them: decoded, as bytes, hashed, checked against the journal. Passwords are hidden."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain, islice
from typing import Any

from mingcha.core.clock import from_us, to_us
from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.gateway.words import word_of
from mingcha.protocol.hj212 import (
    PLAIN,
    Decoding,
    Frame,
    Rejected,
    Splitter,
    decode,
    describe,
    describe_rejected,
    mask,
    reread,
)
from mingcha.store.journal import Direction, Entry, JournalReader
from mingcha.store.journal.places import Held, Places, newest_of

SHOWN = 200  # ui.md §3.15
SCANNED = 50_000  # entries looked through for a filter before the page gives up
WINDOW = timedelta(days=7)
BYTES_A_ROW = 16


@dataclass(frozen=True, slots=True)
class FrameView:
    """One journal entry. ``text``: masked, as Latin-1 with dots; ``described``: None for what was sent by us."""

    ref: FrameRef
    received: datetime
    sent: bool
    conn: str
    mn: str
    verdict: str
    text: str
    rows: tuple[tuple[str, str, str], ...]
    sha256: str
    size: int
    block_hash: str
    state: str
    described: dict[str, Any] | None


def frame_view(
    journal: JournalReader, ref: FrameRef, decodings: Callable[[str, datetime], Decoding] | None = None
) -> FrameView:
    """One frame, read from the journal and checked against the hashes of its block just now.

    ``decodings``: settings and keys by MN and moment; without them it is read plainly.

    Raises:
        NotFound: the journal has no such frame.
        BrokenEvidence: the journal cannot be read at all.
    """
    entry = journal.read(ref)
    shown = mask(entry.raw)
    return FrameView(
        ref=ref,
        received=from_us(entry.received_us),
        sent=entry.direction is Direction.OUT,
        conn=entry.conn,
        mn=entry.mn,
        verdict=word_of(entry.verdict) or "answer",
        text=text_of(shown),
        rows=tuple(_dump(shown)),
        sha256=hashlib.sha256(entry.raw).hexdigest(),
        size=len(entry.raw),
        block_hash=journal.block_hash(ref),
        state="verified",
        described=described(
            entry.raw, decodings(entry.mn, from_us(entry.received_us)) if decodings else PLAIN
        ),
    )


def frame_or_none(journal: JournalReader, ref: FrameRef | None) -> FrameView | None:
    """The frame, or None where it is no longer kept or its block is damaged."""
    if ref is None:
        return None
    try:
        return frame_view(journal, ref)
    except (NotFound, BrokenEvidence):
        return None


def parse_ref(text: str) -> FrameRef:
    """A reference out of an address.

    Raises:
        NotFound: it names no frame.
    """
    try:
        return FrameRef.parse(text)
    except ValueError as error:
        raise NotFound(str(error)) from None


def described(raw: bytes, decoding: Decoding = PLAIN) -> dict[str, Any] | None:
    """The first frame in ``raw`` as its station's settings and keys read it, secrets hidden; None: there is none."""
    splitter = Splitter()
    for event in [*splitter.receive(raw), *splitter.expire()]:
        if isinstance(event, Frame | Rejected):
            found = reread(event, decoding)
            if isinstance(found, Frame):
                return describe(decode(found, dialect=decoding.dialect))
            return describe_rejected(found)
    return None


def text_of(raw: bytes) -> str:
    """In letters that any font has: CR and LF as escapes, other bytes without a letter as a dot."""
    return "".join({13: "\\r", 10: "\\n"}.get(b) or _letter(b) for b in raw)


def _letter(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else "·"


def _dump(raw: bytes) -> list[tuple[str, str, str]]:
    """Offset, hex and text, 16 bytes a row."""
    parts = [(at, raw[at : at + BYTES_A_ROW]) for at in range(0, len(raw), BYTES_A_ROW)]
    return [(f"{at:04x}", part.hex(" "), "".join(map(_letter, part))) for at, part in parts]


def recent(
    journal: JournalReader,
    now: datetime,
    *,
    mn: str = "",
    verdict: str = "",
    received_only: bool = True,
    reachable: Collection[str] | None = None,
    places: Places | None = None,
) -> tuple[list[tuple[FrameRef, Entry]], int]:
    """Up to 200 of the newest entries that fit, newest first, and how many were looked through.

    ``reachable``: the MNs whose frames the viewer may see; None means all. ``places``: where the frames of a station stand;
    with it those of a station named whole are found however long ago they came, and all others of the last days.
    """
    stream = newest(journal, now - WINDOW, now)
    if places is not None and mn and (held := places.held(mn)):
        stream = _of_station(journal, places, held, mn)
    found: list[tuple[FrameRef, Entry]] = []
    scanned = 0
    for ref, entry in islice(stream, SCANNED):
        scanned += 1
        hidden = reachable is not None and entry.mn not in reachable
        if hidden or (received_only and entry.direction is Direction.OUT):
            continue
        if mn in entry.mn and verdict in ("", word_of(entry.verdict)):
            found.append((ref, entry))
        if len(found) == SHOWN:
            break
    return found, scanned


def _of_station(
    journal: JournalReader, places: Places, held: list[Held], mn: str
) -> Iterator[tuple[FrameRef, Entry]]:
    """What came after the index was last brought up to date, then what the index names."""
    tail = [found for found in islice(journal.since(places.positions()), SCANNED) if found[1].mn == mn]
    return chain(reversed(tail), newest_of(journal, held, mn))


def newest(journal: JournalReader, start: datetime, end: datetime) -> Iterator[tuple[FrameRef, Entry]]:
    """Entries of all gateways around ``[start, end)``, whole blocks, the newest first."""
    streams = [_backwards(journal, name, start, end) for name in journal.gateways()]
    return merge(*streams, key=lambda found: found[1].received_us, reverse=True)


def _backwards(
    journal: JournalReader, gateway: str, start: datetime, end: datetime
) -> Iterator[tuple[FrameRef, Entry]]:
    for place in reversed(journal.overlapping(gateway, to_us(start), to_us(end) + 1)):
        block = journal.block(place.journal, place.block)
        for index, entry in reversed(block.kept()):
            yield FrameRef(place.journal, place.block, index), entry
