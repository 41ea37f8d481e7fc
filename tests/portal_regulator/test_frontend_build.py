"""What was built obeys ui.md §5 and §7.6; sources hold no inline script; every text has its English."""

import gzip
import json
import re
import sys
from pathlib import Path

import pytest

from mingcha.site import assets

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "mingcha"
SOURCES = PACKAGE / "site" / "static_src"
DIST = assets.MANIFEST.parent
KB = 1000
needs_build = pytest.mark.skipif(not assets.MANIFEST.exists(), reason=f"not built. {assets.REMEDY}")


def packed(*names):
    return sum(len(gzip.compress((DIST / assets.names()[name]).read_bytes(), 9)) for name in names)


@needs_build
def test_styles_hold_no_function_newer_than_our_browsers():
    for name in ("site.css", "phone.css"):
        text = (DIST / assets.names()[name]).read_text()
        assert not re.search(r"oklch\(|light-dark\(|color-mix\(", text), name
        assert "--m-breach" in text, name


@needs_build
@pytest.mark.parametrize(
    ("budget_kb", "names"),
    [
        (40, ("phone.css", "icons.svg")),  # the confirming page works without script
        (120, ("site.css", "site.js", "icons.svg")),  # public
        (180, ("site.css", "site.js", "icons.svg")),  # lists
        (450, ("site.css", "site.js", "chart.js", "icons.svg")),  # charts
        (250, ("phone.css", "phone.js", "icons.svg")),  # phone, once
    ],
)
def test_first_visits_stay_within_their_budgets(budget_kb, names):
    assert packed(*names) <= budget_kb * KB


@needs_build
def test_every_built_name_carries_a_hash_and_a_packed_twin():
    for plain, built in assets.names().items():
        stem, _, ending = plain.rpartition(".")
        assert re.fullmatch(rf"{stem}\.[0-9a-f]{{12}}\.{ending}", built)
        assert gzip.decompress((DIST / f"{built}.gz").read_bytes()) == (DIST / built).read_bytes()


@needs_build
def test_every_icon_in_use_is_in_the_sprite():
    sprite = (DIST / assets.names()["icons.svg"]).read_text()
    used = set()
    for path in PACKAGE.rglob("*.html"):
        used |= set(re.findall(r'{% icon "([\w-]+)"', path.read_text(encoding="utf-8")))
    for path in (PACKAGE / "portals").glob("*/nav.py"):
        used |= set(re.findall(r'Entry\([^)]*?\), "[\w:]+", "([\w-]+)"', path.read_text(encoding="utf-8")))
    assert used
    assert not {name for name in used if f'id="{name}"' not in sprite}


def test_the_lock_names_no_host():
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert "omit-lockfile-registry-resolved=true" in (SOURCES / ".npmrc").read_text()


def test_templates_hold_no_inline_script_or_handler():
    for path in PACKAGE.rglob("*.html"):
        if "node_modules" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"\son\w+=", text), path
        assert "javascript:" not in text, path


def test_pages_name_no_foreign_host():
    for path in [*PACKAGE.rglob("*.html"), *(SOURCES / "css").glob("*.css"), *(SOURCES / "ts").rglob("*.ts")]:
        if "node_modules" not in path.parts:
            assert not re.search(r"(?:src|href|url\()=?[\"'(]*https?://", path.read_text(encoding="utf-8")), (
                path
            )


def test_every_text_has_its_english():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import messages
    finally:
        sys.path.pop(0)
    assert messages.missing() == {}


def test_a_missing_build_is_told_by_the_system_check(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "MANIFEST", tmp_path / "manifest.json")
    found = assets.check_built()
    assert [item.id for item in found] == ["mingcha.W001"]
    assert "tools/frontend.py" in str(found[0].hint)
    assert assets.address("site.css") == "/static/dist/site.css"
