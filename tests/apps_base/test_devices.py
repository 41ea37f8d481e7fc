"""Passwords of loggers are sealed; unknown loggers wait in quarantine."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.people import MN, OTHER_MN, People

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.devices.models import Access, Quarantine
from mingcha.apps.devices.selectors import quarantine_list, stations
from mingcha.apps.devices.services import access_set, quarantine_seen
from mingcha.apps.devices.values import password_problem, seal, unseal
from mingcha.apps.registry.services import datalogger_install, datalogger_remove, outlet_register
from mingcha.core.errors import BadInput, BrokenEvidence, NotAllowed
from mingcha.gateway.stations import Station

KEY, OLD_KEY, OTHER_KEY = "the present key", "the key before", "another folder's key"


@given(st.text(max_size=30))
def test_what_was_sealed_opens_with_its_key_and_with_no_other(text: str) -> None:
    sealed = seal(text, [KEY])
    assert unseal(sealed, [KEY]) == text
    assert text.encode() not in sealed or len(text) < 3
    with pytest.raises(BrokenEvidence, match="secret key"):
        unseal(sealed, [OTHER_KEY])


def test_an_older_key_still_opens() -> None:
    assert unseal(seal("123456", [OLD_KEY]), [KEY, OLD_KEY]) == "123456"


def test_a_changed_byte_does_not_open() -> None:
    sealed = bytearray(seal("123456", [KEY]))
    sealed[20] ^= 1
    with pytest.raises(BrokenEvidence):
        unseal(bytes(sealed), [KEY])


@pytest.mark.parametrize("password", ["a b", "x" * 25, "12;345", "a=b", "a,b", "a&b", "密码", "a\n"])
def test_a_password_that_cannot_stand_in_a_frame_is_refused(
    folk: People, at: datetime, password: str
) -> None:
    assert password_problem(password)
    with pytest.raises(BadInput, match="password"):
        access_set(datalogger=folk.datalogger, password=password, at=at)


def test_the_gateway_gets_every_logger_in_place(folk: People, at: datetime, settings: Any) -> None:
    access_set(datalogger=folk.datalogger, password="654321", reject_bad_password=True, at=at)
    found = {row["mn"]: Station(**row) for row in stations()}
    assert found == {
        MN: Station(MN, "654321", folk.outlet.key, ("31",), reject_bad_password=True),
        OTHER_MN: Station(OTHER_MN, "", folk.stranger_outlet.key, ("32",), reject_bad_password=False),
    }
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the key was changed"
    assert stations() == [dict(row) for row in stations()]
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BrokenEvidence, match="set the password again"):
        stations()


def test_a_removed_logger_is_no_station(folk: People, at: datetime) -> None:
    datalogger_remove(datalogger=folk.datalogger, at=at)
    assert [row["mn"] for row in stations()] == [OTHER_MN]


def test_one_mn_for_gas_and_water_is_one_station(folk: People, at: datetime) -> None:
    water = outlet_register(discharger=folk.discharger, code="DW001", name="水", medium="water", at=at)
    datalogger_install(outlet=water, mn=MN, st="32", edition="2017", at=at)
    assert next(row["sts"] for row in stations() if row["mn"] == MN) == ("31", "32")


def test_no_password_lies_open_anywhere(folk: People, at: datetime) -> None:
    access_set(datalogger=folk.datalogger, password="geheim77", at=at)
    assert b"geheim77" not in bytes(Access.objects.get().sealed_password)
    assert not any("geheim77" in str(event.detail) for event in AuditEvent.objects.all())


def test_who_may_set_passwords(folk: People, at: datetime) -> None:
    for name in ("discharger_admin", "technician", "auditor", "credit_panel"):
        with pytest.raises(NotAllowed):
            access_set(datalogger=folk.datalogger, password="1", at=at, by=folk[name])
    access_set(datalogger=folk.datalogger, password="1", at=at, by=folk["system_admin"])


def test_an_unknown_mn_is_counted_and_audited_once(folk: People, at: datetime) -> None:
    before = AuditEvent.objects.count()
    for n in range(3):
        quarantine_seen(mn="0F" * 12, at=at + timedelta(minutes=n), ref=f"g0-20260302/1/{n}", frames=2)
    row = Quarantine.objects.get()
    assert (row.frames, row.last_ref, row.first_seen, row.last_seen) == (
        6, "g0-20260302/1/2", at, at + timedelta(minutes=2),
    )  # fmt: skip
    assert AuditEvent.objects.count() == before + 1


def test_an_mn_of_any_length_and_sign_is_kept_as_far_as_it_fits(db: None, at: datetime) -> None:
    assert quarantine_seen(mn="乱" * 500, at=at, ref="g0-20260302/1/0").mn == "乱" * 64
    assert quarantine_seen(mn="", at=at, ref="g0-20260302/1/1").mn == ""


def test_who_is_registered_leaves_the_quarantine(folk: People, at: datetime) -> None:
    quarantine_seen(mn="0F" * 12, at=at, ref="g0-20260302/1/0")
    outlet = outlet_register(discharger=folk.discharger, code="DA002", name="二", medium="gas", at=at)
    assert quarantine_list(folk["city_regulator"]).exists()
    datalogger_install(outlet=outlet, mn="0F" * 12, st="31", edition="2017", at=at)
    assert not quarantine_list(folk["city_regulator"]).exists()
