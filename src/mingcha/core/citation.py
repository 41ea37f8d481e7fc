"""Where a rule, number or term comes from, and how sure that is."""

from dataclasses import dataclass
from enum import StrEnum


class Sureness(StrEnum):
    """How sure a fact of the law is. Below ``OFFICIAL`` a judgement is provisional."""

    OFFICIAL = "official"
    SECONDARY = "secondary"
    DOUBTFUL = "doubtful"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Citation:
    """A clause of a document, e.g. ``Citation("HJ 75-2017", "附录C.6", Sureness.OFFICIAL)``."""

    document: str
    clause: str
    sureness: Sureness = Sureness.OFFICIAL

    def __str__(self) -> str:
        return f"{self.document} {self.clause}".strip()
