"""Capture, substitution, replacement, checks, incinerators and forecasts equal their slow definitions."""

from datetime import UTC, date, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import naive

from mingcha.core.aggregates import HourCode
from mingcha.core.clock import from_epoch
from mingcha.core.spans import Span
from mingcha.stats.capture import Capture, capture, quarter_hours, quarter_of
from mingcha.stats.checks import differs, invalid_spans
from mingcha.stats.codes import CODES, INDEX
from mingcha.stats.corrections import correctable, corrected
from mingcha.stats.exemptions import Exemption, exempt_hours
from mingcha.stats.furnace import (
    FurnaceLaw,
    FurnaceMark,
    Windows,
    excluded_windows,
    five_minutes,
    low_windows,
    momentary,
)
from mingcha.stats.legacy import Quantity, gaps, legacy_gas_fill, legacy_water_fill
from mingcha.stats.replacement import WaterLaw, replace_water_day, water_day_emission
from mingcha.stats.substitution import GasHours, SubstitutionLaw, missing_too_much, substitute
from mingcha.stats.totals import ForecastLaw, forecast

slow = naive.emissions
HOUR = 3600
QUARTER_TURN = int(datetime(2026, 3, 31, 16, tzinfo=UTC).timestamp())
NEW_YEAR = int(datetime(2025, 12, 31, 16, tzinfo=UTC).timestamp())
OLD = int(datetime(2010, 1, 1, tzinfo=UTC).timestamp())
numbers = st.integers(0, 9_999).map(lambda n: n / 100)
maybe = st.one_of(numbers, numbers, st.none())
signed = st.one_of(st.none(), st.integers(-300, 900).map(lambda n: n / 100))
codes = st.sampled_from([code.value for code in CODES])


def array(values):
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def listed(values):
    return [None if np.isnan(v) else v for v in values.tolist()]


def near(value):
    return None if value is None else pytest.approx(value, rel=1e-11, abs=1e-11)


@given(st.integers(1990, 2110), st.integers(1, 4), st.dates(date(1990, 1, 1), date(2110, 1, 1)))
def test_quarters(year, quarter, day):
    assert quarter_hours(year, quarter) == slow.quarter_hours(year, quarter)
    assert quarter_of(day) == slow.quarter_of(day)


@given(st.lists(codes, max_size=60), st.integers(0, 10), st.sampled_from([75, 90, 100]))
def test_capture_rates(found, missing, line):
    counted = capture(np.array([INDEX[HourCode(c)] for c in found], dtype=np.int8), len(found) + missing)
    share = slow.capture(found, len(found) + missing)
    if share is None:
        assert counted.rate is None
    else:
        assert counted.rate == naive.rates.percent(share.numerator, share.denominator)
        assert counted.at_least(line) == (share * 100 >= line)


def runs():
    """Stretches of valid, invalid and stopped hours, so that long runs occur."""
    stretch = st.tuples(
        st.sampled_from(["valid", "valid", "invalid", "stopped"]), st.integers(1, 30), st.sampled_from([5, 6])
    )
    return st.lists(stretch, max_size=10)


@given(
    runs(),
    st.lists(st.integers(1, 50), min_size=1, max_size=20),
    st.sets(st.integers(-100, 100), max_size=5),
    st.tuples(st.sampled_from([74, 75, 89, 90]), st.sampled_from([74, 75, 89, 90])),
)
def test_substitution(stretches, levels, calibrations, shares):
    states = [(state, table) for state, length, table in stretches for _ in range(length)]
    hours = [
        (state, float(levels[n % len(levels)] * (n % 7 + 1)) if state == "valid" else None, table)
        for n, (state, table) in enumerate(states)
    ]
    start = QUARTER_TURN - 50 * HOUR
    moments = sorted(QUARTER_TURN + 1800 * n for n in calibrations)  # on the hour, too
    kinds = np.array([state for state, _, _ in hours], dtype=object)
    found = substitute(
        GasHours(
            start + HOUR * np.arange(len(hours), dtype=np.int64),
            array([emission for _, emission, _ in hours]),
            kinds == "valid",
            kinds == "stopped",
            np.array([table for _, _, table in hours], dtype=np.int64),
        ),
        np.array(moments, dtype=np.int64),
        {(2026, q): Capture(100, 100 - share, 0) for q, share in zip((1, 2), shares, strict=True)},
        SubstitutionLaw(),
    )
    rates = {(2026, q): Fraction(share, 100) for q, share in zip((1, 2), shares, strict=True)}
    expect = slow.substitute(start, hours, moments, rates)
    filled: list[float | None] = [None] * len(hours)
    for part in found:
        filled[part.first : part.last + 1] = [part.value] * part.hours
    assert filled == expect
    assert sum(part.hours for part in found) == sum(state == "invalid" for state, _ in states)


