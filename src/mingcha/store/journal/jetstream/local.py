"""Local files of a journal that the cluster holds too: dropped here when they are old enough, brought back when wanted.

A file goes only when all of this was looked at now: it is not its gateway's newest, the cluster has begun a later one, every block
of it is in the cluster byte for byte and fits its hashes, a signed checkpoint names its last block, the projection is past it, and
the stream cannot lose anything by itself. Files go oldest first: what stays is one unbroken end of the chain.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from mingcha.core.clock import to_us
from mingcha.core.errors import BrokenEvidence, LocalError, NotFound
from mingcha.core.refs import FrameRef
from mingcha.store.journal import files, looking, statements
from mingcha.store.journal.block import Block
from mingcha.store.journal.jetstream import messages
from mingcha.store.journal.jetstream.reader import ClusterReader
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.writer import PAGE_BYTES, sync_folder

if TYPE_CHECKING:
    from nats.js import JetStreamContext

_BESIDE = ("-wal", "-shm")
RETAIN = (
    "the streams of {cluster} deny deletion: no entry can be taken out of what the cluster holds, and a signed record that it is gone "
    "would be false. Stop the gateways, bring back what was dropped here (`mingcha journal local --bring-back all`), run `mingcha "
    "journal retain` with MINGCHA_JOURNAL=embedded, remove the streams (`nats stream rm mingcha-journal-<gateway>`) and start the "
    "gateways again: they publish the reduced journal anew (jetstream/FORMAT.md §5)"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A local file. ``why``: why it must stay; "" where it may go."""

    journal: str
    blocks: int
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What the looking needs to know. ``before``: files whose last entry is older are old enough; None: none is."""

    before: datetime | None
    projected: Mapping[str, FrameRef]


def look(
    folder: Path, cluster: ClusterReader, terms: Terms, *, on_block: Callable[[], None] = lambda: None
) -> list[Held]:
    """Every local file, and why it stays. Behind one that stays all later ones of its gateway stay too.

    Raises:
        ClusterAway: the cluster does not answer.
        BrokenEvidence: a local file cannot be read, or the signed statements cannot.
    """
    local, found = JournalReader(folder), []
    signed = statements.check(statements.read(folder / statements.FILE)).good
    for gateway in local.gateways():
        names, staying = local.journals(gateway), ""
        heads = {
            (head["journal"], head["block"]): head["chain"]
            for _, head in statements.heads_of(signed, gateway)
        }
        for journal in names:
            why = (
                f"{staying} stays"
                if staying
                else _why(local, cluster, journal, names[-1], heads, terms, on_block)
            )
            staying = staying or (journal if why else "")
            found.append(
                Held(journal, local.end(journal), files.path_of(folder, journal).stat().st_size, why)
            )
    return found


def drop(folder: Path, one: Held) -> None:
    """Take away a file that ``look`` lets go. A kill leaves it whole, or gone.

    Raises:
        LocalError: it must stay.
    """
    if one.why:
        raise LocalError(f"{one.journal} must stay: {one.why}")
    path = files.path_of(folder, one.journal)
    with closing(sqlite3.connect(path, timeout=files.BUSY_S, isolation_level=None)) as db:
        files.make_plain(db)  # nothing of it may be left in a WAL that a file brought back would read
    path.unlink()
    _clear_beside(path)
    sync_folder(folder)


def bring_back(
    folder: Path, cluster: ClusterReader, journal: str, *, on_block: Callable[[], None] = lambda: None
) -> int:
    """Write a file anew from what the cluster holds; give its number of blocks. It appears when it is whole.

    Raises:
        LocalError: it is here already.
        NotFound: the cluster has no such file.
        BrokenEvidence: a block does not fit.
    """
    path = files.path_of(folder, journal)
    if path.exists():
        raise LocalError(f"{journal} is here already: {path}; nothing was changed")
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part, isolation_level=None)) as db:
        count = _fill(db, cluster, journal, on_block)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    _clear_beside(path)
    part.replace(path)
    sync_folder(folder)
    return count


def absent(folder: Path, cluster: ClusterReader) -> list[str]:
    """Files of the cluster that are not here, oldest first."""
    here = {name for gateway in cluster.gateways() for name in files.journals(folder, gateway)}
    return [name for gateway in cluster.gateways() for name in cluster.journals(gateway) if name not in here]


def _why(
    local: JournalReader,
    cluster: ClusterReader,
    journal: str,
    newest: str,
    signed: Mapping[tuple[str, int], str],
    terms: Terms,
    on_block: Callable[[], None],
) -> str:
    """Why ``journal`` stays; what is cheap to see is looked at first."""
    gateway, last = files.gateway_of(journal), local.end(journal)
    if journal == newest:
        return "the newest of its gateway"
    if last == 0:
        return ""
    block = local.block(journal, last)
    if terms.before is None or block.last_us >= to_us(terms.before):
        return "not old enough" if terms.before is not None else "local files are kept"
    if signed.get((journal, last)) != block.chain.hex():
        return f"no signed checkpoint names its last block {last}"
    position = terms.projected.get(gateway)
    if position is None or position < FrameRef(journal, last, block.count - 1):
        return f"the projection is at {position or 'no frame'} only"
    head = cluster.head(gateway)
    if head is None or head.journal <= journal:
        return f"the cluster has followed to {f'{head.journal}/{head.block}' if head else 'no block'} only"
    return _leaky(cluster, gateway) or _differs(local, cluster, journal, on_block)


def _leaky(cluster: ClusterReader, gateway: str) -> str:
    """What of the stream's settings lets blocks vanish from it."""
    wanted = cluster.cluster.setting.replicas
    config = cluster.cluster.call(lambda js: _config(js, messages.stream_of(gateway)))
    faults = [
        text
        for text, bad in (
            (f"max_age is {config['max_age']}, expected none", bool(config["max_age"])),
            ("deny_delete is off", not config["deny_delete"]),
            ("deny_purge is off", not config["deny_purge"]),
            (f"{config['num_replicas']} replicas, expected {wanted}", config["num_replicas"] < wanted),
        )
        if bad
    ]
    return f"stream {messages.stream_of(gateway)} may lose blocks: {'; '.join(faults)}" if faults else ""


