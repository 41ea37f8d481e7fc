"""Journal to findings and pages: what must be found, what must not, and what late data change."""

from datetime import timedelta

import numpy as np
from tests.people import MN, OTHER_MN, People
from tests.workers.station import (
    COD,
    FLOW,
    HOUR,
    LATER,
    NOX,
    O2,
    START,
    Station,
    changed,
    risen,
    stack,
)

from mingcha.apps.disclosure.models import Snapshot
from mingcha.apps.findings.models import Fact, Finding
from mingcha.apps.registry.models import Instrument
from mingcha.apps.registry.services import datalogger_install, instrument_install, outlet_register
from mingcha.core.aggregates import HourCode
from mingcha.core.spans import Span

WEEK = 7 * 24
END = START + WEEK * HOUR
NOW = END + LATER


def open_findings() -> list[tuple[str, str, str]]:
    rows = Finding.objects.exclude(state="withdrawn").order_by("id")
    return [(found.source, found.factor, found.level) for found in rows]


def test_an_honest_week_gives_hours_days_and_a_page_and_no_finding(gas: Station, region: People) -> None:
    gas.send(stack(WEEK))
    gas.run(NOW)
    hours = gas.telemetry.hours(region.outlet.key, Span(START, END), factor=NOX)
    assert [hour.code for hour in hours] == [HourCode.NORMAL] * WEEK
    assert len(gas.telemetry.days(region.outlet.key, Span(START, END), factor=NOX)) == 7
    assert open_findings() == []
    [page] = Snapshot.objects.filter(outlet=region.outlet)
    assert page.why == "hour"


def test_three_exceeding_hours_are_one_serious_finding(gas: Station) -> None:
    gas.send(risen(stack(48), 30, 3, 2.3))
    gas.run(START + 48 * HOUR + LATER)
    assert open_findings() == [("hj75.hour_limit", NOX, "serious")]
    found = Finding.objects.get()
    assert (found.start, found.end) == (START + 30 * HOUR, START + 33 * HOUR)


def test_an_hour_far_over_the_limit_is_urgent(gas: Station) -> None:
    gas.send(risen(stack(24), 9, 1, 5.0))
    gas.run(START + 24 * HOUR + LATER)
    assert open_findings() == [("hj75.hour_limit", NOX, "urgent")]


def test_a_stuck_analyser_is_one_clue_that_grows_by_the_hour(gas: Station) -> None:
    rows = changed(stack(WEEK), 100, 40, **{NOX: 31.4})
    gas.send(rows[: 124 * 6])
    gas.run(START + 124 * HOUR + timedelta(minutes=5))
    for hour in range(124, 144):
        gas.send(rows[hour * 6 : hour * 6 + 6], start=START + hour * HOUR)
        gas.run(START + (hour + 1) * HOUR + timedelta(minutes=5))
    assert open_findings() == [("S1", NOX, "general")]
    [fact] = Fact.objects.filter(withdrawn_at=None)
    assert (fact.start, fact.end) == (START + 100 * HOUR, START + 140 * HOUR)


def test_a_stop_that_is_marked_gives_no_finding(gas: Station) -> None:
    rows = stack(WEEK)
    gas.send(rows[: 100 * 6])
    stopped = [{NOX: 0.0, O2: 20.9, "a01011": 0.0}] * 12 * 6
    gas.send(stopped, start=START + 100 * HOUR, flag="F")
    gas.send(rows[112 * 6 :], start=START + 112 * HOUR)
    gas.run(NOW)
    hours = gas.telemetry.hours(gas.restater.by_point[f"{gas.mn}/31"][0].key, Span(START, END), factor=NOX)
    assert [h.code for h in hours[100:112]] == [HourCode.STOPPED] * 12
    assert open_findings() == []


