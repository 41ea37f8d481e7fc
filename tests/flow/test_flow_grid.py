"""Which hours are due, received and valid, and why the others are not; marks; the first edition; dated settings."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.flow.outlets_of_flow import DAY, HOUR, MN, TEN, day_of, facts, hour_of, limit, packet

from mingcha.core.aggregates import HourCode
from mingcha.core.causes import NOT_DUE, NOT_RECEIVED, NOT_VALID, Cause
from mingcha.core.facts import MarkSpan, Medium, PointSpan, Schedule, Setting, Surroundings
from mingcha.core.packets import HOUR as HOUR_CN
from mingcha.core.packets import REALTIME, FactorReading, Packet
from mingcha.core.spans import Span
from mingcha.flow import restate
from mingcha.flow.gridlaw import GridLaw
from mingcha.flow.reasons import ORDER
from mingcha.store.telemetry import Telemetry

ONE_DAY = Span(DAY, DAY + 24 * HOUR)
LATER = DAY + timedelta(days=5)
COD = "w01018"
CUT = DAY + 36 * HOUR


@pytest.fixture
def store(tmp_path):
    return Telemetry(tmp_path / "readings.sqlite3")


def whole(moment, factor="a21026", value="30", *, flag="N", received=None, leave="", **more):
    """A 2061 record with every field that gas and water need, but for ``leave``."""
    fields = {"Min": value, "Avg": value, "Max": value, "Cou": "1.5", "ZsAvg": value, **more}
    kept = tuple((name, text) for name, text in fields.items() if name != leave)
    st = "31" if factor.startswith("a") else "32"
    return Packet(
        MN, st, HOUR_CN, moment, (FactorReading(factor, kept, flag),), "2017", received=received or moment + HOUR
    )  # fmt: skip


def so2(**more):
    return facts(factors=("a21026",), **more)


def water(**more):
    return facts(medium=Medium.WATER, factors=(COD, "w00000"), limits=(), **more)


def found(store, packets, given=None, span=ONE_DAY, *, factor="a21026", **more):
    store.write(packets, position=None)
    made = restate(store, given or so2(), span, horizon=more.pop("horizon", LATER), **more)
    return [hour for hour in made.hours if hour.factor == factor]


def mark(start, end, *, code="D", cause=Cause.FAULT, due=True, factor="", known=DAY):
    return MarkSpan(factor, start, end, code, cause, due, known)


def test_the_table_of_causes_names_each_once_and_one_family_after_the_other():
    causes = [cause for cause, _ in ORDER]
    assert sorted(causes) == sorted(Cause)
    families = [next(n for n, f in enumerate((NOT_DUE, NOT_RECEIVED, NOT_VALID)) if c in f) for c in causes]
    assert families == sorted(families)


def test_a_wholly_silent_day_has_24_hours_that_were_due_and_lost(store):
    hours = found(store, [])
    assert len(hours) == 24
    assert {(h.code, h.due, h.received, h.cause, h.first) for h in hours} == {
        (HourCode.NO_DATA, True, False, "no_frame", "lost")
    }


def test_an_hour_with_every_field_is_received_and_one_that_lacks_a_field_is_not(store):
    sent = [
        whole(DAY),
        *(whole(DAY + n * HOUR, leave=f) for n, f in enumerate(("Avg", "Min", "Max", "Cou", "ZsAvg"), 1)),
    ]
    hours = found(store, [*sent, *day_of(DAY, 6, a21026=30)])
    assert [(h.received, h.cause) for h in hours[:6]] == [(True, ""), *[(False, "fields_missing")] * 5]
    assert {h.code for h in hours[:6]} == {HourCode.NORMAL}


def test_without_a_reference_oxygen_no_converted_value_is_asked_for(store):
    [first, *_] = found(store, [whole(DAY, leave="ZsAvg"), *hour_of(DAY, a21026=30)], so2(limits=()))
    assert (first.received, first.cause) == (True, "")


@pytest.mark.parametrize(("records", "received"), [(5, True), (4, False)])
def test_minutes_alone_count_where_they_carry_every_field_for_45_minutes(store, records, received):
    full = {"Min": "30", "Avg": "30", "Max": "30", "Cou": "1", "ZsAvg": "30"}
    sent = [
        Packet(MN, "31", "2051", DAY + n * TEN, (FactorReading("a21026", tuple(full.items()), "N"),), "2017", received=DAY + HOUR)
        for n in range(records)
    ]  # fmt: skip
    [first, *_] = found(store, sent)
    assert first.received is received
    assert first.cause == ("" if received else "fields_missing")


def test_real_time_values_make_the_value_and_do_not_count_as_received(store):
    sent = [packet(DAY + timedelta(seconds=30 * n), {"a21026": 30}, kind=REALTIME) for n in range(120)]
    [first, *_] = found(store, sent)
    assert (first.code, first.received, first.cause) == (HourCode.NORMAL, False, "fields_missing")
    assert GridLaw().realtime_counts == 0


def test_an_hour_record_alone_is_the_hour_by_its_own_flag(store):
    hours = found(store, [whole(DAY), whole(DAY + HOUR, flag="D"), whole(DAY + 2 * HOUR, flag="B")])
    assert [(h.code, h.mean, h.valid_minutes, h.cause) for h in hours[:3]] == [
        (HourCode.NORMAL, 30.0, 60, ""),
        (HourCode.FAULT, None, 0, "fault"),
        (HourCode.NO_DATA, None, 0, "link_down"),
    ]


def test_own_downtime_goes_before_everything_that_was_not_received(store):
    out = Span(DAY + HOUR, DAY + HOUR + timedelta(minutes=15))
    short = Span(DAY + 3 * HOUR, DAY + 3 * HOUR + timedelta(minutes=14))
    lost = (Span(DAY + HOUR, DAY + HOUR), Span(DAY + 2 * HOUR, DAY + 2 * HOUR))
    around = Surroundings((out, short), lost, (Span(DAY + 5 * HOUR, DAY + 5 * HOUR),))
    hours = found(store, [whole(DAY)], surroundings=around)
    assert [h.cause for h in hours[:6]] == [
        "", "own_downtime", "quarantined", "no_frame", "no_frame", "unreadable",
    ]  # fmt: skip


def test_what_was_sent_again_after_our_downtime_is_not_lost(store):
    around = Surroundings((Span(DAY, DAY + 3 * HOUR),))
    hours = found(store, [whole(DAY, received=DAY + 4 * HOUR)], surroundings=around)
    assert [h.cause for h in hours[:2]] == ["", "own_downtime"]


def test_a_stop_leaves_the_denominator_whether_flagged_or_marked(store):
    stopped = packet(DAY, {"a21026": 0}, flags={"a21026": "F"})
    sent = [replace(stopped, time=DAY + n * TEN) for n in range(6)]
    given = so2(marks=(mark(DAY + 2 * HOUR, DAY + 4 * HOUR, code="F", cause=Cause.STOPPED, due=False),))
    hours = found(store, sent, given)
    assert [(h.code, h.due, h.cause) for h in (hours[0], hours[2], hours[3])] == [
        (HourCode.STOPPED, False, "stopped")
    ] * 3
    assert (hours[4].due, hours[4].cause) == (True, "no_frame")


def test_15_marked_minutes_leave_an_hour_valid_and_16_do_not(store):
    sent = [*day_of(DAY, 3, a21026=30), *(whole(DAY + n * HOUR) for n in range(3))]
    given = so2(
        marks=(
            mark(DAY, DAY + timedelta(minutes=15)),
            mark(DAY + HOUR, DAY + HOUR + timedelta(minutes=16)),
            mark(DAY + 2 * HOUR, DAY + 2 * HOUR + timedelta(minutes=8), code="C", cause=Cause.CALIBRATION),
            mark(DAY + 2 * HOUR + timedelta(minutes=8), DAY + 2 * HOUR + timedelta(minutes=17), code="M", cause=Cause.MAINTENANCE),
        )
    )  # fmt: skip
    hours = found(store, sent, given)
    assert [(h.code, h.valid_minutes, h.due, h.received, h.cause) for h in hours[:3]] == [
        (HourCode.NORMAL, 45, True, True, ""),
        (HourCode.FAULT, 44, True, True, "fault"),
        (HourCode.MAINTENANCE, 43, True, True, "maintenance"),
    ]


def test_a_mark_counts_where_it_covers_a_whole_automatic_stretch_and_else_both_are_kept(store):
    flags = ["N", "C", "C", "N", "N", "N"]
    sent = [
        packet(DAY + h * HOUR + n * TEN, {"a21026": 30}, flags={"a21026": flags[n]})
        for h in range(2)
        for n in range(6)
    ]
    given = so2(
        marks=(
            mark(DAY + TEN, DAY + 3 * TEN, code="M", cause=Cause.MAINTENANCE),
            mark(DAY + HOUR + 2 * TEN, DAY + HOUR + 4 * TEN, code="D", cause=Cause.FAULT),
        )
    )
    covered, partly, *_ = found(store, sent, given)
    assert (covered.code, covered.valid_minutes) == (HourCode.MAINTENANCE, 40)
    assert (partly.code, partly.valid_minutes) == (HourCode.CALIBRATION, 30)


def test_a_communication_mark_explains_what_did_not_come_and_never_what_did(store):
    given = so2(marks=(mark(DAY, DAY + 2 * HOUR, code="Md", cause=Cause.LINK_DOWN),))
    hours = found(store, [whole(DAY), *hour_of(DAY, a21026=30)], given)
    assert [(h.code, h.cause) for h in hours[:3]] == [
        (HourCode.NORMAL, ""), (HourCode.NO_DATA, "link_down"), (HourCode.NO_DATA, "no_frame"),
    ]  # fmt: skip


def checked(hours):
    """Water minutes in which some hours calibrate all along."""
    return [
        packet(DAY + h * HOUR + n * TEN, {COD: 50, "w00000": 10}, st="32", flags={COD: "C" if h in hours else "N"})
        for h in range(6)
        for n in range(6)
    ]  # fmt: skip


def test_the_first_hour_of_a_standard_check_leaves_the_day_and_the_second_does_not(store):
    hours = found(
        store, [*checked({2, 4}), *(whole(DAY + n * HOUR, COD) for n in range(6))], water(), factor=COD
    )
    assert [(h.due, h.cause) for h in hours[:6]] == [
        (True, ""), (True, ""), (False, "standard_check"), (True, ""), (True, "calibration"), (True, ""),
    ]  # fmt: skip


def test_a_standard_check_is_kept_under_a_mark_that_covers_it(store):
    given = water(marks=(mark(DAY + 2 * HOUR, DAY + 3 * HOUR, code="D", cause=Cause.FAULT),))
    hours = found(store, checked({2}), given, factor=COD)
    assert (hours[2].code, hours[2].cause) == (HourCode.CALIBRATION, "standard_check")


def test_an_hour_without_discharge_is_not_due(store):
    sent = [packet(DAY + n * TEN, {COD: 50, "w00000": 0}, st="32") for n in range(6)]
    [first, *_] = found(store, sent, water(), factor=COD)
    assert (first.code, first.due, first.cause) == (HourCode.STOPPED, False, "no_discharge")


def test_outside_its_schedule_an_hour_is_not_due_and_the_day_is_judged_on_the_others(store):
    batch = Schedule(
        "", DAY - 400 * HOUR, None, frozenset(range(8, 12)), frozenset(range(7)), Cause.NO_DISCHARGE
    )
    sent = [whole(DAY + n * HOUR) for n in range(8, 12)]
    given = so2(schedules=(batch,))
    hours = found(store, sent, given)
    assert [n for n, h in enumerate(hours) if h.due] == [8, 9, 10, 11]
    assert {h.cause for h in hours if not h.due} == {"no_discharge"}
    [day] = restate(store, given, ONE_DAY, horizon=LATER).days
    assert (day.valid_hours, day.running_hours, day.mean) == (4, 4, 30.0)


def test_the_first_edition_is_what_came_and_was_marked_by_noon_of_the_next_day(store):
    late = CUT + timedelta(seconds=1)
    sent = [
        whole(DAY),
        whole(DAY + HOUR, received=late),
        whole(DAY + 2 * HOUR, leave="Min"),
        whole(DAY + 3 * HOUR),
    ]
    given = so2(marks=(mark(DAY + 3 * HOUR, DAY + 4 * HOUR, known=late),))
    hours = found(store, sent, given)
    assert [(h.cause, h.first) for h in hours[:5]] == [
        ("", "valid"), ("", "lost"), ("fields_missing", "lost"), ("fault", "valid"), ("no_frame", "lost"),
    ]  # fmt: skip
    early = found(store, [], given, horizon=CUT - timedelta(seconds=1))
    assert {h.first for h in early} == {""}
    assert [h.first for h in found(store, [], given, horizon=CUT)] == [h.first for h in hours]


def test_a_value_revised_after_the_cut_keeps_its_first_edition(store):
    first = found(store, [whole(DAY, flag="D")])
    again = found(store, [whole(DAY, received=CUT + HOUR)])
    assert (first[0].cause, first[0].first) == ("fault", "received")
    assert (again[0].cause, again[0].first) == ("", "received")


def test_a_value_above_the_range_of_its_time_is_over_range(store):
    change = DAY + HOUR
    settings = (
        Setting("a21026", "mg/m3", range_top=100, end=change),
        Setting("a21026", "mg/m3", range_top=200, start=change),
    )
    hours = found(store, day_of(DAY, 2, a21026=150), replace(so2(limits=()), settings=settings))
    assert [(h.code, h.mean) for h in hours[:2]] == [(HourCode.NO_DATA, None), (HourCode.NORMAL, 150.0)]
    hours = found(store, [whole(DAY)], replace(so2(limits=()), settings=settings))
    assert hours[0].cause == "over_range"


def test_the_reference_oxygen_of_the_setting_goes_before_that_of_the_limit_and_is_dated(store):
    change = DAY + HOUR
    settings = (
        Setting("a21026", "mg/m3", reference_o2=9, end=change),
        Setting("a21026", "mg/m3", start=change),
        Setting("a19001", "%"),
    )
    given = replace(so2(limits=(limit(o2="6"),)), settings=settings)
    hours = found(store, day_of(DAY, 2, a21026=30, a19001=9), given)
    assert [h.converted for h in hours[:2]] == [30.0, pytest.approx(30 * 15 / 12)]


def test_the_unit_of_the_flow_is_that_of_the_hour(store):
    change = DAY + HOUR
    settings = (Setting("a00000", "m3/h", end=change), Setting("a00000", "m3/s", start=change))
    hours = found(store, day_of(DAY, 2, a00000=20), replace(so2(), settings=settings), factor="a00000")
    assert [h.total for h in hours[:2]] == [20.0, 72_000.0]


def test_a_factor_filed_in_another_unit_is_named_and_nothing_is_computed_from_it(store):
    odd = replace(so2(), settings=(Setting("a21026", "ppm"), Setting("a19001", "％")))
    store.write([*hour_of(DAY, a21026=30, a19001=9), whole(DAY)], position=None)
    made = restate(store, odd, ONE_DAY, horizon=LATER)
    value = next(h for h in made.hours if h.factor == "a21026")
    assert (value.code, value.mean, value.total, value.cause) == (
        HourCode.NO_DATA,
        None,
        None,
        "unit_mismatch",
    )
    [problem] = made.problems
    assert (problem.found, problem.expected) == ("ppm", "mg/m3")
    assert "Mend the setting" in problem.text
    assert next(h for h in made.hours if h.factor == "a19001").mean == 9.0
    told = replace(odd, units=(("a21026", "ppm"),))
    assert restate(store, told, ONE_DAY).problems == []


def test_a_factor_that_nobody_filed_is_computed_and_not_due(store):
    hours = found(store, hour_of(DAY, a21026=30, a01012=80), factor="a01012")
    assert [(h.mean, h.due, h.cause) for h in hours[:1]] == [(80.0, False, "not_connected")]


def test_hours_outside_the_life_of_the_dataloggers_are_left_out_and_a_part_of_one_is_not_due(store):
    points = (PointSpan(f"{MN}/31", DAY + 90 * TEN / 10 + HOUR, DAY + 5 * HOUR),)
    hours = found(store, [], so2(points=points))
    assert [(h.start - DAY, h.due) for h in hours] == [
        (2 * HOUR, False), (3 * HOUR, True), (4 * HOUR, True),
    ]  # fmt: skip


def test_a_leap_day_and_the_turn_of_the_year_have_24_hours_each(store):
    for start in (DAY.replace(year=2028, month=2, day=28), DAY.replace(year=2026, month=12, day=31)):
        span = Span(start - 24 * HOUR, start + 24 * HOUR)
        made = restate(store, so2(), span, horizon=span.end)
        assert len(made.hours) == 48
        assert [d.start for d in made.days] == [start - 24 * HOUR, start]


def test_a_month_is_made_of_its_days_and_only_when_it_is_over(store):
    start = DAY.replace(month=2, day=28) - timedelta(days=28)  # 2026-02-01 00:00 Beijing
    packets = [whole(start + n * HOUR, value=str(20 + n // 24)) for n in range(24 * 24)]
    store.write(packets, position=None)
    span = Span(start, start + timedelta(days=28))
    [month] = restate(store, so2(), span, horizon=span.end).months
    assert (month.start, month.valid_days, month.due_days) == (start, 24, 28)
    assert (month.mean, month.minimum, month.maximum) == (pytest.approx(31.5), 20.0, 43.0)
    assert restate(store, so2(), span, horizon=span.end - HOUR).months == []
    assert restate(store, so2(), Span(start + 24 * HOUR, span.end), horizon=span.end).months == []


def test_a_whole_month_resent_changes_nothing_and_conflicts_within_a_second_follow_the_order_of_receipt(
    store,
):
    packets = [whole(DAY + n * HOUR, value=str(30 + n % 7)) for n in range(24)]
    before = found(store, packets)
    assert found(store, [replace(p, received=p.received + 24 * HOUR) for p in packets]) == before
    second = CUT - HOUR
    both = [whole(DAY, value="41", received=second), whole(DAY, value="42", received=second)]
    after = found(store, both)
    assert after[0].mean == 42.0
    assert [v.text for v in store.history(f"{MN}/31", HOUR_CN, DAY, "a21026") if v.field == "Avg"] == [
        "30",
        "41",
        "42",
    ]


def test_a_clock_that_jumps_back_and_forth_loses_nothing(store):
    ahead = [
        replace(p, time=p.time + timedelta(days=2), received=p.received) for p in hour_of(DAY, a21026=50)
    ]
    store.write([*hour_of(DAY, a21026=30), *ahead], position=None)
    span = Span(DAY, DAY + timedelta(days=3))
    made = {h.start: h.mean for h in restate(store, so2(), span, horizon=LATER).hours if h.mean is not None}
    assert made == {DAY: 30.0, DAY + timedelta(days=2): 50.0}
