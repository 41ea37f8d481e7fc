"""What people come to do, from the first click to the effect somebody else sees."""

import csv
import io
import re
import zipfile

import pytest
from browser_pages import AGENCY, CITY, DISTRICT, OTHER
from playwright.sync_api import expect

LIVE_MS = 60_000  # a simulated logger reports every half minute; the page shows it within this
PERIOD_MS = 3000  # between two looks of the frames page


def test_a_live_value_changes_on_the_open_overview(visitor, platform):
    page = visitor(1280, CITY).open("/regulator/")
    page.evaluate("window.sameDocument = true")
    row = page.locator(".m-newest", has_text="DA001").first
    before = row.locator(".m-values").inner_text()
    expect(row.locator(".m-values")).not_to_have_text(before, timeout=LIVE_MS, use_inner_text=True)
    assert page.evaluate("window.sameDocument") is True
    assert page.locator(".m-live-dot.m-off").count() == 0


def test_a_point_of_the_chart_leads_to_the_bytes_it_came_in(visitor, lived_in):
    guest = visitor(1280, CITY)
    page = guest.open(f"/regulator/outlets/{lived_in['exceeded']}/?f=a21026&k=minute&s=24h")
    chart = page.locator(".m-chart-canvas")
    chart.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    drawer = page.locator("#drawer")
    expect(drawer.locator("h2")).to_be_focused()
    raw = drawer.locator(".m-bytes").first.inner_text()
    assert re.match(r"##\d{4}QN=\d{17};", raw)
    assert re.search(r"PW=\*{6};", raw), "the password is masked"
    assert re.search(r"\b[0-9a-f]{64}\b", drawer.inner_text())
    expect(drawer.get_by_text("已核验")).to_be_visible()
    assert "evidence=" in page.url
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(chart).to_be_focused()


def test_a_click_on_a_drawn_point_opens_its_evidence(visitor, lived_in):
    page = visitor(1280, CITY).open(f"/regulator/outlets/{lived_in['exceeded']}/?f=a21026&k=hour&s=7d")
    point = page.evaluate(
        """() => { const c = document.querySelector('.m-chart-canvas canvas'), g = c.getContext('2d');
        const d = g.getImageData(0, 0, c.width, c.height).data, found = [];
        for (let i = 0; i < d.length; i += 4) if (d[i] > 170 && d[i] < 190 && d[i+1] < 50 && d[i+2] < 40 && d[i+3] > 150) found.push(i / 4);
        const top = found[0], box = c.getBoundingClientRect(), scale = box.width / c.width;
        return { x: box.x + (top % c.width) * scale, y: box.y + (Math.floor(top / c.width) + 5) * scale }; }"""
    )
    page.mouse.click(point["x"], point["y"])
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("判定与线索")
    expect(drawer).to_contain_text("超标倍数")


def test_a_judgement_shows_its_receipt_with_one_click(visitor):
    page = visitor(1280, CITY).open("/regulator/findings/F-2026-000001/")
    receipt = page.locator(".m-receipt").first
    receipt.get_by_text("为什么？").click()
    for said in ("hj75.hour_limit", "条款", "GB 18485-2014", "输入摘要 SHA-256"):
        expect(receipt).to_contain_text(said)


def test_csv_and_excel_hold_the_rows_of_the_page(visitor, lived_in):
    page = visitor(1280, CITY).open(f"/regulator/outlets/{lived_in['exceeded']}/?f=a21026&k=hour&s=7d")
    shown = int(re.search(r"(\d+) 条", page.locator("#table").inner_text())[1])
    with page.expect_download() as plain:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.reader(io.StringIO(plain.value.path().read_text(encoding="utf-8-sig"))))
    assert len(rows) == shown + 1
    assert rows[0][:2] == ["时间", "因子"]
    assert max(float(row[3]) for row in rows[1:] if row[3]) > 100, "the exceedance is in it"
    with page.expect_download() as book:
        page.get_by_role("link", name="Excel").click()
    with zipfile.ZipFile(book.value.path()) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if "worksheets/sheet" in name]
    assert max(sheet.count("<row ") for sheet in sheets) >= shown + 1


