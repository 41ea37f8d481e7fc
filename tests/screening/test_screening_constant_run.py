"""S1 constant run: found where it is, and silent for every honest reason the catalogue names."""

from datetime import timedelta

import numpy as np
import pytest
from tests.screening import outlets
from tests.screening.outlets import START, STEP_S, gas, held, of_gas, of_water, times, water

from mingcha.core.clock import from_epoch
from mingcha.core.facts import Setting
from mingcha.core.verdicts import Level
from mingcha.screening import standard_detectors

S1 = standard_detectors()["S1"]
FIRST = 10 * 144 + 30  # ten days in, 05:00


def stuck(values, length, first=FIRST):
    changed = values.copy()
    changed[first : first + length] = changed[first]
    return changed


def found(prepared, **changed):
    return [(clue.factor, clue.start, clue.end) for clue in S1.run(prepared, **changed)]


def when(first, length):
    start = from_epoch(START + STEP_S * first)
    return start, start + timedelta(seconds=STEP_S * length)


# --- what must be found ---------------------------------------------------------------------------


def test_an_honest_stack_and_an_honest_water_outlet_give_no_clue():
    assert found(of_gas(gas())) == []
    assert found(of_water(water())) == []


def test_a_gas_analyser_that_stands_for_six_hours_is_a_clue_bounded_to_them():
    columns = {**gas(), "a21002": stuck(gas()["a21002"], 36)}
    [clue] = S1.run(of_gas(columns, Setting("a21002", "mg/m3", detection_limit=1.0)))
    assert (clue.factor, clue.start, clue.end) == ("a21002", *when(FIRST, 36))
    assert (clue.detector, clue.version, clue.kind) == ("S1", "1", "malfunction")
    assert clue.level is Level.GENERAL
    assert clue.score > 1
    assert "连续 6.0 小时" in clue.sentence_zh
    assert "疑似" in clue.sentence_zh
    assert "造假" not in clue.sentence_zh
    assert "6.0 h" in clue.sentence_en
    assert len(clue.excluded) == 5
    assert len(clue.hypotheses) == 2
    assert clue.parameters["least_s"] == 7200
    assert clue.stats["calibrated"] is False


def test_oxygen_that_stands_for_70_minutes_is_a_clue_and_nox_is_not():
    columns = gas()
    assert found(of_gas({**columns, "a19001": stuck(columns["a19001"], 7)})) == [("a19001", *when(FIRST, 7))]
    assert found(of_gas({**columns, "a21002": stuck(columns["a21002"], 7)})) == []


def test_a_water_analyser_with_five_identical_results_is_a_clue():
    columns = water()
    columns["w01018"] = stuck(columns["w01018"], 5 * 12, first=120 * 12)
    [clue] = S1.run(of_water(columns))
    assert (clue.factor, clue.start, clue.end) == ("w01018", *when(120 * 12, 60))
    assert clue.stats["count"] == 5
    assert clue.stats["cycle_s"] == 7200
    assert "连续 5 次分析结果" in clue.sentence_zh


def test_a_frozen_ph_electrode_is_judged_by_time_like_any_continuous_sensor():
    columns = water()
    columns["w01001"] = stuck(columns["w01001"], 30)
    assert found(of_water(columns)) == [("w01001", *when(FIRST, 30))]


def test_a_longer_stretch_never_scores_less():
    base = gas()
    scores = [S1.run(of_gas({**base, "a21002": stuck(base["a21002"], n)}))[0].score for n in (13, 20, 60)]
    assert scores == sorted(scores)


def test_settings_can_be_changed_by_name_and_only_known_ones():
    columns = {**gas(), "a21002": stuck(gas()["a21002"], 36)}
    assert found(of_gas(columns), least_s=8 * 3600) == []
    with pytest.raises(TypeError, match="S1 has no setting lest_s"):
        S1.run(of_gas(columns), lest_s=1)


# --- honest reasons, one by one -------------------------------------------------------------------


def test_a_stopped_plant_stands_still_and_that_is_no_clue():
    columns = {name: stuck(values, 60) for name, values in gas().items()}
    columns["a01011"][FIRST : FIRST + 60] = 0.4
    assert found(of_gas(columns)) == []


def test_a_coarse_step_makes_equal_neighbours_usual():
    coarse = np.round(outlets.wandering(8, 0.7, 0.95, seed=1))  # reported in whole mg/m3
    fine = stuck(outlets.wandering(8, 0.7, 0.95, seed=1).round(1), 36)
    assert found(of_gas({**gas(), "a21002": coarse}, Setting("a21002", "mg/m3", resolution=1.0))) == []
    assert found(of_gas({**gas(), "a21002": coarse})) == []
    assert len(found(of_gas({**gas(), "a21002": fine}))) == 1