def test_an_analyser_that_samples_and_holds_gives_no_clue(water: Station) -> None:
    rng = np.random.default_rng(7)
    held = np.repeat(np.round(rng.normal(30, 4, WEEK // 2), 1), 12)
    flow = np.round(rng.normal(30, 3, WEEK * 6), 1)
    water.send([{COD: float(c), FLOW: float(f)} for c, f in zip(held, flow, strict=True)])
    water.run(NOW)
    assert open_findings() == []


def test_late_data_change_the_hour_withdraw_the_finding_and_revise_the_page(
    gas: Station, region: People
) -> None:
    now = START + 48 * HOUR + timedelta(minutes=5)
    rows = risen(stack(48), 40, 1, 2.0)
    gas.send(rows)
    gas.run(now)
    assert open_findings() == [("hj75.hour_limit", NOX, "general")]
    gas.send(stack(48)[40 * 6 : 41 * 6], start=START + 40 * HOUR, received=now + HOUR)
    gas.run(now + timedelta(minutes=1))
    assert open_findings() == []
    assert Finding.objects.get().state == "withdrawn"
    versions = gas.telemetry.hour_versions(region.outlet.key, NOX, START + 40 * HOUR)
    assert [round(version.value.mean or 0, -1) for version in versions] == [60, 30]
    assert list(
        Snapshot.objects.filter(outlet=region.outlet).order_by("version").values_list("why", flat=True)
    ) == ["hour", "revision"]


def test_back_fill_adds_what_the_missing_hours_hid(gas: Station) -> None:
    rows = risen(stack(48), 30, 3, 2.3)
    gas.send(rows[: 28 * 6])
    gas.send(rows[36 * 6 :], start=START + 36 * HOUR)
    now = START + 48 * HOUR + timedelta(minutes=5)
    gas.run(now)
    assert open_findings() == []
    gas.send(rows[28 * 6 : 36 * 6], start=START + 28 * HOUR, received=now)
    gas.run(now + timedelta(minutes=1))
    assert open_findings() == [("hj75.hour_limit", NOX, "serious")]


def test_running_again_changes_nothing(gas: Station) -> None:
    gas.send(risen(stack(48), 30, 3, 2.3))
    now = START + 48 * HOUR + LATER
    gas.run(now)
    before = gas.telemetry.digest(), Fact.objects.count(), Snapshot.objects.count()
    gas.telemetry.touch_point(f"{gas.mn}/31")
    gas.run(now)
    assert (gas.telemetry.digest(), Fact.objects.count(), Snapshot.objects.count()) == before


def test_what_was_computed_but_not_judged_when_the_machine_died_is_judged_afterwards(gas: Station) -> None:
    """Hours are in the store, their findings are not: the hour is still dirty, and that is enough."""
    gas.send(risen(stack(48), 30, 3, 2.3))
    now = START + 48 * HOUR + LATER
    gas.run(now)
    Fact.objects.all().delete()
    Finding.objects.all().delete()
    gas.telemetry.touch_point(f"{gas.mn}/31")
    gas.run(now)
    assert open_findings() == [("hj75.hour_limit", NOX, "serious")]


def test_hours_in_which_an_outlet_fell_silent_have_no_data_and_close_the_day(
    gas: Station, region: People
) -> None:
    gas.send(stack(20))
    gas.run(START + 20 * HOUR + timedelta(minutes=5))
    for hour in range(21, 26):
        gas.run(START + hour * HOUR + timedelta(minutes=5))
    hours = gas.telemetry.hours(region.outlet.key, Span(START, START + 24 * HOUR), factor=NOX)
    assert [h.code for h in hours] == [HourCode.NORMAL] * 20 + [HourCode.NO_DATA] * 4
    [day] = gas.telemetry.days(region.outlet.key, Span(START, START + 24 * HOUR), factor=NOX)
    assert day.valid_hours == 20


def test_a_worker_that_was_down_at_midnight_still_closes_the_silent_day(gas: Station, region: People) -> None:
    gas.send(stack(20))
    gas.run(START + 20 * HOUR + timedelta(minutes=5))
    gas.restater = type(gas.restater)(gas.telemetry)  # a new process
    gas.run(START + 40 * HOUR)
    assert len(gas.telemetry.days(region.outlet.key, Span(START, START + 24 * HOUR), factor=NOX)) == 1


def test_an_hour_is_left_alone_until_its_last_minutes_can_have_come(gas: Station, region: People) -> None:
    gas.send(stack(2))
    gas.run(START + 2 * HOUR + timedelta(seconds=60))
    starts = {hour.start for hour in gas.telemetry.hours(region.outlet.key, Span(START, END))}
    assert starts == {START}
    gas.run(START + 2 * HOUR + timedelta(seconds=91))
    assert len(gas.telemetry.hours(region.outlet.key, Span(START, END), factor=NOX)) == 2


def test_a_logger_entered_later_is_computed_from_its_first_reading(gas: Station, region: People) -> None:
    gas.mn = "0100000000000000000000C3"
    gas.send(stack(5))
    now = START + 5 * HOUR + LATER
    gas.run(now)
    outlet = outlet_register(
        discharger=region.discharger, code="DA002", name="新排口", medium="gas", principle="extractive", at=now
    )  # fmt: skip
    datalogger_install(outlet=outlet, mn=gas.mn, st="31", edition="2017", installed_at=START - HOUR, at=now)
    gas.run(now + timedelta(minutes=1))
    hours = gas.telemetry.hours(outlet.key, Span(START, START + 5 * HOUR), factor=NOX)
    assert [hour.code for hour in hours] == [HourCode.NORMAL] * 5


def test_an_outlet_that_cannot_be_computed_keeps_no_other_waiting(gas: Station, region: People) -> None:
    """A flow in an unknown unit stops one outlet, loudly, until somebody mends the register."""
    instrument_install(
        outlet=region.outlet, factor="a00000", unit="furlong", installed_at=START - HOUR, at=START
    )
    gas.send([{**row, "a00000": 3.0} for row in stack(2)])
    gas.mn = OTHER_MN
    gas.send([{COD: 30.0 + n % 7, FLOW: 20.0 + n % 5} for n in range(12)])
    now = START + 2 * HOUR + LATER
    gas.run(now)
    assert gas.telemetry.hours(region.outlet.key, Span(START, END)) == []
    assert len(gas.telemetry.hours(region.stranger_outlet.key, Span(START, END), factor=COD)) > 0
    assert {point for point, _ in gas.telemetry.dirty(100)} == {f"{MN}/31"}
    Instrument.objects.filter(factor="a00000").update(unit="m3/s")
    gas.run(now + timedelta(minutes=6))
    assert len(gas.telemetry.hours(region.outlet.key, Span(START, END), factor=NOX)) > 0
