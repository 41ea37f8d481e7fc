"""Who signs: checkpoints of the chain heads, new keys, retention. ``FORMAT.md`` §6.

What is signed was looked at: every block since the last checkpoint is followed, its stored bytes and its payload are
hashed, and the MNs counted; the head signed last must still stand. So the chain fixes every byte of what is signed. The
tree over the entries of a block follows from these bytes: whether its maker told the truth is what ``verify`` looks at.
One process at a time; the gateway that writes the journal is never waited for.
"""

import fcntl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.store.journal import keys, licences, looking, statements
from mingcha.store.journal.block import Block, genesis
from mingcha.store.journal.counts import Counts
from mingcha.store.journal.errors import KeyTrouble
from mingcha.store.journal.keys import SigningKey
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.statements import CHECKPOINT, KEY, NOTHING, Statement

KEY_FILE = "journal_key.pem"  # in the data folder


@dataclass(slots=True)
class _Tail:
    """How far one gateway was followed. ``after``: the block before the interval, in the same file."""

    gateway: str
    chain: bytes
    journal: str = ""
    block: int = 0
    blocks: int = 0
    frames: int = 0
    after: int = 0
    stations: Counter[str] = field(default_factory=Counter)

    def head(self) -> dict[str, Any]:
        """As it is signed; the next interval begins here."""
        counts = Counts.of(self.stations)
        told = {
            "gateway": self.gateway, "journal": self.journal, "block": self.block, "chain": self.chain.hex(),
            "blocks": self.blocks, "frames": self.frames,
            "after": self.after, "stations": len(counts.rows), "counts_root": counts.root,
        }  # fmt: skip
        self.after, self.stations = self.block, Counter()
        return told

    def take(self, block: Block) -> None:
        """Go on by one block.

        Raises:
            BrokenEvidence: it does not fit; nothing may be signed.
        """
        place = f"{block.journal}/{block.seq}"
        if block.is_reduced:
            raise BrokenEvidence(f"{place}: entries are gone from a block that was never signed")
        misfits = list(looking.links(block, self.chain))
        stations: Counter[str] = Counter()
        if not misfits:
            stations.update(one.mn for one in block.words())
        if block.seq != (due := self.block + 1 if block.journal == self.journal else 1):
            misfits.append(("order", f"block {due}", f"block {block.seq}"))
        if misfits:
            code, expected, found = misfits[0]
            raise BrokenEvidence(
                f"{place}: {code}: expected {expected}, found {found}. No checkpoint is signed over it; "
                "run `mingcha journal verify` and put back a copy of the file"
            )
        self.journal, self.block, self.chain = block.journal, block.seq, block.chain
        self.blocks += 1
        self.frames += block.count
        self.stations.update(stations)


