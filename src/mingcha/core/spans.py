"""Half-open spans of time, ``[start, end)``, UTC."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``start`` (included) to ``end`` (not included), both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a span needs aware datetimes")
        if self.end < self.start:
            raise ValueError(f"a span cannot end ({self.end}) before it starts ({self.start})")

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    def joined(self, other: "Span") -> "Span":
        """The least span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def steps(self, step: timedelta) -> Iterator[datetime]:
        """``start``, ``start + step`` … while inside."""
        moment = self.start
        while moment < self.end:
            yield moment
            moment += step


def merged(spans: Iterable[Span], *, gap: timedelta = timedelta(0)) -> list[Span]:
    """Sorted spans in which no two are ``gap`` or less apart."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start - out[-1].end <= gap:
            out[-1] = out[-1].joined(span)
        else:
            out.append(span)
    return out
