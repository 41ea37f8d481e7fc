"""Lines for charts: thinning keeps what matters, gaps are where data were due; link states."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.reading import Line
from mingcha.store.telemetry import Latest

START = datetime(2026, 11, 23, tzinfo=UTC)
EPOCH = int(START.timestamp())


def line(values, flags=None, step=60, kind="real"):
    size = len(values)
    times = EPOCH + step * np.arange(size, dtype=np.int64)
    return Line("a21002", kind, step, False, times, np.array(values, dtype=float), [""] * size,
                list(flags or ["N"] * size), [None] * size, [1] * size)  # fmt: skip


values = st.lists(st.one_of(st.floats(0, 1000), st.just(float("nan"))), min_size=1, max_size=400)


@given(values, st.integers(1, 20))
def test_thinning_keeps_ends_and_extremes(found, columns):
    given_line = line(found)
    kept = reading.thinned(given_line, columns)
    shown = given_line.values[kept]
    assert kept[0] == 0
    assert kept[-1] == len(found) - 1
    assert list(kept) == sorted(set(kept.tolist()))
    if not np.isnan(given_line.values).all():
        assert np.nanmin(shown) == np.nanmin(given_line.values)
        assert np.nanmax(shown) == np.nanmax(given_line.values)


@given(st.lists(st.sampled_from("NDF"), min_size=50, max_size=200))
def test_thinning_keeps_the_first_and_last_of_every_run_of_a_flag(flags):
    given_line = line([1.0] * len(flags), flags)
    kept = set(reading.thinned(given_line, 3).tolist())
    for i in range(1, len(flags)):
        if flags[i] != flags[i - 1]:
            assert {i - 1, i} <= kept


def test_points_to_keep_are_kept():
    given_line = line([1.0] * 500)
    keep = np.zeros(500, dtype=bool)
    keep[137] = True
    assert 137 in reading.thinned(given_line, 2, keep=keep)
    assert 137 not in reading.thinned(given_line, 2)


@pytest.mark.parametrize("columns", [1, 10, 960])
def test_at_most_four_points_a_column_where_the_flag_is_one(columns):
    assert len(reading.thinned(line(np.random.default_rng(1).random(20_000)), columns)) <= 4 * columns


def test_a_pause_is_a_gap_and_its_bounds_are_exact():
    found = line([1.0] * 10, step=600, kind="minute")
    holed = Line(found.factor, found.kind, 600, False, *(column[[0, 1, 2, 7, 8, 9]] for column in (found.times, found.values)),
                 [""] * 6, ["N"] * 6, [None] * 6, [1] * 6)  # fmt: skip
    span = Span(START, START + timedelta(minutes=100))
    assert reading.gaps(holed, span, span.end) == [
        Span(START + timedelta(minutes=30), START + timedelta(minutes=70))
    ]


def test_what_is_not_due_yet_is_no_gap():
    found = line([1.0] * 3, step=600, kind="minute")
    span = Span(START, START + timedelta(hours=5))
    assert reading.gaps(found, span, START + timedelta(minutes=35)) == []
    assert reading.gaps(found, span, START + timedelta(hours=2)) == [
        Span(START + timedelta(minutes=30), START + timedelta(minutes=110))
    ]


def test_a_span_that_starts_inside_an_hour_misses_nothing():
    hours = line([1.0] * 5, step=3600, kind="hour")
    shifted = Span(START - timedelta(minutes=17), START + timedelta(hours=5))
    assert reading.gaps(hours, shifted, shifted.end) == []


def latest(seconds_ago, now, flag="N"):
    return Latest(
        "A/31",
        "2011",
        now - timedelta(seconds=seconds_ago),
        now - timedelta(seconds=seconds_ago),
        "a21002",
        (),
        flag,
        None,
    )


@pytest.mark.parametrize(
    ("age", "flag", "state"),
    [
        (10, "N", "online"),
        (10, "F", "stopped"),
        (200, "N", "delayed"),
        (900, "N", "offline"),
        (900, "F", "offline"),
    ],
)
def test_link_states(age, flag, state):
    assert reading.link_state([latest(age, START, flag)], START) == state


def test_nothing_ever_received_is_never():
    assert reading.link_state([], START) == "never"
