"""Writes go through the services: CSRF first, then state and fields; every refusal has its form."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from api_table import ASSIGNEE, CLOSING
from api_world import World
from django.test import Client

from conftest import Sign
from mingcha.api import stores
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.cases.models import Case
from mingcha.core.clock import format_digits


def post(client: Client, address: str, body: Any, **how: Any) -> Any:
    return client.post(address, body, content_type="application/json", **how)


def error(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content.decode()
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) <= {"code", "message", "problems", "number"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    found: dict[str, Any] = body["error"]
    return found


def test_a_write_without_a_csrf_token_is_refused_and_nothing_is_written(
    world: World, as_person: Sign
) -> None:
    client = as_person("district_regulator", enforce_csrf_checks=True)
    address, before = f"/api/findings/{world.open['o'].number}/confirm", AuditEvent.objects.count()
    error(post(client, address, {}), 403, "csrf")
    error(post(client, address, {}, headers={"X-CSRFToken": "a" * 32}), 403, "csrf")
    assert AuditEvent.objects.count() == before
    client.get("/api/me")
    token = client.cookies["csrftoken"].value
    assert post(client, address, {}, headers={"X-CSRFToken": token}).status_code == 200


def test_every_write_asks_for_the_csrf_token(world: World, as_person: Sign) -> None:
    client = as_person("city_regulator", enforce_csrf_checks=True)
    paths = client.get("/api/openapi.json").json()["paths"]
    for path in [path for path, methods in paths.items() if "post" in methods]:
        address = path.replace("{number}", "x").replace("{mark_id}", "1").replace("{notice_id}", "1")
        error(post(client, address, {}), 403, "csrf")


def test_a_finding_is_assigned_dismissed_and_taken_back(world: World, as_person: Sign) -> None:
    client, address = as_person("district_regulator"), f"/api/findings/{world.open['o'].number}"
    assert client.get(address).json()["moves"] == ["dismiss", "assign", "confirm"]
    body = post(client, f"{address}/dismiss", {"reason": "other", "text": "演练", "seen": "detected"}).json()
    assert (body["state"], body["dismissal"], body["reason"]) == ("dismissed", "other", "演练")
    assert post(client, f"{address}/undo", {}).json()["state"] == "detected"
    body = post(client, f"{address}/assign", ASSIGNEE).json()
    assert (body["state"], body["assignee"]) == ("assigned", "city_regulator")
    assert post(client, f"{address}/confirm", {"text": "属实"}).json()["state"] == "confirmed"


def test_a_case_goes_from_finding_to_conclusion(world: World, as_person: Sign) -> None:
    client = as_person("district_enforcement")
    finding = world.open["o"].number
    opened = post(client, "/api/cases", {"findings": [finding, finding]}).json()
    assert (opened["state"], opened["findings"]) == ("open", [finding])
    assert opened["due_at"].endswith("+08:00")
    address = f"/api/cases/{opened['number']}"
    assert client.get(f"/api/findings/{finding}").json()["cases"] == [opened["number"]]
    assert (
        post(client, f"{address}/assign", {"assignee": "district_enforcement"}).json()["state"] == "assigned"
    )
    assert "已到现场" in [
        line["text_zh"] for line in post(client, f"{address}/note", {"text": "已到现场"}).json()["timeline"]
    ]
    closed = post(client, f"{address}/close", CLOSING).json()
    assert (closed["state"], closed["responsible"], closed["moves"]) == ("closed", "agency", [])
    assert Case.objects.get(number=opened["number"]).summary == "校准未做"


def test_a_mark_is_submitted_in_beijing_time_and_withdrawn(world: World, as_person: Sign) -> None:
    client, start = as_person("discharger_officer"), world.now - timedelta(hours=9)
    naive = (format_digits(moment) for moment in (start, start + timedelta(hours=1)))
    begin, end = (f"{t[:4]}-{t[4:6]}-{t[6:8]}T{t[8:10]}:{t[10:12]}" for t in naive)
    body = {"outlet": world.people.outlet.key, "start": begin, "end": end, "item": "stop", "reason": "停产"}
    made = post(client, "/api/marks", body).json()
    assert (made["start"], made["state"], made["moves"]) == (f"{begin}:00+08:00", "submitted", ["withdraw"])
    assert (
        post(client, f"/api/marks/{made['id']}/withdraw", {"seen": "submitted"}).json()["state"]
        == "withdrawn"
    )


def test_a_state_that_is_not_the_one_seen_is_a_conflict(world: World, as_person: Sign) -> None:
    client, address = as_person("district_regulator"), f"/api/findings/{world.open['o'].number}"
    post(client, f"{address}/assign", ASSIGNEE)
    told = error(post(client, f"{address}/confirm", {"seen": "detected"}), 409, "stale_state")
    assert "assigned" in told["message"]
    assert client.get(address).json()["state"] == "assigned"


def test_an_illegal_move_is_a_conflict_that_lists_the_legal_ones(world: World, as_person: Sign) -> None:
    client = as_person("district_regulator")
    told = error(post(client, f"/api/findings/{world.open['o'].number}/undo", {}), 409, "illegal_move")
    assert "assign" in told["message"]


def test_values_a_service_refuses_are_told_by_field(world: World, as_person: Sign) -> None:
    desk = as_person("district_enforcement")
    number = world.cases["o"].number
    told = error(post(desk, f"/api/cases/{number}/close", CLOSING | {"conclusion": "maybe", "responsible": "x"}), 422, "bad_input")  # fmt: skip
    assert set(told["problems"]) == {"conclusion", "responsible"}
    told = error(post(desk, f"/api/cases/{number}/assign", {"assignee": "technician"}), 422, "bad_input")
    assert set(told["problems"]) == {"assignee"}
    finding = f"/api/findings/{world.open['o'].number}/dismiss"
    told = error(post(as_person("district_regulator"), finding, {"reason": "because"}), 422, "bad_input")
    assert set(told["problems"]) == {"reason"}


@pytest.mark.parametrize(
    ("address", "body", "fields"),
    [
        ("/api/marks", {}, {"outlet", "start", "end", "item", "reason"}),
        ("/api/marks", {"outlet": "x", "start": "yesterday", "end": "0001-01-01T00:00", "item": "stop", "reason": ""}, {"start", "end"}),
        ("/api/cases", {"findings": []}, {"findings"}),
        ("/api/cases", {"findings": [7]}, {"findings.0"}),
    ],
)  # fmt: skip
def test_values_of_the_wrong_form_are_told_by_field(
    address: str, body: Any, fields: set[str], world: World, as_person: Sign
) -> None:
    told = error(post(as_person("city_regulator"), address, body), 422, "bad_input")
    assert set(told["problems"]) == fields
    assert all(told["problems"].values())


def test_findings_of_two_organisations_make_no_case(world: World, as_person: Sign) -> None:
    both = [world.open[side].number for side in ("o", "s")]
    told = error(post(as_person("enforcement"), "/api/cases", {"findings": both}), 422, "bad_input")
    assert set(told["problems"]) == {"findings"}
    error(post(as_person("district_enforcement"), "/api/cases", {"findings": both}), 404, "not_found")


def test_a_body_that_is_no_json_an_unknown_address_and_a_wrong_method_have_the_same_form(
    world: World, as_person: Sign
) -> None:
    client = as_person("city_regulator")
    error(post(client, "/api/cases", "{"), 400, "bad_request")
    error(client.get("/api/nothing/here"), 404, "not_found")
    error(client.get("/api/duties/x"), 422, "bad_input")
    error(client.get(f"/api/duties/{10**30}"), 422, "bad_input")
    answer = client.delete("/api/me")
    error(answer, 405, "no_such_method")
    assert answer["Allow"] == "GET"


def test_damaged_evidence_is_an_error_with_a_number_that_stands_in_the_log(
    world: World, as_person: Sign, caplog: pytest.LogCaptureFixture
) -> None:
    (file,) = stores.journal().folder.glob(f"{world.refs['o'].journal}.sqlite*[0-9e]")
    kept = file.read_bytes()
    file.write_bytes(b"not a journal" * 100)
    try:
        with caplog.at_level(logging.ERROR, logger="mingcha.api"):
            answer = as_person("city_regulator").get(f"/api/frames/{world.refs['o']}")
    finally:
        file.write_bytes(kept)
    told = error(answer, 500, "broken_evidence")
    assert told["number"] in caplog.text
    assert as_person("city_regulator").get(f"/api/frames/{world.refs['o']}").status_code == 200
