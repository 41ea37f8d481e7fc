"""The one place that reads the clock. Everywhere else ``now`` is an argument.

Time is UTC inside and Beijing time (UTC+8, no daylight saving) at the frame and the page.
"""

import time
from datetime import UTC, date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")

HOUR_S = 3600
DAY_S = 86400


def now() -> datetime:
    """The present moment, UTC and aware."""
    return datetime.now(UTC)


def now_us() -> int:
    """The present moment in microseconds since the epoch."""
    return time.time_ns() // 1000


def from_epoch(seconds: float) -> datetime:
    """Epoch seconds to an aware UTC moment."""
    return datetime.fromtimestamp(seconds, UTC)


def from_us(microseconds: int) -> datetime:
    """Epoch microseconds to an aware UTC moment, without float rounding."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def to_us(moment: datetime) -> int:
    """An aware moment to epoch microseconds, without float rounding.

    Raises:
        ValueError: ``moment`` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; give an aware datetime")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def to_epoch(moment: datetime) -> int:
    """An aware moment to whole epoch seconds (cut, not rounded).

    Raises:
        ValueError: ``moment`` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; give an aware datetime")
    return int(moment.timestamp() // 1)


def beijing(moment: datetime) -> datetime:
    """The same moment on the Beijing wall clock."""
    return moment.astimezone(BEIJING)


def beijing_day(moment: datetime) -> date:
    """The calendar day in Beijing."""
    return beijing(moment).date()


def day_start(day: date) -> datetime:
    """00:00 Beijing of ``day``, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING).astimezone(UTC)


def day_end(day: date) -> datetime:
    """24:00 Beijing of ``day``, as UTC."""
    return day_start(day) + timedelta(days=1)


def hour_start(moment: datetime) -> datetime:
    """The full hour that holds ``moment`` (Beijing hours are UTC hours)."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def parse_digits(text: str) -> datetime | None:
    """``YYYYMMDDhhmmss[zzz]`` on the Beijing clock to UTC; None where it is no such time.

    Only ASCII digits count; HJ 212-2017 §6.3.
    """
    if len(text) not in (14, 17) or not (text.isascii() and text.isdigit()):
        return None
    try:
        moment = datetime(
            int(text[:4]), int(text[4:6]), int(text[6:8]),
            int(text[8:10]), int(text[10:12]), int(text[12:14]),
            int(text[14:17] or 0) * 1000, tzinfo=BEIJING,
        )  # fmt: skip
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the first hours of year 1 have no moment in UTC
        return None


def format_digits(moment: datetime, *, milliseconds: bool = False) -> str:
    """A moment as ``YYYYMMDDhhmmss`` (or 17 digits) on the Beijing clock."""
    local = beijing(moment)
    text = local.strftime("%Y%m%d%H%M%S")
    return f"{text}{local.microsecond // 1000:03d}" if milliseconds else text
