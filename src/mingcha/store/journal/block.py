"""A block: what one commit makes durable, and the hashes that chain it. ``FORMAT.md`` §2."""

import re
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import zstandard

from mingcha.core.clock import beijing_day, from_us
from mingcha.core.errors import BrokenEvidence, LocalError
from mingcha.store.journal import entry, reduced
from mingcha.store.journal.entry import Entry, Words
from mingcha.store.journal.errors import DroppedEntry
from mingcha.store.journal.packing import pack

# Level 9 costs 8 µs a frame (outside the interpreter lock) and saves a tenth of the bytes over level 3 at 1.5 µs.
# Blocks grow when much comes in; from this size on speed counts.
QUIET_ENTRIES, QUIET_LEVEL, BUSY_LEVEL = 256, 9, 3
PAYLOAD_MAX = 1 << 30  # a block that claims more is not opened

_HEADER = struct.Struct("<4sIqqIQQ32s32s")
_MAGIC = b"MCB1"
_GATEWAY = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Header:
    """What a row says of its block besides its place in the chain."""

    first_us: int
    last_us: int
    count: int
    size: int
    stored_size: int
    payload_sha256: bytes
    stored_sha256: bytes
    frames_root: bytes


@dataclass(frozen=True, slots=True)
class Sealed(Header):
    """Entries compressed and hashed, not yet given a place in the chain."""

    payload: bytes

    @property
    def day(self) -> str:
        """Beijing day of the newest entry, ``YYYYMMDD``."""
        return f"{beijing_day(from_us(self.last_us)):%Y%m%d}"


@dataclass(frozen=True, slots=True)
class Block(Sealed):
    """A block in its place: number ``seq`` of file ``journal``, after the block whose chain hash is ``prev``."""

    journal: str
    seq: int
    prev: bytes
    chain: bytes

    @property
    def is_reduced(self) -> bool:
        """True where retention took entries out of it; ``stored_size`` and both digests tell of what it was."""
        return self.payload.startswith(reduced.MAGIC)

    def kept(self) -> list[tuple[int, Entry]]:
        """Index and entry of all that is still there, after its bytes were checked.

        Raises:
            BrokenEvidence: they do not fit; the message names block, expected and found.
        """
        if not self.is_reduced:
            return list(enumerate(self.entries()))
        return self.rest().entries

    def rest(self) -> reduced.Rest:
        """What is still there, with the tree over it.

        Raises:
            BrokenEvidence: it does not fit the block's hashes.
        """
        if not self.is_reduced:
            return reduced.whole(self.entries())
        rest = reduced.unpack(self.payload, f"{self.journal}/{self.seq}")
        if (len(rest.kept), rest.root) != (self.count, self.frames_root):
            raise BrokenEvidence(
                f"block {self.journal}/{self.seq}: reduced to {rest.root.hex()} of {len(rest.kept)} entries, "
                f"expected {self.frames_root.hex()} of {self.count}; run `mingcha journal verify`"
            )
        return rest

    def entries(self) -> list[Entry]:
        """All entries, after their bytes were checked against the block's own hashes.

        Raises:
            BrokenEvidence: they do not fit; the message names block, expected and found.
            DroppedEntry: retention took some of them.
        """
        if self.is_reduced:
            raise DroppedEntry(
                f"block {self.journal}/{self.seq}: entries were dropped under record "
                f"{reduced.statement_of(self.payload)} of checkpoints.jsonl; `kept()` gives the rest"
            )
        return entry.decode(self.checked())

    def words(self) -> list[Words]:
        """What each entry that is still there is by its names, after its bytes were checked.

        Raises:
            BrokenEvidence: they do not fit.
        """
        if self.is_reduced:
            return [Words(e.mn, e.verdict, entry.cn_of(e.raw)) for _, e in self.kept()]
        found = entry.words(self.checked())
        if len(found) != self.count:
            raise BrokenEvidence(
                f"block {self.journal}/{self.seq}: {self.count} entries expected, {len(found)} found; "
                "run `mingcha journal verify`"
            )
        return found

    def checked(self) -> bytes:
        """The payload, after its hash was compared.

        Raises:
            BrokenEvidence: it does not fit.
        """
        payload = self.unpacked()
        found = sha256(payload).digest()
        if found != self.payload_sha256:
            raise BrokenEvidence(
                f"block {self.journal}/{self.seq}: payload hash {self.payload_sha256.hex()} expected, "
                f"{found.hex()} found; run `mingcha journal verify`"
            )
        return payload

    def unpacked(self) -> bytes:
        """The payload.

        Raises:
            BrokenEvidence: the stored bytes are no zstd frame of the stated size.
        """
        if not 0 <= self.size <= PAYLOAD_MAX:
            raise BrokenEvidence(
                f"block {self.journal}/{self.seq}: a payload of {self.size} bytes is not plausible"
            )
        try:
            payload = _decompressor().decompress(self.payload, max_output_size=self.size)
        except zstandard.ZstdError as error:
            raise BrokenEvidence(
                f"block {self.journal}/{self.seq}: stored bytes are no zstd frame: {error}"
            ) from error
        if len(payload) != self.size:
            raise BrokenEvidence(
                f"block {self.journal}/{self.seq}: {self.size} bytes expected, {len(payload)} found"
            )
        return payload


_OF_THREAD = (
    threading.local()
)  # a decompressor serves one call at a time, and making one costs as much as a small block


def _decompressor() -> zstandard.ZstdDecompressor:
    found: zstandard.ZstdDecompressor | None = getattr(_OF_THREAD, "decompressor", None)
    if found is None:
        found = _OF_THREAD.decompressor = zstandard.ZstdDecompressor()
    return found


def seal(entries: Sequence[Entry]) -> Sealed:
    """Compress and hash ``entries`` (at least one)."""
    payload, frames_root, first_us, last_us = pack(entries)
    level = QUIET_LEVEL if len(entries) <= QUIET_ENTRIES else BUSY_LEVEL
    stored = zstandard.ZstdCompressor(level=level).compress(payload)
    return Sealed(
        first_us=first_us,
        last_us=last_us,
        count=len(entries),
        size=len(payload),
        stored_size=len(stored),
        payload_sha256=sha256(payload).digest(),
        stored_sha256=sha256(stored).digest(),
        frames_root=frames_root,
        payload=stored,
    )


def header(block: Header, journal: str, seq: int) -> bytes:
    """The bytes that stand for everything a row says besides its hashes of the chain.

    Raises:
        BrokenEvidence: a number of the row does not fit its place.
    """
    try:
        return (
            _HEADER.pack(
                _MAGIC, seq, block.first_us, block.last_us, block.count, block.size, block.stored_size,
                block.stored_sha256, block.frames_root,
            )
            + journal.encode()
        )  # fmt: skip
    except struct.error as error:
        raise BrokenEvidence(f"block {journal}/{seq}: the row's numbers are impossible: {error}") from error


def chained(prev: bytes, payload_sha256: bytes, head: bytes) -> bytes:
    """The chain hash: ``SHA-256(prev || payload hash || header)``."""
    return sha256(prev + payload_sha256 + head).digest()


def genesis(gateway: str) -> bytes:
    """What stands before the first block of a gateway."""
    return sha256(b"mingcha journal 1\n" + gateway.encode()).digest()


def checked_gateway(gateway: str) -> str:
    """``gateway`` where it can be a name.

    Raises:
        LocalError: it is not of the form ``[a-z0-9]+``.
    """
    if _GATEWAY.fullmatch(gateway) is None:
        raise LocalError(f"gateway name {gateway!r}: expected lower-case letters and digits, such as g0")
    return gateway
