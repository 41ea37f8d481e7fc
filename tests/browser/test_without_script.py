"""Without script: public pages, sign-in, lists, receipts, the drawer's page, and the confirmation (ui.md §7.7)."""

import re

import pytest
from browser_pages import CITY, CONFIRMER
from playwright.sync_api import expect


@pytest.fixture
def plain(visitor):
    """A maker of visitors whose browser runs no script."""
    return lambda width, role="": visitor(width, role, script=False)


def test_somebody_signs_in_and_out(visitor, platform):
    account = platform.account("auditor")
    page = visitor(360, script=False).open("/sign-in/")
    page.fill("input[name=username]", account.username)
    page.fill("input[name=password]", "wrong password")
    page.click("main form button.btn-primary")
    expect(page.locator("#error-summary")).to_contain_text("用户名或密码不对")
    expect(page.locator("input[name=username]")).to_have_value(account.username)
    page.fill("input[name=password]", account.password)
    page.click("main form button.btn-primary")
    expect(page.locator("h1")).to_have_text("工作台")
    page.locator(".m-menu summary").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("h1")).to_have_text("排放数据")


def test_a_citizen_finds_an_outlet_and_reads_its_state(plain):
    page = plain(360).open("/")
    page.locator("#id_q").fill("东浦再生能源")
    page.get_by_role("button", name="查找排放口").click()
    page.locator(".m-list-row a").first.click()
    expect(page.locator(".m-state-line")).to_contain_text("时")
    expect(page.locator("main")).to_contain_text("数据未经审核，可能修订")
    assert page.locator("figure.m-day svg").count() > 0


def test_the_chart_is_a_picture_and_its_points_lead_to_the_evidence(plain, lived_in):
    page = plain(1280, CITY).open(f"/regulator/outlets/{lived_in['exceeded']}/?f=a21026&k=minute&s=24h")
    expect(page.locator(".m-chart-picture svg")).to_be_visible()
    page.locator("table a[data-drawer]").first.click()
    expect(page.locator("h1")).to_contain_text("二氧化硫")
    expect(page.locator(".m-bytes").first).to_contain_text("PW=******")


def test_lists_filter_and_receipts_open(plain):
    page = plain(1280, CITY).open("/regulator/findings/")
    page.get_by_label("类别").select_option("rule")
    page.get_by_role("button", name="筛选").click()
    expect(page).to_have_url(re.compile("kind=rule"))
    page.goto("/regulator/findings/F-2026-000001/")
    page.locator(".m-receipt summary").first.click()
    expect(page.locator(".m-receipt").first).to_contain_text("hj75.hour_limit")


def test_a_visit_is_disputed_taken_up_again_and_confirmed(plain, lived_in):
    page = plain(360, CONFIRMER).open(f"/discharger/visits/{lived_in['second']}/")
    page.get_by_role("button", name="情况属实，确认").click()
    expect(page.locator("h1 ~ .m-page-actions")).to_contain_text("已确认")
    page.get_by_role("button", name="撤回确认").click()
    expect(page.locator("h1 ~ .m-page-actions")).to_contain_text("已提交")
    page.locator("summary", has_text="有异议，退回").click()
    page.get_by_role("button", name="退回记录").click()
    expect(page.locator("#error-summary")).to_be_visible()
    page.get_by_role("button", name="情况属实，确认").click()
    expect(page.locator("h1 ~ .m-page-actions")).to_contain_text("已确认")
