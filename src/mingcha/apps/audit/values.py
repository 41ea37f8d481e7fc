"""What is hashed of an audit row, and how."""

from dataclasses import dataclass
from datetime import UTC, datetime
from json import loads
from typing import Any

from mingcha.core.digest import canonical, digest

GENESIS = digest("mingcha audit 1")  # stands before the first row


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row: noted elsewhere, it also proves that the end was not cut off."""

    id: int
    hash: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the chain at row ``id``."""

    id: int
    text: str


def plain(detail: dict[str, Any] | None) -> dict[str, Any]:
    """``detail`` as every database gives it back: JSON values, whole floats as integers.

    Raises:
        TypeError: a value has no canonical form.
    """
    found: dict[str, Any] = loads(canonical(detail or {}), parse_float=_number)
    return found


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def row_hash(
    *,
    previous: str,
    at: datetime,
    by: int | None,
    action: str,
    subject_kind: str,
    subject_id: str,
    detail: dict[str, Any],
) -> str:
    """The chain hash of a row: digest of the hash before it and all it says."""
    return digest(
        {
            "previous": previous,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "by": by,
            "action": action,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "detail": detail,
        }
    )
