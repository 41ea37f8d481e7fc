"""What a first visit costs on the wire, and that every browser shows Beijing's time (ui.md §5, §7.6, §7.7)."""

import re
from pathlib import Path

import pytest
from browser_pages import CITY, CONFIRMER, TECHNICIAN
from browser_visitor import ROOT

DIST = ROOT / "src/mingcha/site/static/dist"
NEW_COLOURS = ("oklch(", "light-dark(", "color-mix(")  # unknown to the oldest browsers we serve
BUDGETS = [
    ("confirm", CONFIRMER, "/discharger/visits/{waiting}/", 40),
    ("public list", "", "/", 120),
    ("public outlet", "", "/outlets/{exceeded}/", 120),
    ("list", CITY, "/regulator/findings/", 180),
    ("chart", CITY, "/regulator/outlets/{exceeded}/?f=a21026&k=hour&s=7d", 450),
    ("phone", TECHNICIAN, "/m/visits/{open}/records/gas_patrol_extractive/", 250),
]  # fmt: skip
LATER_HTML = 40  # kB


def carried(guest, path: str, *, first: bool = True) -> dict[str, float]:
    """kB on the wire by file, compressed as the server sends it, headers included; photos are not of the page."""
    session = guest.context.new_cdp_session(guest.page)
    session.send("Network.enable")
    if first:
        session.send("Network.clearBrowserCache")
    named: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on("Network.responseReceived", lambda e: named.update({e["requestId"]: e["response"]["url"]}))
    session.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"] / 1000})
    )
    guest.open(path)
    guest.page.wait_for_timeout(300)
    found = {re.sub(r"^https?://[^/]+", "", named[key]): size for key, size in sizes.items() if key in named}
    return {name: size for name, size in found.items() if "/photos/" not in name}


@pytest.mark.parametrize(("name", "role", "path", "limit"), BUDGETS, ids=[row[0] for row in BUDGETS])
def test_a_first_visit_stays_within_its_budget(visitor, lived_in, name, role, path, limit):
    sizes = carried(visitor(360 if name in ("confirm", "phone") else 1280, role), path.format(**lived_in))
    listed = ", ".join(f"{file} {size:.1f}" for file, size in sorted(sizes.items(), key=lambda row: -row[1]))
    print(f"{name}: {sum(sizes.values()):.1f} of {limit} kB: {listed}")
    assert sum(sizes.values()) <= limit, listed


def test_a_later_page_is_only_its_html(visitor, lived_in):
    guest = visitor(1280, CITY)
    guest.open("/regulator/findings/")
    sizes = carried(guest, "/regulator/cases/", first=False)
    assert sum(size for name, size in sizes.items() if name.startswith("/static/")) < 1, sizes
    assert sizes["/regulator/cases/"] <= LATER_HTML


def test_a_browser_in_new_york_shows_the_time_of_beijing(visitor, lived_in):
    path = f"/regulator/outlets/{lived_in['exceeded']}/?f=a21026&k=hour&s=7d"
    shown = []
    for zone in ("Asia/Shanghai", "America/New_York"):
        page = visitor(1280, CITY, zone=zone).open(path + "&asof=2030-01-01T00:00")
        page.locator(".m-chart-canvas").focus()
        page.keyboard.press("Home")
        page.wait_for_timeout(200)
        shown.append((page.inner_text("#live"), page.locator("tbody td").first.inner_text()))
    assert shown[0] == shown[1]
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:00", shown[0][0])


def built() -> list[Path]:
    return sorted(DIST.glob("*.css"))


def test_the_style_sheets_are_for_old_browsers_too():
    assert built(), "no built style sheets: run tools/frontend.py"
    assert [
        (file.name, word)
        for file in built()
        for word in NEW_COLOURS
        if word in file.read_text(encoding="utf-8")
    ] == []
