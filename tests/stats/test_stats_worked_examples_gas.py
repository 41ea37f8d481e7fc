"""Gas: the worked examples of the domain document beyond the hour, each by its clause."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from mingcha.core.aggregates import HourCode
from mingcha.core.errors import BadRule
from mingcha.stats.capture import Capture, capture, quarter_hours, quarter_of
from mingcha.stats.checks import drift, relative_accuracy
from mingcha.stats.codes import INDEX
from mingcha.stats.conversion import (
    convert_by_excess_air,
    convert_series,
    emission_t,
    humidity_from_oxygen,
    nox_from_volume,
    velocity,
    volume_from_mass,
)
from mingcha.stats.decimals import decimals_of, read_decimals, shown
from mingcha.stats.legacy import Quantity, legacy_gas_fill
from mingcha.stats.minutes import minutes_of
from mingcha.stats.months import MonthDay, gas_month
from mingcha.stats.substitution import (
    GasHours,
    Status,
    SubstitutionLaw,
    Table,
    missing_too_much,
    substitute,
)
from mingcha.stats.validity import Validity

LAW, SUBSTITUTION = Validity(), SubstitutionLaw()
HOUR = 3600
YEAR_2026 = int(datetime(2025, 12, 31, 16, tzinfo=UTC).timestamp())  # 00:00 Beijing of 1 January


# --- R-75-3.2, R-75-3.4: minutes and months ---------------------------------------------------------


def test_a_minute_mean_needs_twelve_valid_values():
    times = np.arange(24, dtype=np.int64) * 5
    valid = np.ones(24, dtype=bool)
    valid[12] = False
    found = minutes_of(times, np.arange(24.0), valid, LAW)
    assert found.starts.tolist() == [0, 60]
    assert found.counts.tolist() == [12, 11]
    assert (found.means[0], found.lows[0], found.highs[0]) == (5.5, 0.0, 11.0)
    assert np.isnan([found.means[1], found.lows[1], found.highs[1]]).all()


def test_a_value_sent_twice_in_a_moment_is_refused_and_nothing_is_nothing():
    with pytest.raises(ValueError, match="rise strictly"):
        minutes_of(np.array([5, 5]), np.zeros(2), np.ones(2, dtype=bool), LAW)
    assert minutes_of(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=bool), LAW).means.size == 0


def month_of(valid: int, length: int, **more) -> list[MonthDay]:
    return [MonthDay(True, 10.0, **more)] * valid + [MonthDay(True, None)] * (length - valid)


def test_a_month_is_valid_with_25_days_and_february_with_23():
    assert gas_month(month_of(25, 31), month=date(2026, 1, 1), law=LAW).mean == 10.0
    assert gas_month(month_of(24, 31), month=date(2026, 1, 1), law=LAW).mean is None
    assert gas_month(month_of(23, 28), month=date(2026, 2, 1), law=LAW).mean == 10.0
    assert gas_month(month_of(22, 28), month=date(2026, 2, 1), law=LAW).mean is None
    assert gas_month(month_of(23, 29), month=date(2028, 2, 29), law=LAW).mean == 10.0


def test_a_month_has_extremes_and_sums_even_where_it_has_no_mean():
    days = [
        MonthDay(True, 10.0, None, 0.1),
        MonthDay(True, 30.0, 40.0, 0.2),
        MonthDay(False, None, None, None),
    ]
    found = gas_month(days, month=date(2026, 1, 1), law=LAW)
    assert (found.mean, found.minimum, found.maximum, found.total) == (None, 10.0, 30.0, 0.3)
    assert (found.valid_days, found.due_days) == (2, 2)
    nothing = gas_month([], month=date(2026, 1, 1), law=LAW)
    assert (nothing.mean, nothing.minimum, nothing.total) == (None, None, None)


# --- R-75-C: conversions ----------------------------------------------------------------------------


def test_volume_from_mass_undoes_mass_from_volume():
    assert volume_from_mass(100.0, "SO2") == pytest.approx(35)
    with pytest.raises(ValueError, match="no molar mass for 'O3'"):
        volume_from_mass(1, "O3")


def test_nox_from_volumes_counts_both_as_no2():
    assert nox_from_volume(20, 4) == pytest.approx(24 * 46 / 22.4)


def test_excess_air_says_the_same_as_reference_oxygen():
    assert round(convert_by_excess_air(30.0, 9.5, 1.4).value, 1) == 39.1  # 1.4 = 21/(21 − 6)
    assert convert_by_excess_air(30.0, 21.0, 1.4).value is None
    with pytest.raises(ValueError, match="expected 1 or more"):
        convert_by_excess_air(30.0, 9.5, 0.9)


def test_a_series_is_converted_with_the_same_guards():
    found = convert_series(np.array([30.0, 30, 30, 30]), np.array([9.5, 19.0, 21.0, math.nan]), 6.0)
    assert round(found.values[0], 1) == 39.1
    assert found.values[1] == pytest.approx(225)
    assert np.isnan(found.values[2:]).all()
    assert found.doubtful.tolist() == [False, True, True, False]
    untouched = convert_series(np.array([30.0]), np.array([21.0]), None)
    assert (untouched.values.tolist(), untouched.doubtful.tolist()) == ([30.0], [False])
    with pytest.raises(ValueError, match="reference oxygen 21"):
        convert_series(np.array([1.0]), np.array([1.0]), 21.0)


@pytest.mark.parametrize(("wet", "dry"), [(7.0, 6.0), (0.0, 0.0), (-1.0, 5.0), (1.0, -2.0)])
def test_no_humidity_comes_of_oxygen_that_cannot_be(wet, dry):
    with pytest.raises(ValueError, match="expected 0 <= wet <= dry"):
        humidity_from_oxygen(wet, dry)


def test_velocity_of_the_section_and_emission_of_a_day():
    assert velocity(0.84, 12.5) == pytest.approx(10.5)
    assert emission_t(np.array([6.224] * 24)) == pytest.approx(0.149376)
    assert emission_t(np.array([1.0, math.nan])) == 0.001
    assert emission_t(np.array([math.nan])) is None


def test_drift_is_the_difference_of_greatest_size_with_its_sign():
    assert drift(np.array([6.0]), 0.5, 150) == pytest.approx(3.67, abs=0.005)  # the example of R-75-11.6
    assert drift(np.array([1.0, -3.0]), 0.0, 100) == -3.0
    with pytest.raises(ValueError, match="0 readings"):
        drift(np.zeros(0), 0, 100)


def test_relative_accuracy_of_the_example_is_5_03_per_cent():
    reference = np.array([310, 305, 322, 318, 309, 315, 300, 327, 312], dtype=float)
    measured = np.array([325, 318, 331, 336, 320, 329, 318, 338, 321], dtype=float)
    found = relative_accuracy(measured, reference)
    assert (round(found.mean, 2), round(found.deviation, 3)) == (13.11, 3.444)
    assert (round(found.confidence, 3), round(found.relative, 2)) == (2.647, 5.03)
    with pytest.raises(ValueError, match="expected 9 to 13 pairs"):
        relative_accuracy(measured[:8], reference[:8])


def test_a_reference_of_nothing_has_no_relative_accuracy():
    with pytest.raises(ValueError, match="mean reference 0"):
        relative_accuracy(np.zeros(9), np.zeros(9))


@pytest.mark.parametrize(
    ("factor", "unit", "value", "text"),
    [
        ("a21026", "mg/m3", 35.25, "35.2"),
        ("a21026", "mg/m3", 35.35, "35.4"),
        ("a19001", "%", 9.505, "9.50"),
        ("a01013", "Pa", -500.5, "-500"),
        ("a00000", "m3/h", 282903.4, "282903"),
        ("emission", "kg", 6.22386, "6.224"),
        ("a05002", "mg/m3", 1.23456, "1.23456"),
    ],
)
def test_decimals_are_for_the_eye(factor, unit, value, text):
    assert shown(value, decimals_of(factor, unit)) == text


def test_a_broken_table_of_decimals_names_line_and_remedy():
    with pytest.raises(BadRule, match=r"decimals.csv line 2: .*decimals from 0 to 9"):
        read_decimals(["factor,unit,decimals", "a1,mg,one"])


# --- R-75-12.2: capture -----------------------------------------------------------------------------


def test_the_quarterly_capture_rate_of_the_example():
    found = Capture(2160, 90, 300)
    assert (found.rate, found.running) == (Decimal("95.16"), 1860)


def test_hours_of_quarters_with_and_without_a_leap_day():
    assert [quarter_hours(2026, q) for q in (1, 2, 3, 4)] == [2160, 2184, 2208, 2208]
    assert quarter_hours(2028, 1) == 2184
    assert quarter_hours(2100, 1) == 2160
    with pytest.raises(ValueError, match="quarter 5"):
        quarter_hours(2026, 5)


def test_quarters_turn_at_the_first_of_january_april_july_october():
    assert quarter_of(date(2026, 3, 31)) == (2026, 1)
    assert quarter_of(date(2026, 4, 1)) == (2026, 2)
    assert quarter_of(date(2026, 12, 31)) == (2026, 4)


def test_an_hour_without_a_code_is_invalid_and_start_up_is_not():
    codes = np.array(
        [INDEX[HourCode(c)] for c in ("N", "St", "Sd", "B", "F", "C", "M", "D", "T", "Md")], dtype=np.int8
    )
    assert capture(codes, 12) == Capture(12, 7, 1)
    assert Capture(2160, 0, 2160).rate is None
    assert not Capture(2160, 0, 2160).at_least(0)
    with pytest.raises(ValueError, match="10 codes for a quarter of 9"):
        capture(codes, 9)
    with pytest.raises(ValueError, match="fit into the hours"):
        Capture(10, 8, 3)


def test_ninety_per_cent_is_reached_exactly_and_never_by_rounding():
    assert Capture(1000, 100, 0).at_least(90)
    barely = Capture(200_000, 20_001, 0)
    assert barely.rate == Decimal("90.00")
    assert not barely.at_least(90)


# --- R-75-12.3: substitution ------------------------------------------------------------------------


def history(invalid: int, *, table=Table.OTHER, peaks=((100, 8.1), (700, 9.4), (2100, 12.0)), length=2200):
    """Valid hours of 1 kg with three peaks so many hours before the run that ends the series."""
    emissions = np.ones(length + invalid)
    for before, peak in peaks:
        emissions[length - before] = peak
    valid = np.arange(length + invalid) < length
    starts = YEAR_2026 + HOUR * np.arange(length + invalid, dtype=np.int64)
    tables = np.full(length + invalid, table)
    return GasHours(
        starts, np.where(valid, emissions, np.nan), valid, np.zeros(valid.size, dtype=bool), tables
    )


def of_year(rate: Capture):
    return {(2026, quarter): rate for quarter in (1, 2, 3, 4)}


GOOD, MIDDLE, POOR = Capture(2160, 90, 300), Capture(1000, 200, 0), Capture(1000, 251, 0)
NONE = np.zeros(0, dtype=np.int64)


@pytest.mark.parametrize(
    ("hours", "rate", "sum_kg"), [(10, GOOD, 81.0), (30, GOOD, 282.0), (10, MIDDLE, 120.0)]
)
def test_the_substituted_emissions_of_the_example(hours, rate, sum_kg):
    [run] = substitute(history(hours), NONE, of_year(rate), SUBSTITUTION)
    assert (run.status, run.hours, run.short_history) == (Status.SUBSTITUTED, hours, False)
    assert run.emission == pytest.approx(sum_kg)
    assert run.usable_for_accounting


def test_24_hours_are_a_short_run_and_25_a_long_one():
    [short] = substitute(history(24), NONE, of_year(GOOD), SUBSTITUTION)
    [long] = substitute(history(25), NONE, of_year(GOOD), SUBSTITUTION)
    assert (short.value, short.look_back, long.value, long.look_back) == (8.1, 180, 9.4, 720)


def test_below_75_per_cent_nothing_is_substituted_and_nothing_is_usable():
    [run] = substitute(history(10), NONE, of_year(POOR), SUBSTITUTION)
    assert (run.status, run.value, run.emission, run.usable_for_accounting) == (
        Status.NO_SUBSTITUTION, None, None, False,
    )  # fmt: skip
    [at_75] = substitute(history(10), NONE, of_year(Capture(1000, 250, 0)), SUBSTITUTION)
    assert at_75.value == 12.0


def test_out_of_control_looks_back_from_the_last_calibration():
    hours = history(10, table=Table.OUT_OF_CONTROL)
    calibrated = np.array([int(hours.starts[1000]), int(hours.starts[2050])])
    [run] = substitute(hours, calibrated, of_year(GOOD), SUBSTITUTION)
    assert (run.anchor, run.value, run.uncalibrated) == (calibrated[1], 1.0, False)
    [without] = substitute(hours, NONE, of_year(GOOD), SUBSTITUTION)
    assert (without.anchor, without.value, without.uncalibrated) == (int(hours.starts[2200]), 8.1, True)


def test_a_calibration_at_the_very_start_of_the_run_is_before_it():
    hours = history(10, table=Table.OUT_OF_CONTROL)
    [run] = substitute(hours, hours.starts[[2000, 2200]], of_year(GOOD), SUBSTITUTION)
    assert (run.anchor, run.value) == (int(hours.starts[2200]), 8.1)


def test_fewer_hours_than_asked_for_are_all_used_and_said():
    [run] = substitute(history(10, peaks=((100, 8.1),), length=150), NONE, of_year(GOOD), SUBSTITUTION)
    assert (run.value, run.found, run.short_history) == (8.1, 150, True)
    [nothing] = substitute(history(10, peaks=(), length=0), NONE, of_year(GOOD), SUBSTITUTION)
    assert (nothing.status, nothing.value, nothing.usable_for_accounting) == (Status.NO_HISTORY, None, False)


def test_look_back_skips_stopped_hours_and_a_stop_ends_a_run():
    hours = history(10)
    stopped = hours.stopped.copy()
    stopped[2204] = True
    cut = GasHours(hours.starts, hours.emissions, hours.valid, stopped, hours.tables)
    assert [(run.first, run.last) for run in substitute(cut, NONE, of_year(GOOD), SUBSTITUTION)] == [
        (2200, 2203), (2205, 2209),
    ]  # fmt: skip


def test_a_run_over_two_quarters_takes_the_rate_of_each_and_the_length_of_all():
    hours = history(30, length=2150)  # the first quarter ends ten hours into the run
    rates = {(2026, 1): GOOD, (2026, 2): POOR}
    first, second = substitute(hours, NONE, rates, SUBSTITUTION)
    assert (first.hours, second.hours, first.run_hours) == (10, 20, 30)
    assert (first.look_back, second.status) == (720, Status.NO_SUBSTITUTION)
    with pytest.raises(ValueError, match="no capture rate of quarter 2 of 2026"):
        substitute(hours, NONE, {(2026, 1): GOOD}, SUBSTITUTION)


def test_hours_left_out_and_valid_hours_without_emission_are_refused():
    hours = history(2)
    with pytest.raises(ValueError, match="every hour of the span"):
        GasHours(hours.starts * 2, hours.emissions, hours.valid, hours.stopped, hours.tables)
    with pytest.raises(ValueError, match="valid hour has no emission"):
        GasHours(hours.starts, hours.emissions * math.nan, hours.valid, hours.stopped, hours.tables)


def test_more_than_a_quarter_missing_cannot_support_accounting():
    assert not missing_too_much(25, 100, SUBSTITUTION)
    assert missing_too_much(26, 100, SUBSTITUTION)
    with pytest.raises(ValueError, match="3 of 2 hours missing"):
        missing_too_much(3, 2, SUBSTITUTION)


# --- R-75-12.9: the rule of 2007 --------------------------------------------------------------------

OLD = int(datetime(2017, 5, 31, 16, tzinfo=UTC).timestamp())


def test_a_short_gap_took_the_mean_of_its_neighbours_under_the_rule_of_2007():
    valid = np.array([True, False, False, True])
    starts = OLD + HOUR * np.arange(4, dtype=np.int64)
    values = np.array([10.0, math.nan, 99.0, 20.0])
    for quantity in Quantity:
        assert legacy_gas_fill(starts, values, valid, quantity).tolist() == [10.0, 15.0, 15.0, 20.0]


def test_a_long_gap_took_the_greatest_emission_the_mean_of_others_and_no_concentration():
    valid = np.array([True] * 3 + [False] * 25 + [True])
    starts = OLD + HOUR * np.arange(29, dtype=np.int64)
    values = np.array([10.0, 40.0, 25.0] + [math.nan] * 25 + [1.0])
    filled = {quantity: legacy_gas_fill(starts, values, valid, quantity)[3] for quantity in Quantity}
    assert filled[Quantity.EMISSION] == 40.0
    assert filled[Quantity.OTHER] == 25.0
    assert math.isnan(filled[Quantity.CONCENTRATION])


@pytest.mark.parametrize(("gap", "filled"), [(24, 15.0), (25, 10.0)])
def test_24_hours_are_a_short_gap_and_25_a_long_one(gap, filled):
    values = np.array([10.0] + [math.nan] * gap + [20.0])
    starts = OLD + HOUR * np.arange(values.size, dtype=np.int64)
    assert legacy_gas_fill(starts, values, ~np.isnan(values), Quantity.EMISSION)[1] == filled


def test_the_rule_of_2007_is_never_applied_from_march_2018_on():
    last = int(datetime(2018, 2, 28, 15, tzinfo=UTC).timestamp())  # 23:00 Beijing
    one = np.array([True])
    assert legacy_gas_fill(np.array([last]), np.array([1.0]), one, Quantity.OTHER).tolist() == [1.0]
    with pytest.raises(ValueError, match="rules in force from 2018-03-01"):
        legacy_gas_fill(np.array([last + HOUR]), np.array([1.0]), one, Quantity.OTHER)
