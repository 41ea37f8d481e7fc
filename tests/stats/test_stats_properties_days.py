"""Flags, minutes, hours of water, days and months equal their slow definitions."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import naive

from mingcha.core.aggregates import HourCode
from mingcha.core.facts import Medium
from mingcha.stats.codes import CODES, INDEX
from mingcha.stats.days import (
    DayHour,
    day_total,
    enough_hours,
    gas_day,
    time_share_within,
    water_day,
)
from mingcha.stats.flags import code_of, codes_of, rolled_up
from mingcha.stats.hours import water_hour_code, water_hours
from mingcha.stats.minutes import minutes_of
from mingcha.stats.months import MonthDay, gas_month, water_month
from mingcha.stats.records import aligned, groups, make_records, without_flow_stopped
from mingcha.stats.validity import Validity

LAW = Validity()
slow = naive.days
decimals = st.integers(-500, 99_999).map(lambda n: n / 100)
amounts = st.integers(0, 99_999).map(lambda n: n / 100)
maybe = st.one_of(st.none(), decimals)
letters = st.sampled_from(["N", "N", "N", "F", "M", "S", "D", "C", "T", "B", "Td", "", "x"])
codes = st.sampled_from([code.value for code in CODES])
mostly_normal = st.sampled_from(["N"] * 12 + ["F", "D", "C", "Md"])


def array(values):
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def places(found):
    return np.array([INDEX[HourCode(code)] for code in found], dtype=np.int8)


def near(value):
    return None if value is None else pytest.approx(value, rel=1e-11, abs=1e-11)


@given(st.lists(st.tuples(letters, st.integers(0, 4)), max_size=40), st.sampled_from(list(Medium)))
def test_flags_roll_up(rows, medium):
    rows = sorted(rows, key=lambda row: row[1])
    flags, keys = [flag for flag, _ in rows], [key for _, key in rows]
    found, rolled = rolled_up(flags, np.array(keys, dtype=np.int64), medium, LAW)
    assert list(zip(found.tolist(), rolled, strict=True)) == slow.rolled_up(flags, keys, medium.value)


@given(st.lists(letters, max_size=20), st.sampled_from(["2005", "2017", "2025"]))
def test_flags_become_codes(flags, edition):
    expect = [slow.code_letter(flag, edition) for flag in flags]
    assert [code_of(flag, edition=edition).code.value for flag in flags] == expect
    assert [CODES[place].value for place in codes_of(flags, edition=edition)] == expect


@given(st.lists(st.integers(0, 3), max_size=30))
def test_ranges_of_equal_neighbours(keys):
    assert groups(np.array(keys, dtype=np.int64)) == slow.ranges(keys)


@given(st.sets(st.integers(0, 20)), st.dictionaries(st.integers(0, 20), decimals))
def test_other_series_beside_a_series(times, other):
    moments = sorted(other)
    found = aligned(
        np.array(sorted(times), dtype=np.int64),
        np.array(moments, dtype=np.int64),
        array([other[moment] for moment in moments]),
    )
    assert [None if np.isnan(v) else v for v in found] == slow.aligned(sorted(times), other)


@given(st.lists(st.tuples(codes, st.one_of(st.none(), st.sampled_from([0.0, 1.5]))), max_size=20))
def test_water_without_flow(rows):
    found = without_flow_stopped(places([code for code, _ in rows]), array([flow for _, flow in rows]))
    expect = slow.without_flow_stopped([code for code, _ in rows], [flow for _, flow in rows])
    assert [CODES[place].value for place in found] == expect


@given(st.dictionaries(st.integers(0, 179), st.tuples(maybe, st.booleans()), max_size=150), st.booleans())
def test_minutes_from_real_time_values(held, all_valid):
    rows = [(t, v, ok or all_valid) for t, (v, ok) in sorted(held.items())]
    found = minutes_of(
        np.array([t for t, _, _ in rows], dtype=np.int64),
        array([v for _, v, _ in rows]),
        np.array([ok for _, _, ok in rows], dtype=bool),
        LAW,
    )
    means = [None if np.isnan(mean) else mean for mean in found.means]
    expect = slow.minutes_of(rows)
    assert list(zip(found.starts.tolist(), found.counts.tolist(), strict=True)) == [
        (t, n) for t, _, n in expect
    ]
    for mean, (_, wanted, _) in zip(means, expect, strict=True):
        assert mean == near(wanted)


@given(st.lists(st.tuples(codes, st.integers(1, 20)), max_size=6))
def test_water_hour_codes(parts):
    minutes: dict[str, int] = {}
    for code, length in parts:
        minutes[code] = min(
            minutes.get(code, 0) + length, 60 - sum(n for c, n in minutes.items() if c != code)
        )
    seconds = tuple(60 * minutes.get(code.value, 0) for code in CODES)
    assert water_hour_code(seconds, LAW).value == slow.water_hour_code(minutes)


@given(
    st.lists(st.tuples(decimals, mostly_normal, st.one_of(st.none(), amounts)), min_size=2, max_size=60),
    st.booleans(),
)
def test_water_hours(rows, known):
    rows = [(value, code, 1.0 if known and volume is None else volume) for value, code, volume in rows]
    made = make_records(
        60 * np.arange(len(rows), dtype=np.int64),
        array([value for value, _, _ in rows]),
        places([code for _, code, _ in rows]),
        interval_s=60,
    )
    [found] = water_hours(made, array([volume for _, _, volume in rows]), LAW)
    code, mean = slow.water_hour([(value, code, 1, volume) for value, code, volume in rows])
    assert found.code.value == code
    assert found.mean == near(mean)


@given(st.integers(0, 24), st.integers(1, 24))
def test_enough_hours(valid, running):
    assert enough_hours(valid, running, LAW) == slow.enough_hours(valid, running)


day_hours = st.lists(st.tuples(mostly_normal, maybe, maybe, maybe), min_size=18, max_size=24)


@given(day_hours)
def test_gas_days(hours):
    found, expect = gas_day([DayHour(HourCode(c), *rest) for c, *rest in hours], LAW), slow.gas_day(hours)
    assert (found.valid_hours, found.running_hours) == (expect["valid"], expect["running"])
    assert (found.minimum, found.maximum) == (expect["least"], expect["greatest"])
    assert found.mean == near(expect["mean"])
    assert found.converted == near(expect["converted"])
    assert found.total == near(expect["total"])


@given(
    st.lists(
        st.tuples(mostly_normal, decimals, st.one_of(amounts, amounts, st.none())), min_size=12, max_size=24
    )
)
def test_water_days(hours):
    found = water_day([DayHour(HourCode(c), mean, volume=q) for c, mean, q in hours], LAW)
    expect = slow.water_day(hours)
    assert (found.valid_hours, found.running_hours) == (expect["valid"], expect["due"])
    assert found.mean == near(expect["mean"])


@given(st.lists(maybe, max_size=24))
def test_day_totals(totals):
    hours = [DayHour(HourCode.NORMAL, 1.0, total=total) for total in totals]
    assert day_total(hours) == near(slow.day_total([total for total in totals if total is not None]))


@given(st.lists(st.tuples(maybe, st.integers(1, 3600)), max_size=20), st.integers(0, 7), st.integers(7, 900))
def test_shares_of_time(rows, low, high):
    values, lengths = array([v for v, _ in rows]), np.array([n for _, n in rows], dtype=np.int64)
    assert time_share_within(values, lengths, low, high) == slow.time_share_within(rows, low, high)


month_days = st.lists(
    st.one_of(decimals, decimals, decimals, decimals, decimals, st.none()), min_size=20, max_size=31
)


@given(month_days, st.integers(1, 12))
def test_gas_months(days, month):
    found = gas_month([MonthDay(True, day) for day in days], month=date(2026, month, 1), law=LAW)
    assert found.mean == near(slow.gas_month(days, month))
    known = [day for day in days if day is not None]
    assert (found.valid_days, found.minimum, found.maximum) == (
        len(known), min(known, default=None), max(known, default=None),
    )  # fmt: skip


@given(month_days, st.lists(st.booleans(), min_size=31, max_size=31))
def test_water_months(days, running):
    rows = [(due or day is not None, day) for due, day in zip(running, days, strict=False)]
    found = water_month([MonthDay(*row) for row in rows], LAW)
    assert found.mean == near(slow.water_month(rows))
