"""Commands and keys by the clock."""

from datetime import timedelta

import pytest
from tests.people import MN, People
from tests.workers.station import AT

from mingcha.apps.devices import selectors, services
from mingcha.apps.notices.models import Notice
from mingcha.apps.registry.models import Datalogger
from mingcha.workers.commanding import expire, warn_of_keys
from mingcha.workers.schedule import entries

KEY = "msbE74gsiSHSEh5e"


def states(region: People) -> list[tuple[str, str]]:
    return [
        (row.state, row.reason) for row in selectors.commands_list(region["city_regulator"]).order_by("id")
    ]


def test_commands_that_nobody_sends_or_reports_of_come_to_an_end(region: People) -> None:
    unsent, silent = (
        services.command_ask(mn=MN, command="get_time", values={}, by=None, at=AT) for _ in range(2)
    )
    services.command_take(orders=[(str(silent.pk), "20261124103000123")], gateway="g0", at=AT)
    assert expire(AT + timedelta(minutes=1)) == 0
    assert expire(AT + timedelta(hours=3)) == 2
    assert states(region) == [("timed_out", "expired"), ("timed_out", "no_report")]
    assert unsent.pk < silent.pk


def test_a_key_is_spoken_of_when_it_is_due_and_again_when_it_is_overdue(region: People) -> None:
    Datalogger.objects.filter(mn=MN).update(edition="2025")
    region.datalogger.refresh_from_db()
    key = services.key_propose(datalogger=region.datalogger, by=region["city_regulator"], key=KEY, at=AT)
    services.key_approve(key=key, by=region["monitoring_centre"], at=AT)
    assert warn_of_keys(AT + timedelta(days=60)) == 0
    due = warn_of_keys(AT + timedelta(days=85))
    assert due > 0
    assert warn_of_keys(AT + timedelta(days=86)) == 0
    assert warn_of_keys(AT + timedelta(days=91)) == due
    told = {notice.user.username for notice in Notice.objects.all()}
    assert {"city_regulator", "district_regulator", "monitoring_centre"} <= told
    assert not {user.username for user in region.strangers} & told
    assert KEY not in "".join(notice.title_zh + notice.title_en for notice in Notice.objects.all())


@pytest.mark.usefixtures("db")
def test_the_schedule_knows_them() -> None:
    periods = {entry.name: entry.period_s for entry in entries()}
    assert periods["commands"] <= 10
    assert "keys" in periods
