"""Evidence package: frames cut out of the journal, with what proves that they stood in it.

A zip of three files. ``frames.jsonl``: one frame a line with its raw bytes and the path from its leaf to
the ``frames_root`` of its block. ``blocks.jsonl``: every block header of a gateway from the first to the
last block that overlaps the span, without gap, so that the chain can be followed. ``manifest.json``: what
was asked for, counts, heads, and the SHA-256 of the other two. Frames of others are not inside, only
their hashes.
"""

import json
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from mingcha.core.clock import from_us, to_us
from mingcha.core.errors import LocalError
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.journal import files, tree
from mingcha.store.journal.block import Block
from mingcha.store.journal.entry import Entry
from mingcha.store.journal.reader import JournalReader

FORMAT = "mingcha evidence package 1"
FRAMES, BLOCKS, MANIFEST = "frames.jsonl", "blocks.jsonl", "manifest.json"
HASHES = ("payload_sha256", "stored_sha256", "frames_root", "prev", "chain")
NUMBERS = ("first_us", "last_us", "count", "size", "stored_size")


class PackageFailed(LocalError):
    """The package could not be written; there is no file."""

    permanent = False


@dataclass(slots=True)
class _Part:
    """One file of the package while it is written."""

    stream: IO[bytes]
    lines: int = 0
    total: Any = field(default_factory=sha256)

    def add(self, value: dict[str, Any]) -> None:
        line = (
            json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
            + b"\n"
        )
        self.stream.write(line)
        self.total.update(line)
        self.lines += 1

    def facts(self) -> dict[str, Any]:
        return {"lines": self.lines, "sha256": self.total.hexdigest()}


def export(
    reader: JournalReader,
    out: Path,
    span: Span,
    *,
    at: datetime,
    mn: str | None = None,
    on_block: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Write what was received in ``span`` (of station ``mn``) to ``out``; return the manifest.

    Raises:
        PackageFailed: disk full or I/O error; no file was left.
        BrokenEvidence: a block of the span does not fit its hashes.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        manifest = _written(reader, part, span, at=at, mn=mn, on_block=on_block)
        part.replace(out)
    except OSError as error:
        raise PackageFailed(
            f"{out}: {error}. No package was written; free disk space and try again"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def count_blocks(reader: JournalReader, span: Span) -> int:
    """How many blocks an export of ``span`` will go through."""
    return sum(last.count for last in _segments(reader, span))


@dataclass(frozen=True, slots=True)
class _Segment:
    """Blocks of one gateway from ``first`` on, ``count`` of them."""

    gateway: str
    first: FrameRef
    last: FrameRef
    count: int


def _written(
    reader: JournalReader,
    path: Path,
    span: Span,
    *,
    at: datetime,
    mn: str | None,
    on_block: Callable[[], None],
) -> dict[str, Any]:
    segments = _segments(reader, span)
    heads = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        with package.open(BLOCKS, "w") as stream:
            blocks = _Part(stream)
            for block in _blocks(reader, segments):
                blocks.add(header_line(block))
                heads[files.gateway_of(block.journal)] = f"{block.journal}/{block.seq} {block.chain.hex()}"
        with package.open(FRAMES, "w") as stream:
            frames = _Part(stream)
            for block in _blocks(reader, segments):
                on_block()
                for line in _frame_lines(block, span, mn):
                    frames.add(line)
        manifest = {
            "format": FORMAT,
            "made_at": at.isoformat(),
            "from": span.start.isoformat(),
            "to": span.end.isoformat(),
            "mn": mn,
            "heads": heads,
            "files": {FRAMES: frames.facts(), BLOCKS: blocks.facts()},
        }
        package.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return manifest


def _segments(reader: JournalReader, span: Span) -> list[_Segment]:
    found = []
    for gateway in reader.gateways():
        refs = reader.overlapping(gateway, to_us(span.start), to_us(span.end))
        if refs:
            count = reader.count(refs[0], refs[-1])
            found.append(_Segment(gateway, refs[0], refs[-1], count))
    return found


def _blocks(reader: JournalReader, segments: list[_Segment]) -> Iterator[Block]:
    for segment in segments:
        for block in reader.blocks(segment.first, gateway=segment.gateway):
            yield block
            if (block.journal, block.seq) >= (segment.last.journal, segment.last.block):
                break


def header_line(block: Block) -> dict[str, Any]:
    """A block header as it stands in ``blocks.jsonl``."""
    numbers = {name: getattr(block, name) for name in NUMBERS}
    return {"journal": block.journal, "block": block.seq, **numbers} | {
        name: getattr(block, name).hex() for name in HASHES
    }


def _frame_lines(block: Block, span: Span, mn: str | None) -> Iterator[dict[str, Any]]:
    start, end = to_us(span.start), to_us(span.end)
    if block.last_us < start or block.first_us >= end:
        return
    entries = block.entries()
    leaves = tree.leaves(entries)
    for index, e in enumerate(entries):
        if start <= e.received_us < end and mn in (None, e.mn):
            ref = FrameRef(block.journal, block.seq, index)
            yield _frame_line(ref, e, tree.proof(leaves, index))


def _frame_line(ref: FrameRef, e: Entry, proof: tree.Proof) -> dict[str, Any]:
    return {
        "ref": str(ref),
        "direction": e.direction.name.lower(),
        "received_us": e.received_us,
        "received": from_us(e.received_us).isoformat(),
        "conn": e.conn,
        "mn": e.mn,
        "verdict": e.verdict,
        "raw": b64encode(e.raw).decode(),
        "proof": [[child.hex() for child in children] for children in proof],
    }
