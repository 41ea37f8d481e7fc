"""Where what lies: ``<place>/<generation>/<table>/kind=…/month=…/bucket=…/<unique>.parquet``.

Five Delta tables. ``readings`` holds a row for each value of a frame and ``frames`` one for each frame, both of the
kinds that loggers send; ``hours``, ``days`` and ``months`` hold results with every version. ``month`` is the UTC month
of the row's time. A bucket is a share of the points (or outlets), told by a hash that never changes.
"""

import zlib
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

from mingcha.core.clock import DAY_S, from_epoch, to_epoch
from mingcha.core.spans import Span

BUCKETS = 8  # of a new history; a province takes 64 (MINGCHA_HISTORY_BUCKETS)
RESULTS = {"hour": "hours", "day": "days", "month": "months"}
PARTITION = ("kind", "month", "bucket")
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A share of one kind in one month."""

    kind: str
    month: str
    bucket: int

    def folder(self) -> str:
        return f"kind={self.kind}/month={self.month}/bucket={self.bucket}"

    def values(self) -> dict[str, str | None]:
        """As the log of a Delta table wants them."""
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class File:
    """A Parquet file in use. ``path`` is that below its table; ``first`` and ``last`` are epoch days."""

    table: str
    path: str
    rows: int
    bytes: int
    first: int
    last: int


def tables_of(kind: str) -> tuple[str, ...]:
    """The tables that hold a kind."""
    return (RESULTS[kind],) if kind in RESULTS else ("frames", "readings")


def bucket_of(name: str, buckets: int) -> int:
    """The bucket of a point or outlet."""
    return zlib.crc32(name.encode()) % buckets


def month_of(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def months_of(span: Span) -> tuple[str, str]:
    """First and last month that a span touches."""
    last = span.end - timedelta(microseconds=1) if span.end > span.start else span.end
    return month_of(span.start.astimezone(UTC).date()), month_of(last.astimezone(UTC).date())


def number_of(day: date) -> int:
    """The epoch day of a date."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=number)


def span_of(number: int) -> Span:
    """The UTC day of an epoch day."""
    return Span(from_epoch(number * DAY_S), from_epoch((number + 1) * DAY_S))


def days_of(span: Span) -> range:
    """Epoch days that a span touches."""
    return range(to_epoch(span.start) // DAY_S, -(-to_epoch(span.end) // DAY_S))


def day_before(moment: datetime) -> int:
    """The first epoch day that does not end by ``moment``."""
    return to_epoch(moment) // DAY_S
