"""Which of several dated rows holds when, compared with a slow plain version."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mingcha.apps.registry.timeline import laid_over, parts
from mingcha.core.facts import Setting

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Row:
    valid_from: datetime
    valid_to: datetime | None


def at(hour: int) -> datetime:
    return START + hour * HOUR


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    starts = draw(st.lists(st.integers(0, 20), unique=True, max_size=6))
    return [
        Row(at(s), None if length is None else at(s + length))
        for s in starts
        for length in [draw(st.none() | st.integers(1, 12))]
    ]


def plainly(given: list[Row], moment: datetime) -> Row | None:
    """Of the rows that cover the moment the one that began last."""
    held = [r for r in given if r.valid_from <= moment and (r.valid_to is None or moment < r.valid_to)]
    return max(held, key=lambda r: r.valid_from) if held else None


@given(rows())
def test_at_every_moment_the_row_that_began_last_holds(given_rows: list[Row]) -> None:
    found = parts(given_rows)
    for hour in range(-1, 40):
        held = [p.row for p in found if p.start <= at(hour) and (p.end is None or at(hour) < p.end)]
        assert held == [r for r in [plainly(given_rows, at(hour))] if r is not None]


@given(rows())
def test_parts_are_in_order_and_as_long_as_they_can_be(given_rows: list[Row]) -> None:
    found = parts(given_rows)
    for one, following in itertools.pairwise(found):
        assert one.end is not None
        assert one.end <= following.start
        assert one.end < following.start or one.row is not following.row
    assert parts(list(reversed(given_rows))) == found


@given(rows(), rows())
def test_empty_figures_take_what_lies_below(upper: list[Row], lower: list[Row]) -> None:
    above = [Setting("a", "mg/m3", range_top=100.0, start=p.start, end=p.end) for p in parts(upper)]
    below = [
        Setting("a", "ppm", range_top=50.0, resolution=0.5, start=p.start, end=p.end) for p in parts(lower)
    ]
    found = laid_over(above, below)
    for hour in range(-1, 40):
        held = [s for s in found if s.holds_at(at(hour))]
        over, under = plainly(upper, at(hour)), plainly(lower, at(hour))
        expected = {
            (True, True): [("mg/m3", 100.0, 0.5)],
            (True, False): [("mg/m3", 100.0, None)],
            (False, True): [("ppm", 50.0, 0.5)],
            (False, False): [],
        }[over is not None, under is not None]
        assert [(s.unit, s.range_top, s.resolution) for s in held] == expected


def test_a_short_row_gives_back_to_the_open_one_below() -> None:
    long, short = Row(at(0), None), Row(at(10), at(20))
    assert [(p.start, p.end, p.row) for p in parts([short, long])] == [
        (at(0), at(10), long),
        (at(10), at(20), short),
        (at(20), None, long),
    ]
