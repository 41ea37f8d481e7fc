"""Raw frames as pages show them: decoded, as bytes, hashed, checked against the journal. Passwords are hidden."""

import hashlib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from mingcha.core.clock import from_us, to_us
from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212 import Frame, Rejected, Splitter, decode, describe, describe_rejected, mask
from mingcha.store.journal import Direction, Entry, JournalReader

SHOWN = 200  # ui.md §3.15
SCANNED = 50_000  # entries looked through for a filter before the page gives up
WINDOWS = (timedelta(minutes=2), timedelta(minutes=20), timedelta(hours=6), timedelta(days=7))
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


def frame_view(journal: JournalReader, ref: FrameRef) -> FrameView:
    """One frame, read from the journal and checked against the hashes of its block just now.

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
        verdict=entry.verdict or "answer",
        text=_text(shown),
        rows=tuple(_dump(shown)),
        sha256=hashlib.sha256(entry.raw).hexdigest(),
        size=len(entry.raw),
        block_hash=journal.block_hash(ref),
        state="verified",
        described=_described(entry.raw),
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


def _described(raw: bytes) -> dict[str, Any] | None:
    splitter = Splitter()
    for event in [*splitter.receive(raw), *splitter.expire()]:
        if isinstance(event, Frame):
            return describe(decode(event))
        if isinstance(event, Rejected):
            return describe_rejected(event)
    return None


def _text(raw: bytes) -> str:
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
) -> tuple[list[tuple[FrameRef, Entry]], int]:
    """Up to 200 of the newest entries that fit, newest first, and how many were looked through.

    ``reachable``: the MNs whose frames the viewer may see; None means all.
    """
    found: deque[tuple[FrameRef, Entry]] = deque(maxlen=SHOWN)
    scanned = 0
    for window in WINDOWS:
        found.clear()
        scanned = 0
        for ref, entry in islice(_since(journal, now - window, now), SCANNED):
            scanned += 1
            hidden = reachable is not None and entry.mn not in reachable
            if hidden or (received_only and entry.direction is Direction.OUT):
                continue
            if mn in entry.mn and verdict in ("", entry.verdict):
                found.append((ref, entry))
        if len(found) == SHOWN or scanned == SCANNED:
            break
    return list(reversed(found)), scanned


def _since(journal: JournalReader, start: datetime, end: datetime) -> Any:
    """Entries of all gateways received from ``start`` on, by time."""
    positions: dict[str, FrameRef] = {}
    names = []
    for name in journal.gateways():
        blocks = journal.overlapping(name, to_us(start), to_us(end) + 1)
        if blocks:
            names.append(name)
            positions[name] = FrameRef(blocks[0].journal, blocks[0].block, -1)
        else:
            head = journal.head(name)
            if head is not None:
                positions[name] = FrameRef(head.journal, head.block, 2**31)
    return journal.since(positions) if names else iter(())
