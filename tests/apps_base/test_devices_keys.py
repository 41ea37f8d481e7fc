"""SM4 keys: two persons, 90 days, sealed, dated, readable by nobody."""

from datetime import datetime, timedelta

import pytest
from devices_world import HOUR, MINUTE, NEW_MN, approved, logger_2025
from django.db import IntegrityError, transaction
from tests.people import MN, People

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.devices.models import Command, Rewalk, StationKey
from mingcha.apps.devices.selectors import (
    decodings,
    key_due,
    key_get,
    keys_due,
    keys_of,
    keys_visible_to,
    orders_waiting,
    stations,
)
from mingcha.apps.devices.services import (
    command_report,
    commands_expire,
    key_approve,
    key_asked,
    key_propose,
    key_reject,
    key_send,
)
from mingcha.apps.registry.models import Datalogger
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed, NotFound, StaleState

DAY = timedelta(days=1)
OLD_KEY = "oldKEY7890123456"


@pytest.fixture
def logger(folk: People, at: datetime) -> Datalogger:
    return logger_2025(folk, at)


def keys_at(moment: datetime) -> tuple[bytes, ...]:
    return decodings()(NEW_MN, moment).keys


def taken(at: datetime) -> None:
    """The logger takes whatever key is to be sent."""
    (order,) = orders_waiting(at)
    assert order["command"] == "set_key"
    command_report(command_id=order["id"], state="done", at=at, reason="1")


def test_who_proposed_a_key_cannot_approve_it(folk: People, at: datetime, logger: Datalogger) -> None:
    made = key_propose(datalogger=logger, by=folk["district_regulator"], at=at)
    with pytest.raises(NotAllowed, match="另一人"):
        key_approve(key=made, by=folk["district_regulator"], at=at)
    assert orders_waiting(at) == []
    assert keys_at(at) == ()


