"""How a station is read: dated, never edited, carried to other stations by file."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from devices_world import HOUR, MINUTE, NEW_MN, logger_2025
from hypothesis import given
from hypothesis import strategies as st
from tests.people import MN, OTHER_MN, People

from mingcha.apps.devices.models import Rewalk, StationSetting
from mingcha.apps.devices.profiles import Profile
from mingcha.apps.devices.selectors import (
    decodings,
    editions_board,
    profile_export,
    setting_in_force,
    settings_of,
    station_get,
    stations,
    stations_visible_to,
)
from mingcha.apps.devices.services import profile_copy, profile_import, setting_set
from mingcha.core.errors import BadInput, LocalError, NotAllowed, NotFound
from mingcha.protocol.hj212 import PLAIN, Dialect

DAY = timedelta(days=1)
MODBUS = {"crc": ["modbus_low_first"]}


def put(folk: People, at: datetime, since: datetime, dialect: dict[str, Any], **how: Any) -> StationSetting:
    given = {"datalogger": folk.datalogger, "why": "厂家说明", "by": folk["district_regulator"]} | how
    return setting_set(dialect=dialect, valid_from=since, at=at, **given)


def crc(moment: datetime, mn: str = MN) -> frozenset[str]:
    return decodings()(mn, moment).dialect.crc


def test_what_nobody_set_is_read_plainly(folk: People, at: datetime) -> None:
    assert decodings()(MN, at) is PLAIN
    assert stations(at)[0]["decoding"] is PLAIN


def test_a_setting_holds_from_its_moment_on_and_the_one_before_until_then(folk: People, at: datetime) -> None:
    put(folk, at, at, MODBUS)
    put(folk, at, at + DAY, {"crc": ["placeholder"]})
    assert crc(at - MINUTE) == frozenset()
    assert crc(at) == crc(at + DAY - MINUTE) == {"modbus_low_first"}
    assert crc(at + DAY) == {"placeholder"}
    assert stations(at)[0]["decoding"].dialect.crc == {"modbus_low_first"}


def test_of_two_from_one_moment_the_later_entered_holds(folk: People, at: datetime) -> None:
    put(folk, at, at, MODBUS)
    put(folk, at + HOUR, at, {"crc": ["swapped"]})
    assert crc(at + DAY) == {"swapped"}


def test_a_setting_in_the_past_marks_its_span_up_to_the_next_one(folk: People, at: datetime) -> None:
    put(folk, at - MINUTE, at, MODBUS)
    assert not Rewalk.objects.exists(), "it begins in the future"
    put(folk, at + DAY, at - 3 * DAY, {"crc": ["swapped"]})
    walk = Rewalk.objects.get()
    assert (walk.mn, walk.start, walk.end, walk.why) == (MN, at - 3 * DAY, at, "setting.set")
    put(folk, at + DAY, at + HOUR, {})
    put(folk, at + DAY, at + DAY, {})
    assert [walk.end for walk in Rewalk.objects.order_by("id")] == [at, None, None]


def test_a_setting_is_never_changed_or_deleted(folk: People, at: datetime) -> None:
    made = put(folk, at, at, MODBUS)
    made.why = "changed"
    for forbidden in (
        made.save,
        made.delete,
        StationSetting.objects.all().delete,
        lambda: StationSetting.objects.update(why="changed"),
    ):
        with pytest.raises(LocalError, match="newer one"):
            forbidden()


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"dialect": {"crc": ["md5"]}}, "dialect.crc"),
        ({"dialect": {"colour": "red"}}, "dialect.colour"),
        ({"dialect": {"ceiling": 10**6}}, "dialect.ceiling"),
        ({"edition": "1999"}, "edition"),
        ({"why": "  "}, "why"),
        ({"contact": {"realtime_interval_s": 5}}, "contact.realtime_interval_s"),
        ({"contact": {"music": 1}}, "contact.music"),
    ],
)
def test_what_is_wrong_is_named_by_field(folk: People, at: datetime, how: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        put(folk, at, at, how.pop("dialect", {}), **how)
    assert set(refusal.value.problems) == {field}
    assert not StationSetting.objects.exists()


def test_who_sets_stations(folk: People, at: datetime) -> None:
    for name in ("discharger_admin", "agency_admin", "technician", "enforcement", "auditor", "credit_panel"):
        with pytest.raises(NotAllowed):
            put(folk, at, at, MODBUS, by=folk[name])
    for name in ("district_regulator", "city_regulator", "monitoring_centre", "system_admin"):
        put(folk, at, at, MODBUS, by=folk[name])


def test_what_the_gateway_gets_of_a_setting(folk: People, at: datetime) -> None:
    put(folk, at, at, {"timeout_s": 30, "resends": 5}, edition="2005", contact={"realtime_interval_s": 120})
    row = next(row for row in stations(at) if row["mn"] == MN)
    assert (row["edition"], row["overtime_s"], row["recount"]) == ("2005", 30.0, 5)
    assert row["contact"] == {"realtime_interval_s": 120}
    other = next(row for row in stations(at) if row["mn"] == OTHER_MN)
    assert (other["edition"], other["overtime_s"], other["recount"]) == (None, None, None)


def test_a_profile_goes_to_other_stations_by_file_and_by_copy(folk: People, at: datetime) -> None:
    new = logger_2025(folk, at)
    put(folk, at, at, MODBUS, edition="2017", contact={"states": 0})
    by = folk["district_regulator"]
    file = json.loads(json.dumps(profile_export(by, folk.datalogger, at)))
    (made,) = profile_import(profile=file, dataloggers=[new, new], valid_from=at, why="同型号", by=by, at=at)
    assert made.why == f"同型号（配置 {MN} {file['digest'][:12]}）"
    (copied,) = profile_copy(
        source=folk.datalogger, dataloggers=[new], valid_from=at + HOUR, why="同", by=by, at=at
    )
    held = setting_in_force(by, folk.datalogger, at)
    assert held is not None
    for one in (made, copied):
        assert (one.dialect, one.edition, one.contact) == (held.dialect, "2017", {"states": 0})
    assert profile_export(by, new, at)["digest"] == file["digest"]


def test_a_station_without_setting_exports_the_plain_dialect_and_cannot_be_copied(
    folk: People, at: datetime
) -> None:
    by = folk["district_regulator"]
    assert profile_export(by, folk.datalogger, at)["dialect"] == Dialect().to_json()
    with pytest.raises(BadInput, match="source"):
        profile_copy(
            source=folk.datalogger, dataloggers=[folk.datalogger], valid_from=at, why="x", by=by, at=at
        )


@pytest.mark.parametrize(
    "change",
    [{"kind": "other"}, {"version": 2}, {"digest": "0" * 64}, {"dialect": {"crc": ["swapped"]}}, {"edition": "2005"},
     {"contact": []}, {"name": ""}],
)  # fmt: skip
def test_a_profile_that_was_changed_or_is_another_file_is_refused(
    folk: People, at: datetime, change: dict[str, Any]
) -> None:
    by = folk["district_regulator"]
    file = profile_export(by, folk.datalogger, at) | change
    with pytest.raises(BadInput, match="profile"):
        profile_import(profile=file, dataloggers=[folk.datalogger], valid_from=at, why="x", by=by, at=at)
    assert not StationSetting.objects.exists()


PLAIN_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "kind": st.just("mingcha dialect profile") | PLAIN_VALUES,
            "version": st.just(1) | PLAIN_VALUES,
            "name": st.text(max_size=5) | PLAIN_VALUES,
            "edition": st.text(max_size=4) | PLAIN_VALUES,
            "dialect": PLAIN_VALUES,
            "contact": PLAIN_VALUES,
            "digest": PLAIN_VALUES,
        },
    )
)
def test_any_file_is_read_or_refused_in_a_sentence(data: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="profile"):
        Profile.read(data)


def test_the_board_shows_what_is_registered_told_and_heard(folk: People, at: datetime) -> None:
    put(folk, at, at, MODBUS, edition="2017")
    seen = {
        MN: {
            "edition": "2005",
            "frames": 12,
            "last_seen_us": 1_772_000_000_000_000,
            "deviations": {"crc_case": 3},
        }
    }
    board = editions_board(folk["city_regulator"], at, seen)
    assert [(row.mn, row.spoken, row.differs) for row in board] == [(MN, "2005", True), (OTHER_MN, "", False)]
    row = board[0]
    assert (row.registered, row.demanded, dict(row.dialect), row.frames) == (
        "2017", "2017", {"crc": ["modbus_low_first"]}, 12,
    )  # fmt: skip
    assert row.last_seen is not None
    assert [row.mn for row in editions_board(folk["district_regulator"], at)] == [MN]
    assert [row.mn for row in editions_board(folk["system_admin"], at)] == [MN, OTHER_MN]
    with pytest.raises(NotAllowed):
        editions_board(folk["agency_admin"], at)


def test_who_sees_a_station_and_its_settings(folk: People, at: datetime) -> None:
    put(folk, at, at, MODBUS)
    assert station_get(folk["discharger_admin"], MN) == folk.datalogger
    with pytest.raises(NotAllowed):
        settings_of(folk["discharger_admin"], folk.datalogger)
    for name in ("stranger_district_regulator", "stranger_discharger_admin", "laboratory"):
        with pytest.raises(NotFound):
            station_get(folk[name], MN)
    assert set(stations_visible_to(folk["system_admin"])) == {folk.datalogger, folk.stranger_datalogger}
    with pytest.raises(NotFound):
        station_get(folk["city_regulator"], NEW_MN)


def test_a_setting_this_version_cannot_read_is_named(folk: People, at: datetime) -> None:
    made = put(folk, at, at, MODBUS)
    super(type(StationSetting.objects.all()), StationSetting.objects.all()).update(dialect={"old_name": 1})
    with pytest.raises(LocalError, match=f"setting {made.pk} of {MN}.*newer one"):
        decodings()
