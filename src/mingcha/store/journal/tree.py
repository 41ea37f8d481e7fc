"""A hash tree over the entries of one block, so that one frame can be proven without showing the others.

Fan-out 16: a leaf is ``SHA-256(00 || entry)``, a node ``SHA-256(01 || up to 16 children)``; level after
level until one hash is left (``FORMAT.md`` §4). Wide nodes cost a sixteenth of a binary tree's hashing
on the way in; a proof is the children of each node on the way up.
"""

import struct
from collections.abc import Sequence
from hashlib import sha256

from mingcha.store.journal.entry import TEXT, Entry

FAN = 16
_FIXED = struct.Struct("<BBq")
_SIZE = struct.Struct("<H")

Proof = list[list[bytes]]


def leaves(entries: Sequence[Entry]) -> list[bytes]:
    """The leaf hash of each entry."""
    named: dict[tuple[str, str, str], bytes] = {}
    found = []
    for e in entries:
        key = (e.conn, e.mn, e.verdict)
        names = named.get(key)
        if names is None:
            names = named[key] = b"".join(map(_sized, key))
        found.append(sha256(_FIXED.pack(0, e.direction, e.received_us) + names + e.raw).digest())
    return found


def root(hashes: Sequence[bytes]) -> bytes:
    """The hash at the top."""
    return _levels(hashes)[-1][0]


def proof(hashes: Sequence[bytes], index: int) -> Proof:
    """The children of every node between leaf ``index`` and the root."""
    path = []
    for level in _levels(hashes)[:-1]:
        index -= (offset := index % FAN)
        path.append(list(level[index : index + FAN]))
        index = (index + offset) // FAN
    return path


def proves(leaf: bytes, index: int, count: int, path: Proof, top: bytes) -> bool:
    """True where ``leaf`` is number ``index`` of the ``count`` leaves under ``top``."""
    if not 0 <= index < count:
        return False
    for children in path:
        width = min(FAN, count - index // FAN * FAN)
        if len(children) != width or children[index % FAN] != leaf:
            return False
        leaf, index, count = _node(children), index // FAN, -(-count // FAN)
    return count == 1 and leaf == top


def _levels(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    levels = [hashes]
    while len(levels[-1]) > 1 or len(levels) == 1:
        below = levels[-1]
        levels.append([_node(below[i : i + FAN]) for i in range(0, len(below), FAN)])
    return levels


def _node(children: Sequence[bytes]) -> bytes:
    return sha256(b"\x01" + b"".join(children)).digest()


def _sized(text: str) -> bytes:
    encoded = text.encode(*TEXT)
    return _SIZE.pack(len(encoded)) + encoded
