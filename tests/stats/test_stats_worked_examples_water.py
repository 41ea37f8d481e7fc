"""Water: the worked examples of the domain document beyond the hour, each by its clause."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from mingcha.core.facts import Medium
from mingcha.stats.checks import differs, invalid_spans, standard_check_error
from mingcha.stats.corrections import CORRECTED_MGL, correctable, corrected
from mingcha.stats.days import time_share_within
from mingcha.stats.expected import RESULTS_AN_HOUR, results_due, valid_data_ratio
from mingcha.stats.flags import rolled_up
from mingcha.stats.flow import mean_concentration, mean_flow, totaliser_volumes
from mingcha.stats.legacy import legacy_water_fill
from mingcha.stats.months import MonthDay, water_month
from mingcha.stats.replacement import Basis, WaterLaw, replace_water_day, water_day_emission
from mingcha.stats.validity import Validity

LAW, WATER = Validity(), WaterLaw()
HOUR = 3600


def moment(*when: int) -> int:
    """Beijing wall clock to epoch seconds."""
    return int(datetime(*when, tzinfo=UTC).timestamp()) - 8 * HOUR


def numbers(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


# --- HJ 212-2017: roll-up of flags, flow ------------------------------------------------------------


def test_in_water_any_abnormal_flag_makes_the_longer_interval_abnormal():
    flags = ["N"] * 5 + ["T"] + ["N"] * 6
    keys, letters = rolled_up(flags, np.repeat([0, 3600], 6), Medium.WATER)
    assert (keys.tolist(), letters) == ([0, 3600], ["T", "N"])


def test_in_gas_three_quarters_normal_are_normal_and_less_is_a_fault():
    keys = np.zeros(20, dtype=np.int64)
    assert rolled_up(["N"] * 15 + ["C"] * 5, keys, Medium.GAS)[1] == ["N"]
    assert rolled_up(["N"] * 14 + ["C"] * 6, keys, Medium.GAS)[1] == ["D"]


def test_the_commonest_abnormal_letter_speaks_for_the_interval_and_no_flag_is_normal():
    keys = np.zeros(5, dtype=np.int64)
    assert rolled_up(["", "M", "D", "M", "D"], keys, Medium.WATER)[1] == ["D"]
    assert rolled_up(["", "M", "D", "M", "N"], keys, Medium.WATER)[1] == ["M"]
    assert rolled_up([""] * 5, keys, Medium.WATER)[1] == ["N"]
    assert rolled_up([], keys[:0], Medium.WATER)[1] == []
    with pytest.raises(ValueError, match="4 flags for 5 keys"):
        rolled_up(["N"] * 4, keys, Medium.GAS)


def test_mean_flow_of_ten_minutes_an_hour_and_a_day():
    found = mean_flow(numbers(6.0, 36.0, 864.0), np.array([600, 3600, 86400]))
    assert found.tolist() == [10.0, 10.0, 10.0]
    with pytest.raises(ValueError, match="interval of 0 s"):
        mean_flow(numbers(1.0), np.array([0]))


def test_a_totaliser_gives_differences_and_says_nothing_over_a_reset():
    found = totaliser_volumes(numbers(100.0, 100.5, math.nan, 102.5, 0.25, 1.0))
    assert np.isnan(found[[0, 2, 4]]).all()
    assert found[[1, 3, 5]].tolist() == [0.5, 2.0, 0.75]


def test_concentration_is_mass_by_volume_and_nothing_without_flow():
    found = mean_concentration(numbers(22.0, 0.0), numbers(500.0, 0.0))
    assert found[0] == 44.0
    assert math.isnan(found[1])


# --- R-355-8: checks and ratios ---------------------------------------------------------------------


def test_the_standard_check_of_the_example_is_6_5_per_cent_low():
    assert standard_check_error(93.5, 100) == pytest.approx(-6.5)
    with pytest.raises(ValueError, match="standard of 0"):
        standard_check_error(1, 0)


def test_700_results_of_744_are_94_09_per_cent():
    assert valid_data_ratio(700, 744) == Decimal("94.09")
    assert valid_data_ratio(0, 0) is None
    with pytest.raises(ValueError, match="2 valid results of 1 due"):
        valid_data_ratio(2, 1)


def test_results_are_due_in_hours_with_discharge_and_six_times_for_ph():
    batch = np.zeros(24, dtype=bool)
    batch[8:12] = True
    assert results_due(batch) == 4
    assert results_due(np.ones(24, dtype=bool)) == 24
    assert results_due(batch, RESULTS_AN_HOUR["w01001"]) == 24
    with pytest.raises(ValueError, match="0 results an hour"):
        results_due(batch, 0)


# --- R-356-6, R-356-7 -------------------------------------------------------------------------------


def test_a_failed_check_makes_27_hours_invalid_in_the_example():
    times = np.array([moment(2026, 5, 5, 6), moment(2026, 5, 6, 6), moment(2026, 5, 6, 9)])
    [(start, end)] = invalid_spans(times, np.array([True, False, True]))
    assert (start, end) == (moment(2026, 5, 5, 6), moment(2026, 5, 6, 9))
    assert end - start == 27 * HOUR


def test_a_failure_without_a_pass_before_or_after_is_open_to_that_side():
    times = np.array([10, 20, 30, 40])
    assert invalid_spans(times, np.array([False, True, False, False])) == [(None, 20), (20, None)]
    assert invalid_spans(times, np.ones(4, dtype=bool)) == []
    with pytest.raises(ValueError, match="in order of time"):
        invalid_spans(times[::-1], np.ones(4, dtype=bool))


def test_one_per_cent_apart_is_the_same_and_more_is_not():
    found = differs(numbers(101.0, 101.01, 0.0, 0.1, math.nan), numbers(100.0, 100.0, 0.0, 0.0, 1.0), 0.01)
    assert found.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("factor", "value"), [("w01018", 2.0), ("w21003", 0.01), ("w21011", 0.005), ("w21001", 0.025)]
)
def test_a_confirmed_zero_enters_the_statistics_as_its_corrected_value(factor, value):
    values = numbers(0.0, 0.0, 40.0)
    may = correctable(values, zero_drift=1.0, detection_limit=0.001)
    after = corrected(values, np.array([True, False, False]), may, CORRECTED_MGL[factor])
    assert after.tolist() == [value, 0.0, 40.0]


def test_only_zero_drift_and_values_below_detection_can_be_corrected():
    values = numbers(-1.5, -1.0, 0.0, 3.9, 4.0, math.nan)
    may = correctable(values, zero_drift=1.0, detection_limit=4.0)
    assert may.tolist() == [False, True, True, True, False, False]
    with pytest.raises(ValueError, match=r"1 confirmed values .*first: 4"):
        corrected(values, np.arange(6) == 4, may, 2.0)


def test_ph_has_a_share_of_time_and_no_weight():
    share = time_share_within(numbers(6.0, 9.0, 9.1, math.nan), np.array([600, 600, 1200, 600]), 6, 9)
    assert share == 0.5
    assert time_share_within(numbers(math.nan), np.array([600]), 6, 9) is None


def test_a_month_of_water_needs_three_quarters_of_the_days_due():
    good, bad, stopped = MonthDay(True, 40.0), MonthDay(True, None), MonthDay(False, None)
    assert water_month([good] * 15 + [bad] * 5 + [stopped] * 10, LAW).mean == 40.0
    assert water_month([good] * 14 + [bad] * 6 + [stopped] * 10, LAW).mean is None
    assert water_month([stopped] * 30, LAW).mean is None


# --- R-356-8, R-356-L: replacement ------------------------------------------------------------------


def test_a_day_with_a_mean_emits_by_the_volume_of_the_whole_day():
    assert water_day_emission(44.0, 500.0) == 22.0


def test_a_normal_day_takes_the_greatest_of_30_valid_days_before_the_last_passed_check():
    emissions = numbers(99.0, *range(1, 31), math.nan, 50.0)
    found = replace_water_day(emissions, 31, WATER, normal=True, manual_mgl=(1, 1, 1, 1), volume_m3=1.0)
    assert (found.mean, found.emission_kg, found.basis) == (None, 30.0, Basis.LOOK_BACK)
    assert (found.found, found.short_history) == (30, False)


def test_a_non_normal_day_takes_four_manual_results_first():
    emissions = numbers(7.0)
    found = replace_water_day(
        emissions, None, WATER, normal=False, manual_mgl=(40, 44, 46, 46), volume_m3=500.0
    )
    assert (found.mean, found.emission_kg, found.basis) == (44.0, 22.0, Basis.MANUAL)
    three = replace_water_day(emissions, None, WATER, normal=False, manual_mgl=(40, 44, 46), volume_m3=500.0)
    assert (three.mean, three.emission_kg, three.basis) == (None, 7.0, Basis.LOOK_BACK)
    assert three.short_history


def test_manual_results_without_a_volume_give_the_mean_and_nothing_gives_nothing():
    found = replace_water_day(numbers(7.0), None, WATER, normal=False, manual_mgl=(44,) * 4)
    assert (found.mean, found.emission_kg, found.basis) == (44.0, 7.0, Basis.LOOK_BACK)
    none = replace_water_day(numbers(7.0), 0, WATER, normal=True)
    assert (none.emission_kg, none.basis, none.found) == (None, Basis.NONE, 0)


def test_the_rule_of_2007_filled_from_an_equally_long_period_before():
    starts = moment(2019, 5, 1) + HOUR * np.arange(8, dtype=np.int64)
    values = numbers(90.0, 6.0, 7.0, 9.0, *[math.nan] * 3, 1.0)
    valid = ~np.isnan(values)
    assert legacy_water_fill(starts, values, valid)[4:7].tolist() == pytest.approx([22 / 3] * 3)
    assert legacy_water_fill(starts, values, valid, ph=True)[4:7].tolist() == [7.0] * 3


def test_the_rule_of_2007_for_water_ends_on_24_march_2020():
    last = moment(2020, 3, 23, 23)
    one = np.array([True])
    assert legacy_water_fill(np.array([last]), numbers(1.0), one).tolist() == [1.0]
    with pytest.raises(ValueError, match="rules in force from 2020-03-24"):
        legacy_water_fill(np.array([last + HOUR]), numbers(1.0), one)
    with pytest.raises(ValueError, match="every hour"):
        legacy_water_fill(np.array([0, 7200]), numbers(1.0, 1.0), np.ones(2, dtype=bool))
