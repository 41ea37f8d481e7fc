"""Decimals, frame places and layout of the history, each by itself."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.core.clock import format_digits
from mingcha.core.packets import number
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry.history import decimals, layout, readings
from mingcha.store.telemetry.history.refs import Refs

plain = st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str) | st.integers().map(str)
texts = plain | st.from_regex(r"-?[0-9]{0,20}\.?[0-9]{0,20}", fullmatch=True) | st.text(max_size=5)


def packed(said):
    return decimals.split(pa.array(said, pa.string()))


@given(st.lists(texts, max_size=30))
def test_every_text_comes_back(said):
    assert decimals.joined(*packed(said)) == said


@given(st.lists(texts, min_size=1, max_size=30))
def test_values_are_to_the_last_bit_those_of_the_wire(said):
    wanted = [np.nan if (value := number(text)) is None else value for text in said]
    np.testing.assert_array_equal(decimals.values(*packed(said)), wanted)


@pytest.mark.parametrize(
    ("text", "mantissa", "scale"),
    [("12.50", 1250, 2), ("-3", -3, 0), ("0.0", 0, 1), ("0.0000001", 1, 7), ("9" * 18, 10**18 - 1, 0)],
)
def test_a_plain_decimal_is_a_number_and_its_places(text, mantissa, scale):
    found = packed([text])
    assert [column.to_pylist() for column in found] == [[mantissa], [scale], [None]]


@pytest.mark.parametrize(
    "text", ["", "-", "-0.0", "-0", "007", "1e5", "+1", ".5", "5.", "9" * 19, "1.2.3", "NaN", "٣"]
)
def test_every_other_text_stays_one(text):
    assert [column.to_pylist() for column in packed([text])] == [[None], [None], [text]]


refs = st.lists(
    st.none()
    | st.builds(
        FrameRef, st.sampled_from(["g0-20261123", "g1-20261124"]), st.integers(1, 99), st.integers(0, 9)
    )
)


@given(refs, refs)
def test_places_of_frames_in_columns_are_those_in_a_list(one, two):
    found = Refs.joined([Refs.of(one), two])
    assert list(found) == one + two
    assert [found[place] for place in range(len(found))] == one + two
    assert found[1:] == (one + two)[1:]
    columns = zip(
        *[(None, None, None) if r is None else (r.journal, r.block, r.index) for r in one], strict=True
    )
    types = (pa.string(), pa.int64(), pa.int32())
    arrays = (
        [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
        if one
        else [pa.array([], t) for t in types]
    )
    assert Refs.of_columns(*arrays) == one


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.integers(-(10**9), 10**9))
def test_a_qn_is_kept_as_milliseconds_from_its_time(moment, seconds):
    moment = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    time = int(moment.timestamp()) + seconds
    qn = format_digits(moment, milliseconds=True)
    assert readings.qn_of(readings.qn_ms(qn, time), time) == qn


@pytest.mark.parametrize("qn", ["", "x", "20261399000000000", "20260301"])
def test_a_qn_that_is_no_moment_is_kept_as_text(qn):
    assert readings.qn_ms(qn, 0) is None


def test_days_months_and_buckets():
    edge = Span(datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    assert layout.months_of(edge) == ("2026-02", "2026-02")
    assert layout.months_of(Span(edge.start, edge.end + timedelta(seconds=1))) == ("2026-02", "2026-03")
    assert [layout.day_of(n) for n in layout.days_of(edge)] == [date(2026, 2, 28)]
    assert layout.number_of(date(1969, 12, 31)) == -1
    assert layout.bucket_of("91330100MA00000000/DA001", 64) == 55, "a bucket never changes: files lie by it"
