"""Every operation × every role × an object of one's own side and a foreign one (target R3)."""

from typing import Any

import pytest
from api_table import LISTS, PARTIES, READS, WRITES, Listed, Read, Write
from api_world import SIDES, World
from django.db import transaction

from conftest import Sign
from mingcha.apps.accounts.permissions import ACTIONS
from mingcha.apps.audit.models import AuditEvent


def _names(rows: list[Any]) -> list[str]:
    return [f"{n}-{row.template}" for n, row in enumerate(rows)]


def test_the_tables_name_every_person(world: World) -> None:
    assert set(PARTIES) == set(world.people.persons)


@pytest.mark.parametrize("row", READS, ids=_names(READS))
def test_one_object_is_shown_to_its_viewers_and_not_found_for_all_others(
    row: Read, world: World, as_person: Sign
) -> None:
    for name in PARTIES:
        client = as_person(name)
        for side in SIDES:
            status = client.get(row.address(world, side)).status_code
            expected = 403 if name in row.refused else 200 if side in row.sees[name] else 404
            assert status == expected, (name, side)


@pytest.mark.parametrize("row", READS, ids=_names(READS))
def test_foreign_and_missing_are_told_in_the_same_words(row: Read, world: World, as_person: Sign) -> None:
    client = as_person("stranger_district_regulator")
    foreign = client.get(row.address(world, "o"))
    missing = client.get("/api/findings/F-1999-000001")
    if foreign.status_code == 404:
        assert foreign.content == missing.content
    else:
        assert "credit" in row.template  # credit is open to every authority


@pytest.mark.parametrize("row", LISTS, ids=_names(LISTS))
def test_a_list_holds_what_its_viewer_may_see_and_nothing_else(
    row: Listed, world: World, as_person: Sign
) -> None:
    for name in PARTIES:
        body = as_person(name).get(row.template, {"limit": 200}).json()
        found = {item[row.key] for item in body["items"]}
        assert len(found) == len(body["items"]) == body["total"], name
        for side in SIDES:
            assert (row.of(world, side) in found) is (side in row.sees[name]), (name, side)


@pytest.mark.parametrize("row", WRITES, ids=_names(WRITES))
def test_a_write_is_for_the_role_on_its_own_objects_and_else_leaves_no_trace(
    row: Write, world: World, as_person: Sign
) -> None:
    done = 0
    for name in PARTIES:
        client, user = as_person(name), world.people[name]
        for side in SIDES:
            before = AuditEvent.objects.count()
            with transaction.atomic():
                answer = client.post(
                    row.address(world, side), row.body(world, side), content_type="application/json"
                )
                written = AuditEvent.objects.count() - before
                transaction.set_rollback(True)
            may = user.role in ACTIONS[row.action]
            expected = 404 if side not in row.sees[name] else 200 if may else 403
            assert answer.status_code == expected, (name, side, answer.content.decode())
            assert (written > 0) is (expected == 200), (name, side)
            done += expected == 200
    assert done > 0


def test_nobody_gets_in_without_signing_in(world: World, as_person: Sign) -> None:
    client = as_person("")
    answers = [client.get(row.address(world, "o")) for row in READS]
    answers += [client.get(row.template) for row in LISTS]
    answers += [client.post(r.address(world, "o"), {}, content_type="application/json") for r in WRITES]
    answers += [client.get("/api/me"), client.get("/api/notices"), client.get("/api/credit/scores")]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"]["code"] for answer in answers} == {"not_signed_in"}


def test_a_role_that_may_not_is_told_which_roles_may(world: World, as_person: Sign) -> None:
    answer = as_person("auditor").post(
        f"/api/findings/{world.open['o'].number}/confirm", {}, content_type="application/json"
    )
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert error["code"] == "not_allowed"
    assert "执法人员" in error["message"]


def test_a_discharger_sees_no_clue_that_is_not_in_a_case(world: World, as_person: Sign) -> None:
    address = f"/api/findings/{world.clue.number}"
    assert as_person("discharger_officer").get(address).status_code == 404
    assert as_person("district_regulator").get(address).json()["score"] == 0.8


def test_the_parties_do_not_read_what_authorities_say_among_themselves(world: World, as_person: Sign) -> None:
    number, dismissed = world.cases["o"].number, f"/api/findings/{world.dismissed['o'].number}"
    desk, party = as_person("district_regulator"), as_person("discharger_admin")
    for move, body in (("note", {"text": "内部意见"}), ("assign", {"assignee": "district_regulator"})):
        assert (
            desk.post(f"/api/cases/{number}/{move}", body, content_type="application/json").status_code == 200
        )
    inside, outside = (client.get(f"/api/cases/{number}") for client in (desk, party))
    assert "内部意见" in inside.content.decode()
    assert "内部意见" not in outside.content.decode()
    assert (inside.json()["assignee"], outside.json()["assignee"]) == ("district_regulator", None)
    assert desk.get(dismissed).json()["dismissal"]
    assert party.get(dismissed).json()["dismissal"] is None


def test_a_draft_record_is_shown_to_its_own_agency_only(world: World, as_person: Sign) -> None:
    address = f"/api/visits/{world.visits['o'].number}"
    (record,) = as_person("technician").get(address).json()["records"]
    assert record["values"]["equipment_name"] == "采样泵"
    assert as_person("discharger_confirmer").get(address).json()["records"] == []
