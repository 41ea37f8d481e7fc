"""The chart of an outlet in a browser: several factors, overlays, five years, and what a key opens."""

import re

import pytest
from browser_pages import CITY
from playwright.sync_api import expect

FACTORS = "a21026,a34013"


def opened(visitor, lived_in, query, width=1280, **options):
    return visitor(width, CITY, **options).open(f"/regulator/outlets/{lived_in['exceeded']}/?{query}")


def data(page):
    return page.evaluate(
        "fetch(document.querySelector('figure[data-chart]').dataset.chart).then(r => r.json())"
    )


def test_two_factors_are_drawn_together_and_each_opens_its_own_evidence(visitor, lived_in):
    page = opened(visitor, lived_in, f"f={FACTORS}&k=hour&s=7d")
    found = data(page)
    assert [curve["factor"] for curve in found["curves"]] == FACTORS.split(",")
    chart = page.locator(".m-chart-canvas")
    chart.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2")).to_be_focused()
    assert "a34013" in page.url
    page.keyboard.press("Escape")
    expect(chart).to_be_focused()


def test_an_overlay_that_is_switched_off_leaves_the_chart_and_stays_off_in_the_address(visitor, lived_in):
    page = opened(visitor, lived_in, "f=a21026&k=hour&s=7d")
    before = [track["name"] for track in data(page)["tracks"]]
    page.locator(".m-overlays a", has_text="企业标记").click()
    expect(page).to_have_url(re.compile("hide=marks"))
    page.wait_for_selector(".m-chart-canvas canvas")
    assert [track["name"] for track in data(page)["tracks"]] == [
        name for name in before if name != "企业标记"
    ]
    assert page.locator(".m-overlays a", has_text="企业标记").get_attribute("aria-current") is None


def test_five_years_are_drawn_and_a_closer_look_is_fetched_by_zooming(visitor, lived_in):
    page = opened(visitor, lived_in, "f=a21026&k=hour&s=5y")
    assert sum(len(curve["points"]) for curve in data(page)["curves"]) <= 4500
    assert page.locator("figure.m-chart canvas").count() == 1
    page.get_by_role("link", name="前一段").first.click()
    expect(page).to_have_url(re.compile("s=own"))


def test_choosing_factors_needs_no_script(visitor, lived_in):
    page = opened(visitor, lived_in, "f=a21026&k=hour&s=7d", script=False)
    assert page.locator("figure.m-chart svg").first.is_visible()
    page.locator("summary", has_text="同图比较").click()
    page.get_by_label("颗粒物").or_(page.locator("input[name=f][value=a34013]")).first.check()
    page.get_by_role("button", name="画在一起").click()
    expect(page).to_have_url(re.compile("a34013"))
    assert page.locator("figure path.c-line-2").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_calendar_rates_and_comparison_are_accessible(visitor, lived_in, width, theme):
    guest = visitor(width, CITY, theme=theme)
    key = lived_in["exceeded"]
    for path in (
        f"outlets/{key}/?f={FACTORS}&k=hour&s=7d",
        f"outlets/{key}/?t=calendar",
        f"outlets/{key}/?t=calendar&year=2026",
        f"outlets/{key}/?t=revisions",
        "rates/",
        f"rates/{key}/",
        f"compare/?o={key}&f=a21026&k=hour&s=7d",
        "revisions/",
    ):
        guest.open("/regulator/" + path)
        assert guest.axe() == [], path
        assert guest.overflow() <= 0, path


def test_the_rates_lead_down_to_a_day(visitor, lived_in):
    page = visitor(1280, CITY).open(f"/regulator/rates/{lived_in['exceeded']}/")
    page.locator("tbody td.m-card-head a").first.click()
    expect(page).to_have_url(re.compile(r"/rates/[^/]+/[^/]+/\d{4}-\d\d-\d\d/"))
    expect(page.locator("h2").first).to_contain_text("不是有效的小时")
