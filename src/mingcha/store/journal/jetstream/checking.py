"""Check the chain of every gateway as the cluster holds it: the same checks as of the files (``verify``).

Statements and retention lists are those of the local folder; what a checkpoint signed of a gateway must stand in the cluster,
as far as the cluster has followed.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.x509 import Certificate

from mingcha.core.errors import BrokenEvidence
from mingcha.store.journal import licences, looking, statements
from mingcha.store.journal.block import Block, genesis
from mingcha.store.journal.files import gateway_of
from mingcha.store.journal.licences import Licences
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.report import Anchor, Dropped, Fault, Head, VerifyReport
from mingcha.store.journal.statements import Checked
from mingcha.store.journal.verify import stamped

Places = dict[tuple[str, int], str]  # (journal, block) → chain hash, "" where only its being there is known


@dataclass
class _Walk:
    """One walk along the chain of a gateway."""

    gateway: str
    anchors: Places
    signed: Places
    lawful: Licences
    blocks: int = 0
    frames: int = 0
    head: Head | None = None
    faults: list[Fault] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chain = genesis(self.gateway)

    def block(self, block: Block) -> None:
        self.blocks += 1
        try:
            self._order(block)
            self._links(block)
            self._content(block)
        except BrokenEvidence as error:
            self._fault(block, "unreadable", "a message that holds a block", str(error))

    def ended(self, error: BrokenEvidence) -> None:
        """What follows cannot be joined to what stands before."""
        journal, seq = (self.head.journal, self.head.block) if self.head else (self.gateway, 0)
        self.faults.append(Fault(journal, seq + 1, "unreadable", "the next block", str(error)))

    def finish(self) -> None:
        """What was anchored and never met is missing; what was signed too, unless the cluster has yet to follow."""
        for (journal, seq), chain in self.anchors.items():
            self.faults.append(Fault(journal, seq, "anchor", f"a block {chain}".strip(), "none"))
        last = (self.head.journal, self.head.block) if self.head else ("", 0)
        for (journal, seq), chain in self.signed.items():
            if (journal, seq) <= last:
                self.faults.append(Fault(journal, seq, "checkpoint", f"block {chain} as signed", "none"))

    def _order(self, block: Block) -> None:
        before = self.head
        if before is not None and block.journal < before.journal:
            self._fault(block, "order", f"a file after {before.journal}", block.journal)
        due = before.block + 1 if before is not None and block.journal == before.journal else 1
        if block.seq != due:
            self._fault(block, "missing", f"block {due}", f"block {block.seq}")

    def _links(self, block: Block) -> None:
        for misfit in looking.links(block, self._chain):
            self._fault(block, *misfit)
        self._chain = block.chain  # go on from what is stored, so that one fault is told once
        self.head = Head(block.journal, block.seq, block.chain.hex())
        for code, places in (("anchor", self.anchors), ("checkpoint", self.signed)):
            known = places.pop((block.journal, block.seq), "")
            if known and known != block.chain.hex():
                self._fault(block, code, known, block.chain.hex())

    def _content(self, block: Block) -> None:
        if block.is_reduced:
            self._reduced(block)
            return
        entries, misfits = looking.whole(block)
        self.frames += len(entries)
        for misfit in misfits:
            self._fault(block, *misfit)

    def _reduced(self, block: Block) -> None:
        """A block that retention had reduced before it was published."""
        kept = {index for index, _ in block.kept()}
        self.frames += len(kept)
        gone = set(range(block.count)) - kept
        allowed, numbers = self.lawful.of(block.journal, block.seq)
        if unlawful := gone - allowed:
            self._fault(
                block, "dropped", f"{len(gone)} dropped entries named by a signed retention statement",
                f"{len(unlawful)} that none names",
            )  # fmt: skip
        else:
            self.dropped.append(Dropped(block.journal, block.seq, len(gone), numbers))

    def _fault(self, block: Block, code: str, expected: str, found: str) -> None:
        self.faults.append(Fault(block.journal, block.seq, code, expected, found))


def verify(
    reader: JournalReader,
    *,
    anchors: Collection[Anchor] = (),
    trusted: Collection[str] = (),
    copy: Path | None = None,
    roots: Sequence[Certificate] = (),
    on_block: Callable[[], None] = lambda: None,
) -> VerifyReport:
    """Check all journals of the cluster. ``on_block`` is called for each block (progress). ``copy``: of the statements."""
    checked = _statements(copy or reader.folder / statements.FILE, trusted)
    stamped(reader.folder, checked, roots)
    lawful = licences.load(reader.folder, checked.good)
    names = {*reader.gateways(), *(gateway_of(a.journal) for a in anchors)}
    walks = [_walked(reader, gateway, anchors, checked, lawful, on_block) for gateway in sorted(names)]
    return VerifyReport(
        blocks=sum(walk.blocks for walk in walks),
        frames=sum(walk.frames for walk in walks),
        problems=(*checked.faults, *lawful.faults, *(fault for walk in walks for fault in walk.faults)),
        heads=tuple(walk.head for walk in walks if walk.head is not None),
        statements=len(checked.good),
        keys=tuple(checked.keys),
        dropped=tuple(gone for walk in walks for gone in walk.dropped),
    )


def _statements(path: Path, trusted: Collection[str]) -> Checked:
    try:
        return statements.check(statements.read(path), trusted=trusted)
    except BrokenEvidence as error:
        return Checked([Fault(statements.PLACE, 0, "form", "signed statements", str(error))])


def _walked(
    reader: JournalReader,
    gateway: str,
    anchors: Collection[Anchor],
    checked: Checked,
    lawful: Licences,
    on_block: Callable[[], None],
) -> _Walk:
    known = {(a.journal, a.block): a.chain for a in anchors if gateway_of(a.journal) == gateway}
    heads = [head for _, head in statements.heads_of(checked.good, gateway)]
    walk = _Walk(gateway, known, {(h["journal"], h["block"]): h["chain"] for h in heads}, lawful)
    try:
        for block in reader.blocks(gateway=gateway):
            walk.block(block)
            on_block()
    except BrokenEvidence as error:  # a message that is no block, or a hole
        walk.ended(error)
    walk.finish()
    return walk
