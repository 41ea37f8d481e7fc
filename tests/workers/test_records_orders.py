"""The queue in the records as the gateway uses it: ``cli.orders`` over real tables."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.people import MN, OTHER_MN, People
from tests.workers.station import AT

from mingcha.apps.devices import selectors, services
from mingcha.cli.orders import RecordsOrders
from mingcha.core.clock import now
from mingcha.core.errors import StaleState
from mingcha.gateway import Station
from mingcha.gateway.host import Asked, Order, Report

QN = "20261124103000123"
NEW_MN = "0100000000000000000000D4"


@pytest.fixture
def queue(region: People) -> RecordsOrders:
    found = RecordsOrders("g0")
    found.begin()
    return found


def ask(
    region: People, command: str = "get_time", mn: str = MN, at: datetime | None = None, **values: Any
) -> str:
    by = region["city_regulator"]
    return str(
        services.command_ask(mn=mn, command=command, values=values, by=by, at=at or now(), why="test").pk
    )


def row(region: People, name: str) -> Any:
    return selectors.command_of(region["city_regulator"], int(name))


def take(queue: RecordsOrders, *orders: Order) -> set[str]:
    return queue.take([(order, QN) for order in orders])


def test_an_order_of_each_station_waits_the_first_asked_and_goes_once(
    region: People, queue: RecordsOrders
) -> None:
    first, second, other = ask(region), ask(region), ask(region, mn=OTHER_MN)
    waiting = queue.waiting()
    assert [(order.id, order.mn, order.command, order.st) for order in waiting] == [
        (first, MN, "get_time", "31"),
        (other, OTHER_MN, "get_time", "32"),
    ]
    assert take(queue, *waiting) == {first, other}
    assert take(RecordsOrders("g1"), *waiting) == set(), "another gateway comes too late"
    assert queue.waiting() == [], "one at a time for each station"
    queue.report([Report(first, "done", now(), QN)])
    assert [order.id for order in queue.waiting()] == [second]
    assert (row(region, first).qn, row(region, first).state) == (QN, "done")


def test_a_cancelled_order_is_not_taken(region: People, queue: RecordsOrders) -> None:
    name = ask(region)
    waiting = queue.waiting()
    services.command_cancel(command=row(region, name), by=region["city_regulator"], at=now())
    assert take(queue, *waiting) == set()


def test_reports_may_come_twice_and_late(region: People, queue: RecordsOrders) -> None:
    name = ask(region)
    take(queue, *queue.waiting())
    results = ({"kind": "fields", "time": "2026-11-24T10:30:00+08:00"},)
    reports = [Report(name, "accepted", now(), QN), Report(name, "done", now(), QN, "1", results)]
    queue.report(reports)
    queue.report(reports)
    found = row(region, name)
    assert (found.state, found.reason, found.results) == ("done", "1", list(results))


def test_a_gateway_that_begins_again_ends_what_it_had_under_way_and_no_other(
    region: People, queue: RecordsOrders
) -> None:
    mine, theirs = ask(region), ask(region, mn=OTHER_MN)
    one, other = queue.waiting()
    take(queue, one)
    take(RecordsOrders("g1"), other)
    RecordsOrders("g0").begin()
    assert (row(region, mine).state, row(region, mine).reason) == ("timed_out", "gateway_restarted")
    assert row(region, theirs).state == "sent"


def test_a_secret_reaches_the_gateway_and_nobody_else(region: People, queue: RecordsOrders) -> None:
    services.access_set(datalogger=region.datalogger, password="111111", at=now())
    name = ask(region, "set_password", new_password="654321")
    (order,) = queue.waiting()
    assert order.values == {"new_password": "654321"}
    assert row(region, name).values == {"new_password": "******"}
    take(queue, order)
    station = next(Station(**values) for values in selectors.stations() if values["mn"] == MN)
    assert (station.password, station.other_passwords) == ("111111", ("654321",))
    queue.report([Report(name, "done", now(), QN)])
    station = next(Station(**values) for values in selectors.stations() if values["mn"] == MN)
    assert (station.password, station.other_passwords) == ("654321", ("111111",))


def test_a_first_contact_is_queued_once_in_its_order(region: People, queue: RecordsOrders) -> None:
    services.contact_due(datalogger=region.datalogger, by=None, at=now())
    station = next(Station(**values) for values in selectors.stations() if values["mn"] == MN)
    steps = [(name, dict(values)) for name, values in station.first_contact]
    assert [name for name, _ in steps] == [
        "set_time", "set_timeouts", "set_realtime_interval", "set_minute_interval", "start_realtime", "start_states",
    ]  # fmt: skip
    asked = Asked("first_contact", MN, now(), "2017", {"steps": steps})
    queue.heard([asked])
    queue.heard([asked])
    sent = []
    while waiting := queue.waiting():
        take(queue, *waiting)
        queue.report([Report(order.id, "done", now(), QN) for order in waiting])
        sent += [order.command for order in waiting]
    assert sent == [name for name, _ in steps]
    station = next(Station(**values) for values in selectors.stations() if values["mn"] == MN)
    assert station.first_contact == ()


def test_what_a_setting_switches_off_is_stopped_at_first_contact(region: People) -> None:
    services.contact_due(datalogger=region.datalogger, by=None, at=now())
    services.setting_set(
        datalogger=region.datalogger, dialect={}, contact={"realtime": 0, "states": 0}, valid_from=now(), why="test",
        by=None, at=now(),
    )  # fmt: skip
    station = next(Station(**values) for values in selectors.stations() if values["mn"] == MN)
    assert [name for name, _ in station.first_contact][-2:] == ["stop_realtime", "stop_states"]


def test_hardware_that_registers_waits_for_a_regulator_and_is_then_given_its_mn(
    region: People, queue: RecordsOrders
) -> None:
    detail = {
        "hardware": "SN001",
        "fields": {"i23005": "SN001", "i23006": "CPU7"},
        "st": "31",
        "conn": "1.2.3.4:5",
    }
    register = Asked("register", "", now(), "2025", detail)
    queue.heard([register])
    by = region["city_regulator"]
    waiting = selectors.quarantine_list(by, kind="hardware").get()
    assert waiting.hardware == {"i23005": "SN001", "i23006": "CPU7"}
    assert queue.waiting() == []
    services.quarantine_adopt(
        quarantine=waiting, outlet=region.outlet, st="31", edition="2025", mn=NEW_MN, password="123456", by=by,
        at=now(), replaces=True,
    )  # fmt: skip
    (order,) = queue.waiting()
    assert (order.command, order.mn, order.hardware, order.address) == (
        "set_mn",
        NEW_MN,
        "SN001",
        "hardware:SN001",
    )
    take(queue, order)
    queue.report([Report(order.id, "timed_out", now(), QN, "connection_lost")])
    assert [one.command for one in queue.waiting() if one.hardware] == []
    queue.heard([Asked("register", "", now(), "2025", detail)])
    assert [(one.command, one.hardware) for one in queue.waiting()] == [("set_mn", "SN001")], "it asks again"


def test_what_the_host_did_by_itself_is_kept_as_a_command(region: People, queue: RecordsOrders) -> None:
    detail = {"command": "set_time", "qn": QN, "state": "done", "reason": "1"}
    queue.heard([Asked("own", MN, now(), "2017", detail)])
    (found,) = selectors.commands_list(region["city_regulator"])
    assert (found.command, found.state, found.asked_by, found.qn) == ("set_time", "done", None, QN)


def test_what_the_records_never_take_holds_up_nothing(region: People, queue: RecordsOrders) -> None:
    gone = Asked(
        "own", "0" * 24, now(), "2017", {"command": "set_time", "qn": QN, "state": "done", "reason": ""}
    )
    known = Asked("own", MN, now(), "2017", dict(gone.detail))
    queue.heard([gone, known])
    assert len(selectors.commands_list(region["city_regulator"])) == 1
    queue.report([Report("999999", "done", now(), QN)])


def test_what_may_help_later_is_raised_so_that_the_gateway_tries_again(
    region: People, queue: RecordsOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(**_: Any) -> None:
        raise StaleState("somebody was first")

    monkeypatch.setattr(services, "command_report", stale)
    with pytest.raises(StaleState):
        queue.report([Report("1", "done", AT, QN)])


def test_an_expired_order_does_not_wait(region: People, queue: RecordsOrders) -> None:
    ask(region, at=now() - timedelta(days=2))
    assert queue.waiting() == []
