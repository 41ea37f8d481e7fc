"""Loggers through the API: every role on objects of both sides, every cell of the matrix, and no secret comes out."""

import json
from typing import Any

import pytest
from api_table import PARTIES
from api_world import SIDES, World
from devices_table import GAS, LISTS, ROWS, SECRET, SINCE, Devices, List, Row, build
from django.db import transaction

from conftest import Sign
from mingcha.apps.accounts.permissions import ACTIONS
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.devices.matrix import matrix
from mingcha.apps.devices.services import command_report
from mingcha.apps.registry.models import Datalogger
from mingcha.protocol.hj212.exchanges import COMMANDS


@pytest.fixture
def devices(world: World) -> Devices:
    return build(world)


def _names(rows: list[Any]) -> list[str]:
    return [f"{getattr(row, 'method', 'get')} {row.template}" for row in rows]


def send(client: Any, row: Row, world: World, devices: Devices, side: str) -> Any:
    address = row.address(devices, side)
    if row.method == "get":
        return client.get(address)
    return client.post(address, row.body(world, devices, side), content_type="application/json")


@pytest.mark.parametrize("row", ROWS, ids=_names(ROWS))
def test_every_role_on_its_own_objects_and_on_foreign_ones(
    row: Row, world: World, devices: Devices, as_person: Sign
) -> None:
    for key in devices.proposed.values():
        if row.template == "/api/devices/keys":
            type(key).objects.filter(pk=key.pk).delete()  # else a second proposal is refused for all
    done = 0
    for name in PARTIES:
        client, role = as_person(name), world.people[name].role
        for side in SIDES:
            before = AuditEvent.objects.count()
            with transaction.atomic():
                answer = send(client, row, world, devices, side)
                written = AuditEvent.objects.count() - before
                transaction.set_rollback(True)
            expected = row.expected(name, role, side)
            assert answer.status_code == expected, (name, side, answer.content.decode())
            assert (written > 0) is (expected == 200 and row.method == "post"), (name, side)
            done += expected == 200
    assert done > 0


@pytest.mark.parametrize("row", LISTS, ids=_names(LISTS))
def test_a_list_holds_what_its_viewer_may_see_and_nothing_else(
    row: List, world: World, devices: Devices, as_person: Sign
) -> None:
    for name in PARTIES:
        answer = as_person(name).get(row.template, {"limit": 200})
        if row.role and world.people[name].role not in ACTIONS[row.role]:
            assert answer.status_code == 403, name
            continue
        found = {item[row.key] for item in answer.json()["items"]}
        for side in SIDES:
            assert (row.of(devices, side) in found) is (side in row.sees[name]), (name, side)


def test_nobody_gets_in_without_signing_in(world: World, devices: Devices, as_person: Sign) -> None:
    client = as_person("")
    answers = [send(client, row, world, devices, "o") for row in ROWS]
    answers += [client.get(row.template) for row in LISTS]
    assert {answer.status_code for answer in answers} == {401}


HOST_COMMANDS = sorted(command for group in matrix().groups for command in group.commands)
VALUES: dict[str, Any] = {
    "overtime_s": 10, "recount": 3, "alarm_delay": 5, "factors": "a21026", "time": "20260301000000",
    "limits": [{"factor": "101", "low": "1", "high": "2"}], "target": "host", "report_time": "0105",
    "realtime_interval_s": 60, "minute_interval_min": "10", "new_password": "123456", "begin": "20260301000000",
    "end": "20260301050000", "factor": "a21026", "sampling_hours": "4,10", "first_sampling": "080000", "cycle_h": 2,
    "info": "i13004", "info_value": "1", "hardware_id": "1", "key_created": "20260301000000", "new_key": "0" * 16,
}  # fmt: skip


