"""Where the records of Django lie: the SQLite file of the data folder, or the server that ``DATABASE_URL`` names."""

import importlib.util
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from mingcha.core.errors import BadInput

SCHEMES = ("postgresql", "postgres")
CONNECT_S = 10
KEPT_S = 600  # a connection serves this long before another is made


def database(address: str, file: Path) -> dict[str, Any]:
    """An entry of Django's ``DATABASES``. ``address``: ``DATABASE_URL``, "" for ``file``.

    Raises:
        BadInput: the address is none of PostgreSQL, or its driver is not installed.
    """
    return _server(address) if address else _file(file)


def _file(file: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",  # a writer waits for its turn at once, not in the middle
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
        "TEST": {"NAME": None},
    }


def _server(address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in SCHEMES or not name:
        raise BadInput(
            {
                "DATABASE_URL": f"{parts.scheme}://…/{name}: expected postgresql://user:password@host:port/database"
            }
        )
    if importlib.util.find_spec("psycopg") is None:
        raise BadInput(
            {
                "DATABASE_URL": "records on PostgreSQL need the driver psycopg, which is not here: "
                "pip install 'mingcha[postgres]'"
            }
        )
    said = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or said.pop("user", "")),
        "PASSWORD": unquote(parts.password or said.pop("password", "")),
        "HOST": unquote(parts.hostname or said.pop("host", "")),
        "PORT": str(parts.port or said.pop("port", "")),
        "OPTIONS": {"connect_timeout": CONNECT_S, "application_name": "mingcha", **said},
        "CONN_MAX_AGE": KEPT_S,
        "CONN_HEALTH_CHECKS": True,  # one that was lost is noticed before a request uses it
    }
