"""Who sends and is not registered: looked into, let in, dismissed, taken back."""

from datetime import datetime, timedelta

import pytest
from devices_world import HARDWARE, HOUR, MINUTE, NEW_MN, STRANGER
from tests.people import MN, People

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.devices.models import Quarantine, Rewalk, StationKey
from mingcha.apps.devices.selectors import (
    activations,
    adoptions,
    orders_waiting,
    quarantine_get,
    quarantine_list,
    rewalks_waiting,
    stations,
)
from mingcha.apps.devices.services import (
    command_report,
    key_approve,
    quarantine_adopt,
    quarantine_dismiss,
    quarantine_seen,
    quarantine_undo,
    registration_seen,
    rewalk_done,
)
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.services import datalogger_remove, outlet_register
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed, NotFound, StaleState


@pytest.fixture
def waiting(folk: People, at: datetime) -> Quarantine:
    return quarantine_seen(mn=STRANGER, at=at, ref="g0-20260302/1/0", st="31")


@pytest.fixture
def second(folk: People, at: datetime) -> Outlet:
    return outlet_register(discharger=folk.discharger, code="DA002", name="二", medium="gas", at=at)


def test_the_newest_twenty_frames_are_kept_by_name(folk: People, at: datetime) -> None:
    for n in range(15):
        refs = [f"g0-20260302/{n}/0", f"g0-20260302/{n}/1"]
        row = quarantine_seen(mn=STRANGER, at=at + n * MINUTE, ref=refs[-1], frames=2, refs=refs)
    assert (len(row.refs), row.refs[:2]) == (20, ["g0-20260302/14/1", "g0-20260302/14/0"])
    assert (row.first_ref, row.last_ref, row.frames) == ("g0-20260302/0/0", "g0-20260302/14/1", 30)


def test_adoption_installs_the_logger_and_counts_its_frames_from_the_first(
    folk: People, at: datetime, waiting: Quarantine, second: Outlet
) -> None:
    by = folk["district_regulator"]
    made = quarantine_adopt(
        quarantine=waiting, outlet=second, st="31", edition="2017", password="123456", by=by, at=at + HOUR
    )
    assert (made.mn, made.st, made.outlet, made.installed_at) == (STRANGER, "31", second, at)
    assert adoptions() == {STRANGER: (at,)}
    (walk,) = rewalks_waiting()
    assert (walk["mn"], walk["start"], walk["end"], walk["why"]) == (STRANGER, at, None, "quarantine.adopted")
    station = next(row for row in stations(at + HOUR) if row["mn"] == STRANGER)
    assert (station["password"], station["outlet"]) == ("123456", second.key)
    assert station["first_contact"], "a new logger is set up when it is next heard"
    event = AuditEvent.objects.get(action="quarantine.adopted")
    assert (event.by, event.detail["outlet"], event.detail["mn"]) == (by, second.key, STRANGER)
    assert not quarantine_list(by).exists()
    rewalk_done(rewalk_id=walk["id"], at=at, frames=7)
    rewalk_done(rewalk_id=walk["id"], at=at, frames=9)
    assert (rewalks_waiting(), Rewalk.objects.get().frames) == ([], 7)


def test_frames_count_from_the_moment_that_was_said(
    folk: People, at: datetime, waiting: Quarantine, second: Outlet
) -> None:
    since = at - timedelta(days=2)
    made = quarantine_adopt(
        quarantine=waiting, outlet=second, st="31", edition="2017", counts_from=since, by=None, at=at
    )
    assert made.installed_at == since
    assert rewalks_waiting()[0]["start"] == since


def test_an_outlet_is_adopted_for_only_within_ones_reach(
    folk: People, at: datetime, waiting: Quarantine, second: Outlet
) -> None:
    with pytest.raises(NotFound):
        quarantine_adopt(
            quarantine=waiting, outlet=second, st="31", edition="2017", by=folk["stranger_district_regulator"], at=at
        )  # fmt: skip
    for name in ("system_admin", "enforcement", "auditor", "discharger_admin", "technician"):
        with pytest.raises(NotAllowed):
            quarantine_adopt(quarantine=waiting, outlet=second, st="31", edition="2017", by=folk[name], at=at)
    assert quarantine_get(folk["city_regulator"], waiting.pk).state == "waiting"