def test_coarse_outlets_give_no_more_false_alarms_than_their_scores_say():
    scores = []
    for seed in range(20):
        coarse = np.round(outlets.wandering(8, 0.7, 0.95, seed=seed, days=30))
        scores += [clue.score for clue in S1.run(of_gas({**gas(30), "a21002": coarse}))]
    assert len(scores) <= 4  # 20 outlet-months: ten per 100 outlet-months score −1 or more
    assert sum(score >= 0 for score in scores) <= 1


def test_below_its_detection_limit_an_analyser_reports_one_number():
    columns = {**gas(), "a21002": stuck(gas()["a21002"], 60)}
    columns["a21002"][FIRST : FIRST + 60] = 0.8
    assert found(of_gas(columns, Setting("a21002", "mg/m3", detection_limit=1.0))) == []
    assert len(found(of_gas(columns, Setting("a21002", "mg/m3", detection_limit=0.5)))) == 1


def test_exact_zeros_are_another_detectors_business():
    columns = gas()
    columns["a21002"][FIRST : FIRST + 60] = 0.0
    assert found(of_gas(columns)) == []


def test_what_is_flagged_fault_or_maintenance_is_not_judged():
    columns = {**gas(), "a21002": stuck(gas()["a21002"], 60)}
    ok = np.ones(14 * 144, dtype=np.bool_)
    ok[FIRST : FIRST + 60] = False
    assert found(of_gas(columns, ok={"a21002": ok})) == []


def test_a_gap_ends_a_stretch():
    columns = {**gas(), "a21002": stuck(gas()["a21002"], 16)}
    assert len(found(of_gas(columns))) == 1
    keep = np.ones(14 * 144, dtype=np.bool_)
    keep[FIRST + 7 : FIRST + 9] = False
    cut = {name: values[keep] for name, values in columns.items()}
    assert found(of_gas(cut, at=times()[keep])) == []


def test_a_short_hold_of_the_whole_line_is_communication_and_a_long_one_is_told_once():
    short = {name: stuck(values, 18) for name, values in gas().items()}
    assert found(of_gas(short)) == []
    long = {name: stuck(values, 60) for name, values in gas().items()}
    assert found(of_gas(long)) == [(None, *when(FIRST, 60))]


def test_values_held_between_analyses_are_one_result_each():
    columns = water(cycle_s=4 * 3600)
    assert found(of_water(columns)) == []
    assert found(of_water(columns, Setting("w01018", "mg/L", cycle_s=4 * 3600))) == []


def test_three_identical_results_are_not_yet_four():
    columns = water()
    columns["w01018"] = stuck(columns["w01018"], 3 * 12, first=120 * 12)
    assert found(of_water(columns)) == []


def test_a_batch_discharger_without_flow_does_not_sample():
    columns = water()
    for day in range(14):
        off = slice(day * 144 + 20 * 6, day * 144 + 24 * 6)
        night = slice(day * 144, day * 144 + 7 * 6)
        for part in (off, night):
            columns["w00000"][part] = 0.0
            for name in ("w01018", "w21003", "w01001"):
                columns[name][part] = columns[name][part.start]
    assert found(of_water(columns)) == []


def test_a_short_history_proves_little():
    columns = {name: values[:144] for name, values in water().items()}
    columns["w01018"] = stuck(columns["w01018"], 4 * 12, first=2 * 12)
    few = {name: values[: 6 * 12] for name, values in columns.items()}
    assert S1.run(of_water(few, Setting("w01018", "mg/L", cycle_s=7200), at=times()[: 6 * 12])) == []


def test_a_stretch_that_fills_all_that_was_read_is_found_all_the_same():
    columns = {**gas(), "a21002": np.full(14 * 144, 31.4)}
    assert found(of_gas(columns)) == [("a21002", *when(0, 14 * 144))]


def test_many_honest_outlets_stay_silent():
    alarms = 0
    for seed in range(12):
        columns = {
            "a21002": outlets.noisy(40, 3, 0.1, days=30, seed=100 + seed),
            "a21026": outlets.noisy(6, 0.7, 0.1, days=30, seed=200 + seed),
            "a01011": outlets.noisy(11, 0.8, 0.1, days=30, seed=300 + seed),
        }
        alarms += len(found(of_gas(columns)))
        works = {
            "w01018": held(30, 4, 0.1, 7200, days=30, seed=400 + seed),
            "w21011": held(0.3, 0.05, 0.001, 14400, days=30, seed=500 + seed),
        }
        alarms += len(found(of_water(works)))
    assert alarms == 0
