"""What was found about a discharger, the case made of it, and what it costs the agency: as the parties read it."""

from datetime import timedelta

import pytest
from portal_filling import fill_record
from portal_world import NOX, STATION

from mingcha.apps.cases.services import case_assign, case_close, case_note, case_open
from mingcha.apps.credit.services import item_from_case
from mingcha.apps.duties.services import duties_expire
from mingcha.apps.findings.services import finding_record_late_duty, finding_record_verdicts
from mingcha.core.verdicts import Level, Receipt, Result, Verdict
from mingcha.flow.values import Judgement


@pytest.fixture
def exceedance(region):
    start = region.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    receipt = Receipt(
        "hj75.hour_limit", "1", "HJ 75-2017 附录C.6", "限值自 2020-01-01 起适用",
        parameters={"limit": {"value": "100", "unit": "mg/m3", "valid_from": "2020-01-01", "cite": "GB 13223-2011", "sureness": "official"}},
        inputs={"converted": "118.4"}, steps=("118.4 > 100",),
    )  # fmt: skip
    verdict = Verdict(
        Result.EXCEEDED, "exceeded", "氮氧化物小时均值 118.4 mg/m³，限值 100 mg/m³", "Hourly NOx 118.4 mg/m³, limit 100 mg/m³",
        Level.GENERAL, {"value": "118.4"}, receipt,
    )  # fmt: skip
    judgement = Judgement(
        "hj75.hour_limit", region.outlet.key, NOX, start, start + timedelta(hours=1), verdict
    )
    [found] = finding_record_verdicts(judgements=[judgement], at=region.now)
    return found


def test_a_finding_says_fact_rule_and_what_to_do(region, exceedance, as_person):
    browser = as_person(region.people["discharger_officer"])
    assert exceedance.number in browser.get("/discharger/findings/").content.decode()
    page = browser.get(f"/discharger/findings/{exceedance.number}/").content.decode()
    for said in ("118.4", "HJ 75-2017 附录C.6", "为什么？", "您可以做什么", "次日 12:00 前标记"):
        assert said in page, said
    assert f"/discharger/marks/new/?outlet={region.outlet.discharger.uscc}%2FDA001&amp;factor={NOX}" in page
    assert "造假" not in page


def test_a_finding_about_others_is_not_found(region, exceedance, as_person):
    stranger = as_person(region.strangers["discharger_confirmer"])
    assert stranger.get(f"/discharger/findings/{exceedance.number}/").status_code == 404
    assert exceedance.number not in stranger.get("/discharger/findings/").content.decode()


def test_a_late_confirmation_becomes_a_finding_the_discharger_reads(region, as_person):
    technician = as_person(region.people["technician"])
    place = {"latitude": STATION[0], "longitude": STATION[1], "accuracy_m": 12}
    number = technician.post(f"/m/tasks/{region.task.pk}/sign-in/", place).headers["Location"].split("/")[-2]
    from mingcha.apps.maintenance.selectors import visit_get

    fill_record(technician, visit_get(region.people["technician"], number), "gas_patrol_extractive")
    technician.post(f"/m/visits/{number}/submit/")
    later = region.now + timedelta(days=2)
    [duty] = duties_expire(at=later)
    finding = finding_record_late_duty(duty=duty, at=later)
    browser = as_person(region.people["discharger_confirmer"])
    assert finding.number in browser.get("/discharger/findings/").content.decode()
    assert "逾期" in browser.get("/discharger/duties/").content.decode()
    assert "尽快完成逾期的事项" in browser.get(f"/discharger/findings/{finding.number}/").content.decode()


@pytest.fixture
def case(region, exceedance):
    officer = region.people["enforcement"]
    found = case_open(findings=[exceedance], by=officer, at=region.now)
    case_assign(case=found, assignee=officer, by=officer, at=region.now)
    case_note(case=found, text="内部研判：调取视频", by=officer, at=region.now)
    found.refresh_from_db()
    return found


@pytest.mark.parametrize(
    ("portal", "role"), [("discharger", "discharger_officer"), ("agency", "agency_admin")]
)
def test_the_parties_read_their_case_without_the_investigators_notes(portal, role, region, case, as_person):
    browser = as_person(region.people[role])
    assert case.number in browser.get(f"/{portal}/cases/").content.decode()
    page = browser.get(f"/{portal}/cases/{case.number}/").content.decode()
    assert case.title_zh in page
    assert "内部研判" not in page


@pytest.mark.parametrize(
    ("portal", "role"), [("discharger", "discharger_confirmer"), ("agency", "agency_admin")]
)
def test_a_case_of_others_is_not_found(portal, role, region, case, as_person):
    stranger = as_person(region.strangers[role])
    assert stranger.get(f"/{portal}/cases/{case.number}/").status_code == 404
    assert case.number not in stranger.get(f"/{portal}/cases/").content.decode()


def test_the_credit_page_names_the_lost_points_with_their_case_and_clause(region, case, as_person):
    officer = region.people["enforcement"]
    case_close(
        case=case,
        conclusion="confirmed",
        responsible="agency",
        summary="零点漂移未处理",
        by=officer,
        at=region.now,
    )
    item = item_from_case(case_number=case.number, at=region.now)
    page = as_person(region.people["agency_admin"]).get("/agency/credit/").content.decode()
    assert f"/agency/cases/{case.number}/" in page
    assert item.clause in page
    assert item.sentence_zh in page
    assert "分" in as_person(None).get("/agencies/").content.decode()