@pytest.mark.parametrize(
    ("how", "field"),
    [({"st": "32"}, "st"), ({"edition": "1999"}, "edition"), ({"mn": NEW_MN}, "mn"), ({"password": "a;b"}, "password"),
     ({"counts_from": HOUR}, "counts_from")],
)  # fmt: skip
def test_what_cannot_be_is_named_and_nothing_is_written(
    folk: People, at: datetime, waiting: Quarantine, second: Outlet, how: dict[str, object], field: str
) -> None:
    given = {k: at + v if isinstance(v, timedelta) else v for k, v in how.items()}
    wanted = {"st": "31", "edition": "2017"} | given
    before = AuditEvent.objects.count()
    with pytest.raises(BadInput) as refusal:
        quarantine_adopt(
            quarantine=waiting, outlet=second, by=folk["city_regulator"], at=at, **wanted
        )  # fmt: skip
    assert set(refusal.value.problems) == {field}
    assert AuditEvent.objects.count() == before


def test_a_logger_in_place_is_kept_unless_it_is_replaced(
    folk: People, at: datetime, waiting: Quarantine
) -> None:
    by = folk["district_regulator"]
    with pytest.raises(BadInput, match="已有数采仪"):
        quarantine_adopt(quarantine=waiting, outlet=folk.outlet, st="31", edition="2017", by=by, at=at)
    made = quarantine_adopt(
        quarantine=waiting, outlet=folk.outlet, st="31", edition="2017", replaces=True, by=by, at=at + HOUR
    )
    folk.datalogger.refresh_from_db()
    assert folk.datalogger.removed_at == made.installed_at == at


def test_a_logger_registered_meanwhile_is_linked(
    folk: People, at: datetime, waiting: Quarantine, second: Outlet
) -> None:
    first = quarantine_adopt(quarantine=waiting, outlet=second, st="31", edition="2017", by=None, at=at)
    again = Quarantine.objects.create(mn=STRANGER, first_seen=at, last_seen=at, last_ref="")
    linked = quarantine_adopt(quarantine=again, outlet=second, st="31", edition="2017", by=None, at=at + HOUR)
    assert linked == first


def test_two_who_decide_at_once_do_not_both(
    folk: People, at: datetime, waiting: Quarantine, second: Outlet
) -> None:
    stale = Quarantine.objects.get(pk=waiting.pk)
    quarantine_dismiss(quarantine=waiting, reason="测试设备", by=folk["city_regulator"], at=at)
    with pytest.raises(StaleState):
        quarantine_adopt(quarantine=stale, outlet=second, st="31", edition="2017", by=None, at=at)
    assert not second.dataloggers.exists()


def test_a_dismissal_has_a_reason_is_counted_on_and_can_be_taken_back(
    folk: People, at: datetime, waiting: Quarantine
) -> None:
    by = folk["system_admin"]
    with pytest.raises(BadInput, match="reason"):
        quarantine_dismiss(quarantine=waiting, reason="", by=by, at=at)
    quarantine_dismiss(quarantine=waiting, reason="外省设备", by=by, at=at)
    assert not quarantine_list(by).exists()
    assert list(quarantine_list(by, state="dismissed")) == [waiting]
    seen = quarantine_seen(mn=STRANGER, at=at + HOUR, ref="g0-20260302/9/0")
    assert (seen.pk, seen.state, seen.frames) == (waiting.pk, "dismissed", 2)
    with pytest.raises(IllegalMove):
        quarantine_dismiss(quarantine=seen, reason="again", by=by, at=at)
    quarantine_undo(quarantine=seen, by=by, at=at)
    assert list(quarantine_list(by)) == [seen]
    assert seen.reason == ""


