"""Rates, the expected grid, comparison and charts equal their slow definitions."""

from dataclasses import astuple
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests import naive

from mingcha.core.causes import Cause
from mingcha.core.facts import Medium, Schedule
from mingcha.core.spans import Span
from mingcha.stats.comparison import Tolerance, compare
from mingcha.stats.expected import covered, expected, named, results_due, touched, valid_data_ratio
from mingcha.stats.rates import (
    Counts,
    Edition,
    VrBase,
    count_hours,
    fields_complete,
    lost_hours,
    percent,
    rates,
    required_fields,
    standard_check_leaves,
    sum_counts,
    without_own_downtime,
)
from mingcha.stats.thinning import thin

slow = naive.rates
HOUR = 3600
BASE = int(datetime(2025, 12, 31, 10, tzinfo=UTC).timestamp())
masks = st.booleans()
numbers = st.integers(-500, 5_000).map(lambda n: n / 100)
maybe = st.one_of(st.none(), numbers)


@st.composite
def counts(draw):
    due = draw(st.integers(0, 5_000))
    received, first = draw(st.integers(0, due)), draw(st.integers(0, due))
    valid, first_valid = draw(st.integers(0, received)), draw(st.integers(0, first))
    return Counts(due, received, valid, first, first_valid, draw(st.integers(0, due - received)))


def array(values):
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_percent(part, whole):
    assert percent(part, whole) == slow.percent(part, whole)


@given(counts(), st.sampled_from(list(VrBase)), st.sampled_from(list(Edition)))
def test_rates(given_counts, base, edition):
    first = edition is Edition.FIRST
    received = given_counts.first_received if first else given_counts.received
    valid = given_counts.first_valid if first else given_counts.valid
    expect = slow.rates(given_counts.due, received, valid, base is VrBase.DUE)
    assert astuple(rates(given_counts, base, edition)) == expect


@given(st.lists(counts(), max_size=6))
def test_sums_of_counts_and_the_variant_without_own_downtime(parts):
    rows = [list(astuple(part)) for part in parts]
    assert list(astuple(sum_counts(parts))) == slow.sum_counts(rows)
    for part, row in zip(parts, rows, strict=True):
        assert list(astuple(without_own_downtime(part))) == slow.without_own_downtime(row)


@given(st.lists(st.tuples(*[masks] * 6), max_size=40))
def test_counts_of_hours(rows):
    columns = np.array(rows, dtype=bool).reshape(-1, 6).T
    assert list(astuple(count_hours(*columns))) == slow.count_hours(rows)


@given(st.lists(st.sampled_from(["", *Cause]), max_size=40))
def test_lost_hours(causes):
    found = lost_hours([str(cause) for cause in causes])
    assert found == slow.lost_hours([str(cause) for cause in causes])
    assert list(found.values()) == sorted(found.values(), reverse=True)


@given(st.lists(masks, max_size=80), st.integers(0, 3))
def test_check_hours_that_leave(checks, hours_a_day):
    starts = [BASE + HOUR * n for n in range(len(checks))]
    found = standard_check_leaves(np.array(starts, dtype=np.int64), np.array(checks, dtype=bool), hours_a_day)
    assert found.tolist() == slow.standard_check_leaves(starts, checks, hours_a_day)


@given(st.sampled_from(list(Medium)), masks, masks)
def test_required_fields(medium, mass, reference):
    found = required_fields(medium, mass=mass, reference_o2=reference)
    assert set(found) == slow.required_fields(medium.value, mass, reference)


fields = st.sampled_from(["Avg", "Min", "Max", "Cou", "ZsAvg"])


@given(
    st.dictionaries(fields, st.lists(masks, min_size=5, max_size=5), min_size=1),
    st.lists(fields, min_size=1, max_size=5, unique=True),
)
def test_complete_fields(present, required):
    columns = {field: np.array(values) for field, values in present.items()}
    assert fields_complete(columns, required).tolist() == slow.fields_complete(present, required, 5)


