"""How many entries of each station an interval holds, as a hash tree: what a checkpoint signs. ``FORMAT.md`` §6.

So a package can prove that it holds *all* entries of a station, without showing those of others. Leaves are in the
order of the MNs' bytes; that a station has none is proven by the two neighbours between which it would stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from mingcha.store.journal import tree
from mingcha.store.journal.entry import TEXT


def leaf(mn: str, count: int) -> bytes:
    """``SHA-256(02 || count, 8 bytes || MN)``."""
    return sha256(b"\x02" + count.to_bytes(8, "little") + mn.encode(*TEXT)).digest()


@dataclass(frozen=True, slots=True)
class Counts:
    """The leaves of one interval, sorted."""

    rows: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, found: Mapping[str, int]) -> "Counts":
        return cls(tuple(sorted(found.items(), key=lambda row: row[0].encode(*TEXT))))

    @property
    def root(self) -> str:
        """64 hex digits; "" where there is no station."""
        return tree.root(self._leaves()).hex() if self.rows else ""

    def witness(self, mn: str) -> list[dict[str, Any]]:
        """The leaf of ``mn``, or the one or two between which it would stand."""
        names = [name.encode(*TEXT) for name, _ in self.rows]
        wanted = mn.encode(*TEXT)
        if wanted in names:
            return [self._shown(names.index(wanted))]
        after = sum(name < wanted for name in names)
        return [self._shown(i) for i in (after - 1, after) if 0 <= i < len(names)]

    def _shown(self, index: int) -> dict[str, Any]:
        mn, count = self.rows[index]
        path = [[child.hex() for child in children] for children in tree.proof(self._leaves(), index)]
        return {"mn": mn, "count": count, "index": index, "proof": path}

    def _leaves(self) -> list[bytes]:
        return [leaf(mn, count) for mn, count in self.rows]


def proven(mn: str, witness: list[dict[str, Any]], stations: int, root: str) -> int | None:
    """How many entries of ``mn`` the interval has; None where ``witness`` proves nothing."""
    for one in witness:
        path = [[bytes.fromhex(child) for child in children] for children in one["proof"]]
        if not tree.proves(leaf(one["mn"], one["count"]), one["index"], stations, path, bytes.fromhex(root)):
            return None
    if len(witness) == 1 and witness[0]["mn"] == mn:
        return int(witness[0]["count"])
    return 0 if _between(mn, witness, stations) else None


def _between(mn: str, witness: list[dict[str, Any]], stations: int) -> bool:
    """True where the leaves stand side by side and ``mn`` would stand between them, or outside the one at the edge."""
    names: list[bytes] = [one["mn"].encode(*TEXT) for one in witness]
    places: list[int] = [one["index"] for one in witness]
    wanted = mn.encode(*TEXT)
    match places:
        case []:
            return stations == 0
        case [0]:
            return wanted < names[0] or (stations == 1 and wanted != names[0])
        case [only]:
            return only == stations - 1 and wanted > names[0]
        case [left, right]:
            return right == left + 1 and names[0] < wanted < names[1]
        case _:
            return False
