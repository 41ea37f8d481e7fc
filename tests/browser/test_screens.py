"""Every page at phone and desktop width, in light and dark: it loads, fits, follows the rules and excludes nobody.

``MINGCHA_SCREENS=docs/screens`` keeps a picture of each.
"""

import pytest
from browser_pages import LOOKS, Look
from browser_visitor import ROOT, Visitor

CASES = [
    pytest.param(look, width, theme, id=f"{look.name}-{width}-{theme}")
    for theme in ("light", "dark")
    for width in (1280, 360, 1920)
    for look in LOOKS
    if width in look.widths
    and theme in look.themes
    and (theme == "light" or width == (360 if look.plain else 1280))
]
STATES = ("-none", "-table", "-system", "-district")  # another state of a page: one picture is enough


def kept(look: Look, width: int, theme: str) -> str:
    """The name of the picture, "" where none is kept."""
    if look.name.endswith(STATES) and width != look.widths[-1]:
        return ""
    return look.name if theme == "light" else f"{look.name}-dark"


def opened(guest: Visitor, look: Look, known: dict[str, str]) -> None:
    guest.open(look.path.format(**known), look.status)
    if look.first:
        guest.page.locator(look.first).first.click()
        guest.page.wait_for_selector("#drawer h2" if "data-drawer" in look.first else "h1")


def headed(guest: Visitor, look: Look) -> list[str]:
    """What of ui.md §2 the page breaks: one h1; the title names it; the breadcrumb ends with it."""
    title = guest.page.title().removesuffix(" · 明察")
    heads = guest.page.locator("h1")
    problems = [] if heads.count() == 1 else [f"{heads.count()} h1"]
    if title not in guest.text("h1"):
        problems.append(f"h1 {guest.text('h1')!r} without the title {title!r}")
    crumbs = [" ".join(text.split()) for text in guest.page.locator(".m-crumbs li").all_inner_texts()]
    if not look.plain and look.status in (200, 422) and crumbs[-1:] != [title]:
        problems.append(f"breadcrumb {crumbs} does not end with {title!r}")
    return problems


@pytest.mark.parametrize(("look", "width", "theme"), CASES)
def test_a_page_fits_and_follows_the_rules(regulars, lived_in, look, width, theme):
    guest = regulars(width, look.role, theme)
    guest.errors.clear()
    opened(guest, look, lived_in)
    if name := kept(look, width, theme):
        guest.screenshot(name, whole="data-drawer" not in look.first)
    assert guest.errors == []
    assert guest.overflow() <= 0
    assert headed(guest, look) == []
    assert guest.axe() == []
    assert guest.covered() <= 0


def test_every_kept_picture_was_judged():
    folder = ROOT / "docs/screens"
    told = (folder / "README.md").read_text(encoding="utf-8")
    assert [one.name for one in sorted(folder.glob("*.png")) if f"({one.name})" not in told] == []
