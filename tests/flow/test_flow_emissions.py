"""Emissions of an outlet through a real store: R-75-12.2, R-75-12.3, R-356-8, totals, and what the logger computed."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outlets_of_flow import MN, facts, packet
from tests import naive_emissions as naive

from mingcha.core.aggregates import DayValue, HourCode, HourValue
from mingcha.core.clock import day_start, to_epoch
from mingcha.core.errors import BadInput
from mingcha.core.facts import MarkSpan, Medium, PointSpan
from mingcha.core.packets import FactorReading, Packet
from mingcha.core.spans import Span
from mingcha.flow import compared, emissions, furnace
from mingcha.flow.emission_hours import KINDS, Kind
from mingcha.flow.permits import Period, Permit
from mingcha.stats.replacement import Basis
from mingcha.store.telemetry import Telemetry

SO2, HCL, COD, FLOW = "a21026", "a21024", "w01018", "w00000"
Q1 = Period(2026, "q1")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = Q1.span.start
KEY = "91310000A/DA001"
LATER = datetime(2026, 6, 1, tzinfo=UTC)
RUN = 1000  # the place in the quarter at which the fault begins


@pytest.fixture
def store(tmp_path):
    opened = Telemetry(tmp_path / "readings.sqlite3")
    yield opened
    opened.close()


def outlet(medium=Medium.GAS, *, begun=START - 150 * DAY, factors=(SO2, "a19001", "a00000"), **rest):
    point = f"{MN}/31" if medium is Medium.GAS else f"{MN}/32"
    return facts(medium=medium, factors=factors, points=(PointSpan(point, begun),), **rest)


def hour(place, kg=5.0, code=HourCode.NORMAL, cause="", factor=SO2, **rest):
    valid = code is HourCode.NORMAL
    due = code is not HourCode.STOPPED
    return HourValue(
        KEY, factor, START + place * HOUR, code, 60 if valid else 0, 20.0 if valid else None,
        total=kg if valid else None, due=due, cause=cause or ("" if valid else "stopped" if not due else "fault"), **rest,
    )  # fmt: skip


def quarter(run, *, invalid, stopped=300, length=2160, cause="fault", factor=SO2):
    """Hours whose greatest of the last 180, 720 and 2160 before the fault are 8.1, 9.4 and 12.0 kg.

    ``invalid``: of the quarter in all; what the fault leaves of them stands, with the stopped ones, at its end.
    """
    peaks = {RUN - 100: 8.1, RUN - 500: 9.4, RUN - 2000: 12.0, RUN - 2161: 99.0}
    codes = {RUN + n: (HourCode.FAULT, cause) for n in range(run)}
    codes |= {length - 1 - n: (HourCode.STOPPED, "") for n in range(stopped)}
    codes |= {length - 1 - stopped - n: (HourCode.FAULT, "fault") for n in range(invalid - run)}
    return [
        hour(place, peaks.get(place, 5.0), *codes.get(place, (HourCode.NORMAL, "")), factor=factor)
        for place in range(-1400, length)
    ]


def written(store, values):
    store.write_hours(values, at=LATER)
    return store


def asked(store, *, period=Q1, now=LATER, **rest):
    [found] = emissions.emissions(store, outlet(), period, now=now, **rest).factors
    return found


@pytest.mark.parametrize(
    ("run", "invalid", "look_back", "kg"),
    [(10, 90, 180, 81.0), (30, 90, 720, 282.0), (10, 372, 2160, 120.0)],
)
def test_the_worked_example_of_the_standard(run, invalid, look_back, kg, store):
    found = asked(written(store, quarter(run, invalid=invalid)))
    first = found.runs[0]
    assert (first.steps, first.run_hours, first.look_back) == (run, run, look_back)
    assert first.total_kg == pytest.approx(kg)
    assert first.basis == "table_6"
    assert first.cause == "fault"
    assert not first.short_history
    capture = found.captures[2026, 1]
    assert (capture.hours, capture.invalid, capture.stopped) == (2160, invalid, 300)
    assert capture.rate == {90: Decimal("95.16"), 372: Decimal("80.00")}[invalid]


def test_totals_are_the_hours_measured_and_those_that_stand_in(store):
    found = asked(written(store, quarter(10, invalid=90)))
    total = found.total
    assert total.steps[Kind.MEASURED] == 2160 - 300 - 90
    assert total.steps[Kind.SUBSTITUTED] == total.missing == 90
    # of the quarter: 8.1 and 9.4 are in it, all other valid hours 5 kg
    assert total.measured_kg == pytest.approx(1768 * 5.0 + 8.1 + 9.4)
    assert total.substituted_kg == pytest.approx(sum(run.total_kg for run in found.runs))
    assert total.usable_for_accounting
    assert total.total_kg == pytest.approx(np.nansum(found.series.kg[found.series.within(Q1.span)]))


def test_below_the_least_capture_nothing_stands_in_and_the_total_is_not_usable(store):
    found = asked(written(store, quarter(10, invalid=600)))
    assert {run.status for run in found.runs} == {Kind.NO_SUBSTITUTION}
    assert found.total.substituted_kg == 0
    assert found.total.reasons == ("missing_too_much", "no_substitution")


def test_out_of_control_looks_back_before_the_last_calibration(store):
    written(store, quarter(10, invalid=90, cause="out_of_control"))
    calibrated = START + (RUN - 200) * HOUR  # leaves the 8.1 kg of 100 hours before the run out
    found = asked(store, anchors=emissions.Anchors(calibrations=(calibrated,)))
    first = found.runs[0]
    assert (first.basis, first.kg, first.anchored) == ("table_5", 5.0, True)
    assert asked(store).runs[0].anchored is False
    assert asked(store).runs[0].kg == 8.1


def test_a_run_over_the_turn_of_the_year_keeps_its_whole_length(store):
    values = [hour(n, 8.1 if n == -300 else 6.0) for n in range(-800, 500)]
    for place in range(-20, 13):
        values[place + 800] = hour(place, code=HourCode.FAULT)
    [run] = asked(written(store, values), now=START + 500 * HOUR).runs
    assert (run.start, run.steps, run.run_hours, run.look_back) == (START, 13, 33, 720)
    assert run.kg == 8.1


def test_short_history_is_told(store):
    values = [hour(n, code=HourCode.FAULT if n in (3, 4) else HourCode.NORMAL) for n in range(100)]
    written(store, values)
    begun = outlet(begun=START)
    [found] = emissions.emissions(store, begun, Q1, now=START + 100 * HOUR).factors
    [run] = found.runs
    assert (run.found, run.look_back, run.short_history, run.kg) == (3, 180, True, 5.0)


def test_an_hour_without_a_value_is_invalid_and_one_before_the_datalogger_is_in_no_quarter(store):
    written(store, [hour(n) for n in range(48, 148) if n != 100])
    [found] = emissions.emissions(store, outlet(begun=START + 2 * DAY), Q1, now=LATER).factors
    capture = found.captures[2026, 1]
    assert (capture.hours, capture.invalid) == (100, 1)
    assert found.total.steps[Kind.NOT_CONNECTED] == 48
    assert found.total.steps[Kind.SUBSTITUTED] == 1


def test_start_and_shut_down_are_told_apart_and_not_substituted(store):
    values = [hour(n, code=HourCode.START if n == 50 else HourCode.NORMAL) for n in range(100)]
    found = asked(written(store, values), now=START + 100 * HOUR)
    assert found.total.steps[Kind.NO_MEAN] == 1
    assert found.runs == ()


def test_only_sulphur_dioxide_nitrogen_oxides_and_dust_are_substituted(store):
    begun = outlet(begun=START, factors=("a00000",))
    named = facts().settings[0].__class__(HCL, "mg/m3")
    begun = begun.__class__(
        **{n: getattr(begun, n) for n in begun.__slots__} | {"settings": (*begun.settings, named)}
    )
    written(
        store, [hour(n, code=HourCode.FAULT if n == 5 else HourCode.NORMAL, factor=HCL) for n in range(50)]
    )
    [found] = emissions.emissions(store, begun, Q1, now=START + 50 * HOUR).factors
    assert (found.total.steps[Kind.NO_RULE], found.total.reasons) == (1, ("no_rule",))


def test_permitted_amounts_and_the_forecast_of_the_days_left(store):
    written(store, [hour(n, 2.0) for n in range(30 * 24 + 5)])
    permits = (Permit(SO2, "q1", Decimal(4)), Permit(SO2, "year", Decimal(99), whole=True))
    now = START + (30 * 24 + 5) * HOUR + timedelta(minutes=20)
    [found] = emissions.emissions(store, outlet(begun=START), Q1, now=now, permits=permits).factors
    total, ahead = found.total, found.total.forecast
    assert total.total_kg == pytest.approx(2 * (30 * 24 + 5))
    assert total.used == pytest.approx(1450 / 4000)
    assert (ahead.days_left, ahead.low, ahead.high) == (60, pytest.approx(90 * 48), pytest.approx(90 * 48))
    assert ahead.passed_on == 54  # 1440 kg and 53 days of 48 are 3984
    assert total.exceeded is False
    assert found.year.permit is None
    assert found.year.whole_permit.tonnes == 99


def test_what_was_used_is_named_with_its_source(store):
    found = emissions.emissions(written(store, [hour(0)]), outlet(), Q1, now=LATER)
    named = {value.name: value for value in found.parameters}
    assert named["hj_75_2017.short_look_back_hours"].value == 180
    assert all(value.cite for value in found.parameters)
    assert found.clauses == ("R-75-12.2", "R-75-12.3", "R-75-C.8")


def test_an_outlet_without_hours_has_no_total_and_no_forecast(store):
    found = asked(store)
    assert found.total.reasons == ("nothing_computed",)
    assert found.total.forecast is None


@pytest.mark.parametrize("name", ["q5", "m13", "Q1", ""])
def test_a_period_that_is_none_is_refused(name):
    with pytest.raises(BadInput, match="expected"):
        Period(2026, name)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("year", date(2026, 1, 1), date(2026, 12, 31)), ("q4", date(2026, 10, 1), date(2026, 12, 31)), ("m02", date(2026, 2, 1), date(2026, 2, 28))],
)  # fmt: skip
def test_periods_are_of_the_calendar(name, first, last):
    period = Period(2026, name)
    assert (period.first, period.last, period.days) == (first, last, (last - first).days + 1)


# --- water ----------------------------------------------------------------------------------------------


def water_days(kept, count=40, volume=1000.0):
    """Days of 20 mg/L and 1000 m³ but for those in ``kept``: by number the mean, None = not formed."""
    made = []
    for n in range(count):
        start, mean = START + n * DAY, kept.get(n, 20.0)
        made.append(DayValue(KEY, COD, start, 24 if mean is not None else 5, 24, mean, total=1.0))
        made.append(DayValue(KEY, FLOW, start, 24, 24, 11.6, total=volume))
    return made


def water(store, values, count=40, **rest):
    store.write_days(values, at=LATER)
    seen = outlet(Medium.WATER, begun=START, factors=(COD, FLOW), limits=())
    [found] = emissions.emissions(store, seen, Q1, now=START + count * DAY + HOUR, **rest).factors
    return found


def test_a_day_of_water_is_its_mean_by_its_volume_and_else_the_greatest_of_thirty(store):
    found = water(store, water_days({4: 90.0, 10: 50.0, 39: None}))
    [run] = found.runs
    assert (run.basis, run.kg, run.found, run.short_history) == (Basis.LOOK_BACK.value, 50.0, 30, False)
    assert run.anchored is False
    assert found.total.measured_kg == pytest.approx(37 * 20 + 90 + 50)
    assert (found.valid, found.due) == (39 * 24 + 5, 40 * 24)


def test_days_after_the_last_passed_check_are_not_looked_back_to(store):
    anchors = emissions.Anchors(checks=((START + 8 * DAY + 9 * HOUR).date(),))
    found = water(store, water_days({4: 90.0, 10: 50.0, 39: None}), anchors=anchors)
    [run] = found.runs
    assert (run.kg, run.found, run.short_history, run.anchored) == (90.0, 8, True, True)


def test_manual_results_come_first_in_a_non_normal_period(store):
    day = (START + 39 * DAY + 9 * HOUR).date()
    anchors = emissions.Anchors(manual={COD: {day: (30.0, 30.0, 34.0, 34.0)}})
    [run] = water(store, water_days({39: None}), anchors=anchors).runs
    assert (run.basis, run.kg) == ("manual", 32.0)


def test_a_day_without_discharge_emits_nothing(store):
    values = water_days({}, count=5)
    values[4] = DayValue(KEY, COD, START + 2 * DAY, 0, 0, None)
    found = water(store, values, count=5)
    assert found.total.steps[Kind.STOPPED] == 1
    assert found.total.total_kg == pytest.approx(80)


# --- what the logger computed, and furnaces ----------------------------------------------------------------


def record(start, avg, zs, cou):
    fields = (("Avg", avg), ("ZsAvg", zs), ("Cou", cou))
    return Packet(MN, "31", "2061", start, (FactorReading(SO2, fields, "N"),), "2017", received=start + HOUR)


def test_what_the_logger_computed_is_compared_field_by_field(store):
    starts = [START + n * HOUR for n in range(6)]
    store.write(
        [record(s, "20.00", "24.0" if n == 2 else "30.0", "1.5") for n, s in enumerate(starts[:5])],
        position=None,
    )
    store.write_hours(
        [HourValue(KEY, SO2, s, HourCode.NORMAL, 60, 20.0, converted=30.0, total=1.5) for s in starts],
        at=LATER,
    )
    by = {one.field: one for one in compared.compared(store, outlet(), Span(START, START + 6 * HOUR))}
    assert [*by] == ["Avg", "ZsAvg", "Cou"]
    counts = by["ZsAvg"].counts
    assert (counts.both, counts.ours_only, counts.theirs_only, counts.differing, counts.greatest) == (
        5,
        1,
        0,
        1,
        6.0,
    )
    [worst] = by["ZsAvg"].worst
    assert (worst.start, worst.ours, worst.theirs, worst.by) == (starts[2], 30.0, 24.0, -6.0)
    assert by["Avg"].counts.differing == 0
    assert by["Avg"].tolerance.least == pytest.approx(0.01)
    assert compared.compared(store, outlet(), Span(START + 10 * DAY, START + 11 * DAY)) == []


def windows(start, temperatures, flags=None):
    return [
        packet(start + timedelta(minutes=5 * n), {"a01901": value}, kind="2111", flags={"a01901": (flags or {}).get(n, "N")})
        for n, value in enumerate(temperatures)
    ]  # fmt: skip


def test_low_windows_of_a_furnace_are_counted_by_day(store):
    low = {10, 11, 12, 20, 21, 22, 23}
    store.write(
        windows(
            START, [849.9 if n in low else 850 if n == 50 else 900 for n in range(288)], {23: "F", 40: "D"}
        ),
        position=None,
    )
    [day] = furnace.furnace_days(store, outlet(), Span(START, START + DAY))
    assert (day.counts.low, day.counts.judged, day.counts.missing) == (6, 286, 1)
    assert day.over is True
    stop = MarkSpan(
        "",
        START + 100 * timedelta(minutes=1),
        START + 115 * timedelta(minutes=1),
        "F",
        "stopped",
        False,
        START,
    )
    [marked] = furnace.furnace_days(store, outlet(marks=(stop,)), Span(START, START + DAY))
    assert marked.counts.low == 3
    assert marked.over is False


def test_missing_windows_leave_a_furnace_day_open(store):
    store.write(windows(START, [900] * 200), position=None)
    [day] = furnace.furnace_days(store, outlet(), Span(START, START + DAY))
    assert (day.counts.low, day.counts.missing, day.over) == (0, 88, None)
    assert furnace.furnace_days(store, outlet(), Span(START + DAY, START + 3 * DAY)) == []


def test_every_hour_says_what_it_is(store):
    found = asked(written(store, quarter(10, invalid=90)))
    place = int(np.searchsorted(found.series.starts, to_epoch(START + RUN * HOUR)))
    assert KINDS[found.series.kinds[place]] is Kind.SUBSTITUTED
    assert found.series.kg[place] == 8.1
    assert found.series.causes[place] == "fault"
    assert day_start(date(2026, 1, 1)) == START


STATES = st.sampled_from(["N"] * 12 + ["D", "C", "M", "F", "St", "Md", "out"])


@settings(max_examples=25, deadline=None)
@given(
    runs=st.lists(st.tuples(STATES, st.integers(1, 40)), min_size=1, max_size=25),
    calibrations=st.lists(st.integers(-10, 600), max_size=3),
    amounts=st.integers(1, 10**6),
)
def test_any_quarter_agrees_with_the_slow_twin(runs, calibrations, amounts, tmp_path_factory):
    """Hours of any codes, over the turn of the year, in a real store, against hours looked at one after the other."""
    states = [state for state, count in runs for _ in range(count)]
    first, seeded = -len(states) // 2, random.Random(amounts)
    kg = [round(seeded.uniform(0, 20), 3) for _ in states]
    code_of = {"out": HourCode.FAULT} | {code.value: code for code in HourCode}
    values = [
        hour(first + n, kg[n], code_of[state], "out_of_control" if state == "out" else "")
        for n, state in enumerate(states)
    ]
    store = Telemetry(tmp_path_factory.mktemp("twin") / "readings.sqlite3")
    store.write_hours(values, at=LATER)
    moments = sorted(START + n * HOUR for n in calibrations)
    begun = outlet(begun=START + first * HOUR)
    end = START + (first + len(states)) * HOUR
    anchors = emissions.Anchors(calibrations=tuple(moments))
    [found] = emissions.emissions(store, begun, Q1, now=end, anchors=anchors).factors
    store.close()

    kinds = {"N": "valid", "F": "stopped", "St": "stopped"}
    told = [(kinds.get(s, "invalid"), a, 5 if s == "out" else 6) for s, a in zip(states, kg, strict=True)]
    letters = ["D" if s == "out" else s for s in states]
    rates = {
        (year, q): naive.capture(part, len(part)) or 0
        for (year, q), part in {
            (2025, 4): letters[: max(0, -first)],
            (2026, 1): letters[max(0, -first) :],
        }.items()
    }
    slow = naive.substitute(to_epoch(START + first * HOUR), told, [to_epoch(m) for m in moments], rates)
    expected = [
        kg[n] if told[n][0] == "valid" else 0.0 if states[n] == "F" else slow[n]
        for n in range(max(0, -first), len(states))
    ]
    ours = [None if amount != amount else amount for amount in found.series.kg.tolist()]
    assert ours == expected
