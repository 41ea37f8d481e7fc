"""One region for the page tests of a module, clients of people, stores in the tests' own data folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from portal_world import World, publish, telemetry, world

from mingcha.core.clock import now
from mingcha.portals.shared import stores

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _own_stores(settings: Any, tmp_path: Path) -> None:
    settings.READINGS = tmp_path / "readings.sqlite3"
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    settings.BLOBS_FOLDER = tmp_path / "blobs"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # 26 accounts a test: quick


@pytest.fixture
def region(db: Any) -> World:
    found = world(now())
    publish(found)
    telemetry(stores.telemetry(), found.now)
    return found


@pytest.fixture
def as_person() -> Callable[[Any], Client]:
    """A browser in which the person is signed in; None is a stranger."""

    def sign_in(person: Any) -> Client:
        client = Client(HTTP_HOST="localhost")
        if person is not None:
            client.force_login(person, backend=BACKEND)
        return client

    return sign_in