second = st.one_of(st.integers(0, 40 * HOUR), st.integers(0, 40).map(lambda n: n * HOUR))
spans = st.lists(st.tuples(second, second).map(sorted).map(tuple), max_size=4)
few = st.lists(
    st.tuples(
        st.sampled_from(["", "w01018", "w21003"]),
        second.map(lambda s: BASE + s),
        st.one_of(st.none(), second.map(lambda s: BASE + s)),
        st.sets(st.integers(0, 23)),
        st.sets(st.integers(0, 6)),
        st.sampled_from(["no_discharge", "off_schedule", "stopped"]),
    ),
    max_size=3,
)


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def as_spans(rows):
    return [Span(moment(BASE + a), moment(BASE + b)) for a, b in rows]


def shifted(rows):
    return [(BASE + a, BASE + b) for a, b in rows]


HOURS = [BASE + HOUR * n for n in range(36)]


@given(spans)
def test_hours_covered_and_touched(rows):
    starts = np.array(HOURS, dtype=np.int64)
    assert covered(starts, as_spans(rows)).tolist() == slow.covered(HOURS, shifted(rows))
    assert touched(starts, as_spans(rows)).tolist() == slow.touched(HOURS, shifted(rows))


@given(spans, few, st.sampled_from([None, 60, HOUR, 5400, 2 * HOUR, 7 * HOUR]))
def test_the_expected_grid(connected, schedules, cycle_s):
    found = expected(
        np.array(HOURS, dtype=np.int64),
        factor="w01018",
        connected=as_spans(connected),
        schedules=[
            Schedule(of, moment(a), None if b is None else moment(b), frozenset(h), frozenset(d), cause)
            for of, a, b, h, d, cause in schedules
        ],
        cycle_s=cycle_s,
    )
    assert named(found) == slow.expected(HOURS, "w01018", shifted(connected), schedules, cycle_s)


@given(st.lists(masks, max_size=48), st.integers(1, 6), st.integers(0, 500), st.integers(0, 500))
def test_results_due_and_their_ratio(flowing, per_hour, a, b):
    assert results_due(np.array(flowing, dtype=bool), per_hour) == slow.results_due(flowing, per_hour)
    assert valid_data_ratio(min(a, b), max(a, b)) == slow.percent(min(a, b), max(a, b))


@given(
    st.lists(st.tuples(maybe, maybe), max_size=40),
    st.sampled_from([0.0, 0.01, 0.02, 0.5]),
    st.sampled_from([0.0, 0.05, 1.0]),
)
def test_comparison(rows, share, least):
    ours, theirs = [a for a, _ in rows], [b for _, b in rows]
    found = compare(array(ours), array(theirs), Tolerance(share, least))
    both, only, other, places = slow.compare(ours, theirs, share, least)
    assert (found.both, found.ours_only, found.theirs_only, list(found.places)) == (both, only, other, places)
    assert (found.greatest is None) == (found.bias is None) == (both == 0)


number = st.integers(-3, 3).map(float)
often = st.sampled_from([False] * 14 + [True])
steps = st.lists(
    st.tuples(st.integers(0, 5), st.one_of(*[number] * 9, st.none()), often.map(int), often),
    max_size=120,
)


@given(steps, st.integers(1, 12))
def test_thinned_charts(rows, columns):
    times = (
        np.cumsum([step for step, _, _, _ in rows], dtype=np.int64) if rows else np.zeros(0, dtype=np.int64)
    )
    values, groups = [v for _, v, _, _ in rows], [g for _, _, g, _ in rows]
    keep = [kept for _, _, _, kept in rows]
    found = thin(times, array(values), np.array(groups, dtype=np.int8), columns, np.array(keep, dtype=bool))
    assert found.tolist() == slow.thin(times.tolist(), values, groups, columns, keep)
    known = [value for value in values if value is not None]
    drawn = [values[place] for place in found.tolist() if values[place] is not None]
    assert (min(known, default=0), max(known, default=0)) == (min(drawn, default=0), max(drawn, default=0))
