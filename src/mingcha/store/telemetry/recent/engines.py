"""Which engine a store is on: a path says SQLite, ``postgresql://…`` says PostgreSQL."""

from pathlib import Path

from mingcha.core.errors import BadInput
from mingcha.store.telemetry.recent.engine import Engine
from mingcha.store.telemetry.recent.sqlite import SqliteEngine

PREFIXES = ("postgresql://", "postgres://")


def is_postgres(where: str | Path) -> bool:
    return str(where).startswith(PREFIXES)


def engine_of(where: str | Path) -> Engine:
    """The engine of a path or an address.

    Raises:
        BadInput: an address of something else, or the driver of PostgreSQL is not installed.
    """
    if is_postgres(where):
        return _postgres(str(where))
    if "://" in str(where):
        scheme = str(where).partition("://")[0]
        raise BadInput({"": f"readings at {scheme}://…: expected the path of a file, or postgresql://…"})
    return SqliteEngine(Path(where))


def _postgres(address: str) -> Engine:
    try:
        from mingcha.store.telemetry.recent.postgres import PostgresEngine
    except ImportError as error:
        raise BadInput(
            {
                "": f"readings on PostgreSQL need the driver psycopg, which is not here ({error}): "
                "pip install 'mingcha[postgres]'"
            }
        ) from error
    return PostgresEngine(address)
