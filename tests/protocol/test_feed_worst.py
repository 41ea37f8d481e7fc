"""Hostile bytes cost ``feed`` a bounded time each: four times the bytes, four times the time, in both back ends."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from mingcha.protocol.hj212 import _pure, arrivals, codec, damage

SMALL, FACTOR = 16_384, 4
SLACK = 2.5  # look-ups that grow with the buffer would take FACTOR times as long a byte
TRIES = 5
DRIP_US = 400.0  # a byte alone may cost one look at what waits (4 kB), not a loop over it
PATTERNS = {
    "length over the ceiling": b"##9999",
    "length at the ceiling": b"##4096",
    "as long as its CRC": b"##4096 QN=",
    "frames inside frames": b"##4096QN=",
    "half frames": b"##0100QN=",
    "heads": b"##",
    "heads that are none": b"##x",
    "one sharp": b"#a",
    "ends everywhere": b"##4096 QN=&&0000",
    "line feeds": b"\n",
    "garbage lines": b"a\n",
    "blanks inside": b"##4096 ",
    "openings everywhere": b"##0030 QN=CP=&&CP=&&CP=&&&&0000",
    "looks encrypted": b"##4096QN=1;CN=2011;Flag=9;CP=&&" + b"\xff" * 20,
    "head far away": b"##4096 QN=" + b"y" * 300,
}
Make = Callable[[], Any]
BACKENDS = {"compiled or twin": codec.Feed, "pure": arrivals.Feed}


def seconds_a_byte(make: Make, data: bytes) -> float:
    """Time of this thread, the best of some tries: other load does not count."""
    best = float("inf")
    for _ in range(TRIES):
        feed = make()
        began = time.thread_time()
        feed.receive(data)
        best = min(best, time.thread_time() - began)
    return best / len(data)


def repeated(pattern: bytes, size: int) -> bytes:
    return (pattern * (size // len(pattern) + 1))[:size]


@pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS)
@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_a_byte_costs_the_same_in_a_larger_buffer(pattern: bytes, make: Make) -> None:
    small = seconds_a_byte(make, repeated(pattern, SMALL))
    large = seconds_a_byte(make, repeated(pattern, SMALL * FACTOR))
    assert large < SLACK * small + 50e-9, f"{small * 1e6:.2f} then {large * 1e6:.2f} us a byte"


@pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS)
@pytest.mark.parametrize("pattern", [b"#", *PATTERNS.values()], ids=["sharps", *PATTERNS])
def test_bytes_that_come_one_by_one_cost_no_loop_over_what_waits(pattern: bytes, make: Make) -> None:
    feed, data = make(), repeated(pattern, 3000)
    began = time.thread_time()
    for byte in data:
        feed.receive(bytes((byte,)))
    assert (time.thread_time() - began) / len(data) < DRIP_US * 1e-6


class CountedBuffer(damage.Scan):
    """Counts how many bytes the search for inner frames passes."""

    passed = 0

    def inner_start(self, start: int, end: int) -> bool:
        before = self._at
        found = super().inner_start(start, end)
        if self._at != before:
            CountedBuffer.passed += min(self._at, len(self._buffer)) - start
        return found


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_the_search_for_inner_frames_passes_each_byte_once(
    pattern: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "Scan", CountedBuffer)
    monkeypatch.setattr(CountedBuffer, "passed", 0)
    data = repeated(pattern, SMALL)
    _pure.cut(data, 4096, 1, False)
    assert CountedBuffer.passed <= len(data)
