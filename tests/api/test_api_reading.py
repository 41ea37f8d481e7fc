"""What answers hold: register, lists and their filters, my own things, what is public, and the description."""

import json
from typing import Any

from api_table import CREDIT, NO_CREDIT, OPERATIONS, PARTIES
from api_world import World
from devices_table import DEVICE_OPERATIONS
from settings_table import SETTING_OPERATIONS

from conftest import Sign
from mingcha.apps.accounts.permissions import can
from mingcha.apps.cases.services import case_close
from mingcha.apps.credit.services import item_from_case
from mingcha.core.digest import digest


def test_an_outlet_comes_with_limits_as_text_and_instruments(world: World, as_person: Sign) -> None:
    body = as_person("discharger_admin").get(world.path("o")).json()
    (limit,) = body["limits"]
    assert (limit["value"], limit["reference_o2"], limit["valid_from"]) == ("50", "6", "2020-01-01")
    assert (limit["document"], limit["clause"], limit["unit"]) == ("排污许可证", "表1", "mg/m3")
    (instrument,) = body["instruments"]
    assert (instrument["factor"], instrument["range_top"], instrument["removed_at"]) == (
        "a21002",
        200.0,
        None,
    )
    assert instrument["installed_at"].endswith("+08:00")
    assert [logger["mn"] for logger in body["dataloggers"]] == [world.people.datalogger.mn]
    assert body["agency"]["uscc"] == world.people.agency.uscc


def test_outlets_are_filtered_and_paged_with_their_total(world: World, as_person: Sign) -> None:
    client, (ours, theirs) = as_person("city_regulator"), (world.outlet(side).key for side in "os")

    def keys(**asked: Any) -> tuple[int, list[str]]:
        body = client.get("/api/outlets", asked).json()
        return body["total"], [item["key"] for item in body["items"]]

    assert keys(medium="gas") == (1, [ours])
    assert keys(district=world.people.other_district.code) == (1, [theirs])
    assert keys(district="none") == (0, [])
    assert keys(limit=1) == (2, [ours])
    assert keys(limit=1, offset=1) == (2, [theirs])
    assert keys(offset=5) == (2, [])
    for wrong in ({"limit": 0}, {"limit": 201}, {"offset": -1}, {"limit": "many"}):
        answer = client.get("/api/outlets", wrong)
        assert answer.status_code == 422
        assert set(answer.json()["error"]["problems"]) == set(wrong)


def test_lists_are_filtered_by_state_kind_and_outlet(world: World, as_person: Sign) -> None:
    client, ours = as_person("city_regulator"), world.people.outlet.key

    def numbers(address: str, **asked: Any) -> set[Any]:
        return {i.get("number", i.get("id")) for i in client.get(address, asked).json()["items"]}

    assert numbers("/api/findings", state="in_case") == {world.taken[side].number for side in "os"}
    assert numbers("/api/findings", state="in_case", outlet=ours) == {world.taken["o"].number}
    assert numbers("/api/findings", kind="clue", level="general") == {world.clue.number}
    assert numbers("/api/findings", outlet=ours.partition("/")[0]) == set()
    assert numbers("/api/cases", state="closed") == set()
    assert numbers("/api/visits", state="open", outlet=ours) == {world.visits["o"].number}
    assert numbers("/api/marks", state="withdrawn") == set()
    assert numbers("/api/duties", state="running", kind="visit_confirmation") == {
        world.duties[s].pk for s in "os"
    }


def test_a_finding_comes_with_facts_and_their_receipts(world: World, as_person: Sign) -> None:
    body = as_person("discharger_officer").get(f"/api/findings/{world.taken['o'].number}").json()
    (fact,) = body["facts"]
    assert fact["body"]["receipt"]["clause"] == "附录C.6"
    assert fact["body"]["verdict"]["result"] == "exceeded"
    assert (fact["withdrawn_at"], fact["level"]) == (None, "general")
    assert body["cases"] == [world.cases["o"].number]


def test_a_duty_says_by_when_and_by_which_clause(world: World, as_person: Sign) -> None:
    body = as_person("discharger_confirmer").get(f"/api/duties/{world.duties['o'].pk}").json()
    assert body["due_at"].endswith("T00:00:00+08:00")
    assert body["clause"] == world.duties["o"].clause != ""
    assert body["organisation"]["uscc"] == world.people.discharger.uscc


def test_everybody_learns_who_they_are_and_what_they_may_do(world: World, as_person: Sign) -> None:
    for name in PARTIES:
        body, user = as_person(name).get("/api/me").json(), world.people[name]
        assert (body["username"], body["role"]) == (user.username, user.role)
        assert ("case.open" in body["actions"]) is can(user, "case.open")
        assert (body["organisation"] or {}).get("uscc") == (user.organisation and user.organisation.uscc)
    assert as_person("district_regulator").get("/api/me").json()["unread_notices"] == 1


