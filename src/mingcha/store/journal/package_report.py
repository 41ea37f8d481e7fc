"""What checking an evidence package came to."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class PackageReport:
    """``problems``: sentences with place, expected and found. ``heads``: last block of each gateway with its
    chain hash; compare it with one kept elsewhere, since whoever makes a package can make all of it.

    ``checkpoints``: numbers whose signature is right; ``keys`` that signed; ``stamps``: number → time. ``complete``:
    signed intervals of which no frame is missing; ``open``: intervals and blocks of which that cannot be said.
    """

    frames: int = 0
    blocks: int = 0
    problems: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    checkpoints: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    stamps: dict[int, str] = field(default_factory=dict)
    complete: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def same(self, place: str, expected: object, found: object) -> None:
        if expected != found:
            self.problems.append(f"{place}: {expected} expected, {found} found")