def test_frames_that_come_while_it_is_being_let_in_open_no_new_row(
    folk: People, at: datetime, waiting: Quarantine, second: Outlet
) -> None:
    quarantine_adopt(quarantine=waiting, outlet=second, st="31", edition="2017", by=None, at=at)
    row = quarantine_seen(mn=STRANGER, at=at + MINUTE, ref="g0-20260302/2/0")
    assert (row.pk, row.state, row.frames) == (waiting.pk, "adopted", 2)


def test_a_logger_that_was_removed_and_sends_on_waits_anew_before_its_own_district(
    folk: People, at: datetime
) -> None:
    datalogger_remove(datalogger=folk.datalogger, at=at)
    row = quarantine_seen(mn=MN, at=at + HOUR, ref="g0-20260302/1/0")
    assert list(quarantine_list(folk["district_regulator"])) == [row]
    assert list(quarantine_list(folk["stranger_district_regulator"])) == []
    with pytest.raises(NotFound):
        quarantine_get(folk["stranger_district_regulator"], row.pk)


def test_hardware_without_mn_is_given_one_and_a_first_key(folk: People, at: datetime, second: Outlet) -> None:
    row = registration_seen(hardware=HARDWARE["i23005"], detail=HARDWARE, at=at, conn="c1", st="31")
    again = registration_seen(hardware=HARDWARE["i23005"], detail={"i23008": "x"}, at=at + MINUTE)
    assert (again.pk, again.frames, again.hardware["i23008"]) == (row.pk, 2, "x")
    assert AuditEvent.objects.filter(action="quarantine.opened").count() == 1
    assert [one.kind for one in quarantine_list(folk["city_regulator"], kind="hardware")] == ["hardware"]
    made = quarantine_adopt(
        quarantine=again, outlet=second, st="31", edition="2025", mn=NEW_MN, by=folk["district_regulator"], at=at + HOUR
    )  # fmt: skip
    (order,) = orders_waiting(at + HOUR)
    assert (order["command"], order["mn"], order["hardware"]) == ("set_mn", NEW_MN, HARDWARE["i23005"])
    (given,) = activations()
    assert (given["mn"], given["hardware"]["i23005"], given["command"]) == (
        NEW_MN, HARDWARE["i23005"], order["id"],
    )  # fmt: skip
    command_report(command_id=order["id"], state="done", at=at + HOUR, reason="1")
    assert activations()[0]["command"] == ""
    key = StationKey.objects.get(datalogger=made)
    assert key.state == "proposed"
    key_approve(key=key, by=folk["city_regulator"], at=at + HOUR)
    assert [one["command"] for one in orders_waiting(at + HOUR)] == ["set_key"]


@pytest.mark.parametrize(
    ("how", "field"), [({"edition": "2017"}, "edition"), ({"mn": "x"}, "mn"), ({"mn": MN}, "mn")]
)
def test_hardware_is_let_in_as_2025_under_a_free_mn(
    folk: People, at: datetime, second: Outlet, how: dict[str, str], field: str
) -> None:
    row = registration_seen(hardware=HARDWARE["i23005"], detail=HARDWARE, at=at)
    with pytest.raises(BadInput, match=field):
        quarantine_adopt(
            quarantine=row, outlet=second, st="31", by=folk["city_regulator"], at=at,
            **({"edition": "2025", "mn": NEW_MN} | how),
        )  # fmt: skip


def test_hardware_that_was_let_in_and_registers_again_opens_no_new_row(
    folk: People, at: datetime, second: Outlet
) -> None:
    row = registration_seen(hardware=HARDWARE["i23005"], detail=HARDWARE, at=at)
    quarantine_adopt(
        quarantine=row, outlet=second, st="31", edition="2025", mn=NEW_MN, by=folk["city_regulator"], at=at
    )
    again = registration_seen(hardware=HARDWARE["i23005"], detail=HARDWARE, at=at + HOUR)
    assert (again.pk, again.state) == (row.pk, "adopted")
