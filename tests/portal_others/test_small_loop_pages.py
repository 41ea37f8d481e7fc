"""The small loop through the web forms alone, without script: sign in, record, submit, confirm, approve, sign out."""

import re

import pytest
from portal_filling import fill_record
from portal_world import STATION

from mingcha.apps.duties.selectors import duties_visible_to
from mingcha.apps.maintenance.selectors import visits_visible_to

PLACE = {"latitude": STATION[0], "longitude": STATION[1], "accuracy_m": 12}
FORM = "gas_patrol_extractive"


def sign_in(client, region, **changes):
    return client.post(f"/m/tasks/{region.task.pk}/sign-in/", PLACE | changes)


@pytest.fixture
def crew(region, as_person):
    """Browsers of the four people of the loop."""
    names = ("technician", "discharger_confirmer", "agency_reviewer", "city_regulator")
    return {name: as_person(region.people[name]) for name in names}


@pytest.fixture
def visit(region, crew):
    assert sign_in(crew["technician"], region).status_code == 302
    return visits_visible_to(region.people["technician"]).get()


@pytest.fixture
def submitted(visit, crew):
    assert set(fill_record(crew["technician"], visit, FORM)) == {302}
    answer = crew["technician"].post(f"/m/visits/{visit.number}/submit/")
    assert answer.status_code == 302, re.findall(r"<li>(.*?)</li>", answer.content.decode())
    visit.refresh_from_db()
    return visit


def test_a_visit_goes_the_whole_way_through_the_web_forms(region, crew, submitted):
    visit = submitted
    assert visit.state == "submitted"
    [duty] = duties_visible_to(region.people["discharger_confirmer"])
    assert duty.state == "running"
    page = crew["discharger_confirmer"].get("/discharger/").content.decode()
    assert visit.number in page

    assert crew["discharger_confirmer"].post(f"/discharger/visits/{visit.number}/confirm/").status_code == 302
    visit.refresh_from_db()
    duty.refresh_from_db()
    assert (visit.state, duty.state) == ("confirmed", "met")

    approved = crew["agency_reviewer"].post(f"/agency/visits/{visit.number}/review/", {"decision": "approve"})
    assert approved.status_code == 302
    assert crew["technician"].post(f"/m/visits/{visit.number}/sign-out/", PLACE).status_code == 302
    visit.refresh_from_db()
    assert visit.closed


def test_a_rejection_keeps_the_records_and_tells_the_technician_why(crew, submitted):
    number = submitted.number
    crew["discharger_confirmer"].post(f"/discharger/visits/{number}/reject/", {"reason": "滤芯没有更换"})
    submitted.refresh_from_db()
    assert submitted.state == "open"
    assert "滤芯没有更换" in crew["technician"].get(f"/m/visits/{number}/").content.decode()
    assert submitted.records.filter(submitted=True).count() == 1


def test_a_rejection_without_reason_is_refused_beside_the_field(crew, submitted):
    response = crew["discharger_confirmer"].post(
        f"/discharger/visits/{submitted.number}/reject/", {"reason": "  "}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert 'id="error-summary"' in page
    assert 'aria-describedby="id_reason-error"' in page
    submitted.refresh_from_db()
    assert submitted.state == "submitted"


def test_a_return_needs_a_comment_and_keeps_the_decision(crew, submitted):
    address = f"/agency/visits/{submitted.number}/review/"
    response = crew["agency_reviewer"].post(address, {"decision": "return", "comment": ""})
    assert response.status_code == 422
    assert "没有写退回意见" in response.content.decode()
    assert (
        crew["agency_reviewer"].post(address, {"decision": "return", "comment": "缺零点读数"}).status_code
        == 302
    )
    submitted.refresh_from_db()
    assert (submitted.state, submitted.remark) == ("open", "缺零点读数")


def test_a_confirmation_can_be_taken_back_at_once(crew, submitted):
    crew["discharger_confirmer"].post(f"/discharger/visits/{submitted.number}/confirm/")
    crew["discharger_confirmer"].post(f"/discharger/visits/{submitted.number}/withdraw/")
    submitted.refresh_from_db()
    assert submitted.state == "submitted"


def test_a_page_acted_on_twice_says_that_it_has_changed(crew, submitted):
    address = f"/discharger/visits/{submitted.number}/confirm/"
    assert crew["discharger_confirmer"].post(address).status_code == 302
    assert crew["discharger_confirmer"].post(address).status_code == 409


def test_several_visits_are_confirmed_on_one_page(crew, submitted):
    browser = crew["discharger_confirmer"]
    assert submitted.number in browser.get("/discharger/visits/confirm/").content.decode()
    nothing = browser.post("/discharger/visits/confirm/")
    assert nothing.status_code == 422
    assert "没有勾选活动" in nothing.content.decode()
    assert browser.post("/discharger/visits/confirm/", {"number": [submitted.number]}).status_code == 302
    submitted.refresh_from_db()
    assert submitted.state == "confirmed"


def test_an_incomplete_record_cannot_be_submitted_and_each_gap_leads_to_its_page(crew, visit):
    response = crew["technician"].post(f"/m/visits/{visit.number}/submit/")
    assert response.status_code == 422
    assert f"/m/visits/{visit.number}/records/{FORM}/" in response.content.decode()
    visit.refresh_from_db()
    assert visit.state == "open"


def test_nobody_else_sees_a_draft(crew, visit, region, as_person):
    fill_record(crew["technician"], visit, FORM)
    assert "草稿" in crew["technician"].get(f"/m/visits/{visit.number}/").content.decode()
    page = crew["discharger_confirmer"].get(f"/discharger/visits/{visit.number}/").content.decode()
    assert "还没有记录" in page
