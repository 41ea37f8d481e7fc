"""The finder over a real register, queue and store: who is asked, who is not, and what is put on record."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.people import MN, OTHER_MN
from tests.workers.station import AT, Station, frame
from tests.workers.station import entry as entry_of

from mingcha.apps.audit import selectors as audit
from mingcha.apps.devices import selectors, services
from mingcha.apps.registry.services import datalogger_remove
from mingcha.core.clock import hour_start
from mingcha.core.packets import HOUR
from mingcha.workers.gaps import GapFinder, last_heard_in
from mingcha.workers.gaps.finder import GIVEN_UP, settings, throttle_on

ONE = timedelta(hours=1)
LAST = hour_start(AT) - ONE
pytestmark = pytest.mark.django_db
Heard = Callable[[], Mapping[str, datetime]]


def both_heard(at: datetime = AT) -> Heard:
    return lambda: {MN: at, OTHER_MN: at}


def send_hours(station: Station, *moments: datetime) -> None:
    station.journal.append(
        [entry_of(station.mn, frame(station.mn, m, {"a21002": 30.0}, cn=HOUR), m + ONE) for m in moments]
    )
    while station.projector.step():
        pass


def asks(mn: str = MN, command: str = "get_hours") -> list[dict[str, Any]]:
    found = selectors.system_asks(since=AT - timedelta(days=30))
    return [one for one in found if one["mn"] == mn and one["command"] == command]


def answer(at: datetime, *, sent: bool = True, state: str = "done", reason: str = "1") -> None:
    """End every open request of the host."""
    for order in selectors.orders_waiting(at):
        if sent:
            services.command_report(command_id=order["id"], state="sent", at=at)
        services.command_report(command_id=order["id"], state=state, reason=reason, at=at)


def test_the_hours_between_are_asked_for_in_one_request(gas: Station) -> None:
    send_hours(gas, *(LAST - n * ONE for n in (0, 1, 2, 6)))
    finder = GapFinder(gas.telemetry, both_heard())
    finder.step(AT)
    finder.step(AT)
    (one,) = asks()
    assert one["values"] == {"begin": "20261124040000", "end": "20261124060000"}
    assert one["state"] == "queued"


def test_a_logger_that_is_silent_or_gone_is_not_asked(gas: Station, region: Any) -> None:
    send_hours(gas, LAST, LAST - 3 * ONE)
    assert GapFinder(gas.telemetry, dict).step(AT) == 0
    assert GapFinder(gas.telemetry, both_heard(AT - timedelta(hours=3))).step(AT) == 0
    datalogger_remove(datalogger=region.datalogger, at=AT)
    GapFinder(gas.telemetry, both_heard()).step(AT)
    assert asks() == []


def test_without_any_hour_the_newest_is_probed_and_then_once_a_day(gas: Station) -> None:
    finder = GapFinder(gas.telemetry, both_heard())
    for step in range(6):
        finder.step(AT + step * ONE / 4)
        answer(AT + step * ONE / 4, state="refused", reason="8")
    (one,) = asks()
    assert one["values"]["begin"] == one["values"]["end"]
    later = AT + timedelta(days=1, hours=2)
    GapFinder(gas.telemetry, both_heard(later)).step(later)
    assert len(asks()) == 2


def test_a_gap_is_asked_for_again_later_and_later_and_then_given_up_by_name(gas: Station) -> None:
    gap = LAST - ONE
    send_hours(gas, *(LAST - n * ONE for n in range(-30, 170) if n != 1))
    finder, now = GapFinder(gas.telemetry, lambda: {MN: now}), AT
    for _ in range(8 * 4):
        finder.step(now)
        answer(now, state="timed_out", reason="no_answer")
        now += ONE / 4
    begins = [one["asked_at"] for one in asks()]
    assert {one["values"]["begin"] for one in asks()} == {"20261124080000"}
    assert len(begins) == throttle_on(AT).tries
    pauses = [after - before for before, after in pairwise(begins)]
    assert pauses == [ONE / 4, ONE / 2, ONE, ONE * 2]
    (named,) = given_up()
    assert (named["kind"], named["begin"], named["end"]) == (HOUR, gap, gap)
    for again in (finder, GapFinder(gas.telemetry, lambda: {MN: now})):
        again.step(now)
        again.step(now + timedelta(days=1))
    assert given_up() == [named], "each gap is named once, also by a finder that was started anew"


def given_up() -> list[dict[str, Any]]:
    found = [event.detail for event in audit.timeline("point", f"{MN}/31") if event.action == GIVEN_UP]
    return [one | {end: datetime.fromisoformat(one[end]) for end in ("begin", "end")} for one in found]


def test_a_request_that_never_left_costs_no_try(gas: Station) -> None:
    send_hours(gas, *(LAST - n * ONE for n in range(170) if n != 1))
    finder, now = GapFinder(gas.telemetry, lambda: {MN: now}), AT
    for _ in range(10):
        finder.step(now)
        answer(now, sent=False, state="timed_out", reason="expired")
        now += timedelta(minutes=4)
    assert len([one for one in asks() if one["values"]["begin"] == "20261124080000"]) == 10


def test_what_came_meanwhile_is_not_asked_for(gas: Station) -> None:
    send_hours(gas, *(LAST - n * ONE for n in range(170) if n not in (1, 5)))
    finder = GapFinder(gas.telemetry, both_heard())
    finder.step(AT)
    answer(AT)
    send_hours(gas, LAST - ONE, LAST - 5 * ONE)
    later = AT + timedelta(hours=5)
    GapFinder(gas.telemetry, both_heard(later)).step(later)
    finder = GapFinder(gas.telemetry, both_heard(later))
    finder.step(later)
    begins = [one["values"]["begin"] for one in asks() if one["asked_at"] == later]
    assert "20261124080000" not in begins
    assert "20261124040000" not in begins


def test_no_gateway_ever_wrote_means_nobody_was_heard(tmp_path: Any) -> None:
    assert last_heard_in(tmp_path)() == {}


def test_every_setting_says_that_it_is_ours() -> None:
    assert {one.sureness.value for one in settings().values()} == {"default"}
