"""Retention: entries that are old enough for their class are taken out of the journal, and that is signed.

Order of things, so that a kill at any moment leaves a journal that verifies: (1) the list of what goes is written,
(2) a signed statement names the list, (3) the blocks are reduced. Where (3) did not come to its end, the
next run completes it. The newest file of a gateway, blocks that no checkpoint covers yet, and what is held are
never touched. A block shrinks only where that saves bytes: one reply among kept frames costs less than its hash.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

from mingcha.core.clock import beijing_day, to_us
from mingcha.core.dated import Dated, load_dated
from mingcha.core.errors import BadRule
from mingcha.core.refs import FrameRef
from mingcha.store.journal import files, licences, statements
from mingcha.store.journal.block import Block
from mingcha.store.journal.entry import Direction, Entry
from mingcha.store.journal.errors import StatementFailed
from mingcha.store.journal.notary import Notary
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.statements import RETENTION, Statement

CLASSES = ("station", "reply", "quarantine", "rejected")
DEFAULTS = Path(__file__).with_name("retention.yaml")
FOREVER = "forever"
_REJECTED = ("rejected", "skipped")


@dataclass(frozen=True, slots=True)
class Holds:
    """What must stay whatever its age: ``refs``, and all of a station (MN) that was received from a moment on."""

    refs: frozenset[FrameRef] = frozenset()
    stations: Mapping[str, datetime] = field(default_factory=dict)

    def holds(self, ref: FrameRef, e: Entry) -> bool:
        since = self.stations.get(e.mn)
        return ref in self.refs or (since is not None and e.received_us >= to_us(since))


@dataclass(frozen=True, slots=True)
class Cut:
    """What goes from one block. ``saved``: bytes of its payload."""

    journal: str
    block: int
    dropped: tuple[int, ...]
    classes: dict[str, int]
    saved: int


@dataclass(slots=True)
class Plan:
    """``classes``: entries that go. ``held``: old enough, but held. ``unprofitable``: too little in their block."""

    settings: dict[str, dict[str, str]]
    cuts: list[Cut] = field(default_factory=list)
    classes: Counter[str] = field(default_factory=Counter)
    held: int = 0
    unprofitable: int = 0

    @property
    def saved(self) -> int:
        return sum(cut.saved for cut in self.cuts)

    def as_json(self) -> dict[str, Any]:
        return {
            "settings": self.settings, "blocks": len(self.cuts), "dropped": dict(self.classes),
            "saved_bytes": self.saved, "held": self.held, "unprofitable": self.unprofitable,
        }  # fmt: skip


def class_of(e: Entry) -> str:
    """The class of an entry; what is in doubt is a station's, which is kept longest."""
    if e.direction is Direction.OUT:
        return "reply"
    word = e.verdict.partition(":")[0]
    return "rejected" if word in _REJECTED else "quarantine" if word == "quarantine" else "station"


def ages(own: Path | None = None) -> dict[str, Dated]:
    """The dated settings: ours, and over them those of the operator's ``own`` file.

    Raises:
        BadRule: a file is wrong; the message names file, key and remedy.
    """
    found = load_dated(DEFAULTS)
    for key, entry in (load_dated(own) if own is not None and own.exists() else {}).items():
        if key not in CLASSES:
            raise BadRule(f"{own}: {key}: no class of entries; use {', '.join(CLASSES)}")
        found[key] = entry
    for entry in found.values():
        for since, value in entry.values:
            if value != FOREVER and not (value.isascii() and value.isdigit() and int(value) > 0):
                raise BadRule(
                    f'{entry.key}: {since}: {value!r} found; a number of days or "{FOREVER}" expected'
                )
    return found


def plan(
    reader: JournalReader,
    at: datetime,
    settings: Mapping[str, Dated],
    holds: Holds,
    *,
    unsigned: bool = False,
    on_block: Callable[[], None] = lambda: None,
) -> Plan:
    """What may go at ``at``; nothing is changed. ``unsigned``: also of blocks that a checkpoint would first cover.

    Raises:
        BrokenEvidence: a block does not fit its hashes.
    """
    made = Plan(_in_force(settings, at))
    limits = {
        name: to_us(at - timedelta(days=int(entry["days"])))
        for name, entry in made.settings.items()
        if entry["days"] != FOREVER
    }
    if limits:
        for block in _old(reader, max(limits.values()), unsigned=unsigned):
            on_block()
            _judge(made, block, limits, holds)
    return made