def test_notices_are_ones_own_and_are_read_once(world: World, as_person: Sign) -> None:
    for name in PARTIES:
        total = as_person(name).get("/api/notices").json()["total"]
        assert total == (1 if name == "district_regulator" else 0)
    address, client = f"/api/notices/{world.notice.pk}/read", as_person("district_regulator")
    assert as_person("city_regulator").post(address).status_code == 404
    read = client.post(address).json()["read_at"]
    assert read.endswith("+08:00")
    assert client.post(address).json()["read_at"] == read
    assert client.get("/api/notices", {"unread": "true"}).json()["total"] == 0


def test_scores_are_for_authorities_and_the_agency_itself(world: World, as_person: Sign) -> None:
    for name, sides in CREDIT.items():
        found = {i["agency"]["uscc"] for i in as_person(name).get("/api/credit/scores").json()["items"]}
        agencies = {"o": world.people.agency.uscc, "s": world.people.stranger_agency.uscc}
        assert found == {agencies[side] for side in sides}, name
    for name in NO_CREDIT:
        assert as_person(name).get("/api/credit/scores").status_code == 403
    assert as_person("auditor").get("/api/credit/scores", {"year": 1}).status_code == 422


def test_a_score_names_what_was_counted(world: World, as_person: Sign) -> None:
    desk, case = world.people["city_regulator"], world.cases["o"]
    how = {
        "conclusion": "confirmed",
        "responsible": "agency",
        "summary": "校准未做",
        "by": desk,
        "at": world.now,
    }
    case_close(case=case, **how)
    item = item_from_case(case_number=case.number, at=world.now)
    assert item is not None
    body = (
        as_person("agency_admin")
        .get(f"/api/credit/scores/{world.people.agency.uscc}", {"year": item.year})
        .json()
    )
    counted = [(row["key"], one["source_id"]) for row in body["indicators"] for one in row["items"]]
    assert counted == [("supervision", case.number)]
    assert isinstance(body["total"], str)
    assert float(body["total"]) < 100


def test_what_is_public_needs_no_sign_in_and_can_be_checked(world: World, as_person: Sign) -> None:
    client, outlet, (old, new) = as_person(""), world.people.outlet, world.snapshots
    listed = client.get("/api/public/outlets").json()
    assert [(row["uscc"], row["code"]) for row in listed["items"]] == [(outlet.discharger.uscc, outlet.code)]
    address = f"/api/public/outlets/{outlet.key}"
    latest = client.get(address).json()
    assert (latest["version"], latest["digest"], latest["previous"]) == (2, new.digest, old.digest)
    assert digest(latest["content"]) == latest["content_digest"]
    versions = client.get(f"{address}/versions").json()
    assert [(row["version"], row["why"]) for row in versions["items"]] == [(2, "revision"), (1, "hour")]
    before = client.get(f"/api/public/snapshots/{old.digest}").json()
    assert before["content"] == old.content
    assert before["published_at"].endswith("+08:00")


def test_what_was_not_published_is_not_found(world: World, as_person: Sign) -> None:
    client, foreign = as_person(""), f"/api/public/outlets/{world.outlet('s').key}"
    for address in (foreign, f"{foreign}/versions", f"/api/public/snapshots/{'0' * 64}"):
        assert client.get(address).status_code == 404
    assert client.get("/api/public/outlets", {"medium": "water"}).json()["total"] == 0


def test_a_public_answer_tells_nothing_of_people(world: World, as_person: Sign) -> None:
    client = as_person("")
    text = "".join(client.get(a).content.decode() for a in ("/api/public/outlets", f"/api/public/outlets/{world.people.outlet.key}"))  # fmt: skip
    assert not [name for name in world.people.persons if name in text]


def test_the_description_lists_every_operation_and_each_is_tried_by_a_test(
    world: World, as_person: Sign
) -> None:
    client = as_person("")
    start = client.get("/api/").json()
    answer = client.get(start["openapi"])
    assert answer["Content-Type"].startswith("application/json")
    body = json.loads(answer.content)
    assert body["openapi"].startswith("3.")
    assert {
        (method, path) for path, methods in body["paths"].items() for method in methods
    } == OPERATIONS | DEVICE_OPERATIONS | SETTING_OPERATIONS


def test_the_description_types_every_answer_and_its_errors(world: World, as_person: Sign) -> None:
    body = as_person("").get("/api/openapi.json").json()
    shapes = body["components"]["schemas"]
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            told = operation["responses"]
            assert {"200", "422", "500"} <= set(told), path
            assert ("409" in told) is (method == "post"), path
            assert ("401" in told) is ("security" in operation), path
            for status, answer in told.items():
                if status == "200" and path.endswith("/readings"):  # a file, not an object
                    assert {"text/csv; charset=utf-8", "application/vnd.apache.parquet"} == set(
                        answer["content"]
                    )
                    continue
                name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert name in shapes
                assert (name == "Failed") is (status != "200"), path
    assert shapes["FindingOut"]["properties"]["start"]["format"] == "date-time"
    assert shapes["LimitOut"]["properties"]["value"]["type"] == "string"


def test_there_is_no_page_of_documents_that_our_policy_would_break(as_person: Sign) -> None:
    assert as_person("city_regulator").get("/api/docs").status_code == 404
