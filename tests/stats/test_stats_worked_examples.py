"""The worked examples of the domain document, each by its clause."""

import math

import numpy as np
import pytest

from mingcha.core.aggregates import HourCode
from mingcha.core.errors import BadInput
from mingcha.stats.codes import CODES, INDEX
from mingcha.stats.conversion import (
    IMPOSSIBLE_OXYGEN,
    actual_flow,
    convert_o2,
    emission_kg,
    exceedance_multiple,
    humidity_from_oxygen,
    mass_from_volume,
    nox_as_no2,
    standard_flow,
    to_standard_state,
    water_mass_kg,
    wet_to_dry,
)
from mingcha.stats.days import DayHour, gas_day, water_day
from mingcha.stats.flow import volumes
from mingcha.stats.hours import gas_hours, hour_code, water_hour_code, water_hours, weighted_mean
from mingcha.stats.records import aligned, make_records, record_lengths, without_flow_stopped
from mingcha.stats.validity import Validity

LAW = Validity()
START = 1_772_300_400 // 3600 * 3600


def seconds(**minutes: int) -> tuple[int, ...]:
    return tuple(60 * minutes.get(code.value, 0) for code in CODES)


def records(values, codes, *, step_s=60, interval_s=60, start=START, amounts=None):
    times = start + step_s * np.arange(len(values), dtype=np.int64)
    return make_records(
        times,
        np.array(values, dtype=np.float64),
        np.array([INDEX[HourCode(c)] for c in codes], dtype=np.int8),
        interval_s=interval_s,
        amounts=None if amounts is None else np.array(amounts, dtype=np.float64),
    )


def test_48_normal_minutes_of_21_and_12_of_calibration_give_a_valid_21():
    [hour] = gas_hours(records([21.0] * 48 + [1.0] * 12, ["N"] * 48 + ["C"] * 12), LAW)
    assert (hour.code, hour.mean, hour.valid_minutes) == (HourCode.NORMAL, 21.0, 48)


def test_42_normal_10_calibration_8_fault_is_an_invalid_hour_of_calibration():
    assert hour_code(seconds(N=42, C=10, D=8), LAW) is HourCode.CALIBRATION


def test_45_normal_minutes_are_valid_and_44_are_not():
    assert hour_code(seconds(N=45, D=15), LAW) is HourCode.NORMAL
    assert hour_code(seconds(N=44, D=16), LAW) is HourCode.FAULT


@pytest.mark.parametrize(
    ("state", "code"), [("F", HourCode.STOPPED), ("St", HourCode.START), ("B", HourCode.BANKED)]
)
def test_45_minutes_of_a_state_make_the_hour_that_state(state, code):
    assert hour_code(seconds(**{state: 45, "D": 15}), LAW) is code


def test_fifteen_minutes_of_equipment_are_not_yet_over_fifteen():
    assert hour_code(seconds(N=44, D=15), LAW) is HourCode.NO_DATA
    assert hour_code(seconds(N=44, D=8, M=8), LAW) is HourCode.FAULT


def test_ties_go_fault_then_maintenance_then_calibration():
    assert hour_code(seconds(D=10, M=10, C=10), LAW) is HourCode.FAULT
    assert hour_code(seconds(M=10, C=10), LAW) is HourCode.MAINTENANCE


def test_of_six_ten_minute_records_five_must_be_valid():
    five = gas_hours(records([8.0] * 6, "NNNNND", step_s=600, interval_s=600), LAW)
    four = gas_hours(records([8.0] * 6, "NNNNDD", step_s=600, interval_s=600), LAW)
    assert [h.code for h in five + four] == [HourCode.NORMAL, HourCode.FAULT]


def test_a_missing_record_is_not_a_valid_one_and_a_normal_record_without_number_neither():
    [missing] = gas_hours(records([8.0] * 4, "NNNN", step_s=600, interval_s=600), LAW)
    [empty] = gas_hours(records([8.0] * 4 + [math.nan] * 2, "NNNNNN", step_s=600, interval_s=600), LAW)
    assert missing.code is empty.code is HourCode.NO_DATA
    assert missing.mean is None


def test_minutes_are_not_counted_tenfold_where_ten_minute_records_were_filed():
    [hour] = gas_hours(records([8.0] * 30, "N" * 30, step_s=60, interval_s=600), LAW)
    assert hour.valid_minutes == 30
    assert hour.code is HourCode.NO_DATA


def test_a_record_counts_no_further_than_its_hour():
    times = np.array([START + 3300], dtype=np.int64)
    assert record_lengths(times, interval_s=600).tolist() == [300]


