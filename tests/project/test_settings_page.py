"""Settings are documented, all of them."""

import re
from pathlib import Path

from mingcha.site.environment import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src/mingcha", "tests", "tools", "bench")


def used() -> set[str]:
    names: set[str] = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".pyx", ".html"} and "node_modules" not in path.parts:
                names |= set(
                    re.findall(
                        r"\b(?:MINGCHA_[A-Z_]+|DATABASE_URL|AWS_ENDPOINT_URL)\b",
                        path.read_text(encoding="utf-8"),
                    )
                )
    return names


def prefixes() -> tuple[str, ...]:
    """``MINGCHA_CAP_``: names that are made of it and a field."""
    return tuple(name for name in used() if name.endswith("_"))


def test_every_variable_that_is_used_is_documented() -> None:
    documented = {variable.name for variable in VARIABLES}
    assert used() - documented - set(prefixes()) == set()
    assert [one for one in prefixes() if not any(name.startswith(one) for name in documented)] == []


def test_every_documented_variable_is_used() -> None:
    names = {variable.name for variable in VARIABLES if not variable.name.startswith(prefixes())}
    assert names - used() == set()


def test_no_variable_is_documented_twice() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