def test_a_finding_is_dismissed_and_taken_back_with_keys(visitor):
    page = visitor(1280, CITY).open("/regulator/findings/F-2026-000002/")
    page.keyboard.press("d")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    head = page.locator(".m-headline")
    expect(head).to_contain_text("已排除")
    expect(page.locator(".m-toast")).to_contain_text("F-2026-000002")
    page.keyboard.press("z")
    page.keyboard.press("Enter")
    expect(head).to_contain_text("检出")


def test_the_desk_is_walked_with_keys(visitor):
    page = visitor(1280, CITY).open("/regulator/findings/?state=all")
    page.keyboard.press("j")
    first = page.locator("[data-row] a").first
    expect(first).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("[data-row] input").first).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("F-2026-")


def test_a_finding_becomes_a_case_and_costs_the_agency_points(visitor):
    city, agency = visitor(1280, CITY), visitor(1280, AGENCY)
    before = agency.open("/agency/credit/").locator(".m-counter b").first.inner_text()
    page = city.open("/regulator/findings/F-2026-000001/")
    page.locator("summary", has_text="立案").click()
    page.locator("details[open] button", has_text="立案").click()
    expect(page).to_have_url(re.compile(r"/regulator/cases/C-\d{4}-\d{4}/"))
    number = page.url.rstrip("/").rsplit("/", 1)[1]
    assign(page)
    close(page)
    expect(page.locator(".m-headline")).to_contain_text("关闭")
    for _ in range(20):
        shown = agency.open("/agency/credit/")
        if number in shown.inner_text("main"):
            break
        shown.wait_for_timeout(500)
    expect(shown.locator("main")).to_contain_text(number)
    assert float(shown.locator(".m-counter b").first.inner_text()) < float(before)


def assign(page):
    page.locator("summary", has_text="分派案件").click()
    page.locator("#assign-assignee").select_option("enforcement")
    page.locator("details[open] button", has_text="分派案件").click()
    expect(page.locator("dl.m-facts")).to_contain_text("秦守义")


def close(page):
    page.locator("summary", has_text="结案").click()
    form = page.locator("details[open] form")
    form.get_by_label("属实", exact=True).check()
    form.locator("button").click()
    expect(page.locator("#error-summary")).to_contain_text(
        "核实情况"
    )  # nothing typed: said, and the choice kept
    form = page.locator("details[open] form")
    expect(form.get_by_label("属实", exact=True)).to_be_checked()
    form.get_by_label("运维机构 清源").check()
    form.get_by_label("核实情况").fill("调阅运维记录，喷枪堵塞未及时处理，责任在运维机构。")
    form.locator("button").click()