def test_the_mean_of_decimals_has_no_binary_noise():
    [hour] = gas_hours(records([35.0, 35.2] * 3, "N" * 6, step_s=600, interval_s=600), LAW)
    assert repr(hour.mean) == "35.1"


def test_thirty_at_nine_and_a_half_per_cent_is_39_1_at_six():
    assert round(convert_o2(30.0, 9.5, 6.0).value, 1) == 39.1


def test_at_21_per_cent_there_is_no_converted_value_and_from_19_it_is_doubted():
    assert convert_o2(30.0, 21.0, 6.0) == convert_o2(30.0, 25.0, 6.0)
    assert convert_o2(30.0, 21.0, 6.0).value is None
    assert convert_o2(30.0, 21.0, 6.0).anomaly == IMPOSSIBLE_OXYGEN
    assert convert_o2(30.0, 19.0, 6.0).anomaly == IMPOSSIBLE_OXYGEN
    assert convert_o2(30.0, 19.0, 6.0).value == pytest.approx(225.0)
    assert convert_o2(30.0, 18.99, 6.0).anomaly is None


def test_without_a_reference_the_dry_value_is_used_as_it_is():
    assert convert_o2(30.0, 21.0, None).value == 30.0


def test_a_reference_of_air_is_refused():
    with pytest.raises(ValueError, match="reference oxygen 21"):
        convert_o2(30.0, 9.5, 21.0)


def test_volume_to_mass_of_so2_and_no2():
    assert mass_from_volume(35, "SO2") == pytest.approx(100.0)
    assert round(mass_from_volume(24, "NO2"), 1) == 49.3
    with pytest.raises(ValueError, match="no molar mass for 'Hg'"):
        mass_from_volume(1, "Hg")


def test_nox_counts_as_no2():
    assert round(nox_as_no2(40, 5), 1) == 66.3


def test_wet_to_dry_and_humidity_from_oxygen():
    assert round(wet_to_dry(50, 10), 1) == 55.6
    assert round(humidity_from_oxygen(5.4, 6.2), 1) == 12.9
    with pytest.raises(ValueError, match="humidity 100"):
        wet_to_dry(50, 100)


def test_flow_and_emission_of_the_example():
    flow = actual_flow(area_m2=10, velocity_ms=12)
    dry = standard_flow(flow, temperature_c=95, ambient_pa=101000, static_pa=-500, humidity_pct=11)
    assert (round(flow), round(dry)) == (432000, 282903)
    assert round(emission_kg(22, dry), 3) == 6.224


def test_standard_state_undoes_temperature_and_pressure():
    assert to_standard_state(10, temperature_c=273, ambient_pa=101325, static_pa=0) == pytest.approx(20)


def test_water_day_mean_weighs_by_volume():
    hours = [DayHour(HourCode.NORMAL, c, volume=q) for c, q in ((40, 100), (50, 300), (30, 100))]
    stopped = [DayHour(HourCode.STOPPED, None)] * 21
    day = water_day(hours + stopped, LAW)
    assert (day.mean, day.valid_hours, day.running_hours, day.partial) == (44.0, 3, 3, True)
    assert weighted_mean(np.array([40.0, 50, 30]), np.array([100.0, 300, 100])) == 44.0


def test_a_water_day_needs_three_quarters_of_the_results_due():
    good, bad = DayHour(HourCode.NORMAL, 40.0, volume=10.0), DayHour(HourCode.FAULT, None)
    assert water_day([good] * 18 + [bad] * 6, LAW).mean == 40.0
    assert water_day([good] * 17 + [bad] * 7, LAW).mean is None


def test_an_unknown_volume_makes_the_water_day_arithmetic():
    hours = [DayHour(HourCode.NORMAL, c, volume=None) for c in (40.0, 50.0)] * 12
    assert water_day(hours, LAW).mean == 45.0


def test_a_day_is_valid_with_20_hours_and_not_with_19():
    good, bad = DayHour(HourCode.NORMAL, 10.0, 12.0, 1.5), DayHour(HourCode.NO_DATA, None)
    day = gas_day([good] * 20 + [bad] * 4, LAW)
    assert (day.mean, day.converted, day.total, day.partial) == (10.0, 12.0, 30.0, False)
    assert gas_day([good] * 19 + [bad] * 5, LAW).mean is None


