"""Check every block of every journal against its own hashes, its place, its neighbours, and what was signed."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.x509 import Certificate

from mingcha.core.errors import BrokenEvidence, MingchaError
from mingcha.store.journal import files, licences, looking, stamps, statements
from mingcha.store.journal.block import Block, genesis
from mingcha.store.journal.counts import Counts
from mingcha.store.journal.errors import StampFailed
from mingcha.store.journal.licences import Licences
from mingcha.store.journal.report import Anchor, Dropped, Fault, Head, VerifyReport
from mingcha.store.journal.statements import Checked

__all__ = ["Anchor", "Fault", "Head", "VerifyReport", "count_blocks", "verify"]

Signed = dict[
    tuple[str, int], list[tuple[int, dict[str, Any]]]
]  # (journal, block) → statement's number and head


class _Walk:
    """One walk along the chain of a gateway."""

    def __init__(
        self,
        gateway: str,
        anchors: Collection[Anchor],
        signed: Sequence[tuple[int, dict[str, Any]]],
        lawful: Licences,
        on_block: Callable[[], None],
    ) -> None:
        self.blocks = self.frames = 0
        self.faults: list[Fault] = []
        self.dropped: list[Dropped] = []
        self.head: Head | None = None
        self._chain = genesis(gateway)
        self._anchors = {(a.journal, a.block): a for a in anchors if files.gateway_of(a.journal) == gateway}
        self._signed: Signed = {}
        for number, head in signed:
            self._signed.setdefault((head["journal"], head["block"]), []).append((number, head))
        self._lawful = lawful
        self._entries = 0  # since genesis, by the headers
        self._stations: Counter[str] | None = Counter()  # since the last signed head; None: some were dropped
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
        """What was anchored or signed and never met is missing."""
        for anchor in self._anchors.values():
            self._fault(anchor.journal, anchor.block, "anchor", f"a block {anchor.chain}".strip(), "none")
        for (journal, block), heads in list(self._signed.items())[:1]:
            more = f" (and {len(self._signed) - 1} later heads)" if len(self._signed) > 1 else ""
            number, head = heads[0]
            expected = f"block {head['chain']} as checkpoint {number} signed{more}"
            self._fault(
                journal, block, "checkpoint", expected, "none: the journal was cut off or written anew"
            )

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
            self._against_signed(block)
        except BrokenEvidence as error:
            self._fault(journal, row[0], "unreadable", "a row of a block", str(error))

    def _links(self, block: Block) -> None:
        for misfit in looking.links(block, self._chain):
            self._fault(block.journal, block.seq, *misfit)
        # Go on from what is stored, so that one fault is told once.
        self._chain = block.chain
        self._entries += block.count
        self.head = Head(block.journal, block.seq, block.chain.hex())
        anchor = self._anchors.pop((block.journal, block.seq), None)
        if anchor is not None and anchor.chain:
            self._same(block, "anchor", anchor.chain, block.chain.hex())

    def _content(self, block: Block) -> None:
        if block.is_reduced:
            self._reduced(block)
            return
        entries, misfits = looking.whole(block)
        for misfit in misfits:
            self._fault(block.journal, block.seq, *misfit)
        self.frames += len(entries)
        if self._stations is not None:
            self._stations.update(e.mn for e in entries)

    def _reduced(self, block: Block) -> None:
        """Dropped entries must be named by a signed retention statement; those kept lead to the signed root."""
        kept = block.kept()
        self.frames += len(kept)
        self._stations = None
        gone = set(range(block.count)) - {index for index, _ in kept}
        allowed, numbers = self._lawful.of(block.journal, block.seq)
        if unlawful := gone - allowed:
            expected = f"{len(gone)} dropped entries named by a signed retention statement"
            self._fault(block.journal, block.seq, "dropped", expected, f"{len(unlawful)} that none names")
        else:
            self.dropped.append(Dropped(block.journal, block.seq, len(gone), numbers))

    def _against_signed(self, block: Block) -> None:
        """What a checkpoint signed of this block, of the chain up to it and of its interval."""
        for number, head in self._signed.pop((block.journal, block.seq), []):
            told = (f"{head['chain']} of checkpoint {number}", head["blocks"], head["frames"])
            seen = (f"{block.chain.hex()} of checkpoint {number}", self.blocks, self._entries)
            self._same(block, "checkpoint", "{} after {} blocks, {} frames".format(*told),
                       "{} after {} blocks, {} frames".format(*seen))  # fmt: skip
            if head["after"] != head["block"] and self._stations is not None:
                found = Counts.of(self._stations)
                self._same(block, "checkpoint", f"{head['stations']} stations {head['counts_root']}",
                           f"{len(found.rows)} stations {found.root}")  # fmt: skip
            self._stations = Counter()

    def _same(self, block: Block, code: str, expected: str, found: str) -> None:
        if expected != found:
            self._fault(block.journal, block.seq, code, expected, found)

    def _fault(self, journal: str, block: Any, code: str, expected: str, found: str) -> None:
        self.faults.append(Fault(journal, block if isinstance(block, int) else 0, code, expected, found))


def verify(
    folder: Path,
    *,
    anchors: Collection[Anchor] = (),
    trusted: Collection[str] = (),
    statements: Path | None = None,
    roots: Sequence[Certificate] = (),
    on_block: Callable[[], None] = lambda: None,
) -> VerifyReport:
    """Check all journals in ``folder``. ``on_block`` is called for each block (progress).

    A chain alone cannot tell that its newest end was cut off together with the count of its file;
    ``anchors`` and signed checkpoints can. ``trusted``: public keys known from elsewhere. ``statements``: a copy
    of ``checkpoints.jsonl`` kept elsewhere, to be used instead of the folder's own. ``roots``: of time stamp
    authorities one trusts.
    """
    checked, lawful = _signed(folder, statements, trusted)
    stamped(folder, checked, roots)
    known = {head["gateway"] for one in checked.good for head in one.body.get("heads", ())}
    names = {files.gateway_of(journal) for journal in files.journals(folder)} | known
    walks = [
        _walk(folder, gateway, anchors, checked, lawful, on_block)
        for gateway in sorted(names | {files.gateway_of(a.journal) for a in anchors})
    ]
    return VerifyReport(
        blocks=sum(walk.blocks for walk in walks),
        frames=sum(walk.frames for walk in walks),
        problems=(*checked.faults, *lawful.faults, *(fault for walk in walks for fault in walk.faults)),
        heads=tuple(walk.head for walk in walks if walk.head is not None),
        statements=len(checked.good),
        keys=tuple(checked.keys),
        dropped=tuple(gone for walk in walks for gone in walk.dropped),
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


def _signed(folder: Path, copy: Path | None, trusted: Collection[str]) -> tuple[Checked, Licences]:
    path = copy or folder / statements.FILE
    try:
        checked = statements.check(statements.read(path), trusted=trusted)
    except BrokenEvidence as error:
        checked = Checked([Fault(statements.PLACE, 0, "form", "signed statements", str(error))])
    if copy is not None and not path.exists():
        checked.fault(0, "form", f"statements in {path}", "no such file")
    return checked, licences.load(folder, checked.good)


def stamped(folder: Path, checked: Checked, roots: Sequence[Certificate]) -> None:
    """Add to ``checked`` what is wrong with the time stamps of ``folder``."""
    digests = {one.number: one.digest for one in checked.good}
    for number in stamps.stamped(folder):
        digest = digests.get(number, "of a signed statement")
        try:
            stamps.examine(number, digest, stamps.path_of(folder, number).read_bytes(), roots)
        except StampFailed as error:
            checked.fault(number, "stamp", f"a stamp of {digest}", str(error))


def _walk(
    folder: Path,
    gateway: str,
    anchors: Collection[Anchor],
    checked: Checked,
    lawful: Licences,
    on_block: Callable[[], None],
) -> _Walk:
    walk = _Walk(gateway, anchors, statements.heads_of(checked.good, gateway), lawful, on_block)
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
