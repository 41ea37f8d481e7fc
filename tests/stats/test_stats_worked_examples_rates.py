"""Rates, the expected grid, comparison and charts: examples by their rules."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from mingcha.core.facts import Medium, Schedule
from mingcha.core.spans import Span
from mingcha.stats.comparison import Tolerance, compare
from mingcha.stats.expected import covered, expected, named, touched
from mingcha.stats.rates import (
    Counts,
    Edition,
    Rates,
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

HOUR = 3600
MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)  # 00:00 Beijing of Monday 2 March
ALWAYS = Span(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
WEEK, CLOCK = frozenset(range(7)), frozenset(range(24))


def hours(count: int, start: datetime = MIDNIGHT) -> np.ndarray:
    return int(start.timestamp()) + HOUR * np.arange(count, dtype=np.int64)


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


# --- R-TR -------------------------------------------------------------------------------------------


def test_the_rates_of_the_example():
    found = rates(Counts(96, 94, 90, 94, 90))
    assert found == Rates(Decimal("97.92"), Decimal("95.74"), Decimal("93.75"))


def test_with_the_base_due_the_effective_rate_is_the_product():
    found = rates(Counts(96, 94, 90), VrBase.DUE)
    assert found == Rates(Decimal("97.92"), Decimal("93.75"), Decimal("91.80"))


def test_two_editions_are_told_apart():
    counts = Counts(24, 24, 24, 20, 15)
    assert rates(counts, edition=Edition.COMPLETE).etr == Decimal("100.00")
    assert rates(counts, edition=Edition.FIRST) == Rates(Decimal("83.33"), Decimal("75.00"), Decimal("62.50"))


def test_where_nothing_was_due_there_is_no_rate_and_where_nothing_came_it_is_nought():
    assert rates(Counts()) == Rates(None, None, None)
    assert rates(Counts(), VrBase.DUE) == Rates(None, None, None)
    assert rates(Counts(24)) == Rates(Decimal("0.00"), None, Decimal("0.00"))


def test_halves_go_up_and_not_to_the_even():
    assert percent(1, 32) == Decimal("3.13")  # 3.125
    assert percent(3, 32) == Decimal("9.38")  # 9.375
    assert percent(1, 800) == Decimal("0.13")  # 0.125


def test_counts_are_summed_and_rates_never_averaged():
    whole = sum_counts([Counts(100, 100, 100), Counts(900, 450, 450)])
    assert rates(whole).tr == Decimal("55.00")  # and not 75.00


def test_counts_that_cannot_be_are_refused():
    for wrong in (Counts(1, 1, 1), Counts(5, 4, 4, 0, 0, 1)):
        assert wrong.due >= wrong.received
    for cells in ((1, 2, 1), (2, 1, 2), (2, 1, 1, 3, 1), (5, 4, 4, 4, 4, 2), (-1, 0, 0), (1, 0, 0, 0, 0, -1)):
        with pytest.raises(ValueError, match="0 <= valid <= received <= due"):
            Counts(*cells)


def test_own_downtime_is_set_apart_and_not_hidden():
    counts = Counts(due=100, received=90, valid=90, first_received=92, first_valid=80, own_downtime=10)
    assert rates(counts).tr == Decimal("90.00")
    ours = without_own_downtime(counts)
    assert rates(ours).tr == Decimal("100.00")
    assert rates(ours, edition=Edition.FIRST).tr == Decimal("100.00")
    assert ours.own_downtime == 0


def test_an_hour_that_is_not_due_counts_nowhere():
    yes, no = True, False
    rows = np.array(
        [
            [yes, yes, yes, yes, yes, no],
            [no, yes, yes, yes, yes, yes],
            [yes, no, yes, no, no, yes],
            [yes, yes, no, no, yes, yes],
        ]
    )
    assert count_hours(*rows.T) == Counts(3, 2, 1, 1, 1, 1)


def test_lost_hours_are_tallied_by_cause_and_hours_not_due_are_not_lost():
    causes = ["", "fault", "no_frame", "no_frame", "stopped", "own_downtime", "standard_check"]
    assert list(lost_hours(causes).items()) == [("no_frame", 2), ("fault", 1), ("own_downtime", 1)]


def test_only_the_first_check_hour_of_a_beijing_day_leaves_the_denominator():
    starts = hours(48)
    checks = np.isin(np.arange(48), [2, 3, 23, 24, 40])
    assert np.flatnonzero(standard_check_leaves(starts, checks)).tolist() == [2, 24]
    assert np.flatnonzero(standard_check_leaves(starts, checks, 2)).tolist() == [2, 3, 24, 40]
    assert not standard_check_leaves(starts, checks, 0).any()


def test_23_of_24_hours_with_one_check_are_already_all():
    leaves = standard_check_leaves(hours(24), np.arange(24) == 5)
    due, got = ~leaves, np.arange(24) != 5
    assert rates(count_hours(due, got, got, got, got, ~got)).etr == Decimal("100.00")


def test_an_hour_is_received_when_every_required_field_came():
    assert required_fields(Medium.GAS, mass=True, reference_o2=True) == ("Avg", "Min", "Max", "Cou", "ZsAvg")
    assert required_fields(Medium.GAS, mass=False, reference_o2=False) == ("Avg", "Min", "Max")
    assert required_fields(Medium.WATER, mass=True, reference_o2=True) == ("Avg", "Cou")
    present = {"Avg": np.array([True, True, False]), "Cou": np.array([True, False, True])}
    assert fields_complete(present, ("Avg", "Cou")).tolist() == [True, False, False]
    assert fields_complete(present, ("Avg", "ZsAvg")).tolist() == [False] * 3
    with pytest.raises(ValueError, match="at least one of each"):
        fields_complete({}, ("Avg",))


# --- the expected grid ------------------------------------------------------------------------------


def grid(count=24, *, factor="w01018", connected=(ALWAYS,), schedules=(), cycle_s=None):
    return named(
        expected(hours(count), factor=factor, connected=connected, schedules=schedules, cycle_s=cycle_s)
    )


def schedule(which, cause="no_discharge", *, factor="", weekdays=WEEK, start=ALWAYS.start, end=None):
    return Schedule(factor, start, end, frozenset(which), frozenset(weekdays), cause)


def test_without_a_schedule_every_connected_hour_is_due():
    assert grid() == [""] * 24
    assert grid(connected=()) == ["not_connected"] * 24


def test_an_hour_connected_in_part_is_not_due_and_a_change_of_datalogger_loses_none():
    assert grid(4, connected=(Span(at(0.5), at(3)),)) == ["not_connected", "", "", "not_connected"]
    assert grid(4, connected=(Span(at(0), at(1.5)), Span(at(1.5), at(4)))) == [""] * 4


def test_a_batch_discharger_is_due_in_its_beijing_hours():
    assert [n for n, cause in enumerate(grid(schedules=(schedule(range(8, 12)),))) if not cause] == [
        8,
        9,
        10,
        11,
    ]
    assert grid(schedules=(schedule(range(8, 12)),))[0] == "no_discharge"


def test_weekdays_are_those_of_beijing():
    found = grid(24 * 7, schedules=(schedule(CLOCK, weekdays={0}),))
    assert [n for n, cause in enumerate(found) if not cause] == list(range(24))


def test_two_schedules_of_one_cause_add_and_of_two_causes_meet():
    day, night = schedule(range(8, 12)), schedule({20})
    shared = schedule(range(0, 24, 2), "off_schedule", factor="w01018")
    assert [n for n, c in enumerate(grid(schedules=(day, night))) if not c] == [8, 9, 10, 11, 20]
    found = grid(schedules=(day, night, shared))
    assert [n for n, c in enumerate(found) if not c] == [8, 10, 20]
    assert (found[7], found[9]) == ("no_discharge", "off_schedule")
    assert grid(schedules=(shared,), factor="w21003") == [""] * 24


def test_a_schedule_rules_only_while_it_is_in_force():
    found = grid(schedules=(schedule((), start=at(5), end=at(7)),))
    assert [n for n, cause in enumerate(found) if cause] == [5, 6]


def test_a_slow_analyser_is_due_when_it_starts_counted_from_midnight_in_beijing():
    assert [n for n, cause in enumerate(grid(cycle_s=2 * HOUR)) if not cause] == list(range(0, 24, 2))
    assert [n for n, cause in enumerate(grid(6, cycle_s=5400)) if not cause] == [0, 1, 3, 4]
    assert grid(cycle_s=HOUR) == grid(cycle_s=60) == [""] * 24
    assert [n for n, cause in enumerate(grid(48, cycle_s=7 * HOUR)) if not cause] == [
        0,
        7,
        14,
        21,
        24,
        31,
        38,
        45,
    ]


def test_a_grid_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="full hours"):
        expected(hours(1) + 1, factor="", connected=())
    with pytest.raises(ValueError, match="cycle of 0 s"):
        expected(hours(1), factor="", connected=(), cycle_s=0)
    with pytest.raises(ValueError, match="schedule with cause 'rain'"):
        grid(schedules=(schedule(CLOCK, "rain"),))


def test_covered_is_the_whole_hour_and_touched_any_of_it():
    spans = (Span(at(0.5), at(2)), Span(at(5), at(5)), Span(at(3.25), at(3.5)))
    assert covered(hours(6), spans).tolist() == [False, True, False, False, False, False]
    assert touched(hours(6), spans).tolist() == [True, True, False, True, False, False]


# --- comparison -------------------------------------------------------------------------------------


def test_what_the_datalogger_computed_is_compared_hour_by_hour():
    ours = np.array([100.0, 100.0, math.nan, 100.0, 0.0])
    theirs = np.array([102.0, 102.01, 5.0, math.nan, 0.05])
    found = compare(ours, theirs, Tolerance(0.02, 0.05))
    assert (found.both, found.ours_only, found.theirs_only, found.differing) == (3, 1, 1, 1)
    assert found.places == (1,)
    assert found.greatest == pytest.approx(2.01)
    assert found.bias == pytest.approx((2 + 2.01 + 0.05) / 3)


def test_nothing_to_compare_is_no_agreement_of_nought():
    found = compare(np.array([math.nan]), np.array([1.0]), Tolerance())
    assert (found.both, found.greatest, found.bias) == (0, None, None)
    with pytest.raises(ValueError, match="1 and 2 hours"):
        compare(np.zeros(1), np.zeros(2), Tolerance())
    with pytest.raises(ValueError, match="expected 0 or more"):
        Tolerance(-0.1)


# --- charts -----------------------------------------------------------------------------------------


def test_a_spike_of_one_minute_in_five_years_is_still_drawn():
    size = 5 * 365 * 1440
    values = np.zeros(size)
    values[1_234_567] = 99.0
    values[2_000_000] = -99.0
    places = thin(60 * np.arange(size, dtype=np.int64), values, np.zeros(size, dtype=np.int8), 1200)
    assert {0, 1_234_567, 2_000_000, size - 1} <= set(places.tolist())
    assert places.size <= 4 * 1200


def test_a_gap_and_a_change_of_flag_still_show():
    values = np.ones(1000)
    values[500] = math.nan
    groups = np.zeros(1000, dtype=np.int8)
    groups[700] = 1
    keep = np.zeros(1000, dtype=bool)
    keep[333] = True
    places = set(thin(np.arange(1000), values, groups, 10, keep).tolist())
    assert {333, 499, 500, 501, 699, 700, 701} <= places


def test_of_equal_extremes_the_earliest_is_drawn_and_no_other():
    values = np.tile([0.0, 9.0, 0.0, 9.0, 5.0], 20)
    found = thin(np.arange(100), values, np.zeros(100, dtype=np.int8), 1)
    assert found.tolist() == [0, 1, 99]


def test_few_points_stay_all_and_points_that_cannot_be_are_refused():
    assert thin(np.arange(40), np.zeros(40), np.zeros(40, dtype=np.int8), 10).size == 40
    assert thin(np.arange(0), np.zeros(0), np.zeros(0, dtype=np.int8), 10).size == 0
    with pytest.raises(ValueError, match="0 columns"):
        thin(np.arange(4), np.zeros(4), np.zeros(4, dtype=np.int8), 0)
    with pytest.raises(ValueError, match="differ in length"):
        thin(np.arange(4), np.zeros(3), np.zeros(4, dtype=np.int8), 1)
    with pytest.raises(ValueError, match="must rise"):
        thin(np.arange(4)[::-1], np.zeros(4), np.zeros(4, dtype=np.int8), 1)