def test_a_source_that_stopped_is_judged_on_its_running_hours():
    good, stopped, bad = (
        DayHour(HourCode.NORMAL, 10.0), DayHour(HourCode.STOPPED, None), DayHour(HourCode.FAULT, None)
    )  # fmt: skip
    day = gas_day([good] * 10 + [stopped] * 14, LAW)
    assert (day.mean, day.running_hours, day.partial) == (10.0, 10, True)
    assert gas_day([good] * 5 + [bad] * 5 + [stopped] * 14, LAW).mean is None
    assert gas_day([stopped] * 24, LAW).mean is None


def test_hours_that_could_not_be_converted_do_not_make_a_converted_day():
    hours = [DayHour(HourCode.NORMAL, 10.0, 12.0)] * 19 + [DayHour(HourCode.NORMAL, 10.0, None)] * 5
    day = gas_day(hours, LAW)
    assert (day.mean, day.converted) == (10.0, None)


def test_a_concentration_at_flow_zero_is_not_valid_and_the_rest_weighs_by_volume():
    item = records([40.0, 40.0, 50.0, 50.0, 60.0, 60.0], "NNNNNN", step_s=600, interval_s=600)
    flow = np.array([0.0, 0.0, 10.0, 10.0, 30.0, 30.0])
    stopped = without_flow_stopped(item.codes, flow)
    assert [CODES[c].value for c in stopped] == ["F", "F", "N", "N", "N", "N"]
    made = make_records(item.times, item.values, stopped, interval_s=600)
    [hour] = water_hours(made, volumes(flow, made.lengths, "L/s"), LAW)
    assert (hour.code, hour.mean, hour.minimum) == (HourCode.NORMAL, 57.5, 50.0)


def test_equipment_flags_stand_where_flow_is_zero():
    codes = np.array([INDEX[HourCode.FAULT], INDEX[HourCode.NORMAL]], dtype=np.int8)
    after = without_flow_stopped(codes, np.array([0.0, math.nan]))
    assert [CODES[c].value for c in after] == ["D", "N"]


@pytest.mark.parametrize(
    ("minutes", "code"),
    [
        ({"F": 60}, HourCode.STOPPED),
        ({"F": 50, "N": 10}, HourCode.NORMAL),
        ({"F": 50, "C": 10}, HourCode.STOPPED),
        ({"N": 45, "D": 15}, HourCode.NORMAL),
        ({"N": 40, "C": 20}, HourCode.CALIBRATION),
        ({"N": 30}, HourCode.NO_DATA),
        ({}, HourCode.NO_DATA),
    ],
)
def test_a_water_hour_counts_the_time_with_flow(minutes, code):
    assert water_hour_code(seconds(**minutes), LAW) is code


def test_flow_of_another_record_is_never_borrowed():
    times = np.array([0, 600, 1200], dtype=np.int64)
    beside = aligned(times, np.array([0, 1200], dtype=np.int64), np.array([1.0, 3.0]))
    assert beside.tolist()[::2] == [1.0, 3.0]
    assert math.isnan(beside[1])
    assert np.isnan(aligned(times, np.array([], dtype=np.int64), np.array([]))).all()


def test_volumes_know_their_unit():
    ten = np.array([10.0])
    minute = np.array([60])
    assert volumes(ten, minute, "L/s")[0] == pytest.approx(0.6)
    assert volumes(ten, minute, "m3/s")[0] == 600
    assert volumes(ten, minute, "m3/h")[0] == pytest.approx(1 / 6)
    with pytest.raises(BadInput, match="expected one of L/s"):
        volumes(ten, minute, "barrel/day")


def test_mass_of_water_and_the_multiple_of_an_exceedance():
    assert water_mass_kg(40.0, 100.0) == 4.0
    assert exceedance_multiple(52.5, 35) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="limit 0"):
        exceedance_multiple(1, 0)


def test_the_sum_of_amounts_stands_only_where_every_valid_record_has_one():
    [whole] = gas_hours(records([8.0] * 6, "N" * 6, step_s=600, interval_s=600, amounts=[0.1] * 6), LAW)
    [part] = gas_hours(
        records([8.0] * 6, "N" * 6, step_s=600, interval_s=600, amounts=[0.1] * 5 + [math.nan]), LAW
    )
    assert whole.total == 0.6
    assert part.total is None


def test_arrays_of_other_lengths_and_times_that_fall_are_refused():
    times = np.array([600, 0], dtype=np.int64)
    with pytest.raises(ValueError, match="rise strictly"):
        record_lengths(times, interval_s=600)
    with pytest.raises(ValueError, match="differ in length"):
        make_records(times, np.zeros(3), np.zeros(2, dtype=np.int8), interval_s=600)
    with pytest.raises(ValueError, match="expected more than 0"):
        record_lengths(times, interval_s=0)
