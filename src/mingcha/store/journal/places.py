"""Where the frames of a station stand: ``stations.index`` beside the journal, made from it and made again when it is gone.

For each MN and file of the journal: the first and the last block with an entry of it, the last ``KEPT`` blocks, and how many
entries it has by verdict and command. So the frames of a station that was silent for months are found without looking through those of
the others. Positions stand in the transaction of the rows: a kill repeats nothing and loses nothing. It is no evidence and
nobody signs it; what it names is read, and checked, in the journal.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from mingcha.core.refs import FrameRef
from mingcha.store.journal.block import Block
from mingcha.store.journal.entry import Entry
from mingcha.store.journal.reader import JournalReader

FILE = "stations.index"
KEPT = 64  # blocks named for each station and file: more than a page shows
BATCH = 256  # blocks of one transaction
VERSION = 1
STRANGE_MAX = 40  # a longer MN is no station's (36 is the longest seen in the field)
OPENED_MAX = 2000  # blocks opened one by one behind those that are named
_SCHEMA = """
CREATE TABLE IF NOT EXISTS stations (
    mn TEXT NOT NULL, journal TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, blocks TEXT NOT NULL, kinds TEXT NOT NULL,
    PRIMARY KEY (mn, journal)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (gateway TEXT PRIMARY KEY, journal TEXT NOT NULL, block INTEGER NOT NULL) STRICT;
"""


@dataclass(slots=True)
class Held:
    """What one file has of one station. ``blocks``: the newest ones, rising; ``kinds``: entries by (verdict's word, CN), "" sent."""

    journal: str
    first: int
    last: int
    blocks: list[int] = field(default_factory=list)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)


class Places:
    """The index of the journal in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def follow(self, reader: JournalReader, *, seconds: float = float("inf")) -> int:
        """Take in what came since the last call, for about ``seconds``; give how many blocks.

        Raises:
            BrokenEvidence: a block does not fit its hashes; the index stays before it.
        """
        until, done = time.monotonic() + seconds, 0
        with self._open() as db:
            for gateway in reader.gateways():
                blocks = self._ahead(db, reader, gateway)
                while batch := list(islice(blocks, BATCH)):
                    self._take(db, gateway, batch)
                    done += len(batch)
                    if time.monotonic() >= until:
                        return done
        return done

    def held(self, mn: str) -> list[Held]:
        """What the files have of a station, the newest file first; [] where it is not known or there is no index yet."""
        if not self.path.exists():
            return []
        with self._open() as db:
            rows = db.execute(
                "SELECT journal, first, last, blocks, kinds FROM stations WHERE mn = ?", (mn,)
            ).fetchall()
        found = [
            Held(journal, first, last, json.loads(blocks), _read(kinds))
            for journal, first, last, blocks, kinds in rows
        ]
        return sorted(found, key=lambda one: (one.journal[-8:], one.journal), reverse=True)

    def positions(self) -> dict[str, FrameRef]:
        """The last block of each gateway that is taken in."""
        if not self.path.exists():
            return {}
        with self._open() as db:
            rows = db.execute("SELECT gateway, journal, block FROM positions").fetchall()
        return {gateway: FrameRef(journal, block, 2**31 - 1) for gateway, journal, block in rows}

    # --- inside ------------------------------------------------------------------------------------

    def _ahead(self, db: sqlite3.Connection, reader: JournalReader, gateway: str) -> Iterator[Block]:
        row = db.execute("SELECT journal, block FROM positions WHERE gateway = ?", (gateway,)).fetchone()
        since = FrameRef(row[0], row[1] + 1, 0) if row else None
        return reader.blocks(since, gateway=gateway)

    def _take(self, db: sqlite3.Connection, gateway: str, blocks: list[Block]) -> None:
        new: dict[tuple[str, str], Held] = {}
        for block in blocks:
            for (mn, verdict, cn), count in Counter(block.words()).items():
                if not 0 < len(mn) <= STRANGE_MAX:
                    continue
                held = new.setdefault((mn, block.journal), Held(block.journal, block.seq, block.seq))
                held.last = block.seq
                if not held.blocks or held.blocks[-1] != block.seq:
                    held.blocks.append(block.seq)
                held.kinds[verdict.partition(":")[0], cn] += count
        last = blocks[-1]
        db.execute("BEGIN IMMEDIATE")
        try:
            for (mn, _), held in new.items():
                self._merge(db, mn, held)
            db.execute(
                "INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT (gateway) DO UPDATE SET journal = excluded.journal, "
                "block = excluded.block",
                (gateway, last.journal, last.seq),
            )
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def _merge(self, db: sqlite3.Connection, mn: str, held: Held) -> None:
        row = db.execute(
            "SELECT first, blocks, kinds FROM stations WHERE mn = ? AND journal = ?", (mn, held.journal)
        ).fetchone()
        first, blocks, kinds = (
            (row[0], json.loads(row[1]), _read(row[2])) if row else (held.first, [], _read("{}"))
        )
        held.kinds.update(kinds)
        db.execute(
            "INSERT OR REPLACE INTO stations VALUES (?, ?, ?, ?, ?, ?)",
            (
                mn,
                held.journal,
                first,
                held.last,
                json.dumps((blocks + held.blocks)[-KEPT:]),
                _written(held.kinds),
            ),
        )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A file of another version is thrown away: it is made again."""
        db = sqlite3.connect(self.path, timeout=10.0, isolation_level=None)
        with closing(db):
            found = db.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, VERSION):
                db.executescript("DROP TABLE IF EXISTS stations; DROP TABLE IF EXISTS positions")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(_SCHEMA)
            db.execute(f"PRAGMA user_version = {VERSION}")
            yield db


def _written(kinds: Mapping[tuple[str, str], int]) -> str:
    return json.dumps({f"{word} {cn}": count for (word, cn), count in kinds.items()})


def _read(text: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for name, count in json.loads(text).items():
        word, _, cn = name.partition(" ")
        found[word, cn] = count
    return found


def newest_of(reader: JournalReader, held: list[Held], mn: str) -> Iterator[tuple[FrameRef, Entry]]:
    """Entries of ``mn``, newest file and block first. Ends, and leaves out nothing between, after ``OPENED_MAX`` blocks that
    the index does not name.

    Raises:
        BrokenEvidence: a block does not fit its hashes.
    """
    left = OPENED_MAX
    for one in held:
        yield from _of(reader, one.journal, reversed(one.blocks), mn)
        older = range(one.blocks[0] - 1, one.first - 1, -1)
        yield from _of(reader, one.journal, older[:left], mn)
        left -= len(older)
        if left < 0:
            return


def _of(
    reader: JournalReader, journal: str, blocks: Iterable[int], mn: str
) -> Iterator[tuple[FrameRef, Entry]]:
    for seq in blocks:
        for index, entry in reversed(reader.block(journal, seq).kept()):
            if entry.mn == mn:
                yield FrameRef(journal, seq, index), entry
