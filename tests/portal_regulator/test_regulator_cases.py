"""A case page: one line of evidence, the moves that are legal now, what was typed kept on errors."""

import pytest

from mingcha.apps.cases import selectors, services
from mingcha.core.clock import now


@pytest.fixture
def case(region):
    return services.case_open(findings=[region.finding], by=region.people["city_regulator"], at=now())


def fresh(region, case):
    return selectors.case_get(region.people["city_regulator"], case.number)


def test_the_page_holds_timeline_deadline_and_findings(region, case, as_person):
    text = as_person("city_regulator").get(f"/regulator/cases/{case.number}/").content.decode()
    for part in (
        case.number,
        region.finding.number,
        "分派案件",
        "剩 ",
        "立案",
        region.people.discharger.name,
    ):
        assert part in text, part
    assert "结案" not in text.split("现在可以做的")[1]  # not legal before it is assigned


def test_a_case_goes_its_whole_way(region, case, as_person):
    client = as_person("city_regulator")
    base = f"/regulator/cases/{case.number}/"
    assert client.post(base + "assign/", {"assignee": "enforcement"}).status_code == 302
    assert client.post(base + "note/", {"text": "已调阅工况"}).status_code == 302
    done = client.post(
        base + "close/", {"conclusion": "rectified", "responsible": "agency", "summary": "更换采样管"}
    )
    assert done.status_code == 302
    assert fresh(region, case).state == "closed"
    text = client.get(base).content.decode()
    assert "已调阅工况" in text
    assert "属实，已整改" in text
    assert client.post(base + "reopen/", {"reason": "复查发现仍超标"}).status_code == 302
    assert fresh(region, case).state == "assigned"


def test_closing_with_a_contradiction_keeps_what_was_typed(region, case, as_person):
    client = as_person("city_regulator")
    base = f"/regulator/cases/{case.number}/"
    client.post(base + "assign/", {"assignee": "enforcement"})
    values = {"conclusion": "unfounded", "responsible": "agency", "summary": "现场核查三小时"}
    response = client.post(base + "close/", values)
    text = response.content.decode()
    assert response.status_code == 422
    assert "不属实的案件没有责任方" in text
    assert "现场核查三小时" in text
    assert fresh(region, case).state == "assigned"


def test_a_stranger_reads_nothing_and_moves_nothing(region, case, as_person):
    client = as_person("stranger_district_regulator")
    assert client.get(f"/regulator/cases/{case.number}/").status_code == 404
    assert (
        client.post(f"/regulator/cases/{case.number}/assign/", {"assignee": "enforcement"}).status_code == 404
    )
    assert case.number not in client.get("/regulator/cases/?state=all").content.decode()


def test_who_may_not_close_is_refused(region, case, as_person):
    response = as_person("auditor").post(f"/regulator/cases/{case.number}/note/", {"text": "x"})
    assert response.status_code == 403


def test_lists_filter_by_state_and_district(region, case, as_person):
    client = as_person("city_regulator")
    for query, found in (("", True), ("?state=closed", False), (f"?district={region.people.district.code}", True),
                         (f"?district={region.people.other_district.code}", False), ("?q=甲厂", True)):  # fmt: skip
        assert (case.number in client.get(f"/regulator/cases/{query}").content.decode()) is found, query
