"""Other hosts: who enters them, what goes there, and that no secret comes back."""

from datetime import datetime
from typing import Any

import pytest
from devices_world import HOUR, NEW_MN
from tests.people import HOME, MN, OTHER_MN, People

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.devices.models import Target
from mingcha.apps.devices.selectors import forward_targets, target_get, targets_list
from mingcha.apps.devices.services import target_set, target_station_set, target_switch
from mingcha.core.errors import BadInput, NotAllowed, NotFound
from mingcha.gateway.forwarder import Identity
from mingcha.gateway.forwarder import Target as Forwarded


def put(folk: People, at: datetime, **how: Any) -> Target:
    given: dict[str, Any] = {
        "name": "national",
        "host": "10.0.0.7",
        "port": 9212,
        "edition": "2017",
        "password": "Geh31m",
    }
    return target_set(**(given | {"by": folk["city_regulator"]} | how), at=at)


def test_a_new_target_is_off_and_gets_nothing(folk: People, at: datetime) -> None:
    assert not put(folk, at).active
    assert forward_targets() == []


def test_a_target_that_is_on_goes_to_the_forwarder_with_its_secrets(folk: People, at: datetime) -> None:
    target = put(folk, at, edition="2025", key="0123456789abcdef", tls=True, tls_name="host.example")
    target_station_set(
        target=target, datalogger=folk.datalogger, mn=NEW_MN, password="333333", by=folk["city_regulator"], at=at
    )  # fmt: skip
    target_switch(target=target, on=True, by=folk["city_regulator"], at=at)
    (values,) = forward_targets()
    made = Forwarded(**values)
    assert (made.key, made.host, made.port, made.edition) == ("national", "10.0.0.7", 9212, "2025")
    assert (made.password, made.sm4_key, made.tls, made.since) == ("Geh31m", b"0123456789abcdef", True, at)
    assert made.identities == {MN: Identity(NEW_MN, "333333")}
    assert (made.stations, made.sts, made.cns) == ((), (), ())


def test_filters_name_our_stations(folk: People, at: datetime) -> None:
    by = folk["city_regulator"]
    for filters, expected in (
        ({"districts": [HOME]}, (MN,)),
        ({"outlets": [folk.stranger_outlet.key]}, (OTHER_MN,)),
        ({"districts": [HOME], "outlets": [folk.stranger_outlet.key]}, (MN, OTHER_MN)),
    ):
        target_switch(target=put(folk, at, filters=filters), on=True, by=by, at=at)
        assert forward_targets()[0]["stations"] == expected


def test_a_filter_that_no_station_passes_forwards_nothing_instead_of_all(folk: People, at: datetime) -> None:
    folk.outlet.dataloggers.all().delete()
    target = put(folk, at, filters={"outlets": [folk.outlet.key]})
    target_switch(target=target, on=True, by=folk["city_regulator"], at=at)
    assert forward_targets() == []


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"name": "National Host"}, "name"),
        ({"host": "no host"}, "host"),
        ({"port": 0}, "port"),
        ({"edition": "1999"}, "edition"),
        ({"password": "a;b"}, "password"),
        ({"key": "0123456789abcdef"}, "key"),
        ({"tls_ca": "x", "tls": True}, "tls_ca"),
        ({"tls_name": "host"}, "tls"),
        ({"filters": {"districts": ["1"]}}, "filter.districts"),
        ({"filters": {"outlets": ["a/DA001"]}}, "filter.outlets"),
        ({"filters": {"sts": ["3x"]}}, "filter.sts"),
        ({"filters": {"cns": ["20"]}}, "filter.cns"),
        ({"filters": {"colours": []}}, "filter.colours"),
    ],
)
def test_what_is_wrong_is_named_by_field(folk: People, at: datetime, how: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        put(folk, at, **how)
    assert set(refusal.value.problems) == {field}
    assert not Target.objects.exists()


def test_a_change_keeps_secrets_that_are_not_given_and_the_switch(folk: People, at: datetime) -> None:
    target_switch(target=put(folk, at), on=True, by=folk["city_regulator"], at=at)
    put(folk, at + HOUR, host="10.0.0.8", password=None)
    (values,) = forward_targets()
    assert (values["host"], values["password"], values["since"]) == ("10.0.0.8", "Geh31m", at)


def test_switching_again_changes_nothing_and_off_keeps_the_place(folk: People, at: datetime) -> None:
    target, by = put(folk, at), folk["city_regulator"]
    target_switch(target=target, on=True, by=by, at=at)
    before = AuditEvent.objects.count()
    target_switch(target=target, on=True, by=by, at=at + HOUR)
    assert AuditEvent.objects.count() == before
    target_switch(target=target, on=False, by=by, at=at + HOUR)
    target_switch(target=target, on=True, by=by, at=at + 2 * HOUR)
    assert forward_targets()[0]["since"] == at


def test_two_stations_do_not_share_a_name_at_a_target(folk: People, at: datetime) -> None:
    target, by = put(folk, at), folk["city_regulator"]
    target_station_set(target=target, datalogger=folk.datalogger, mn=NEW_MN, by=by, at=at)
    target_station_set(target=target, datalogger=folk.datalogger, mn=NEW_MN, password="1", by=by, at=at)
    with pytest.raises(BadInput, match="used for another"):
        target_station_set(target=target, datalogger=folk.stranger_datalogger, mn=NEW_MN, by=by, at=at)


def test_who_enters_and_who_sees_targets(folk: People, at: datetime) -> None:
    target = put(folk, at)
    for name, user in folk.persons.items():
        sees = name in ("city_regulator", "monitoring_centre", "system_admin", "auditor")
        if sees:
            assert target_get(user, "national") == target
        else:
            with pytest.raises(NotAllowed):
                targets_list(user)
        if not sees or name == "auditor":
            with pytest.raises(NotAllowed):
                put(folk, at, by=user)
            with pytest.raises(NotAllowed):
                target_switch(target=target, on=True, by=user, at=at)
    with pytest.raises(NotFound):
        target_get(folk["city_regulator"], "other")


def test_no_secret_of_a_target_lies_open(folk: People, at: datetime) -> None:
    target = put(folk, at)
    assert b"Geh31m" not in bytes(target.sealed_password)
    assert "sealed_password" in targets_list(folk["city_regulator"])[0].get_deferred_fields()
    assert not any("Geh31m" in str(event.detail) for event in AuditEvent.objects.all())