class Notary:
    """Signs statements about the journals in ``folder`` with the key in ``key_file``, which it makes on first use.
    ``reader``: where the blocks are read that are signed; the files in ``folder`` where none is given.

    Raises:
        KeyTrouble: the key is lost, readable by others, or not the one that signed last.
        StatementFailed: the disk is full; nothing was stated.
    """

    def __init__(self, folder: Path, key_file: Path, *, reader: JournalReader | None = None) -> None:
        self.folder = Path(folder)
        self._reader = reader or JournalReader(self.folder)
        self.key_file = Path(key_file)
        self.path = self.folder / statements.FILE
        self._next = self.key_file.with_name(f"{self.key_file.name}.next")

    @classmethod
    def in_data(cls, data: Path, *, reader: JournalReader | None = None) -> "Notary":
        """The notary of a data folder."""
        return cls(data / "journal", data / KEY_FILE, reader=reader)

    def public_key(self, *, at: datetime) -> str:
        """64 hex digits."""
        with self._alone():
            return self._key(at).public

    def state_listed(self, kind: str, content: dict[str, Any], rows: bytes, *, at: datetime) -> Statement:
        """Sign ``content``, which names the list ``rows`` by its SHA-256; the list is durable before."""
        with self._alone():
            key, last = self._key(at), statements.last(self.path)
            licences.write(self.folder, 1 if last is None else last.number + 1, rows)
            return self._state(key, kind, {**content, "list_sha256": sha256(rows).hexdigest()}, at)

    def rotate(self, *, at: datetime, lost: str = "") -> Statement:
        """A new key, signed by the old one, which is then destroyed.

        ``lost``: why there is no old key to sign. The new one then signs itself, and whoever checks
        must be told its public key by another way.
        """
        with self._alone():
            old = None if lost else self._key(at)
            self._next.unlink(missing_ok=True)
            new = keys.make()
            new.save(self._next)
            stated = self._state_key(new, old, at, lost)
            self._next.replace(self.key_file)
            return stated

    def due(self, at: datetime, every: timedelta) -> bool:
        """True where the last checkpoint is ``every`` old, or a gateway began a new file since."""
        held = {name: self._reader.journals(name) for name in self._reader.gateways()}
        newest = {name: journals[-1] for name, journals in held.items() if journals}
        last = statements.last(self.path, CHECKPOINT)
        if last is None or not newest:
            return bool(newest)
        signed = {head["gateway"]: head["journal"] for head in last.body["heads"]}
        return at - datetime.fromisoformat(last.at) >= every or any(
            signed.get(name, "") < journal for name, journal in newest.items()
        )

    def checkpoint(self, *, at: datetime, on_block: Callable[[], None] = lambda: None) -> list[Statement]:
        """Sign where every gateway's chain stands: once at the end of each finished file, once now.

        Nothing where there is no block yet.

        Raises:
            BrokenEvidence: a block does not fit, or what was signed before is no longer there.
        """
        with self._alone():
            key, made, tails = self._key(at), [], self._tails()
            days = sorted({journal[-8:] for tail in tails for journal in self._ahead(tail)})
            for day in days:
                moved = [self._follow(tail, f"{tail.gateway}-{day}", on_block) for tail in tails]
                heads = [tail.head() for tail in tails if tail.block]
                if heads and (any(moved) or day == days[-1]):
                    made.append(self._state(key, CHECKPOINT, {"heads": heads}, at))
            return made

    def _tails(self) -> list[_Tail]:
        """Every gateway where it was signed last, after a look that this still stands."""
        last = statements.last(self.path, CHECKPOINT)
        signed = {head["gateway"]: head for head in last.body["heads"]} if last else {}
        found = []
        for gateway in sorted({*self._reader.gateways(), *signed}):
            tail = _Tail(gateway, genesis(gateway))
            if last is not None and gateway in signed:
                self._resume(tail, signed[gateway], last.number)
            found.append(tail)
        return found

    def _resume(self, tail: _Tail, head: dict[str, Any], number: int) -> None:
        tail.journal, tail.block = head["journal"], head["block"]
        tail.blocks, tail.frames, tail.after = head["blocks"], head["frames"], head["block"]
        tail.chain = bytes.fromhex(head["chain"])
        try:
            stands = self._reader.block(tail.journal, tail.block).chain
        except NotFound:
            stands = b""
        if stands != tail.chain:
            raise BrokenEvidence(
                f"{tail.journal}/{tail.block}: block {tail.chain.hex()} of checkpoint {number} expected, "
                f"{stands.hex() or 'none'} found in {self._reader.place}: the journal was cut off or written anew, or a cluster "
                "has yet to follow. Nothing is signed; where it does not follow by itself put back a copy"
            )

    def _ahead(self, tail: _Tail) -> list[str]:
        return [name for name in self._reader.journals(tail.gateway) if name >= tail.journal]

    def _follow(self, tail: _Tail, journal: str, on_block: Callable[[], None]) -> bool:
        """Follow one file to where it ends now; True where there was something new."""
        if journal < tail.journal:
            return False
        until = self._reader.end(journal)
        first = tail.block + 1 if journal == tail.journal else 1
        if first > until:
            return False
        tail.after = first - 1
        for block in self._reader.blocks(FrameRef(journal, first, 0), gateway=tail.gateway):
            if block.journal != journal or block.seq > until:
                break
            tail.take(block)
            on_block()
        return True

    def _key(self, at: datetime) -> SigningKey:
        last = statements.last(self.path, KEY)
        public = "" if last is None else str(last.body["public"])
        self._finish_rotation(public)
        key = keys.load(self.key_file)
        if last is None:
            if key is None:
                key = keys.make()
                key.save(self.key_file)
            self._state_key(key, None, at, "")
        if key is None or (public and key.public != public):
            found = "no key" if key is None else f"key {key.public}"
            raise KeyTrouble(
                f"{self.key_file}: the key {public} that signed last expected, {found} found; put the file back from a "
                "backup. If it is lost for good: `mingcha journal key --lost REASON` begins a new one"
            )
        return key

    def _finish_rotation(self, public: str) -> None:
        """A process killed while it changed keys: the statement decides which key is in force."""
        waiting = keys.load(self._next)
        if waiting is not None and waiting.public == public:
            self._next.replace(self.key_file)

    def _state_key(self, new: SigningKey, old: SigningKey | None, at: datetime, lost: str) -> Statement:
        last = statements.last(self.path)
        prev = NOTHING if last is None else last.digest
        proof = new.sign(statements.proof_text(new.public, prev)).hex()
        content = {"public": new.public, "proof": proof, **({"lost": lost} if lost else {})}
        return self._state(old or new, KEY, content, at)

    def _state(self, key: SigningKey, kind: str, content: dict[str, Any], at: datetime) -> Statement:
        last = statements.last(self.path)
        front = {
            "number": 1 if last is None else last.number + 1, "kind": kind, "at": at.isoformat(),
            "prev": NOTHING if last is None else last.digest,
        }  # fmt: skip
        one = statements.made(key, {**front, **content})
        statements.append(self.path, one)
        return one

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time; others wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "checkpoints.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