def test_the_database_itself_refuses_one_person_for_both(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    made = key_propose(datalogger=logger, by=folk["district_regulator"], at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        StationKey.objects.filter(pk=made.pk).update(approved_by=folk["district_regulator"])


@pytest.mark.parametrize("name", ["discharger_admin", "technician", "auditor", "enforcement", "credit_panel"])
def test_who_has_no_say_in_keys(folk: People, at: datetime, logger: Datalogger, name: str) -> None:
    with pytest.raises(NotAllowed):
        key_propose(datalogger=logger, by=folk[name], at=at)
    made = key_propose(datalogger=logger, by=folk["district_regulator"], at=at)
    with pytest.raises(NotAllowed):
        key_approve(key=made, by=folk[name], at=at)
    with pytest.raises(NotAllowed):
        key_reject(key=made, why="no", by=folk[name], at=at)


def test_an_approved_key_is_sent_and_holds_when_the_logger_took_it(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    made = approved(folk, logger, at)
    (order,) = orders_waiting(at)
    key = order["values"]["new_key"]
    assert made.state == "approved"
    assert len(key) == 16
    assert keys_at(at) == (key.encode(),), "the logger may use it before we hear that it does"
    assert keys_at(at - MINUTE) == ()
    taken(at + MINUTE)
    made.refresh_from_db()
    assert (made.state, made.in_force_from) == ("in_force", at + MINUTE)


def test_a_change_keeps_the_old_key_for_the_grace_time_and_for_rebuilds(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    approved(folk, logger, at)
    taken(at)
    (first,) = keys_at(at)
    later = at + 90 * DAY
    approved(folk, logger, later)
    taken(later + HOUR / 2)
    second, old = keys_at(later + 2 * HOUR)
    assert old == first != second
    assert keys_at(later + HOUR / 2 + 72 * HOUR - MINUTE) == (second, first)
    assert keys_at(later + HOUR / 2 + 72 * HOUR) == (second,)
    assert keys_at(later - DAY) == (first,), "a rebuild reads old frames with the key of then"
    assert [row.state for row in StationKey.objects.order_by("id")] == ["replaced", "in_force"]


def test_a_key_the_logger_refuses_stays_approved_and_is_sent_again_when_it_asks(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    made = approved(folk, logger, at)
    (order,) = orders_waiting(at)
    command_report(command_id=order["id"], state="refused", at=at, reason="2")
    made.refresh_from_db()
    assert made.state == "approved"
    again = key_asked(mn=NEW_MN, at=at + HOUR)
    assert again is not None
    assert key_asked(mn=NEW_MN, at=at + HOUR) is None, "it is on its way"
    assert orders_waiting(at + HOUR)[0]["values"]["new_key"] == order["values"]["new_key"]


def test_a_key_waits_a_week_for_its_logger_and_is_sent_again_by_hand(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    made = approved(folk, logger, at)
    by = folk["city_regulator"]
    with pytest.raises(BadInput, match="on its way"):
        key_send(key=made, by=by, at=at)
    assert commands_expire(at=at + 7 * DAY) == 1
    key_send(key=made, by=by, at=at + 8 * DAY)
    taken(at + 8 * DAY)
    made.refresh_from_db()
    assert made.state == "in_force"
    proposed = key_propose(datalogger=logger, by=by, at=at + 9 * DAY)
    with pytest.raises(BadInput, match="approved"):
        key_send(key=proposed, by=by, at=at)


def test_a_logger_that_asks_and_has_no_key_is_noted_once_a_day(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    for hours in (0, 1, 25):
        assert key_asked(mn=NEW_MN, at=at + hours * HOUR, created="20260302100000000") is None
    assert AuditEvent.objects.filter(action="key.asked").count() == 2
    with pytest.raises(NotFound):
        key_asked(mn="F" * 24, at=at)


def test_the_key_in_force_is_sent_again_to_a_logger_that_lost_it(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    approved(folk, logger, at)
    taken(at)
    again = key_asked(mn=NEW_MN, at=at + DAY)
    assert again is not None
    taken(at + DAY)
    row = StationKey.objects.get()
    assert (row.state, row.in_force_from) == ("in_force", at), "the 90 days go on"


def test_an_imported_key_holds_at_once_and_reads_what_came_before(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    made = approved(folk, logger, at, key=OLD_KEY, valid_from=at - 5 * DAY)
    assert (made.state, made.in_force_from) == ("in_force", at - 5 * DAY)
    assert keys_at(at - 4 * DAY) == (OLD_KEY.encode(),)
    assert orders_waiting(at) == []
    walk = Rewalk.objects.get()
    assert (walk.mn, walk.start, walk.end) == (NEW_MN, at - 5 * DAY, None)


@pytest.mark.parametrize(
    ("how", "field"),
    [({"key": "short"}, "key"), ({"key": "ümlaut7890123456"}, "key"), ({"key": OLD_KEY, "valid_from": DAY}, "valid_from"),
     ({"valid_from": -DAY}, "valid_from")],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused(
    folk: People, at: datetime, logger: Datalogger, how: dict[str, object], field: str
) -> None:
    given = {name: at + value if isinstance(value, timedelta) else value for name, value in how.items()}
    with pytest.raises(BadInput, match=field):
        key_propose(datalogger=logger, by=folk["district_regulator"], at=at, **given)


def test_only_loggers_of_2025_have_keys_and_one_is_decided_at_a_time(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    with pytest.raises(BadInput, match="2025"):
        key_propose(datalogger=folk.datalogger, by=folk["district_regulator"], at=at)
    key_propose(datalogger=logger, by=folk["district_regulator"], at=at)
    with pytest.raises(BadInput, match="under way"):
        key_propose(datalogger=logger, by=folk["city_regulator"], at=at)


def test_a_rejected_key_is_not_sent_and_cannot_be_approved(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    made = approved(folk, logger, at)
    with pytest.raises(BadInput, match="why"):
        key_reject(key=made, why=" ", by=folk["city_regulator"], at=at)
    key_reject(key=made, why="数采仪更换", by=folk["city_regulator"], at=at)
    assert orders_waiting(at) == []
    assert Command.objects.get().sealed_values is None
    with pytest.raises(IllegalMove):
        key_approve(key=made, by=folk["monitoring_centre"], at=at)


def test_a_key_on_its_way_is_not_taken_back(folk: People, at: datetime, logger: Datalogger) -> None:
    made = approved(folk, logger, at)
    command_report(command_id=orders_waiting(at)[0]["id"], state="sent", at=at)
    with pytest.raises(StaleState, match="being sent"):
        key_reject(key=made, why="x", by=folk["city_regulator"], at=at)


def test_keys_are_due_after_90_days_and_named_ten_days_before(
    folk: People, at: datetime, logger: Datalogger
) -> None:
    approved(folk, logger, at)
    taken(at)
    assert keys_due(at + 79 * DAY) == []
    (soon,) = keys_due(at + 80 * DAY)
    assert (soon.mn, soon.overdue, soon.due_at) == (NEW_MN, False, at + 90 * DAY)
    assert keys_due(at + 90 * DAY)[0].overdue
    assert keys_due(at + 90 * DAY, folk["stranger_district_regulator"]) == []
    assert key_due(StationKey.objects.get()) == at + 90 * DAY


def test_a_key_lies_open_nowhere(folk: People, at: datetime, logger: Datalogger) -> None:
    made = approved(folk, logger, at, key=OLD_KEY)
    assert OLD_KEY.encode() not in bytes(made.sealed_key)
    assert not any(OLD_KEY in str(event.detail) for event in AuditEvent.objects.all())
    listed = keys_visible_to(folk["city_regulator"])
    assert "sealed_key" in listed[0].get_deferred_fields()
    assert OLD_KEY not in repr(stations(at))


def test_who_sees_keys(folk: People, at: datetime, logger: Datalogger) -> None:
    made = approved(folk, logger, at)
    for name in ("district_regulator", "city_regulator", "monitoring_centre", "system_admin", "auditor"):
        assert key_get(folk[name], made.pk) == made
        assert list(keys_of(folk[name], folk.datalogger)) == []
    with pytest.raises(NotFound):
        key_get(folk["stranger_district_regulator"], made.pk)
    for name in ("discharger_admin", "agency_admin", "enforcement"):
        with pytest.raises(NotAllowed):
            key_get(folk[name], made.pk)


def test_other_loggers_are_read_without_keys(folk: People, at: datetime, logger: Datalogger) -> None:
    approved(folk, logger, at)
    assert decodings()(MN, at).keys == ()