def carry_out(notary: Notary, made: Plan, *, at: datetime, by: str) -> Statement | None:
    """Sign ``made`` and reduce its blocks; None where there is nothing to drop.

    Raises:
        StatementFailed: the disk is full; nothing was dropped.
    """
    finish(notary.folder)
    if not made.cuts:
        return None
    content = b"".join(
        json.dumps(licences.row(c.journal, c.block, c.dropped, c.classes)).encode() + b"\n" for c in made.cuts
    )
    stated = notary.state_listed(RETENTION, {"by": by, **made.as_json()}, content, at=at)
    finish(notary.folder)
    return stated


def finish(folder: Path) -> int:
    """Reduce every block that a signed list names and that still holds what it names; give the number.

    Raises:
        StatementFailed: the disk is full; call it again.
    """
    checked = statements.check(statements.read(folder / statements.FILE))
    done = 0
    for one in checked.good:
        if one.kind == RETENTION:
            path = licences.path_of(folder, one.number)
            content = path.read_bytes() if path.is_file() else b""
            if sha256(content).hexdigest() == one.body["list_sha256"]:
                done += _reduce(folder, one.number, list(map(json.loads, content.splitlines())))
    return done


def _in_force(settings: Mapping[str, Dated], at: datetime) -> dict[str, dict[str, str]]:
    day = beijing_day(at)
    return {
        name: {
            "days": settings[name].on(day),
            "cite": settings[name].cite,
            "sureness": settings[name].sureness.value,
        }
        for name in CLASSES
    }


def _old(reader: JournalReader, before_us: int, *, unsigned: bool) -> Iterator[Block]:
    """Blocks that begin before ``before_us``, are signed (or not), and stand in no gateway's newest file."""
    last = statements.last(reader.folder / statements.FILE, statements.CHECKPOINT)
    signed = (
        {head["gateway"]: (head["journal"], head["block"]) for head in last.body["heads"]} if last else {}
    )
    for gateway in reader.gateways():
        newest = reader.journals(gateway)[-1]
        for block in reader.blocks(gateway=gateway):
            covered = unsigned or (block.journal, block.seq) <= signed.get(gateway, ("", 0))
            if block.journal == newest or not covered:
                break
            if block.first_us < before_us:
                yield block


def _judge(made: Plan, block: Block, limits: Mapping[str, int], holds: Holds) -> None:
    rest = block.rest()
    gone: dict[int, str] = {}
    for index, e in rest.entries:
        name = class_of(e)
        if e.received_us < limits.get(name, -(2**63)):
            if holds.holds(FrameRef(block.journal, block.seq, index), e):
                made.held += 1
            else:
                gone[index] = name
    if not gone:
        return
    saved = len(block.payload) - len(rest.without(gone.keys(), 0))
    if saved <= 0:
        made.unprofitable += len(gone)
        return
    classes = Counter(gone.values())
    made.cuts.append(Cut(block.journal, block.seq, tuple(gone), dict(classes), saved))
    made.classes.update(classes)


def _reduce(folder: Path, number: int, rows: Sequence[dict[str, Any]]) -> int:
    done = 0
    for journal, of_file in groupby(rows, key=lambda row: str(row["journal"])):
        try:
            done += _rewrite(folder, journal, number, of_file)
        except sqlite3.Error as error:
            raise StatementFailed(
                f"{journal}: {error}. Record {number} is signed but not carried out to its end; free disk space "
                "and run `mingcha journal retain` again"
            ) from error
    return done


def _rewrite(folder: Path, journal: str, number: int, rows: Iterable[dict[str, Any]]) -> int:
    """One file, one transaction; then its space is given back, so that what went is not left in free pages.

    In WAL mode meanwhile, so that readers are not kept waiting.
    """
    changed = 0
    with closing(
        sqlite3.connect(files.path_of(folder, journal), timeout=files.BUSY_S, isolation_level=None)
    ) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        for row in rows:
            found = db.execute("SELECT * FROM blocks WHERE seq = ?", (row["block"],)).fetchone()
            block = files.block_of(journal, found)
            rest, gone = block.rest(), licences.indices_of(row["dropped"])
            if any(index in gone for index, _ in rest.entries):
                changed += 1
                left = rest.without(gone, number)
                db.execute("UPDATE blocks SET payload = ? WHERE seq = ?", (left, block.seq))
        db.execute("COMMIT")
        if changed:
            db.execute("VACUUM")
        files.make_plain(db)
    return changed
