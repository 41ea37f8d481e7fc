"""The whole platform as a user starts it: `mingcha demo` in a data folder of its own, seen through Chromium.

One platform and one browser serve every test here, so all of them run in one worker (``tests/conftest.py``).
``MINGCHA_BROWSER_DATA`` names a folder prepared by ``mingcha demo --only prepare`` to start from, while writing tests.
"""

from collections.abc import Callable, Iterator

import pytest
from browser_platform import Platform, started
from browser_visitor import Visitor, launched
from playwright.sync_api import Browser, sync_playwright

Visit = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with started(tmp_path_factory.mktemp("platform")) as found:
        yield found


@pytest.fixture(scope="session")
def lived_in(platform: Platform) -> dict[str, str]:
    """Numbers of what people left on the platform: visits in every state, a mark, a late duty, a closed case."""
    return platform.live()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, launched(playwright) as found:
        yield found


@pytest.fixture(scope="session")
def signed_in() -> dict[str, object]:
    """Cookies by username: each person signs in once."""
    return {}


@pytest.fixture
def visitor(browser: Browser, platform: Platform, signed_in: dict[str, object]) -> Iterator[Visit]:
    """A maker of visitors: ``visitor(1280, "city_regulator")``. Unread errors of their browsers fail the test."""
    made: list[Visitor] = []

    def make(width: int, role: str = "", **options: object) -> Visitor:
        made.append(Visitor(browser, platform, width, signed_in, **options))
        return made[-1].sign_in(role) if role else made[-1]

    yield make
    for one in made:
        one.close()
    assert [error for one in made for error in one.errors] == []


@pytest.fixture(scope="session")
def regulars(browser: Browser, platform: Platform, signed_in: dict[str, object]) -> Iterator[Visit]:
    """Visitors that stay for the session, one for each role, width and theme: for looking, not for doing."""
    known: dict[tuple[int, str, str], Visitor] = {}

    def find(width: int, role: str, theme: str) -> Visitor:
        key = (width, role, theme)
        if key not in known:
            found = Visitor(browser, platform, width, signed_in, theme=theme)
            known[key] = found.sign_in(role) if role else found
        return known[key]

    yield find
    for one in known.values():
        one.close()
