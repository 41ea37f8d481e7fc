"""One region for a whole module: made once in a transaction that is rolled back; each test gets its own savepoint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from api_world import World, build
from django.conf import settings
from django.db import transaction
from django.test import Client, override_settings

BACKEND = "django.contrib.auth.backends.ModelBackend"
Sign = Callable[..., Client]


@dataclass(frozen=True)
class Region:
    """``sessions``: the session cookie of everybody, signed in once."""

    world: World
    sessions: dict[str, str]


@pytest.fixture(scope="module")
def region(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Region]:
    folder: Path = tmp_path_factory.mktemp("api")
    places: dict[str, Any] = {
        "READINGS": folder / "readings.sqlite3",
        "JOURNAL_FOLDER": folder / "journal",
    }
    places["WHITENOISE_AUTOREFRESH"] = True  # else every client reads the whole static folder before it asks
    with override_settings(**places), django_db_blocker.unblock(), transaction.atomic():
        world = build()
        yield Region(world, {name: _signed_in(user) for name, user in world.people.persons.items()})
        transaction.set_rollback(True)


def _signed_in(user: Any) -> str:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def world(region: Region, db: None) -> World:
    return region.world


@pytest.fixture
def as_person(region: Region, db: None) -> Sign:
    """A client in which the named person is signed in; "" is a stranger. English, so that messages can be read."""

    def sign_in(name: str, **how: Any) -> Client:
        client = Client(HTTP_HOST="localhost", HTTP_ACCEPT_LANGUAGE="en", **how)
        if name:
            client.cookies[settings.SESSION_COOKIE_NAME] = region.sessions[name]
        return client

    return sign_in
