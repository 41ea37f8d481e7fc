"""Built files of ``static/dist`` under the names that carry their hash."""

import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core import checks

MANIFEST = Path(__file__).resolve().parent / "static" / "dist" / "manifest.json"
REMEDY = "Run `python tools/frontend.py` (part of `make setup`)."


@lru_cache(maxsize=4)
def _names(changed_ns: int) -> dict[str, str]:
    names: dict[str, str] = json.loads(MANIFEST.read_text())
    return names


def names() -> dict[str, str]:
    """Plain name → built name; empty before the first build. Read again when the build changed."""
    try:
        return _names(MANIFEST.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


def address(name: str) -> str:
    """The address of a built file. Before a build the plain name: pages work without styles and scripts."""
    return f"{settings.STATIC_URL}dist/{names().get(name, name)}"


@checks.register
def check_built(**_: object) -> list[checks.CheckMessage]:
    if names():
        return []
    return [
        checks.Warning(
            "The front end is not built; pages have no styles and scripts.", hint=REMEDY, id="mingcha.W001"
        )
    ]
