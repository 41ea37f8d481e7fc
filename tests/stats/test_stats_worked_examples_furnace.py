"""Incinerators and emission totals: examples by their rules."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from mingcha.core.clock import from_epoch
from mingcha.core.spans import Span
from mingcha.stats.exemptions import Exemption, exempt_hours
from mingcha.stats.furnace import (
    FurnaceLaw,
    FurnaceMark,
    excluded_windows,
    five_minutes,
    low_windows,
    momentary,
)
from mingcha.stats.totals import ForecastLaw, forecast

FURNACE = FurnaceLaw()
HOUR = 3600
YEAR_2026 = int(datetime(2025, 12, 31, 16, tzinfo=UTC).timestamp())  # 00:00 Beijing of 1 January


# --- R-WI: incinerators -----------------------------------------------------------------------------


def test_a_temperature_is_the_mean_of_the_medians_of_two_sections():
    middle = np.array([[860.0, 900.0, 870.0], [math.nan, 850.0, 860.0], [math.nan] * 3])
    upper = np.array([[840.0, 846.0], [math.nan, 845.0], [850.0, 850.0]])
    found = momentary(middle, upper)
    assert found[:2].tolist() == [856.5, 850.0]
    assert math.isnan(found[2])
    assert np.isnan(momentary(middle, np.zeros((3, 0)))).all()
    with pytest.raises(ValueError, match="a row a moment"):
        momentary(middle, upper[:2])


def test_windows_of_five_minutes_start_at_midnight_in_beijing():
    times = YEAR_2026 + 60 * np.arange(-1, 6, dtype=np.int64)
    found = five_minutes(times, np.array([800.0, 850, 850, 850, 850, 845, 900]))
    assert found.starts.tolist() == [YEAR_2026 - 300, YEAR_2026, YEAR_2026 + 300]
    assert found.means.tolist() == [800.0, 849.0, 900.0]


def day_of(temperatures) -> tuple:
    starts = YEAR_2026 + 300 * np.arange(len(temperatures), dtype=np.int64)
    return five_minutes(starts, np.array(temperatures, dtype=float)), np.zeros(288, dtype=bool)


def test_exactly_850_is_not_low_and_the_least_step_below_is():
    windows, none = day_of([850.0, 849.999, 851.0] + [900.0] * 284)
    found = low_windows(windows, YEAR_2026, none, FURNACE)
    assert (found.low, found.judged, found.missing, found.places) == (1, 287, 1, (1,))


def test_a_marked_window_is_not_judged():
    windows, marked = day_of([800.0] * 10)
    marked[:4] = True
    found = low_windows(windows, YEAR_2026, marked, FURNACE)
    assert (found.low, found.judged, found.missing) == (6, 6, 278)
    assert found.low > FURNACE.max_low_windows
    with pytest.raises(ValueError, match="the 288 of a day"):
        low_windows(windows, YEAR_2026, marked[:10], FURNACE)


def test_marks_of_a_stop_take_windows_out_and_those_of_a_fault_unless_the_law_judges_them():
    def span(start_s, end_s):
        return Span(from_epoch(YEAR_2026 + start_s), from_epoch(YEAR_2026 + end_s))

    marks = [(FurnaceMark.STOPPED, span(0, 301)), (FurnaceMark.FAULT, span(900, 1200))]
    assert np.flatnonzero(excluded_windows(YEAR_2026, marks, FURNACE)).tolist() == [0, 1, 3]
    strict = FurnaceLaw(judge_conditions=1)
    assert np.flatnonzero(excluded_windows(YEAR_2026, marks, strict)).tolist() == [0, 1]
    for mark in FurnaceMark:
        out = excluded_windows(YEAR_2026, [(mark, span(0, 300))], FURNACE)
        assert out.sum() == (mark is not FurnaceMark.NONE)


def test_an_abnormal_thermocouple_exempts_no_hour():
    assert exempted([FurnaceMark.TEMPERATURE]) == [Exemption.UNMARKED]


def exempted(marks, pm=10.0, start=YEAR_2026):
    starts = start + HOUR * np.arange(len(marks), dtype=np.int64)
    return [
        Exemption(x) for x in exempt_hours(starts, np.array(marks), np.broadcast_to(pm, len(marks)), FURNACE)
    ]


def test_sixty_hours_of_shut_down_are_exempt_and_the_next_is_not():
    found = exempted([FurnaceMark.SHUTDOWN] * 62)
    assert found == [Exemption.EXEMPT] * 60 + [Exemption.CAP_USED] * 2


def test_drying_has_700_hours_of_its_own_and_a_stop_has_no_cap():
    drying = [FurnaceMark.DRYING] * 400 + [FurnaceMark.COOLING] * 301
    assert exempted(drying).count(Exemption.EXEMPT) == 700
    assert exempted([FurnaceMark.STOPPED] * 1000, pm=math.nan).count(Exemption.EXEMPT) == 1000
    assert exempted([*drying, FurnaceMark.START])[-1] is Exemption.EXEMPT


def test_an_hour_of_pm_above_150_is_not_exempt_and_uses_no_cap():
    marks = [FurnaceMark.SHUTDOWN] * 62
    pm = np.array([150.1, math.nan] + [150.0] * 60)
    assert exempted(marks, pm) == [Exemption.PM_OVER, Exemption.PM_UNKNOWN] + [Exemption.EXEMPT] * 60


def test_one_start_has_four_hours_and_the_next_has_four_again():
    marks = [FurnaceMark.START] * 5 + [FurnaceMark.NONE] + [FurnaceMark.START] * 4
    found = exempted(marks)
    assert found[4:6] == [Exemption.EPISODE_OVER, Exemption.UNMARKED]
    assert found.count(Exemption.EXEMPT) == 8


def test_the_caps_begin_anew_with_the_year_in_beijing():
    found = exempted([FurnaceMark.SHUTDOWN] * 70, start=YEAR_2026 - 65 * HOUR)
    assert found[60:65] == [Exemption.CAP_USED] * 5
    assert found[65:] == [Exemption.EXEMPT] * 5


# --- totals -----------------------------------------------------------------------------------------


def test_a_forecast_has_the_recent_mean_and_the_mean_of_the_year_as_its_bounds():
    year = np.array([1.0] * 70 + [2.0] * 30)
    found = forecast(year, 100, 365, 500.0, ForecastLaw())
    assert (found.so_far, found.used, found.days_left, found.missing_days) == (130.0, 0.26, 265, 0)
    assert found.low == pytest.approx(130 + 1.3 * 265)
    assert (found.high, found.exceeded) == (130 + 2 * 265, False)
    assert found.passed_on == 186  # 130 + 2 · 186 = 502 is the first above 500


def test_a_quarter_forecasts_from_the_days_of_the_year():
    year = np.array([1.0] * 90 + [3.0, math.nan])
    found = forecast(year, 2, 91, 3.0, ForecastLaw())
    assert (found.so_far, found.missing_days, found.exceeded, found.passed_on) == (3.0, 1, False, 1)
    passed = forecast(year, 2, 91, 2.5, ForecastLaw())
    assert (passed.exceeded, passed.passed_on) == (True, 0)


def test_without_data_there_is_no_forecast_and_without_a_permit_no_share():
    found = forecast(np.array([math.nan] * 3), 3, 365, None, ForecastLaw())
    assert (found.so_far, found.low, found.high, found.used, found.exceeded) == (0.0, None, None, None, None)
    over = forecast(np.array([2.0] * 4), 4, 4, 8.0, ForecastLaw())
    assert (over.low, over.high, over.passed_on, over.exceeded) == (8.0, 8.0, None, False)
    with pytest.raises(ValueError, match="expected to fit"):
        forecast(np.zeros(3), 4, 365, None, ForecastLaw())
    with pytest.raises(ValueError, match="permitted amount -1"):
        forecast(np.zeros(3), 3, 365, -1.0, ForecastLaw())
