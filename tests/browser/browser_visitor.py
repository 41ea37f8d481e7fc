"""One person in one browser window, and what of a page can be measured."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser_picture import smaller
from browser_platform import Platform
from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "src/mingcha/site/static_src/node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
REFUSED = "status of 422"  # the browser reports a form that came back with errors, as it should
PHONE = 600  # px: windows below it are phones, with touch
TALLEST = {"phone": 2200, "desk": 1600}  # px kept of a screenshot
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(
        executable_path=chromium_path(), args=FLAGS, env={**os.environ, "LANGUAGE": "zh_CN"}
    )
    yield browser
    browser.close()


def chromium_path() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.fail("no Chromium: run .venv/bin/python tools/chromium.py, which says what to install")


@cache
def axe_source() -> str:
    if not AXE.exists():
        pytest.fail(f"no {AXE.name}: run .venv/bin/python tools/frontend.py, which installs it")
    return AXE.read_text(encoding="utf-8")


class Visitor:
    """``errors``: what the browser's console complained of, content security policy included."""

    def __init__(
        self, browser: Browser, platform: Platform, width: int, signed_in: dict[str, Any], *,
        script: bool = True, theme: str = "light", zone: str = "Asia/Shanghai", place: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        self.platform, self.width, self.signed_in, self.script = platform, width, signed_in, script
        where = {"latitude": place[0], "longitude": place[1], "accuracy": 12} if place else None
        self.context = browser.new_context(
            viewport={"width": width, "height": 740}, base_url=platform.url,
            locale="zh-CN", timezone_id=zone, java_script_enabled=script, has_touch=width < PHONE,
            geolocation=where, permissions=["geolocation"] if place else [], accept_downloads=True,
        )  # fmt: skip
        if theme != "light":
            self.context.add_cookies([{"name": "theme", "value": theme, "url": platform.url}])
        self.page: Page = self.context.new_page()
        self.size()
        self.page.set_default_timeout(15_000)
        self.errors: list[str] = []
        self.page.on(
            "console",
            lambda m: self.errors.append(m.text) if m.type == "error" and REFUSED not in m.text else None,
        )
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))

    def sign_in(self, role: str) -> "Visitor":
        """By the form the first time, by the session's cookie afterwards."""
        account = self.platform.account(role)
        if account.username in self.signed_in:
            self.context.add_cookies([self.signed_in[account.username]])
            return self
        self.page.goto("/sign-in/")
        self.page.fill("input[name=username]", account.username)
        self.page.fill("input[name=password]", account.password)
        self.page.click("main form button.btn-primary")
        self.page.wait_for_url(re.compile(r"^(?!.*/sign-in/)"))
        self.signed_in[account.username] = next(c for c in self.context.cookies() if c["name"] == "sessionid")
        return self

    def open(self, path: str, status: int = 200) -> Page:
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}, expected {status}"
        if status != 200:  # the browser itself reports the status as an error
            self.errors = [error for error in self.errors if f"status of {status}" not in error]
        if self.script and self.page.locator("figure[data-chart]").count():
            self.page.wait_for_selector(".m-chart-canvas canvas")
        return self.page

    def screenshot(self, name: str, *, whole: bool = True) -> None:
        """Kept in the folder that ``MINGCHA_SCREENS`` names; long pages are cut, what is fixed stays at the end."""
        folder = os.environ.get("MINGCHA_SCREENS")
        if folder:
            path = ROOT / folder / f"{name}-{self.width}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if whole:
                height = int(self.page.evaluate("document.documentElement.scrollHeight"))
                self.size(min(height, TALLEST["phone" if self.width < PHONE else "desk"]))
            taken = self.page.screenshot(animations="disabled")
            self.size()
            blank = self.context.new_page()
            path.write_bytes(smaller(taken, blank))
            blank.close()

    def size(self, height: int = 0) -> None:
        self.page.set_viewport_size(
            {"width": self.width, "height": height or (800 if self.width > PHONE else 740)}
        )

    def axe(self) -> list[str]:
        """Accessibility violations of WCAG 2.2 AA on the open page, one line each."""
        self.page.evaluate(axe_source())
        result = self.page.evaluate(
            "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", WCAG
        )
        return [
            f"{one['id']}: {one['help']} at {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:240]}"
            for one in result["violations"]
            for node in one["nodes"][:5]
        ]

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )

    def covered(self) -> int:
        """How many pixels of the page's end lie under the navigation at the bottom of a phone."""
        return int(
            self.page.evaluate(
                """() => { const nav = document.querySelector('.m-side'), main = document.querySelector('main');
                if (nav === null || getComputedStyle(nav).position !== 'fixed') return 0;
                window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' });
                const under = main.getBoundingClientRect().bottom - nav.getBoundingClientRect().top;
                window.scrollTo({ top: 0, behavior: 'instant' });
                return Math.max(0, under); }"""
            )
        )

    def text(self, selector: str) -> str:
        return " ".join(self.page.inner_text(selector).split())

    def close(self) -> None:
        self.context.close()
