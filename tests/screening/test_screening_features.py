"""Shared preparation: running, resolution, cycle, stretches; fast definitions equal slow ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import naive
from tests.screening import outlets

from mingcha.core.facts import Medium, Setting
from mingcha.core.verdicts import Level
from mingcha.screening.features import (
    Samples,
    analyses,
    constant_runs,
    detected_cycle,
    resolution,
    running,
)
from mingcha.screening.scoring import LEAST, level_of, run_score, stay_probability

series = st.lists(
    st.tuples(st.sampled_from([60, 60, 60, 600]), st.sampled_from([1.0, 1.1, 1.2, 5.0]), st.booleans()),
    max_size=50,
)


@given(series, st.sampled_from([0.0, 0.05, 0.15]), st.sampled_from([90.0, 900.0]))
def test_stretches_equal_the_slow_definition(rows, tolerance, gap_s):
    times = np.cumsum([step for step, _, _ in rows], dtype=np.int64)
    values = np.array([value for _, value, _ in rows], dtype=np.float64)
    usable = np.array([good for _, _, good in rows], dtype=np.bool_)
    assert constant_runs(times, values, usable, tolerance=tolerance, gap_s=gap_s) == naive.constant_runs(
        times.tolist(), values.tolist(), usable.tolist(), tolerance, gap_s
    )


@given(series)
def test_stretches_hold_every_usable_sample_once(rows):
    times = np.cumsum([step for step, _, _ in rows], dtype=np.int64)
    values = np.array([value for _, value, _ in rows], dtype=np.float64)
    usable = np.array([good for _, _, good in rows], dtype=np.bool_)
    runs = constant_runs(times, values, usable, tolerance=0.05, gap_s=90)
    inside = [place for first, last in runs for place in range(first, last + 1)]
    assert inside == np.flatnonzero(usable).tolist()


def test_a_nan_equals_nothing():
    values = np.array([1.0, np.nan, 1.0])
    runs = constant_runs(np.arange(3) * 60, values, np.ones(3, dtype=np.bool_), tolerance=1, gap_s=90)
    assert runs == [(0, 0), (1, 1), (2, 2)]


def test_shapes_that_differ_and_a_negative_tolerance_are_refused():
    two, three = np.zeros(2), np.zeros(3, dtype=np.bool_)
    with pytest.raises(ValueError, match="shapes differ"):
        constant_runs(np.arange(2), two, three, tolerance=0, gap_s=1)
    with pytest.raises(ValueError, match="expected 0 or more"):
        constant_runs(np.arange(2), two, three[:2], tolerance=-1, gap_s=1)


def test_the_resolution_is_the_least_step_that_is_not_zero():
    assert resolution(np.array([1.0, 1.0, 1.1, 1.3, 1.3])) == pytest.approx(0.1)
    assert resolution(np.array([5.0, 5.0])) == 0.0


def test_the_cycle_of_an_analyser_is_the_commonest_length_of_its_stretches():
    times = outlets.times()
    values = outlets.held(30, 4, 0.1, 7200)
    runs = constant_runs(times, values, np.ones(values.shape, dtype=np.bool_), tolerance=0.05, gap_s=900)
    assert detected_cycle(times, runs, 600) == 7200
    moving = outlets.noisy(30, 4, 0.1)
    runs = constant_runs(times, moving, np.ones(moving.shape, dtype=np.bool_), tolerance=0.05, gap_s=900)
    assert detected_cycle(times, runs, 600) is None
    assert detected_cycle(times, [], 600) is None


@pytest.mark.parametrize(
    ("seconds", "count"), [(600, 1), (6600, 1), (7200, 1), (13_800, 2), (28_800, 4), (28_200, 4)]
)
def test_a_held_value_stands_for_whole_cycles_and_forgives_one_record(seconds, count):
    assert analyses(seconds, 7200, 600) == count


def test_a_stack_runs_by_velocity_and_where_it_is_unknown_by_flow():
    times = np.arange(4, dtype=np.int64) * 600
    good = np.ones(4, dtype=np.bool_)
    velocity = Samples(times, np.array([10.0, 1.0, 10.0, np.nan]), good)
    flow = Samples(times, np.array([0.0, 5.0, 0.0, 5.0]), good)
    both = {"a01011": velocity, "a00000": flow}
    assert running(Medium.GAS, both, times).tolist() == [True, False, True, True]
    assert running(Medium.GAS, {"a01011": velocity}, times).tolist() == [True, False, True, False]


def test_works_without_flow_meter_always_run_and_water_runs_by_flow():
    times = np.arange(2, dtype=np.int64) * 600
    good = np.ones(2, dtype=np.bool_)
    assert running(Medium.WATER, {}, times).all()
    flow = Samples(times, np.array([0.0, 0.1]), good)
    assert running(Medium.WATER, {"w00000": flow}, times).tolist() == [False, True]


def test_a_setting_goes_before_what_was_estimated():
    track = outlets.of_water(outlets.water(), Setting("w01018", "mg/L", resolution=0.5, cycle_s=3600)).tracks[
        "w01018"
    ]
    assert (track.q, track.cycle_s) == (0.5, 3600)


# --- scores ---------------------------------------------------------------------------------------


def test_score_0_is_one_false_alarm_per_100_outlet_months():
    step = 2_592_000  # one value a month: 100 outlets start 100·(1 − p) stretches
    assert run_score(2, 0.1, step) == pytest.approx(-np.log10(100 * 0.9 * 0.1))


def test_levels_follow_the_score_and_an_uncalibrated_one_is_never_serious():
    assert level_of(1.5, calibrated=True) is Level.SERIOUS
    assert level_of(1.5, calibrated=False) is Level.GENERAL
    assert level_of(0.0, calibrated=False) is Level.GENERAL
    assert level_of(LEAST, calibrated=False) is Level.NOTICE
    assert level_of(-1.01, calibrated=True) is None


def test_a_series_that_moves_in_slow_steps_is_not_taken_for_independent():
    independent = np.array([1] * 900 + [2] * 90 + [3] * 9 + [4])
    slow = np.array([1] * 900 + [40] * 10)
    assert stay_probability(independent) == pytest.approx(0.1, abs=0.02)
    assert stay_probability(slow) > 0.9
    assert stay_probability(np.array([], dtype=np.int64)) == 0.5
