"""The small loop in four browsers: plan, sign in, record, confirm, approve, leave; and a confirmation that came too late."""

import re

import pytest
from browser_pages import AGENCY, CITY, CONFIRMER, REVIEWER, TECHNICIAN
from browser_picture import photo
from playwright.sync_api import Page, expect

STATION = (31.2012, 121.6540)  # of DA002: within its fence
WORDS = {"unit": "mg/m3", "principle": "紫外差分吸收", "gas_no": "BQ-2026-118"}
NUMBERS = {
    "range": "200", "zero_ref": "0", "zero_prev": "0.2", "zero_before": "0.6", "zero_after": "0.1",
    "span_ref": "160", "span_prev": "160.4", "span_before": "161.2", "span_after": "160.1",
}  # fmt: skip
FORM = "gas_drift_calibration"


@pytest.fixture(scope="module")
def crew(browser, platform, signed_in, lived_in):
    """The four people, each in their own window, for the whole loop."""
    from browser_visitor import Visitor

    widths = {AGENCY: 1280, TECHNICIAN: 360, CONFIRMER: 360, REVIEWER: 1280, CITY: 1280}
    made = {
        role: Visitor(
            browser, platform, width, signed_in, place=STATION if role == TECHNICIAN else None
        ).sign_in(role)
        for role, width in widths.items()
    }
    yield made
    for one in made.values():
        one.close()
    assert [error for one in made.values() for error in one.errors] == []


def picture(seed: int) -> dict[str, object]:
    return {"name": f"{seed}.png", "mimeType": "image/png", "buffer": photo(seed)}


def test_a_visit_goes_from_the_plan_to_the_public_record(crew, lived_in):
    assigned(crew[AGENCY].open("/agency/tasks/"), lived_in["task"])
    phone = crew[TECHNICIAN].open(f"/m/tasks/{lived_in['task']}/")
    number = arrived(phone)
    recorded(phone, number)
    confirmed(crew[CONFIRMER].open("/discharger/"), number)
    approved(crew[REVIEWER].open(f"/agency/visits/{number}/"))
    left(crew[TECHNICIAN].open(f"/m/visits/{number}/"))
    on_the_chart(crew[CITY], lived_in["mine"], number)
    duty_met(crew[CONFIRMER].open("/discharger/duties/?show=all"), number)


def assigned(page: Page, task: str) -> None:
    page.locator(f"#task-{task}").check()
    technician = page.locator("#id_assignee option", has_text="丁立").get_attribute("value")
    page.locator("#id_assignee").select_option(technician)
    page.get_by_role("button", name="分配勾选的任务").click()
    expect(page.locator("tr", has=page.locator(f"#task-{task}"))).to_contain_text("丁立")


def arrived(phone: Page) -> str:
    """Sign in at the station with position and photo; the number of the visit."""
    expect(phone.locator("[data-location-status]")).to_contain_text("距站房")
    phone.locator("#id_photo").set_input_files(picture(7))
    phone.get_by_role("button", name="在站房签到").click()
    expect(phone).to_have_url(re.compile(r"/m/visits/V-\d{4}-\d{6}/"))
    expect(phone.locator("main")).to_contain_text("签到照片")
    found = re.search(r"V-\d{4}-\d{6}", phone.url)
    assert found
    return found[0]


def recorded(phone: Page, number: str) -> None:
    """Fill the form page by page; a bad value first, which is said beside its field and stays there."""
    phone.goto(f"/m/visits/{number}/records/{FORM}/?page=1")
    phone.locator("#f-cal_start").fill(moment(phone, 0))
    phone.locator("#f-cal_end").fill(moment(phone, -60))
    phone.get_by_role("button", name="保存，下一页").click()
    cell = phone.locator("[data-cell=cal_end]")
    expect(cell.locator(".m-error").first).to_be_visible()
    expect(phone.locator(".m-error-summary")).to_be_focused()
    expect(phone.locator("#f-cal_start")).not_to_have_value("")
    phone.locator("#f-cal_end").fill(moment(phone, 1))
    phone.get_by_role("button", name="保存，下一页").click()
    expect(phone).to_have_url(re.compile("page=2"))
    phone.locator("#f-technician_signature").fill("丁立")
    phone.locator("#f-photos").set_input_files([picture(1), picture(2)])
    rows(phone)
    expect(phone).to_have_url(re.compile(f"/m/visits/{number}/$"))
    phone.get_by_role("button", name="提交记录").click()
    expect(phone.locator("main")).to_contain_text("离场签退")


def moment(page: Page, minutes: int) -> str:
    """The Beijing wall clock of now and some minutes, as the field wants it."""
    return str(
        page.evaluate("m => new Date(Date.now() + (m + 480) * 60000).toISOString().slice(0, 16)", minutes)
    )


def rows(phone: Page) -> None:
    """One analyser; letters where a number belongs are refused and kept, then the drift is computed."""
    phone.locator("#f-rows-0-analyser").select_option("SO2")
    for name, text in (WORDS | NUMBERS).items():
        phone.locator(f"#f-rows-0-{name}").fill(text)
    for name in ("zero_ok", "span_ok"):
        phone.locator(f"#f-rows-0-{name} label").first.click()
    phone.locator("#f-rows-0-range").fill("二百")
    phone.get_by_role("button", name="保存并返回").click()
    expect(phone.locator("#f-rows-0-range-error")).to_contain_text("应为数字")
    expect(phone.locator("#f-rows-0-range")).to_have_value("二百")
    expect(phone.locator("#f-rows-0-span_ref")).to_have_value("160")
    phone.locator("#f-rows-0-range").fill("200")
    expect(phone.locator("#f-rows-0-zero_drift")).to_contain_text("0.2")
    phone.get_by_role("button", name="保存并返回").click()


def confirmed(page: Page, number: str) -> None:
    page.locator(f"a[href*='{number}']").first.click()
    expect(page.locator("main")).to_contain_text("零点")
    page.get_by_role("button", name="情况属实，确认").click()
    expect(page.locator("h1 ~ .m-page-actions")).to_contain_text("已确认")


def approved(page: Page) -> None:
    page.get_by_role("button", name="审核通过").click()
    expect(page.locator(".m-page-head")).to_contain_text(re.compile("已齐|待离场"))


def left(phone: Page) -> None:
    phone.get_by_role("button", name="离场签退").click()
    expect(phone.locator(".m-toast")).to_contain_text("已签退")


def on_the_chart(city, mine: str, number: str) -> None:
    page = city.open(f"/regulator/outlets/{mine}/DA002/?f=a21026&k=minute&s=24h")
    data = page.evaluate(
        "fetch(document.querySelector('figure[data-chart]').dataset.chart).then(r => r.json())"
    )
    spans = [item for track in data["tracks"] if track["name"] == "现场运维" for item in track["items"]]
    assert [item for item in spans if number in item[3]]


def duty_met(page: Page, number: str) -> None:
    row = page.locator("tr", has_text=number)
    expect(row).to_contain_text("已完成")


def test_a_confirmation_forgotten_yesterday_is_late_and_a_finding(crew, lived_in):
    duty = crew[CONFIRMER].open("/discharger/duties/").locator("tr", has_text=lived_in["late"])
    expect(duty).to_contain_text("逾期")
    page = crew[CITY].open(f"/regulator/findings/{lived_in['late_finding']}/")
    expect(page.locator("h1")).to_contain_text(lived_in["late"])
    expect(page.locator(".m-headline")).to_contain_text("逾期")
