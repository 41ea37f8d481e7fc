"""Settings and quarters through the API: every role on objects of both sides, what is refused, what comes back."""

from typing import Any

import pytest
from api_table import PARTIES
from api_world import SIDES, World
from django.db import transaction
from settings_table import ROWS, Row, Settings, at_codes, build, confirming, point

from conftest import Sign
from mingcha.api import stores
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.marking.codes import HOUR
from mingcha.core.aggregates import HourCode, HourValue

JSON = "application/json"


@pytest.fixture
def held(world: World) -> Settings:
    return build(world)


def send(client: Any, row: Row, world: World, held: Settings, side: str) -> Any:
    address = row.address(world, held, side)
    if row.method == "get":
        return client.get(address)
    return client.post(address, row.body(world, held, side), content_type=JSON)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.method} {row.template}" for row in ROWS])
def test_every_role_on_its_own_objects_and_on_foreign_ones(
    row: Row, world: World, held: Settings, as_person: Sign
) -> None:
    done = 0
    for name in PARTIES:
        client, role = as_person(name), world.people[name].role
        for side in SIDES:
            before = AuditEvent.objects.count()
            with transaction.atomic():
                answer = send(client, row, world, held, side)
                written = AuditEvent.objects.count() - before
                transaction.set_rollback(True)
            expected = row.expected(name, role, side)
            assert answer.status_code == expected, (name, side, answer.content.decode())
            assert (written > 0) is (expected == 200 and row.method == "post"), (name, side)
            done += expected == 200
    assert done > 0


def test_the_list_of_quarters_holds_what_its_viewer_may_see(
    world: World, held: Settings, as_person: Sign
) -> None:
    for name in PARTIES:
        found = {item["id"] for item in as_person(name).get("/api/codes").json()["items"]}
        assert found == {held.codes[side].pk for side in PARTIES[name]}, name


def test_nobody_gets_in_without_signing_in(world: World, held: Settings, as_person: Sign) -> None:
    client = as_person("")
    answers = [send(client, row, world, held, "o") for row in ROWS] + [client.get("/api/codes")]
    assert {answer.status_code for answer in answers} == {401}


def test_a_setting_comes_back_as_it_was_given(world: World, held: Settings, as_person: Sign) -> None:
    client = as_person("district_regulator")
    given = point(world, held, "o")
    made = client.post(f"{world.path('o')}/settings", given, content_type=JSON).json()
    assert (made["range_top"], made["resolution"], made["undone_at"]) == (300.0, None, None)
    assert made["set_by"] == str(world.people["district_regulator"])
    listed = client.get(f"{world.path('o')}/settings").json()["items"]
    assert [row["id"] for row in listed] == [made["id"], held.points["o"].pk]
    gone = client.post(
        f"{world.path('o')}/settings/{made['id']}/undo", {"why": "错"}, content_type=JSON
    ).json()
    assert (gone["undone_by"], gone["undone_why"]) == (made["set_by"], "错")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"range_top": -1}, {"range_top"}),
        ({"unit": ""}, {"unit"}),
        ({"factor": "x"}, {"factor"}),
        ({"why": " "}, {"why"}),
        ({"valid_from": "1980-01-01T00:00:00"}, {"valid_from"}),
    ],
)
def test_bad_values_are_told_by_field(
    changes: dict[str, Any], fields: set[str], world: World, held: Settings, as_person: Sign
) -> None:
    client = as_person("district_regulator")
    before = AuditEvent.objects.count()
    answer = client.post(f"{world.path('o')}/settings", point(world, held, "o") | changes, content_type=JSON)
    assert answer.status_code == 422
    assert {name.rpartition(".")[2] for name in answer.json()["error"]["problems"]} == fields
    assert AuditEvent.objects.count() == before


def test_a_row_of_another_outlet_is_not_found_here(world: World, held: Settings, as_person: Sign) -> None:
    client = as_person("city_regulator")
    foreign = held.points["s"].pk
    assert (
        client.post(f"{world.path('o')}/settings/{foreign}/undo", {"why": "x"}, content_type=JSON).status_code
        == 404
    )
    given = point(world, held, "o") | {"replaces": foreign}
    assert client.post(f"{world.path('o')}/settings", given, content_type=JSON).status_code == 404


def test_what_changed_after_a_confirmation_is_told_by_the_hour(
    world: World, held: Settings, as_person: Sign
) -> None:
    client, desk = as_person("discharger_officer"), as_person("district_regulator")
    address = at_codes()(world, held, "o")
    first = client.get(address).json()
    assert first["now"] == {
        "a21026": {"counts": {"-": first["hours"]}, "capture": "0.00", "codes": f"-{first['hours']}"}
    }
    assert (first["late"], first["locked"], first["moves"]) == (True, True, ["confirm"])
    done = client.post(f"{address}/confirm", confirming(world, held, "o"), content_type=JSON).json()
    assert (done["state"], done["captures"], done["changes"]) == ("confirmed", {"a21026": "0.00"}, [])
    start = held.codes["o"].start
    late = [
        HourValue(held.gas["o"].key, "a21026", start + n * HOUR, HourCode.NORMAL, 60, 1.0) for n in (5, 6)
    ]
    stores.telemetry().write_hours(late, at=world.now)
    after = desk.get(address).json()
    assert [(c["before"], c["after"]) for c in after["changes"]] == [("-", "N")]
    assert after["digest"] != after["digest_now"]
    assert after["moves"] == ["reopen"]
    again = client.post(f"{address}/confirm", confirming(world, held, "o"), content_type=JSON)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "illegal_move")
    assert desk.post(f"{address}/reopen", {"why": " "}, content_type=JSON).status_code == 422
    opened = desk.post(f"{address}/reopen", {"why": "补传"}, content_type=JSON).json()
    assert (opened["state"], opened["locked"]) == ("reopened", False)
    stale = client.post(f"{address}/confirm", {"digest": first["digest_now"]}, content_type=JSON)
    assert stale.status_code == 409
    assert (
        client.post(f"{address}/confirm", confirming(world, held, "o"), content_type=JSON).status_code == 200
    )
    assert [one["why"] for one in desk.get(address).json()["earlier"]] == ["补传"]


def test_a_late_mark_is_accepted_by_an_authority(world: World, held: Settings, as_person: Sign) -> None:
    desk, mark = as_person("district_regulator"), world.marks["o"]
    shown = next(row for row in desk.get("/api/marks").json()["items"] if row["id"] == mark.pk)
    assert shown["moves"] == ["accept", "question"]
    assert as_person("auditor").get("/api/marks").json()["items"][0]["moves"] == []
    done = desk.post(f"/api/marks/{mark.pk}/accept", {}, content_type=JSON).json()
    assert (done["state"], done["decided_by"]) == ("accepted", str(world.people["district_regulator"]))
    assert desk.post(f"/api/marks/{mark.pk}/question", {"comment": "x"}, content_type=JSON).status_code == 409