@given(st.integers(0, 500), st.integers(0, 500))
def test_missing_shares(a, b):
    assert missing_too_much(min(a, b), max(a, b), SubstitutionLaw()) == slow.missing_too_much(
        min(a, b), max(a, b)
    )


long_gaps = st.lists(st.one_of(st.just([None] * 30), st.lists(maybe, max_size=10)), max_size=5)


@given(long_gaps, st.sampled_from(list(Quantity)), st.booleans())
def test_the_rules_of_2007(parts, quantity, ph):
    values = [value for part in parts for value in part]
    starts = OLD + HOUR * np.arange(len(values), dtype=np.int64)
    valid = ~np.isnan(array(values))
    gas = listed(legacy_gas_fill(starts, array(values), valid, quantity))
    water = listed(legacy_water_fill(starts, array(values), valid, ph=ph))
    assert gas == [near(v) for v in slow.legacy_gas_fill(values, quantity.value)]
    assert water == [near(v) for v in slow.legacy_water_fill(values, ph)]
    missing = [(a, b) for a, b in naive.days.ranges([v is None for v in values]) if values[a] is None]
    assert gaps(valid) == missing


@given(
    st.lists(maybe, max_size=60),
    st.one_of(st.none(), st.integers(0, 60)),
    st.booleans(),
    st.lists(numbers, max_size=6),
    maybe,
)
def test_water_replacement(emissions, last_passed, normal, manual, volume):
    found = replace_water_day(
        array(emissions), last_passed, WaterLaw(), normal=normal, manual_mgl=manual, volume_m3=volume
    )
    mean, emission = slow.replace_water_day(emissions, last_passed, normal, manual, volume)
    assert (found.mean, found.emission_kg) == (near(mean), near(emission))


@given(numbers, numbers)
def test_water_day_emissions(mean, volume):
    assert water_day_emission(mean, volume) == near(naive.formulas.water_mass_kg(mean, volume))


@given(st.lists(signed, max_size=30), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 4.0]))
def test_corrections(values, drift, detection):
    may = correctable(array(values), zero_drift=drift, detection_limit=detection)
    expect = [slow.correctable(value, drift, detection) for value in values]
    assert may.tolist() == expect
    after = listed(corrected(array(values), may, may, 2.0))
    assert after == [2.0 if changed else value for value, changed in zip(values, expect, strict=True)]


@given(st.lists(st.booleans(), max_size=20))
def test_spans_of_failed_checks(results):
    checks = list(enumerate(results))
    found = invalid_spans(np.arange(len(results), dtype=np.int64), np.array(results, dtype=bool))
    assert found == slow.invalid_spans(checks)


@given(st.lists(st.tuples(signed, signed), max_size=30))
def test_differences_of_instruments(rows):
    found = differs(array([p for p, _ in rows]), array([a for _, a in rows]), 0.01)
    assert found.tolist() == [slow.differs(p, a) for p, a in rows]


heat = st.one_of(st.none(), st.integers(8_000, 9_000).map(lambda n: n / 10))


