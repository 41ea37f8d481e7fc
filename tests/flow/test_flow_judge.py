"""Hours to judgements and their merging."""

from datetime import date

import pytest
from tests.flow.outlets_of_flow import DAY, HOUR, facts, hour_of, limit

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.facts import Medium
from mingcha.core.spans import Span
from mingcha.core.verdicts import Level, Result
from mingcha.flow import judge, merge_judgements, restate
from mingcha.rules.engine import Confirmation
from mingcha.store.telemetry import Telemetry

CONFIRMED = tuple(
    Confirmation(f"hj_75_2017.{name}", date(2018, 3, 1), "某局", date(2026, 2, 1), "采用默认值")
    for name in ("near_limit_share", "urgent_multiple", "serious_hours")
)


def row(*values, factor="a21026", start=DAY):
    """Hours one after the other; None is an hour without valid data."""
    return [
        HourValue(
            "91310000A/DA001", factor, start + n * HOUR,
            HourCode.NO_DATA if value is None else HourCode.NORMAL, 0 if value is None else 60, value,
            converted=value,
        )
        for n, value in enumerate(values)
    ]  # fmt: skip


def codes(judgements):
    return [j.verdict.code for j in judgements]


def test_each_hour_with_a_limit_is_judged_whatever_the_answer():
    found = judge(row(10.0, 30.0, 36.0, 71.0, None), facts())
    assert codes(found) == ["met", "near_limit", "exceeded", "far_exceeded", "no_data"]
    assert [j.end - j.start for j in found] == [HOUR] * 5


def test_hours_without_a_limit_and_days_before_it_are_left_out():
    assert judge(row(99.0, factor="a19001"), facts()) == []
    assert judge(row(99.0), facts(limits=(limit(start=date(2027, 1, 1)),))) == []
    assert judge(row(99.0), facts(limits=(limit(averaging="day"),))) == []


def test_the_law_is_that_of_the_beijing_day_of_the_hour():
    dated = facts(limits=(limit("50", end=date(2026, 3, 2)), limit("35", start=date(2026, 3, 2))))
    assert codes(judge(row(40.0, 40.0, start=DAY - HOUR), dated)) == ["near_limit", "exceeded"]


def test_water_hours_are_not_judged_by_a_rule_for_gas():
    water = facts(medium=Medium.WATER, factors=("w01018",), limits=(limit(factor="w01018", o2=None),))
    assert judge(row(99.0, factor="w01018"), water) == []


def test_two_exceeding_hours_are_general_and_three_in_a_row_are_serious():
    [two] = merge_judgements(judge(row(36.0, 37.0, 10.0), facts()))
    assert (two.verdict.level, two.start, two.end, len(two.parts)) == (Level.GENERAL, DAY, DAY + 2 * HOUR, 2)
    [three] = merge_judgements(judge(row(36.0, 38.0, 37.0), facts()))
    assert (three.verdict.level, three.end) == (Level.SERIOUS, DAY + 3 * HOUR)
    assert three.verdict.values["value"] == "38.0"
    assert three.verdict.values["hours"] == 3
    assert three.verdict.message_zh.startswith("连续 3 小时")
    assert any("R-EX-5" in step for step in three.verdict.receipt.steps)
    assert "hj_75_2017.serious_hours" in three.verdict.receipt.parameters


def test_more_than_twice_the_limit_stays_urgent_in_a_long_row():
    [found] = merge_judgements(judge(row(36.0, 90.0, 37.0), facts()))
    assert found.verdict.level is Level.URGENT


@pytest.mark.parametrize("between", [10.0, None])
def test_an_hour_that_is_met_or_not_judged_ends_the_row(between):
    found = merge_judgements(judge(row(36.0, 36.0, between, 36.0), facts()))
    assert [(j.verdict.level, len(j.parts)) for j in found] == [(Level.GENERAL, 2), (Level.GENERAL, 1)]


def test_near_the_limit_is_merged_apart_and_never_serious():
    found = merge_judgements(judge(row(30.0, 30.0, 30.0, 36.0), facts()))
    assert [(j.verdict.result, j.verdict.level) for j in found] == [
        (Result.MET, Level.NOTICE),
        (Result.EXCEEDED, Level.GENERAL),
    ]


def test_what_is_met_or_not_judged_makes_no_group():
    assert merge_judgements(judge(row(10.0, None), facts())) == []


def test_confirmed_parameters_make_the_merged_verdict_binding():
    hours = row(36.0, 36.0, 36.0)
    [provisional] = merge_judgements(judge(hours, facts()))
    [binding] = merge_judgements(judge(hours, facts(), confirmations=CONFIRMED), confirmations=CONFIRMED)
    [partly] = merge_judgements(judge(hours, facts(), confirmations=CONFIRMED))
    assert [j.verdict.receipt.provisional for j in (provisional, binding, partly)] == [True, False, True]


def test_from_the_wire_to_the_verdict_with_its_receipt(tmp_path):
    store = Telemetry(tmp_path / "readings.sqlite3")
    store.write(hour_of(DAY, a21026=30, a19001=9.5, a00000=20), position=None)
    [found] = judge(restate(store, facts(), Span(DAY, DAY + HOUR)).hours, facts())
    assert found.verdict.code == "exceeded"
    assert found.verdict.receipt.inputs["converted"].startswith("39.13")
    assert found.verdict.receipt.inputs["limit"]["document"] == "排污许可证"


def test_asked_for_levels_only_it_gives_the_same_as_all_without_the_rest():
    hours = row(10.0, 30.0, 36.0, 71.0, None, 37.0, 38.0, 39.0)
    every = judge(hours, facts())
    levelled = judge(hours, facts(), levelled=True)
    assert levelled == [j for j in every if j.verdict.level is not None]
    assert merge_judgements(levelled) == merge_judgements(every)
