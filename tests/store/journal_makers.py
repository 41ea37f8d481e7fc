"""Entries and journals for the tests of the store."""

from datetime import date
from pathlib import Path

from hypothesis import strategies as st

from mingcha.core.clock import day_start, to_us
from mingcha.store.journal import Direction, Entry, Journal

T0 = to_us(day_start(date(2026, 11, 23)))
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US

texts = st.text(max_size=12)
entries = st.builds(
    Entry,
    st.sampled_from(Direction),
    st.integers(0, 2**50),
    texts,
    texts,
    st.sampled_from(["accepted", "deviating:no_crlf", "rejected:crc", ""]),
    st.binary(max_size=60),
)


def frame(n: int, us: int = T0) -> Entry:
    """A plain received frame, number ``n``."""
    raw = b"##0060QN=%017d;ST=31;CN=2011;PW=123456;MN=M%03d;CP=&&Rtd=%d&&ABCD\r\n" % (n, n % 5, n)
    return Entry(Direction.IN, us + n, f"10.0.0.{n % 3}:4000", f"M{n % 5:03d}", "accepted", raw)


def filled(folder: Path, *, days: int = 3, blocks: int = 4, gateway: str = "g0") -> list[Entry]:
    """A journal of some days with some blocks of growing size; returns what went in."""
    written: list[Entry] = []
    with Journal(folder, gateway=gateway) as journal:
        for day in range(days):
            for block in range(blocks):
                some = [
                    frame(len(written) + k, T0 + day * DAY_US + block * HOUR_US) for k in range(block * 3 + 1)
                ]
                journal.append(some)
                written += some
    return written
