"""Check every block of every journal against its own hashes, its place and its neighbours."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mingcha.core.errors import BrokenEvidence, MingchaError
from mingcha.store.journal import entry, files, tree
from mingcha.store.journal.block import Block, chained, genesis, header


@dataclass(frozen=True, slots=True)
class Head:
    """The last block of a gateway and its chain hash: whoever keeps this can prove what stood before."""

    journal: str
    block: int
    chain: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit. ``code``: unreadable, structure, missing, order, prev, chain, stored,
    payload, frames, size, count, times, tail, anchor.
    """

    journal: str
    block: int
    code: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.journal}/{self.block}: {self.code}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was looked at and every fault. ``heads``: last block and chain hash of each gateway."""

    blocks: int
    frames: int
    problems: tuple[Fault, ...]
    heads: tuple[Head, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Anchor:
    """A block known from elsewhere (a projection's position, a printed head): it must be there.

    ``chain`` "" where only its being there is known.
    """

    journal: str
    block: int
    chain: str = ""


class _Walk:
    """One walk along the chain of a gateway."""

    def __init__(self, gateway: str, anchors: Collection[Anchor], on_block: Callable[[], None]) -> None:
        self.blocks = self.frames = 0
        self.faults: list[Fault] = []
        self.head: Head | None = None
        self._chain = genesis(gateway)
        self._anchors = {(a.journal, a.block): a for a in anchors if files.gateway_of(a.journal) == gateway}
        self._on_block = on_block

    def file(self, folder: Path, journal: str) -> None:
        """Walk through one file."""
        try:
            with files.reading(folder, journal) as db:
                self._structure(db, journal)
                if files.has_blocks(db):
                    self._rows(db, journal)
        except (sqlite3.Error, MingchaError, UnicodeDecodeError) as error:
            self._fault(journal, 0, "unreadable", "an SQLite file with a table of blocks", str(error))

    def finish(self) -> None:
        """What was anchored and never met is missing."""
        for anchor in self._anchors.values():
            self._fault(anchor.journal, anchor.block, "anchor", f"a block {anchor.chain}".strip(), "none")

    def _structure(self, db: sqlite3.Connection, journal: str) -> None:
        found = [row[0] for row in db.execute("PRAGMA quick_check(3)")]
        if found != ["ok"]:
            self._fault(journal, 0, "structure", "a sound SQLite file", "; ".join(map(str, found)))

    def _rows(self, db: sqlite3.Connection, journal: str) -> None:
        due = 1
        for row in _rows(db):
            self._order(journal, row[0], due)
            self._block(journal, row)
            due = row[0] + 1 if isinstance(row[0], int) else due + 1
        if (said := files.claimed(db)) != due - 1:
            self._fault(journal, max(due - 1, 0), "tail", f"{said} blocks in the file", f"{due - 1}")

    def _order(self, journal: str, seq: Any, due: int) -> None:
        if seq != due:
            self._fault(journal, due, "missing", f"block {due}", f"block {seq}")

    def _block(self, journal: str, row: tuple[Any, ...]) -> None:
        self.blocks += 1
        self._on_block()
        try:
            block = files.block_of(journal, row)
            self._links(block)
            self._content(block)
        except BrokenEvidence as error:
            self._fault(journal, row[0], "unreadable", "a row of a block", str(error))

    def _links(self, block: Block) -> None:
        self._same(block, "prev", self._chain.hex(), block.prev.hex())
        chain = chained(block.prev, block.payload_sha256, header(block, block.journal, block.seq))
        self._same(block, "chain", chain.hex(), block.chain.hex())
        # Go on from what is stored, so that one fault is told once.
        self._chain = block.chain
        self.head = Head(block.journal, block.seq, block.chain.hex())
        anchor = self._anchors.pop((block.journal, block.seq), None)
        if anchor is not None and anchor.chain:
            self._same(block, "anchor", anchor.chain, block.chain.hex())

    def _content(self, block: Block) -> None:
        self._same(block, "stored", block.stored_sha256.hex(), sha256(block.payload).hexdigest())
        payload = block.unpacked()
        self._same(block, "payload", block.payload_sha256.hex(), sha256(payload).hexdigest())
        entries = entry.decode(payload)
        self.frames += len(entries)
        times = [e.received_us for e in entries]
        self._same(block, "count", str(block.count), str(len(entries)))
        self._same(block, "times", f"{block.first_us}–{block.last_us}", f"{min(times)}–{max(times)}")
        self._same(block, "frames", block.frames_root.hex(), tree.root(tree.leaves(entries)).hex())

    def _same(self, block: Block, code: str, expected: str, found: str) -> None:
        if expected != found:
            self._fault(block.journal, block.seq, code, expected, found)

    def _fault(self, journal: str, block: Any, code: str, expected: str, found: str) -> None:
        self.faults.append(Fault(journal, block if isinstance(block, int) else 0, code, expected, found))


def verify(
    folder: Path, *, anchors: Collection[Anchor] = (), on_block: Callable[[], None] = lambda: None
) -> VerifyReport:
    """Check all journals in ``folder``. ``on_block`` is called for each block (progress).

    A chain alone cannot tell that its newest end was cut off together with the count of its file;
    ``anchors`` can.
    """
    names = {files.gateway_of(journal) for journal in files.journals(folder)}
    walks = [
        _walk(folder, gateway, anchors, on_block)
        for gateway in sorted(names | {files.gateway_of(a.journal) for a in anchors})
    ]
    return VerifyReport(
        blocks=sum(walk.blocks for walk in walks),
        frames=sum(walk.frames for walk in walks),
        problems=tuple(fault for walk in walks for fault in walk.faults),
        heads=tuple(walk.head for walk in walks if walk.head is not None),
    )


def count_blocks(folder: Path) -> int:
    """How many blocks the files say they hold: for a progress bar."""
    total = 0
    for journal in files.journals(folder):
        try:
            with files.reading(folder, journal) as db:
                total += files.claimed(db)
        except (sqlite3.Error, MingchaError):
            continue  # verify() names it
    return total


def _walk(folder: Path, gateway: str, anchors: Collection[Anchor], on_block: Callable[[], None]) -> _Walk:
    walk = _Walk(gateway, anchors, on_block)
    for journal in files.journals(folder, gateway):
        walk.file(folder, journal)
    walk.finish()
    return walk


def _rows(db: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Rows one at a time, each in its own read transaction."""
    query = "SELECT * FROM blocks WHERE seq > ? ORDER BY seq LIMIT 1"
    after = -(2**63)
    while (row := db.execute(query, (after,)).fetchone()) is not None:
        yield row
        after = row[0]
