"""Reading YAML of the law: every complaint names file, key and remedy."""

from collections.abc import Mapping, Set
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule
from mingcha.core.yamls import load_yaml


def read_yaml(path: Path) -> dict[str, Any]:
    """A file whose top is a mapping.

    Raises:
        BadRule: the file is no YAML, or its top is something else.
    """
    try:
        found = load_yaml(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadRule(f"{path}: not readable as YAML ({error}); mend the syntax") from None
    if not isinstance(found, dict):
        raise BadRule(f"{path}: found {type(found).__name__}, expected keys with values; see its siblings")
    return {_key(k): v for k, v in found.items()}


def _key(key: object) -> str:
    return key.isoformat() if isinstance(key, date) else str(key)


def only_keys(
    path: Path,
    found: Mapping[str, Any],
    *,
    needed: Set[str],
    optional: Set[str] = frozenset(),
    inside: str = "",
) -> None:
    """Raises BadRule when a key of the file, or of its entry ``inside``, is missing or not known."""
    for key in sorted(needed - found.keys()):
        raise BadRule(f"{path}: key '{inside}{key}' is missing; add it as its siblings have it")
    for key in sorted(found.keys() - needed - optional):
        known = ", ".join(sorted(needed | optional))
        raise BadRule(f"{path}: key '{inside}{key}' is not known; expected one of {known}")


def read_date(path: Path, key: str, value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadRule(f"{path}: key '{key}' holds {value!r}; write a date as YYYY-MM-DD") from None


def read_number(path: Path, key: str, value: object) -> Decimal:
    """A number of the law: a quoted string, so that no reader turns it into a float first."""
    if not isinstance(value, str):
        raise BadRule(f"{path}: key '{key}' holds {value!r} without quotes; write it as a quoted string")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise BadRule(f"{path}: key '{key}' holds {value!r}; expected a decimal number") from None
    if not number.is_finite():
        raise BadRule(f"{path}: key '{key}' holds {value!r}; expected a finite number")
    return number


def read_sureness(path: Path, key: str, value: object) -> Sureness:
    try:
        return Sureness(str(value))
    except ValueError:
        expected = ", ".join(Sureness)
        raise BadRule(f"{path}: key '{key}' holds {value!r}; expected one of {expected}") from None


def read_text(path: Path, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadRule(f"{path}: key '{key}' holds {value!r}; expected a text that is not empty")
    return value


def read_mapping(path: Path, key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRule(f"{path}: key '{key}' holds {value!r}; expected keys with values")
    return {_key(k): v for k, v in value.items()}
