"""A hash tree over the entries of one block, so that one frame can be proven without showing the others.

Fan-out 16: a leaf is ``SHA-256(00 || entry)``, a node ``SHA-256(01 || up to 16 children)``; level after
level until one hash is left (``FORMAT.md`` §4). Wide nodes cost a sixteenth of a binary tree's hashing
on the way in; a proof is the children of each node on the way up.
"""

import struct
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import repeat

from mingcha.store.journal.entry import TEXT, Entry

FAN = 16
_FIXED = struct.Struct("<BBq")
_SIZE = struct.Struct("<H")

Proof = list[list[bytes]]
Nodes = dict[tuple[int, int], bytes]  # (level, place in it) → hash; level 0 are the leaves


def leaves(entries: Sequence[Entry]) -> list[bytes]:
    """The leaf hash of each entry."""
    if not entries:
        return []
    directions, times, conns, mns, verdicts, raws = zip(*entries, strict=True)
    named = {text: _sized(text) for text in {*conns, *mns, *verdicts}}
    fixed = map(_FIXED.pack, repeat(0), directions, times)
    return [
        sha256(b"".join((head, named[conn], named[mn], named[verdict], raw))).digest()
        for head, conn, mn, verdict, raw in zip(fixed, conns, mns, verdicts, raws, strict=True)
    ]


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


def proof_known(known: Nodes, count: int, index: int) -> Proof:
    """The same from ``nodes`` of a block of ``count`` entries; leaf ``index`` must be among those kept."""
    sizes, path = _sizes(count), []
    for level in range(1, len(sizes)):
        index //= FAN
        path.append([known[level - 1, child] for child in _below(sizes, level, index)])
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


def nodes(kept: Sequence[bool], leaves_kept: Iterable[bytes], tops: Iterable[bytes]) -> Nodes:
    """Every node that can be known from the leaves ``kept`` and the ``tops`` of subtrees that lost all theirs.

    Both from left to right. With all kept and no tops it is the whole tree.

    Raises:
        ValueError: there are more or fewer of them than ``kept`` asks for.
    """
    found, gone, sizes = iter(leaves_kept), iter(tops), _sizes(len(kept))
    known: Nodes = {}

    def at(level: int, index: int) -> bytes:
        if not any(kept[index * FAN**level : (index + 1) * FAN**level]):
            top = next(gone, None)
        elif level == 0:
            top = next(found, None)
        else:
            top = _node([at(level - 1, child) for child in _below(sizes, level, index)])
        if top is None:
            raise ValueError("hashes are missing")
        known[level, index] = top
        return top

    at(len(sizes) - 1, 0)
    if next(found, None) is not None or next(gone, None) is not None:
        raise ValueError("hashes are left over")
    return known


def top_of(known: Nodes) -> bytes:
    """The root among ``nodes``."""
    return known[max(known)]


def pruned(known: Nodes, kept: Sequence[bool]) -> list[bytes]:
    """The tops that ``nodes`` wants where only the leaves ``kept`` (fewer than before) remain."""
    sizes = _sizes(len(kept))

    def tops(level: int, index: int) -> list[bytes]:
        if not any(kept[index * FAN**level : (index + 1) * FAN**level]):
            return [known[level, index]]
        if level == 0:
            return []
        return [top for child in _below(sizes, level, index) for top in tops(level - 1, child)]

    return tops(len(sizes) - 1, 0)


def _below(sizes: Sequence[int], level: int, index: int) -> range:
    """The children of a node."""
    return range(index * FAN, min(index * FAN + FAN, sizes[level - 1]))


def _sizes(count: int) -> list[int]:
    """How many nodes each level has, leaves first."""
    sizes = [count]
    while sizes[-1] > 1 or len(sizes) == 1:
        sizes.append(-(-sizes[-1] // FAN))
    return sizes


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
