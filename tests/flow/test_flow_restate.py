"""Readings to hours and days, on the real store."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flow.outlets_of_flow import DAY, HOUR, MN, TEN, day_of, facts, hour_of, limit, packet

from mingcha.core.aggregates import HourCode
from mingcha.core.errors import BadInput
from mingcha.core.facts import Medium, PointSpan, Setting
from mingcha.core.packets import HOUR as HOUR_CN
from mingcha.core.packets import REALTIME
from mingcha.core.spans import Span
from mingcha.flow import restate
from mingcha.store.telemetry import Telemetry

ONE_HOUR, ONE_DAY = Span(DAY, DAY + HOUR), Span(DAY, DAY + 24 * HOUR)


@pytest.fixture
def store(tmp_path):
    return Telemetry(tmp_path / "readings.sqlite3")


def hours(store, packets, span=ONE_HOUR, **changed):
    store.write(packets, position=None)
    given_facts = changed.pop("facts", None) or facts(**changed)
    return {(h.factor, h.start): h for h in restate(store, given_facts, span).hours}


def test_six_records_make_an_hour_converted_with_the_mean_oxygen_of_the_hour(store):
    found = hours(store, hour_of(DAY, a21026=[28, 29, 30, 30, 31, 32], a19001=[9, 10] * 3, a00000=20))
    so2 = found["a21026", DAY]
    assert (so2.code, so2.valid_minutes, so2.mean, so2.minimum, so2.maximum) == (
        HourCode.NORMAL,
        60,
        30.0,
        28,
        32,
    )
    assert round(so2.converted, 1) == 39.1
    assert found["a19001", DAY].converted is None


def test_the_amount_of_an_hour_is_measured_mean_times_volume(store):
    found = hours(store, hour_of(DAY, a21026=22, a19001=9.5, a00000=20))
    assert found["a00000", DAY].total == 72_000
    assert found["a21026", DAY].total == pytest.approx(22 * 72_000 * 1e-6)


def test_the_loggers_own_volume_counts_where_the_hour_is_whole(store):
    packets = [packet(DAY + n * TEN, {"a00000": 20, "a21026": 22}, cou={"a00000": 12_100}) for n in range(6)]
    assert hours(store, packets)["a00000", DAY].total == 72_600
    part = [packet(DAY + HOUR + n * TEN, {"a00000": 20}, cou={"a00000": 12_100}) for n in range(5)]
    later = hours(store, part, Span(DAY + HOUR, DAY + 2 * HOUR))
    assert later["a00000", DAY + HOUR].total == 72_000


def test_what_the_logger_says_itself_stands_beside_and_changes_nothing(store):
    own = packet(DAY, {"a21026": "99.9"}, kind=HOUR_CN)
    found = hours(store, [*hour_of(DAY, a21026=30, a19001=9, a00000=20), own])
    assert (found["a21026", DAY].reported, found["a21026", DAY].mean) == (99.9, 30.0)


def test_an_hour_without_readings_is_no_data_for_every_factor_with_a_setting(store):
    found = hours(store, [])
    assert {factor for factor, _ in found} == {"a21026", "a19001", "a00000"}
    assert {h.code for h in found.values()} == {HourCode.NO_DATA}
    assert all(h.mean is None and h.inputs for h in found.values())


def test_flags_become_codes_and_b_is_no_banked_fire(store):
    packets = [packet(DAY + n * TEN, {"a21026": 30, "a19001": 9}, flags={"a21026": "B"}) for n in range(6)]
    found = hours(store, packets)
    assert found["a21026", DAY].code is HourCode.NO_DATA
    assert found["a19001", DAY].code is HourCode.NORMAL


@pytest.mark.parametrize("text", ["NaN", "-", "", "1e3", "12,5"])
def test_a_text_that_is_no_number_is_no_valid_minute(store, text):
    found = hours(store, hour_of(DAY, a21026=["30", "30", "30", "30", text, text], a19001=9))
    assert found["a21026", DAY].code is HourCode.NO_DATA


def test_without_oxygen_or_with_that_of_air_nothing_is_converted(store):
    found = hours(store, hour_of(DAY, a21026=30, a19001=21))
    assert (found["a21026", DAY].mean, found["a21026", DAY].converted) == (30.0, None)
    later = hours(store, hour_of(DAY + HOUR, a21026=30), Span(DAY + HOUR, DAY + 2 * HOUR))
    assert later["a21026", DAY + HOUR].converted is None


def test_the_reference_oxygen_is_that_of_the_day_or_of_the_daily_limit(store):
    cut = DAY.astimezone(UTC).date() + timedelta(days=1)
    dated = (limit(o2="6", end=cut), limit(o2="9", start=cut))
    found = hours(store, hour_of(DAY, a21026=30, a19001=9), limits=dated)
    assert found["a21026", DAY].converted == 30.0
    daily = hours(store, [], limits=(limit(o2="11", averaging="day"),))
    assert daily["a21026", DAY].converted == 25.0
    assert hours(store, [], limits=())["a21026", DAY].converted is None


def test_real_time_values_serve_where_no_minute_record_came(store):
    packets = [
        packet(DAY + timedelta(seconds=30 * n), {"a21026": 30 + n % 2, "a19001": 9}, kind=REALTIME)
        for n in range(120)
    ]
    found = hours(store, packets)
    assert (found["a21026", DAY].code, found["a21026", DAY].mean) == (HourCode.NORMAL, 30.5)
    with_minutes = hours(store, hour_of(DAY, a21026=40, a19001=9))
    assert with_minutes["a21026", DAY].mean == 40


def test_half_an_hour_of_real_time_values_is_no_valid_hour(store):
    packets = [packet(DAY + timedelta(seconds=30 * n), {"a21026": 30}, kind=REALTIME) for n in range(60)]
    found = hours(store, packets)["a21026", DAY]
    assert (found.code, found.valid_minutes) == (HourCode.NO_DATA, 30)


def test_water_is_weighed_by_flow_and_invalid_without(store):
    water = facts(medium=Medium.WATER, factors=("w01018", "w00000", "w01001"), limits=())
    packets = [
        packet(DAY + n * TEN, {"w01018": c, "w00000": q, "w01001": 7.5}, st="32")
        for n, (c, q) in enumerate([(99, 0), (99, 0), (50, 10), (50, 10), (60, 30), (60, 30)])
    ]
    found = hours(store, packets, facts=water)
    cod, flow, ph = (found[name, DAY] for name in ("w01018", "w00000", "w01001"))
    assert (cod.code, cod.mean, cod.valid_minutes) == (HourCode.NORMAL, 57.5, 40)
    assert flow.total == pytest.approx(48.0)
    assert cod.total == pytest.approx(57.5 * 48 / 1000)
    assert (ph.mean, ph.valid_minutes) == (7.5, 60)


def test_an_hour_without_discharge_is_stopped_for_concentrations_only(store):
    water = facts(medium=Medium.WATER, factors=("w01018", "w00000"), limits=())
    packets = [packet(DAY + n * TEN, {"w01018": 50, "w00000": 0}, st="32") for n in range(6)]
    found = hours(store, packets, facts=water)
    assert found["w01018", DAY].code is HourCode.STOPPED
    assert (found["w00000", DAY].code, found["w00000", DAY].total) == (HourCode.NORMAL, 0)


def test_a_unit_of_flow_nobody_knows_is_named(store):
    odd = replace(facts(), settings=(Setting("a00000", "cups"),))
    with pytest.raises(BadInput, match="expected one of L/s"):
        hours(store, hour_of(DAY, a00000=1), facts=odd)


def test_a_day_is_made_of_its_hours_and_only_when_it_is_over(store):
    store.write(day_of(DAY, a21026=30, a19001=9.5, a00000=20), position=None)
    found = restate(store, facts(), ONE_DAY)
    so2 = next(day for day in found.days if day.factor == "a21026")
    assert (so2.start, so2.valid_hours, so2.running_hours, so2.mean) == (DAY, 24, 24, 30.0)
    assert round(so2.converted, 1) == 39.1
    assert so2.total == pytest.approx(24 * 30 * 72_000 * 1e-6)
    early = restate(store, facts(), ONE_DAY, horizon=DAY + 23 * HOUR + TEN)
    assert early.days == []
    assert len({h.start for h in early.hours}) == 23


def test_a_touched_hour_restates_its_day_and_returns_only_itself(store):
    store.write(day_of(DAY, a21026=30, a19001=9, a00000=20), position=None)
    found = restate(store, facts(), Span(DAY + 5 * HOUR + TEN, DAY + 5 * HOUR + 2 * TEN))
    assert {h.start for h in found.hours} == {DAY + 5 * HOUR}
    assert {d.valid_hours for d in found.days} == {24}


def test_a_late_record_changes_the_hour_and_what_was_known_before_can_still_be_computed(store):
    first = hour_of(DAY, a21026=30, a19001=9)
    store.write(first[:4], position=None)
    before = restate(store, facts(), ONE_HOUR).hours
    late = [replace(p, received=DAY + timedelta(days=2)) for p in first[4:]]
    store.write(late, position=None)
    after = restate(store, facts(), ONE_HOUR).hours
    assert [h.code for h in before if h.factor == "a21026"] == [HourCode.NO_DATA]
    assert [h.code for h in after if h.factor == "a21026"] == [HourCode.NORMAL]
    assert restate(store, facts(), ONE_HOUR, as_of=DAY + timedelta(days=1)).hours == before


def test_equal_readings_have_equal_digests_and_other_readings_others(store, tmp_path):
    packets = hour_of(DAY, a21026=30, a19001=9)
    one = hours(store, packets)
    two = hours(Telemetry(tmp_path / "other.sqlite3"), list(reversed(packets)))
    assert one == two
    changed = hours(Telemetry(tmp_path / "third.sqlite3"), hour_of(DAY, a21026=[30] * 5 + [30.1], a19001=9))
    assert changed["a21026", DAY].inputs != one["a21026", DAY].inputs


def test_each_point_counts_for_the_time_it_reported(store):
    half = DAY + 12 * HOUR
    points = (PointSpan(f"{MN}/31", DAY - HOUR, half), PointSpan("31011500000002/31", half, None))
    new = [replace(p, mn="31011500000002") for p in day_of(half, 12, a21026=20)]
    stray = [replace(p, mn="31011500000002") for p in hour_of(DAY, a21026=99)]
    store.write([*day_of(DAY, 24, a21026=30), *new, *stray], position=None)
    found = restate(store, facts(points=points, factors=("a21026",)), ONE_DAY)
    assert {h.mean for h in found.hours if h.start < half} == {30.0}
    assert {h.mean for h in found.hours if h.start >= half} == {20.0}
    assert found.days[0].mean == 25.0


def test_hours_before_the_first_point_are_left_out(store):
    points = (PointSpan(f"{MN}/31", DAY + 2 * HOUR, None),)
    found = restate(store, facts(points=points), Span(DAY, DAY + 4 * HOUR), horizon=DAY + 4 * HOUR)
    assert {h.start for h in found.hours} == {DAY + 2 * HOUR, DAY + 3 * HOUR}


def test_a_beijing_day_begins_at_sixteen_utc(store):
    store.write(day_of(DAY - 2 * HOUR, 4, a21026=30), position=None)
    found = restate(store, facts(factors=("a21026",)), Span(DAY - 2 * HOUR, DAY + 2 * HOUR))
    assert [d.start for d in found.days] == [DAY - 24 * HOUR, DAY]
    assert found.days[0].start == datetime(2026, 2, 28, 16, tzinfo=UTC)


histories = st.lists(
    st.tuples(st.integers(0, 36 * 6), st.sampled_from(["28.5", "31.2", "-"]), st.sampled_from("NNNNFDCMB")),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[0],
)


@settings(max_examples=25)
@given(histories, st.integers(0, 2**16))
def test_restating_piece_by_piece_gives_what_restating_all_gives(tmp_path_factory, rows, seed):
    store = Telemetry(tmp_path_factory.mktemp("flow") / "readings.sqlite3")
    packets = [
        packet(DAY + n * TEN, {"a21026": text, "a19001": "9.5"}, flags={"a21026": flag})
        for n, text, flag in rows
    ]
    random.Random(seed).shuffle(packets)
    for part in range(0, len(packets), 7):
        store.write(packets[part : part + 7], position=None)
        for _, span in store.dirty(1000):
            found = restate(store, facts(), span)
            store.write_hours(found.hours, at=DAY)
            store.write_days(found.days, at=DAY)
        store.clean(store.dirty(1000))
    whole = Span(DAY, DAY + 48 * HOUR)
    every = restate(store, facts(), whole)
    touched = {h.start for h in store.hours(facts().key, whole)}
    assert store.hours(facts().key, whole) == [h for h in every.hours if h.start in touched]
    days = {d.start for d in store.days(facts().key, whole)}
    assert store.days(facts().key, whole) == [d for d in every.days if d.start in days]


def test_limits_are_decimals_and_the_reference_is_read_exactly(store):
    odd = facts(limits=(limit(o2="3.5"),))
    found = hours(store, hour_of(DAY, a21026=10, a19001="3.5"), facts=odd)
    assert found["a21026", DAY].converted == 10.0
    assert odd.limits[0].reference_o2 == Decimal("3.5")