def _differs(local: JournalReader, cluster: ClusterReader, journal: str, on_block: Callable[[], None]) -> str:
    try:
        theirs = _of_file(cluster, journal)
        for mine in _of_file(local, journal):
            on_block()
            if misfit := next(looking.links(mine, mine.prev), None):
                return f"block {mine.seq} does not fit its hashes ({misfit[0]}): run `mingcha journal verify`"
            other = next(theirs, None)
            if other != mine:
                return _unlike(mine, other)
    except BrokenEvidence as error:
        return str(error)
    return ""


def _unlike(mine: Block, other: Block | None) -> str:
    if other is None:
        return f"the cluster does not hold block {mine.seq}"
    if mine.is_reduced and not other.is_reduced and mine.chain == other.chain:
        return (
            f"block {mine.seq} was reduced by retention, the cluster holds it whole (jetstream/FORMAT.md §5)"
        )
    return f"block {mine.seq} is another in the cluster: run `mingcha journal cluster --verify`"


def _of_file(reader: JournalReader, journal: str) -> Iterator[Block]:
    blocks = reader.blocks(FrameRef(journal, 1, 0), gateway=files.gateway_of(journal))
    return takewhile(lambda block: block.journal == journal, blocks)


def _fill(db: sqlite3.Connection, cluster: ClusterReader, journal: str, on_block: Callable[[], None]) -> int:
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    db.execute("BEGIN")
    db.execute(files.SCHEMA)
    db.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
    count, chain = 0, b""
    for block in _of_file(cluster, journal):
        prev = chain or block.prev
        misfit = next(looking.links(block, prev), None)
        if misfit or block.seq != count + 1 or (not block.is_reduced and looking.whole(block)[1]):
            raise BrokenEvidence(
                f"{journal}/{block.seq} of {cluster.place} does not fit its hashes or its place; nothing was written. "
                "Run `mingcha journal cluster --verify`"
            )
        db.execute(files.INSERT, files.row_of(block, block.seq, block.prev, block.chain))
        count, chain = block.seq, block.chain
        on_block()
    if count == 0:
        raise NotFound(
            f"no journal {journal} in {cluster.place}; `mingcha journal local` lists what is there"
        )
    db.execute(f"PRAGMA user_version = {count}")
    db.execute("COMMIT")
    return count


def _clear_beside(path: Path) -> None:
    for end in _BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)


async def _config(js: "JetStreamContext", stream: str) -> dict[str, int]:
    found = (await js.stream_info(stream)).config
    return {
        "max_age": int(found.max_age or 0), "deny_delete": int(bool(found.deny_delete)), "deny_purge": int(bool(found.deny_purge)),
        "num_replicas": found.num_replicas or 1,
    }  # fmt: skip
