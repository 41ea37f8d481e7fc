"""What does not fit in one block: shared by whoever checks a journal and whoever signs it."""

from collections.abc import Iterator
from hashlib import sha256

from mingcha.store.journal import entry, tree
from mingcha.store.journal.block import Block, chained, header
from mingcha.store.journal.entry import Entry

Misfit = tuple[str, str, str]  # code, expected, found


def links(block: Block, prev: bytes) -> Iterator[Misfit]:
    """Its place in the chain after the block whose chain hash is ``prev``, and its stored bytes."""
    if block.prev != prev:
        yield "prev", prev.hex(), block.prev.hex()
    chain = chained(block.prev, block.payload_sha256, header(block, block.journal, block.seq))
    if block.chain != chain:
        yield "chain", chain.hex(), block.chain.hex()
    if not block.is_reduced and block.stored_sha256 != (stored := sha256(block.payload).digest()):
        yield "stored", block.stored_sha256.hex(), stored.hex()


def whole(block: Block) -> tuple[list[Entry], list[Misfit]]:
    """The entries of a block that is not reduced, and what of them does not fit its header.

    Raises:
        BrokenEvidence: they cannot even be read.
    """
    payload = block.unpacked()
    entries = entry.decode(payload)
    times = [e.received_us for e in entries] or [0]
    pairs = (
        ("payload", block.payload_sha256.hex(), sha256(payload).hexdigest()),
        ("count", str(block.count), str(len(entries))),
        ("times", f"{block.first_us}–{block.last_us}", f"{min(times)}–{max(times)}"),
        ("frames", block.frames_root.hex(), tree.root(tree.leaves(entries)).hex() if entries else "none"),
    )
    return entries, [pair for pair in pairs if pair[1] != pair[2]]
