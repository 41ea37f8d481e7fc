"""What the telemetry store takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mingcha.core.refs import FrameRef

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a write did, in packets. ``stored`` brought something new; of these ``revisions`` changed a
    text known before; ``duplicates`` brought nothing.
    """

    stored: int
    duplicates: int
    revisions: int


@dataclass(frozen=True, slots=True)
class Latest:
    """One factor at the newest time of its point and kind. ``fields``: (sub-field, text as received)."""

    point: str
    kind: str
    time: datetime
    received: datetime | None
    factor: str
    fields: tuple[tuple[str, str], ...]
    flag: str
    ref: FrameRef | None

    def get(self, field: str) -> str | None:
        """The text of ``field``, or None."""
        return next((text for name, text in self.fields if name == field), None)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One field of one factor over time: parallel columns, ``times`` strictly rising.

    ``times``: epoch seconds UTC. ``values``: NaN where ``texts`` holds no number. ``received``: epoch
    microseconds, 0 where unknown. ``versions``: how many versions of the value are kept.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    texts: list[str]
    flags: list[str]
    refs: Sequence[FrameRef | None]
    received: NDArray[np.int64]
    versions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class ValueVersion:
    """One version of one value, oldest first in a list. ``current``: the one that is used now."""

    field: str
    text: str
    flag: str
    ref: FrameRef | None
    received: datetime | None
    qn: str
    supplement: bool
    current: bool


@dataclass(frozen=True, slots=True)
class Version(Generic[T]):
    """One version of an hour or day value and when it was written. ``value``: None where it was withdrawn."""

    version: int
    at: datetime
    value: T | None


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row of readings with its names spelled out: what history keeps of it. ``time``: epoch seconds.

    ``content``: the texts that were new or changed, by (factor, field), in the order they were kept.
    """

    time: int
    seq: int
    received_us: int | None
    ref: FrameRef | None
    qn: str
    edition: str
    supplement: bool
    content: dict[tuple[str, str], str]


class RawResult(NamedTuple):
    """A version of an hour, day or month value. ``start``: epoch seconds. ``text``: as it is kept, ``null`` withdraws."""

    outlet: str
    start: int
    factor: str
    version: int
    at_us: int
    text: str
