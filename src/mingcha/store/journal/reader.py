"""The reader: entries in the order they were made durable, while the writer writes."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography.x509 import Certificate

from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.store.journal import files
from mingcha.store.journal.block import Block
from mingcha.store.journal.entry import Entry
from mingcha.store.journal.errors import DroppedEntry
from mingcha.store.journal.reduced import statement_of
from mingcha.store.journal.report import Anchor, Head, VerifyReport
from mingcha.store.journal.verify import verify

BLOCKS_A_READ = 16  # one short read transaction; a long one would keep the WAL from shrinking


class JournalReader:
    """All journals of a folder. Opens files when asked and keeps none open."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    @property
    def place(self) -> str:
        """Where the blocks are, for messages."""
        return str(self.folder)

    def close(self) -> None:
        """Let go of what reading needs; files need nothing."""

    def journals(self, gateway: str) -> list[str]:
        """Names of the files of ``gateway``, in order."""
        return files.journals(self.folder, gateway)

    def end(self, journal: str) -> int:
        """The number of the last block of a file; 0 where it has none."""
        if not files.path_of(self.folder, journal).exists():
            return 0
        with files.reading(self.folder, journal) as db:
            return files.claimed(db)

    def gateways(self) -> list[str]:
        """Names of the gateways that have written here."""
        return sorted({files.gateway_of(name) for name in files.journals(self.folder)})

    def entries(
        self, after: FrameRef | None = None, *, limit: int | None = None, gateway: str | None = None
    ) -> Iterator[tuple[FrameRef, Entry]]:
        """Entries after ``after`` in the order of refs: gateway, day, block, index.

        With more than one gateway follow each from its own position: ``since``.

        Raises:
            BrokenEvidence: a block does not fit its hashes.
        """
        found = (
            (ref, e)
            for block in self.blocks(after, gateway=gateway)
            if after is None or FrameRef(block.journal, block.seq, block.count - 1) > after
            for ref, e in _named(block)
            if after is None or ref > after
        )
        return islice(found, limit)

    def since(
        self, positions: Mapping[str, FrameRef], *, limit: int | None = None
    ) -> Iterator[tuple[FrameRef, Entry]]:
        """Entries after each gateway's position, all gateways merged by time received."""
        streams = [self.entries(positions.get(name), gateway=name) for name in self.gateways()]
        if len(streams) == 1:
            return islice(streams[0], limit)
        return islice(merge(*streams, key=lambda found: (found[1].received_us, found[0])), limit)

    def blocks(self, since: FrameRef | None = None, *, gateway: str | None = None) -> Iterator[Block]:
        """Blocks in order, beginning with the one that holds ``since``."""
        for journal in files.journals(self.folder, gateway):
            if since is None or journal >= since.journal:
                first = since.block if since is not None and journal == since.journal else 1
                yield from self._blocks_of(journal, first)

    def read(self, ref: FrameRef) -> Entry:
        """The entry called ``ref``, checked against its block's hashes.

        Raises:
            NotFound: there is no such entry; DroppedEntry where there was one.
            BrokenEvidence: its block does not fit its hashes.
        """
        block = self.block(ref.journal, ref.block)
        if ref.index >= block.count:
            raise NotFound(f"no frame {ref}: block {ref.journal}/{ref.block} holds {block.count} frames")
        found = dict(block.kept()).get(ref.index)
        if found is None:
            raise DroppedEntry(
                f"frame {ref} was dropped under record {statement_of(block.payload)} of checkpoints.jsonl "
                "(retention); `mingcha journal verify` checks that it was lawful"
            )
        return found

    def context(self, ref: FrameRef, n: int) -> list[tuple[FrameRef, Entry]]:
        """Up to ``n`` entries before ``ref``, itself, and up to ``n`` after, of the same gateway."""
        self.read(ref)
        before: list[tuple[FrameRef, Entry]] = []
        for block in self._backwards(ref):
            before = [found for found in _named(block) if found[0] <= ref] + before
            if len(before) > n:
                break
        later = self.entries(ref, limit=n, gateway=files.gateway_of(ref.journal))
        return before[-n - 1 :] + list(later)

    def head(self, gateway: str) -> Head | None:
        """The last block of ``gateway``, or None before its first."""
        for journal in reversed(files.journals(self.folder, gateway)):
            row = self._row(journal, "SELECT seq, chain FROM blocks ORDER BY seq DESC LIMIT 1")
            if row is not None:
                return Head(journal, row[0], bytes(row[1]).hex())
        return None

    def verify(
        self,
        *,
        anchors: Collection[Anchor] = (),
        trusted: Collection[str] = (),
        statements: Path | None = None,
        roots: Sequence[Certificate] = (),
        on_block: Callable[[], None] = lambda: None,
    ) -> VerifyReport:
        """Check everything; the report names each fault with what was expected and found. See ``verify``."""
        return verify(
            self.folder,
            anchors=anchors,
            trusted=trusted,
            statements=statements,
            roots=roots,
            on_block=on_block,
        )

    def overlapping(self, gateway: str, start_us: int, end_us: int) -> list[FrameRef]:
        """Index 0 of each block that holds entries received in ``[start, end)``, or around it."""
        query = "SELECT seq FROM blocks WHERE last_us >= ? AND first_us < ? ORDER BY seq"
        return [
            FrameRef(journal, seq, 0)
            for journal in files.journals(self.folder, gateway)
            for (seq,) in self._rows(journal, query, start_us, end_us)
        ]

    def count(self, first: FrameRef, last: FrameRef) -> int:
        """How many blocks of one gateway stand from ``first`` to ``last``, both counted."""
        total = 0
        for journal in files.journals(self.folder, files.gateway_of(first.journal)):
            if first.journal <= journal <= last.journal:
                low = first.block if journal == first.journal else 1
                high = last.block if journal == last.journal else 2**62
                total += self._rows(
                    journal, "SELECT count(*) FROM blocks WHERE seq BETWEEN ? AND ?", low, high
                )[0][0]
        return total

    def remaining(self, gateway: str, after: FrameRef | None) -> int:
        """How many entries of ``gateway`` were written after ``after`` (None: all); retention does not lessen it."""
        total = 0
        for journal in files.journals(self.folder, gateway):
            if after is None or journal >= after.journal:
                low = after.block if after is not None and journal == after.journal else 0
                total += self._rows(journal, "SELECT coalesce(sum(count), 0) FROM blocks WHERE seq > ?", low)[
                    0
                ][0]
        if after is not None and after.block > 0:
            row = self._row(after.journal, "SELECT count FROM blocks WHERE seq = ?", after.block)
            total += max(0, row[0] - after.index - 1) if row is not None else 0
        return total

    def block_hash(self, ref: FrameRef) -> str:
        """The chain hash of the block that holds ``ref``, 64 hex digits."""
        return self.block(ref.journal, ref.block).chain.hex()

    def block(self, journal: str, seq: int) -> Block:
        """One block as stored; its bytes are checked when its entries are asked for.

        Raises:
            NotFound: there is no such block.
        """
        row = self._row(journal, "SELECT * FROM blocks WHERE seq = ?", seq)
        if row is None:
            raise NotFound(f"no block {seq} in journal {journal} of {self.folder}")
        return files.block_of(journal, row)

    def _row(self, journal: str, query: str, *values: Any) -> tuple[Any, ...] | None:
        try:
            with files.reading(self.folder, journal) as db:
                row: tuple[Any, ...] | None = (
                    db.execute(query, values).fetchone() if files.has_blocks(db) else None
                )
                return row
        except sqlite3.DatabaseError as error:
            raise BrokenEvidence(
                f"journal {journal} cannot be read: {error}; run `mingcha journal verify`"
            ) from error

    def _blocks_of(self, journal: str, first: int) -> Iterator[Block]:
        query = "SELECT * FROM blocks WHERE seq >= ? ORDER BY seq LIMIT ?"
        while rows := self._rows(journal, query, first, BLOCKS_A_READ):
            for row in rows:
                yield files.block_of(journal, row)
            first = rows[-1][0] + 1

    def _rows(self, journal: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            with files.reading(self.folder, journal) as db:
                return db.execute(query, values).fetchall() if files.has_blocks(db) else []
        except sqlite3.DatabaseError as error:
            raise BrokenEvidence(
                f"journal {journal} cannot be read: {error}; run `mingcha journal verify`"
            ) from error

    def _backwards(self, ref: FrameRef) -> Iterator[Block]:
        gateway = files.gateway_of(ref.journal)
        for journal in reversed(files.journals(self.folder, gateway)):
            if journal <= ref.journal:
                head = self._row(journal, "SELECT max(seq) FROM blocks")
                last = head[0] if head and head[0] else 0
                for seq in range(ref.block if journal == ref.journal else last, 0, -1):
                    yield self.block(journal, seq)


def _named(block: Block) -> Iterator[tuple[FrameRef, Entry]]:
    for index, found in block.kept():
        yield FrameRef(block.journal, block.seq, index), found
