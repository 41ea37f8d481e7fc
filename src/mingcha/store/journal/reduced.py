"""A block of which retention took entries: what is kept, and hashes enough to come to the block's root.

``FORMAT.md`` §7. The entries that are gone cannot be read or guessed from it; those that are kept are proven as before.
"""

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import zstandard

from mingcha.core.errors import BrokenEvidence
from mingcha.store.journal import entry, tree
from mingcha.store.journal.entry import Entry

MAGIC = b"MCD1"
VERSION = 1
LEVEL = 9
_FRONT = struct.Struct("<4sI")
_COUNTS = struct.Struct("<BII")
_HASH = 32
_SIZE_MAX = 1 << 30


@dataclass(frozen=True, slots=True)
class Rest:
    """``kept``: one flag an entry of the block as it was. ``nodes``: what is known of its tree."""

    kept: list[bool]
    entries: list[tuple[int, Entry]]
    nodes: tree.Nodes

    @property
    def root(self) -> bytes:
        return tree.top_of(self.nodes)

    def without(self, gone: Collection[int], statement: int) -> bytes:
        """The column ``payload`` that is left when the entries ``gone`` are taken too."""
        rest = [(index, e) for index, e in self.entries if index not in gone]
        flags = [kept and index not in gone for index, kept in enumerate(self.kept)]
        tops = tree.pruned(self.nodes, flags)
        content = _COUNTS.pack(VERSION, len(flags), len(tops)) + bytes(flags) + b"".join(tops)
        if rest:
            content += entry.encode([e for _, e in rest])
        return _FRONT.pack(MAGIC, statement) + zstandard.ZstdCompressor(level=LEVEL).compress(content)


def whole(entries: Sequence[Entry]) -> Rest:
    """A block that lost nothing yet."""
    kept = [True] * len(entries)
    return Rest(kept, list(enumerate(entries)), tree.nodes(kept, tree.leaves(entries), []))


def statement_of(payload: bytes) -> int:
    """The number of the signed statement under which entries were dropped last."""
    number: int = _FRONT.unpack_from(payload)[1]
    return number


def unpack(payload: bytes, place: str) -> Rest:
    """The rest of the block called ``place``.

    Raises:
        BrokenEvidence: the bytes do not follow the layout.
    """
    try:
        content = _content(payload)
        version, count, hashes = _COUNTS.unpack_from(content)
        at = _COUNTS.size + count
        flags, tail = content[_COUNTS.size : at], content[at + hashes * _HASH :]
        _plausible(version, count, flags)
        kept = [flag == 1 for flag in flags]
        tops = [content[k : k + _HASH] for k in range(at, at + hashes * _HASH, _HASH)]
        entries = entry.decode(tail) if tail else []
        known = tree.nodes(kept, tree.leaves(entries), tops)
        named = list(zip([i for i, k in enumerate(kept) if k], entries, strict=True))
    except (ValueError, struct.error, zstandard.ZstdError) as error:
        raise BrokenEvidence(f"block {place}: its rest does not follow FORMAT.md §7: {error}") from error
    return Rest(kept, named, known)


def _plausible(version: int, count: int, flags: bytes) -> None:
    if version != VERSION or len(flags) != count or set(flags) - {0, 1}:
        raise ValueError(f"version {version}, {len(flags)} flags of {count}")


def _content(payload: bytes) -> bytes:
    packed = payload[_FRONT.size :]
    size = zstandard.frame_content_size(packed)
    if not 0 <= size <= _SIZE_MAX:
        raise ValueError(f"{size} bytes are not plausible")
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
