"""The one way into the audit."""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, models, transaction

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.values import GENESIS, plain, row_hash

Subject = models.Model | tuple[str, str | int]

CHAIN_LOCK = 0x6D696E67  # number of the advisory lock that puts PostgreSQL's writers in line


@transaction.atomic
def audit_record(
    *,
    by: AbstractBaseUser | None,
    action: str,
    subject: Subject,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add one row to the chain, in the transaction of what it tells about.

    ``by`` is None where the system itself acted. ``subject``: a saved object, or its kind and id.
    Writers are in line: SQLite's transactions begin IMMEDIATE, on PostgreSQL an advisory lock is held
    to the end of the transaction, so no two rows can follow the same one.
    """
    kind, subject_id = _named(subject)
    _wait_for_turn()
    previous = AuditEvent.objects.order_by("-id").values_list("hash", flat=True).first() or GENESIS
    row: dict[str, Any] = {
        "at": at,
        "action": action,
        "subject_kind": kind,
        "subject_id": subject_id,
        "detail": plain(detail),
    }
    by_id = None if by is None else by.pk
    found = row_hash(previous=previous, by=by_id, **row)
    return AuditEvent.objects.create(previous=previous, hash=found, by_id=by_id, **row)


def _named(subject: Subject) -> tuple[str, str]:
    if isinstance(subject, models.Model):
        if subject.pk is None:
            raise ValueError(f"{subject!r} is not saved; save it before it is audited")
        return type(subject).__name__.lower(), str(subject.pk)
    kind, subject_id = subject
    return kind, str(subject_id)


def _wait_for_turn() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