def test_the_language_changes_and_the_address_stays(visitor, lived_in):
    guest = visitor(1280, CITY)
    page = guest.open(f"/regulator/outlets/{lived_in['exceeded']}/?f=a21026&k=hour&s=7d")
    address = page.url
    page.locator(".m-menu summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url == address
    expect(page.get_by_role("link", name="Hour", exact=False).first).to_be_visible()
    page.locator(".m-menu summary").click()
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert page.url == address


FOREIGN = [
    (OTHER, "/discharger/outlets/{mine}/DA001/", 404),
    (OTHER, "/discharger/visits/{waiting}/", 404),
    (OTHER, "/discharger/cases/{case}/", 404),
    (OTHER, "/discharger/findings/F-2026-000001/", 404),
    (OTHER, "/regulator/", 403),
    (OTHER, "/agency/", 403),
    (OTHER, "/m/", 403),
    ("dongpu-energy-admin", "/discharger/outlets/{foreign}/DA002/", 404),
    ("dongpu-energy-officer", "/discharger/outlets/{foreign}/DA002/export/?form=csv", 404),
    ("technician", "/regulator/findings/", 403),
    ("technician", "/discharger/visits/", 403),
    ("agency_admin", "/regulator/outlets/{mine}/DA001/", 403),
    ("agency_admin", "/regulator/live/", 403),
    (DISTRICT, "/regulator/outlets/{mine}/DA001/", 404),
    (DISTRICT, "/regulator/findings/F-2026-000001/", 404),
    (DISTRICT, "/discharger/", 403),
    (CITY, "/agency/visits/{waiting}/", 403),
    ("system_admin", "/regulator/findings/", 403),
    ("laboratory", "/regulator/", 403),
]


@pytest.mark.parametrize(("role", "path", "status"), FOREIGN)
def test_what_belongs_to_others_stays_closed(visitor, platform, lived_in, role, path, status):
    guest = visitor(1280, role)
    answer = guest.context.request.get(platform.url + path.format(**lived_in))
    assert answer.status == status


@pytest.mark.parametrize("path", ["/regulator/", "/discharger/", "/agency/", "/m/", "/notices/"])
def test_without_signing_in_a_portal_leads_to_the_sign_in_and_back(visitor, path):
    guest = visitor(1280)
    guest.open(path)
    assert f"/sign-in/?next={path}" in guest.page.url


def test_the_public_page_names_its_version_and_digest(visitor, lived_in):
    page = visitor(1280).open(f"/outlets/{lived_in['exceeded']}/")
    digest = re.search(r"\b[0-9a-f]{64}\b", page.inner_text("main"))
    assert digest
    page.get_by_role("link", name="全部版本").click()
    expect(page.locator("tbody tr").first).to_contain_text(digest[0][:16])
    with page.expect_download() as plain:
        page.goto(f"/outlets/{lived_in['exceeded']}/")
        page.get_by_role("link", name="下载 CSV").click()
    assert "a21026" in plain.value.path().read_text(encoding="utf-8-sig")


def test_the_frames_of_a_station_come_by_themselves_until_they_are_paused(visitor, lived_in):
    """A frame is added above those that are there; one that was opened stays open. Paused, nothing comes any more."""
    page = visitor(1280, CITY).open(f"/regulator/devices/stations/{lived_in['mn']}/")
    page.evaluate("window.sameDocument = true")
    lines = page.locator("#line-list > .m-line")
    expect(lines.first).to_be_visible()
    before = lines.count()
    newest = reference(lines.first)
    lines.first.locator("summary").click()
    expect(lines.first.locator(".m-line-body")).to_be_visible()
    expect(page.locator("#bar .m-live-dot")).not_to_have_class(re.compile("m-off"))
    expect(lines.nth(before)).to_be_attached(timeout=LIVE_MS)
    assert page.evaluate("window.sameDocument") is True
    added = lines.count() - before
    assert reference(lines.nth(0)) != newest
    assert reference(lines.nth(added)) == newest, "what was there moved down, unchanged"
    expect(lines.nth(added).locator(".m-line-body")).to_be_visible()
    found = [reference(line) for line in lines.all()]
    assert len(found) == len(set(found)), "no frame is shown twice"

    page.locator("#pause").click()
    expect(page.locator("#bar")).to_contain_text("已暂停")
    expect(page.locator("#bar .m-live-dot")).to_have_class(re.compile("m-off"))
    still = [reference(line) for line in lines.all()]
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/live/" in request.url else None)
    page.wait_for_timeout(3 * PERIOD_MS)
    assert [reference(line) for line in lines.all()] == still
    assert asked == []
    page.keyboard.press("p")
    expect(page.locator("#bar")).to_contain_text("实时")
    expect(page.locator("#bar .m-live-dot")).not_to_have_class(re.compile("m-off"))


def reference(line):
    """The name of the frame that a line shows."""
    return line.locator("a[href*='/frames/']").last.get_attribute("href")