@pytest.mark.parametrize("name", HOST_COMMANDS)
def test_every_cell_of_the_matrix(name: str, world: World, devices: Devices, as_person: Sign) -> None:
    edition = COMMANDS[name].editions[-1]
    Datalogger.objects.filter(mn__in=GAS.values()).update(edition=edition)
    values = {p.name: VALUES[p.name] for p in COMMANDS[name].parameters_in(edition) if p.required}
    group = matrix().group_of(name)
    assert group is not None
    for person in PARTIES:
        role = world.people[person].role
        for side in SIDES:
            with transaction.atomic():
                answer = as_person(person).post(
                    "/api/devices/commands",
                    {"mn": GAS[side], "command": name, "values": values},
                    content_type="application/json",
                )
                transaction.set_rollback(True)
            sees = side in PARTIES[person] or role == "system_admin"
            if not sees:
                expected = 404
            elif role not in ACTIONS["command.ask"]:
                expected = 403
            elif group.by_service:
                expected = 422
            else:
                expected = 200 if matrix().cell(role, name) else 403
            assert answer.status_code == expected, (person, side, answer.content.decode())


def test_quarantine_shows_the_frames_decoded_and_masked(devices: Devices, as_person: Sign) -> None:
    body = as_person("district_regulator").get(f"/api/devices/quarantine/{devices.waiting.pk}").json()
    (frame,) = body["frames_seen"]
    assert frame["described"] is not None
    text = json.dumps(body)
    assert "654321" not in text
    lost = as_person("district_regulator").get(f"/api/devices/quarantine/{devices.dismissed.pk}").json()
    assert lost["frames_seen"] == [], "a frame the journal has no more hides nothing else"


def test_no_operation_gives_a_secret_back(world: World, devices: Devices, as_person: Sign) -> None:
    client = as_person("city_regulator")
    client.post(
        "/api/devices/commands",
        {"mn": GAS["o"], "command": "set_password", "values": {"new_password": "Geh31m"}},
        content_type="application/json",
    )
    texts = [client.get(row.template, {"limit": 200}).content.decode() for row in LISTS]
    texts += [send(client, row, world, devices, "o").content.decode() for row in ROWS if row.method == "get"]
    secrets = ("Geh31m", *SECRET.values(), "sealed")
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_the_answer_of_a_logger_is_read_by_the_parties_of_its_outlet(
    devices: Devices, as_person: Sign
) -> None:
    asked = devices.commands["o"]
    command_report(command_id=asked.pk, state="done", at=asked.asked_at, reason="1", results=[{"time": "x"}])
    body = as_person("discharger_officer").get(f"/api/devices/commands/{asked.pk}").json()
    assert (body["state"], body["data"], body["reason_en"], body["moves"]) == (
        "done", [{"time": "x"}], "success", [],
    )  # fmt: skip


def test_a_command_that_cannot_be_sent_is_told_by_field(devices: Devices, as_person: Sign) -> None:
    answer = as_person("city_regulator").post(
        "/api/devices/commands",
        {"mn": GAS["o"], "command": "get_hours", "values": {"begin": SINCE}},
        content_type="application/json",
    )
    assert answer.status_code == 422
    assert set(answer.json()["error"]["problems"]) == {"end"}


def test_who_proposed_a_key_is_refused_its_approval(devices: Devices, as_person: Sign) -> None:
    client = as_person("monitoring_centre")
    rejected = client.post(
        f"/api/devices/keys/{devices.proposed['o'].pk}/reject", {"why": "x"}, content_type="application/json"
    )
    assert rejected.json()["state"] == "rejected"
    made = client.post("/api/devices/keys", {"mn": GAS["o"]}, content_type="application/json").json()
    own = client.post(f"/api/devices/keys/{made['id']}/approve", {}, content_type="application/json")
    assert own.status_code == 403
    other = as_person("city_regulator").post(
        f"/api/devices/keys/{made['id']}/approve", {}, content_type="application/json"
    )
    assert other.json()["state"] == "approved"


def test_a_decision_on_what_somebody_else_decided_is_told(devices: Devices, as_person: Sign) -> None:
    address = f"/api/devices/quarantine/{devices.waiting.pk}/dismiss"
    client = as_person("city_regulator")
    seen = {"reason": "x", "seen": "dismissed"}
    assert client.post(address, seen, content_type="application/json").status_code == 409
    assert client.post(address, {"reason": "x"}, content_type="application/json").status_code == 200
    assert client.post(address, {"reason": "x"}, content_type="application/json").status_code == 409
