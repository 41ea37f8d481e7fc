"""What a check of journals says: heads, anchors, faults, what was dropped."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """The last block of a gateway and its chain hash: whoever keeps this can prove what stood before."""

    journal: str
    block: int
    chain: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit.

    ``code`` of a block: unreadable, structure, missing, order, prev, chain, stored, payload, frames, count,
    times, tail, anchor, checkpoint, dropped. Of a signed statement (``journal`` is "checkpoints", ``block`` its
    number): form, number, prev, signature, key, list, stamp.
    """

    journal: str
    block: int
    code: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.journal}/{self.block}: {self.code}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Dropped:
    """Entries of one block that are gone as signed retention ``statements`` say. No fault."""

    journal: str
    block: int
    entries: int
    statements: tuple[int, ...]

    def __str__(self) -> str:
        under = ", ".join(map(str, self.statements))
        return f"{self.journal}/{self.block}: {self.entries} entries dropped under record {under}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was looked at and every fault. ``heads``: last block and chain hash of each gateway.

    ``statements``: how many signed ones were checked. ``keys``: their public keys in order.
    """

    blocks: int
    frames: int
    problems: tuple[Fault, ...]
    heads: tuple[Head, ...]
    statements: int = 0
    keys: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Anchor:
    """A block known from elsewhere (a projection's position, a printed head): it must be there.

    ``chain`` "" where only its being there is known.
    """

    journal: str
    block: int
    chain: str = ""
