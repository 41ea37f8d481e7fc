"""Where a store of a test lies: the same tests run on SQLite and on PostgreSQL.

``from places import place, postgres`` gives the fixtures.
"""

import itertools
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from postgres_server import postgres

from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.recent.engines import engine_of, is_postgres
from mingcha.store.telemetry.recent.schema import NAMES

__all__ = ["history_of", "opened", "place", "postgres"]

HISTORY = Path(tempfile.gettempdir()) / "mingcha-history-of-tests"  # nothing is sealed there


def history_of(where):
    """Where the history of a store on a server lies; None: beside the file."""
    return HISTORY / sha256(where.encode()).hexdigest()[:16] if is_postgres(where) else None


def opened(where):
    """The store of such a place."""
    return Telemetry(where, history_of(where))


class Files:
    """Stores on SQLite."""

    name = "sqlite"

    def __init__(self, folder):
        self._folder, self._count = folder, itertools.count()

    def fresh(self):
        """Where a new store lies."""
        return self._folder / f"readings-{next(self._count)}.sqlite3"

    def done(self, where):
        """A store is needed no more."""


class Schemas:
    """Stores on PostgreSQL: emptied and used again, for making tables takes longer than a test."""

    name = "postgres"

    def __init__(self, server):
        self.server, self._free = server, []

    def fresh(self):
        return self._free.pop() if self._free else self.server.fresh()

    def done(self, where):
        db = engine_of(where).open()
        if db.version():
            for name in NAMES:
                db.execute(f"DELETE FROM {name}" + (" WHERE key <> 'schema'" if name == "meta" else ""))
            db.execute("INSERT INTO meta VALUES ('generation', gen_random_uuid()::text)")
        db.close()
        self._free.append(where)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def place(request, tmp_path_factory):
    if request.param == "sqlite":
        return Files(tmp_path_factory.mktemp("stores"))
    return Schemas(request.getfixturevalue("postgres"))
