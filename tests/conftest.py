"""What every test has. The data folder of a test run is set by the plugin ``mingcha.site.testing``."""

import os
from collections.abc import Iterator

import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# CI tries the same examples each time, so that a red run is a change's fault; `make test` and `make soak` look further.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
if os.environ.get("MINGCHA_FUZZ"):
    settings.register_profile("soak", deadline=None, max_examples=int(os.environ["MINGCHA_FUZZ"]))
    settings.load_profile("soak")
else:
    settings.load_profile("default")


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A page asked for in English leaves its language to the thread; the next test starts in its own."""
    yield
    translation.deactivate()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Whole files to a worker (``--dist loadfile``), and all browser tests to one: they share one platform."""

    class ByPlatform(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)

    return ByPlatform(config, log)