@given(st.integers(0, 4), st.integers(0, 4), st.data())
def test_moments_of_a_furnace(middle, upper, data):
    rows = data.draw(
        st.lists(
            st.tuples(
                st.lists(heat, min_size=middle, max_size=middle),
                st.lists(heat, min_size=upper, max_size=upper),
            ),
            max_size=10,
        )
    )
    sections = [
        np.array([array(row[n]) for row in rows]).reshape(len(rows), k) for n, k in enumerate((middle, upper))
    ]
    assert listed(momentary(*sections)) == [near(slow.momentary(*row)) for row in rows]


@given(st.dictionaries(st.integers(0, 3000), heat, max_size=60))
def test_windows_of_a_furnace(held):
    rows = sorted((NEW_YEAR + second, value) for second, value in held.items())
    found = five_minutes(np.array([t for t, _ in rows], dtype=np.int64), array([v for _, v in rows]))
    expect = slow.five_minutes(rows)
    assert found.starts.tolist() == [start for start, _ in expect]
    assert listed(found.means) == [near(mean) for _, mean in expect]


@given(st.dictionaries(st.integers(-5, 292), heat, max_size=80), st.sets(st.integers(0, 287)))
def test_low_windows(held, marked):
    means = {NEW_YEAR + 300 * place: held[place] for place in sorted(held)}
    windows = Windows(np.array(list(means), dtype=np.int64), array(means.values()))
    excluded = [place in marked for place in range(288)]
    found = low_windows(windows, NEW_YEAR, np.array(excluded), FurnaceLaw())
    assert (found.low, found.judged, found.missing) == slow.low_windows(means, NEW_YEAR, excluded)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(FurnaceMark)),
            st.tuples(st.integers(-1000, 90_000), st.integers(-1000, 90_000)).map(sorted),
        ),
        max_size=4,
    ),
    st.sampled_from([0, 1]),
)
def test_windows_taken_out_by_marks(rows, judge):
    marks = [(mark, Span(from_epoch(NEW_YEAR + a), from_epoch(NEW_YEAR + b))) for mark, (a, b) in rows]
    found = excluded_windows(NEW_YEAR, marks, FurnaceLaw(judge_conditions=judge))
    assert found.tolist() == slow.excluded_windows([(mark.name, a, b) for mark, (a, b) in rows], bool(judge))


stretches = st.lists(
    st.tuples(
        st.sampled_from(list(FurnaceMark)),
        st.integers(1, 8),
        st.sampled_from([10.0, 10.0, 10.0, 150.0, 150.5, None]),
        st.integers(0, 2),
    ),
    max_size=12,
)


@given(stretches, st.integers(0, 10), st.integers(0, 10))
def test_exempt_hours(parts, shared, heating):
    rows, moment = [], NEW_YEAR - 20 * HOUR
    for mark, length, pm, pause in parts:
        for _ in range(length):
            rows.append((moment, mark, pm))
            moment += HOUR
        moment += pause * HOUR
    law = FurnaceLaw(shared_cap_h=shared, heating_cap_h=heating)
    found = exempt_hours(
        np.array([start for start, _, _ in rows], dtype=np.int64),
        np.array([mark for _, mark, _ in rows], dtype=np.int64),
        array([pm for _, _, pm in rows]),
        law,
    )
    expect = slow.exempt_hours([(start, mark.name, pm) for start, mark, pm in rows], shared, heating)
    assert [Exemption(place).name for place in found.tolist()] == expect


@given(st.lists(maybe, max_size=80), st.integers(0, 80), st.integers(0, 100), st.one_of(st.none(), numbers))
def test_forecasts(year, in_period, left, permitted):
    in_period = min(in_period, len(year))
    found = forecast(array(year), in_period, in_period + left, permitted, ForecastLaw())
    expect = slow.forecast(year, in_period, in_period + left, permitted)
    assert (found.so_far, found.low, found.high) == tuple(near(expect[k]) for k in ("so_far", "low", "high"))
    assert (found.missing_days, found.passed_on) == (expect["missing"], expect["passed_on"])
