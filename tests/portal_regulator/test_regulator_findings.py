"""The desk: for and against, receipts, moves with their errors beside the field, bulk."""

from mingcha.apps.findings import selectors, services
from mingcha.core.clock import now


def fresh(region):
    return selectors.finding_get(region.people["city_regulator"], region.finding.number)


def url(region, move=""):
    return f"/regulator/findings/{region.finding.number}/" + (f"{move}/" if move else "")


def test_a_finding_shows_receipt_chart_and_both_sides(region, as_person):
    text = as_person("city_regulator").get(url(region)).content.decode()
    for part in (
        "为什么？",
        "hj75.hour_limit",
        "HJ 75-2017",
        "支持",
        "反对",
        "<svg viewBox",
        "排除线索",
        "立案",
    ):
        assert part in text, part
    assert "造假" not in text


def test_dismissal_without_a_reason_comes_back_beside_the_field(region, as_person):
    client = as_person("city_regulator")
    response = client.post(url(region, "dismiss"), {"text": "风机检修，已电话核实"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "有 1 处需要改正" in text
    assert "未填写。此项必填。" in text
    assert "风机检修，已电话核实" in text
    assert fresh(region).state == "detected"


def test_other_needs_words_and_the_service_says_so(region, as_person):
    response = as_person("city_regulator").post(url(region, "dismiss"), {"reason": "other", "text": " "})
    assert response.status_code == 422
    assert "选了“其他”而未说明" in response.content.decode()


def test_a_finding_is_dismissed_and_the_dismissal_undone(region, as_person):
    client = as_person("city_regulator")
    assert client.post(url(region, "dismiss"), {"reason": "stopped"}).status_code == 302
    assert fresh(region).state == "dismissed"
    assert "撤回排除" in client.get(url(region)).content.decode()
    assert client.post(url(region, "undo")).status_code == 302
    assert fresh(region).state == "detected"


def test_assigning_offers_only_people_who_may_take_it(region, as_person):
    client = as_person("city_regulator")
    text = client.get(url(region)).content.decode()
    assert 'value="stranger_enforcement"' not in text
    assert client.post(url(region, "assign"), {"assignee": "stranger_enforcement"}).status_code == 422
    assert client.post(url(region, "assign"), {"assignee": "enforcement"}).status_code == 302
    assert fresh(region).assignee.username == "enforcement"


def test_who_may_not_decide_is_refused(region, as_person):
    assert "您的角色不能进行此操作" in as_person("auditor").get(url(region)).content.decode()
    response = as_person("auditor").post(url(region, "dismiss"), {"reason": "stopped"})
    assert response.status_code == 403
    assert fresh(region).state == "detected"


def test_a_move_that_is_no_longer_legal_says_the_content_changed(region, as_person):
    services.finding_confirm(finding=fresh(region), by=region.people["city_regulator"], at=now())
    response = as_person("city_regulator").post(url(region, "dismiss"), {"reason": "stopped"})
    assert response.status_code == 409
    assert "内容已变更" in response.content.decode()
    assert fresh(region).state == "confirmed"


def test_an_unknown_move_is_a_404(region, as_person):
    assert as_person("city_regulator").post(url(region, "delete")).status_code == 404


def test_taking_up_opens_a_case_and_leads_to_it(region, as_person):
    response = as_person("city_regulator").post(url(region, "take_up"))
    assert response.status_code == 302
    assert response["Location"].startswith("/regulator/cases/C-")
    assert fresh(region).state == "in_case"


def test_bulk_tells_how_many_it_took_and_skipped(region, as_person):
    client = as_person("city_regulator")
    numbers = [region.finding.number, "F-1999-000001"]
    response = client.post(
        "/regulator/findings/bulk/", {"numbers": numbers, "move": "dismiss", "reason": "stopped"}, follow=True
    )
    assert "已排除 1 条，跳过 0 条" in response.content.decode()
    again = client.post(
        "/regulator/findings/bulk/", {"numbers": numbers, "move": "dismiss", "reason": "stopped"}, follow=True
    )
    assert "已排除 0 条，跳过 1 条" in again.content.decode()


def test_bulk_without_a_choice_says_what_is_missing(region, as_person):
    client = as_person("city_regulator")
    none = client.post("/regulator/findings/bulk/", {"move": "dismiss", "reason": "stopped"}, follow=True)
    assert "没有选中线索" in none.content.decode()
    no_reason = client.post(
        "/regulator/findings/bulk/", {"numbers": [region.finding.number], "move": "dismiss"}, follow=True
    )
    assert "没有选排除理由" in no_reason.content.decode()


def test_bulk_never_touches_what_the_viewer_may_not_see(region, as_person):
    client = as_person("stranger_district_regulator")
    client.post(
        "/regulator/findings/bulk/",
        {"numbers": [region.finding.number], "move": "dismiss", "reason": "stopped"},
    )
    assert fresh(region).state == "detected"


def test_after_a_decision_the_next_of_the_filter_opens(region, as_person):
    response = as_person("city_regulator").post(url(region, "dismiss") + "?kind=rule", {"reason": "stopped"})
    assert response["Location"] == "/regulator/findings/?kind=rule"
