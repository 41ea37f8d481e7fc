"""The fast definitions equal the slow ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import naive

from mingcha.core.aggregates import HourCode
from mingcha.stats.codes import CODES, INDEX
from mingcha.stats.conversion import convert_o2
from mingcha.stats.hours import gas_hours, hour_code, water_hour_code, weighted_mean
from mingcha.stats.records import make_records, record_lengths
from mingcha.stats.validity import Validity

LAW = Validity()
decimals = st.integers(-500, 99_999).map(lambda n: n / 100)
moments = st.lists(st.integers(0, 4 * 3600), unique=True, max_size=60).map(sorted)
codes = st.sampled_from([code.value for code in CODES])


@given(moments, st.sampled_from([30, 60, 300, 600, 3600]))
def test_lengths_equal_the_slow_definition(times, interval_s):
    assert record_lengths(np.array(times, dtype=np.int64), interval_s=interval_s).tolist() == naive.lengths(
        times, interval_s
    )


@given(moments, st.sampled_from([60, 600]))
def test_no_hour_is_counted_for_more_than_an_hour(times, interval_s):
    lengths = record_lengths(np.array(times, dtype=np.int64), interval_s=interval_s)
    for hour in {t // 3600 for t in times}:
        assert sum(n for t, n in zip(times, lengths.tolist(), strict=True) if t // 3600 == hour) <= 3600
    assert (lengths > 0).all()


@given(st.dictionaries(codes, st.integers(0, 20), max_size=6))
def test_hour_codes_equal_the_slow_definition(minutes):
    seconds = tuple(60 * minutes.get(code.value, 0) for code in CODES)
    assert hour_code(seconds, LAW).value == naive.hour_code(minutes)


@given(st.dictionaries(codes, st.integers(0, 60), max_size=4))
def test_a_water_hour_without_a_valid_minute_is_never_normal(minutes):
    minutes.pop("N", None)
    seconds = tuple(60 * minutes.get(code.value, 0) for code in CODES)
    assert water_hour_code(seconds, LAW) is not HourCode.NORMAL


@given(
    st.lists(st.tuples(st.one_of(st.none(), decimals), codes), min_size=1, max_size=60),
    st.sampled_from([60, 600]),
)
def test_hours_equal_the_slow_definition(rows, step):
    rows = rows[: 3600 // step]
    times = [step * n for n in range(len(rows))]
    values = [value for value, _ in rows]
    flags = [code for _, code in rows]
    made = make_records(
        np.array(times, dtype=np.int64),
        np.array([np.nan if v is None else v for v in values], dtype=np.float64),
        np.array([INDEX[HourCode(c)] for c in flags], dtype=np.int8),
        interval_s=step,
    )
    [hour] = gas_hours(made, LAW)
    code, mean = naive.gas_hour(times, values, flags, step)
    assert hour.code.value == code
    assert hour.mean == (None if mean is None else pytest.approx(mean, rel=1e-12, abs=1e-12))


@given(st.lists(st.tuples(decimals, st.integers(1, 3600)), min_size=1, max_size=60))
def test_a_weighted_mean_lies_between_its_values_and_equals_exact_fractions(pairs):
    values, weights = [v for v, _ in pairs], [float(w) for _, w in pairs]
    found = weighted_mean(np.array(values), np.array(weights))
    assert min(values) - 1e-9 <= found <= max(values) + 1e-9
    assert found == pytest.approx(naive.mean(values, weights), rel=1e-11, abs=1e-9)


@given(decimals, st.integers(0, 6), st.integers(1, 600))
def test_the_mean_of_equal_decimals_is_that_decimal_to_the_last_digit(value, count, weight):
    given_values = np.full(count + 1, value)
    assert weighted_mean(given_values, np.full(count + 1, float(weight))) == value


@given(decimals, st.floats(0, 25), st.sampled_from([None, 3.5, 6.0, 9.0, 11.0]))
def test_conversion_equals_the_formula_and_never_divides_by_air(value, o2, reference):
    slow = naive.convert_o2(value, o2, reference)
    fast = convert_o2(value, o2, reference).value
    assert (fast is None) == (slow is None)
    if slow is not None:
        assert fast == pytest.approx(slow, rel=1e-9)


def test_nothing_to_average_is_an_error_and_not_a_number():
    with pytest.raises(ValueError, match="weights sum to 0"):
        weighted_mean(np.array([1.0]), np.array([0.0]))
