"""Reading the audit: timelines of objects, the outbox, and the proof of the chain."""

from django.db.models import QuerySet

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.values import GENESIS, Head, Problem, row_hash


def timeline(subject_kind: str, subject_id: str | int) -> QuerySet[AuditEvent]:
    """What happened to one object, oldest first. The caller has checked that the viewer may see it."""
    found = AuditEvent.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id))
    return found.select_related("by").order_by("id")


def events_after(event_id: int, limit: int) -> list[AuditEvent]:
    """The next ``limit`` rows after ``event_id``, in order: the outbox of the workers."""
    return list(AuditEvent.objects.filter(id__gt=event_id).order_by("id")[:limit])


def head() -> Head | None:
    """The newest row, None in an empty audit."""
    row = AuditEvent.objects.order_by("-id").first()
    return None if row is None else Head(row.pk, row.hash)


def verify_chain(*, anchor: Head | None = None) -> list[Problem]:
    """What is wrong with the chain: an empty list where every row follows from the one before.

    A cut-off end leaves a whole chain; only an ``anchor``, a head noted elsewhere earlier, shows it.
    """
    problems: list[Problem] = []
    previous, anchored = GENESIS, anchor is None
    for row in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        problems += _problems_of(row, previous)
        anchored = anchored or (anchor is not None and (row.pk, row.hash) == (anchor.id, anchor.hash))
        previous = row.hash
    if anchor is not None and not anchored:
        problems.append(
            Problem(anchor.id, f"row {anchor.id} with hash {anchor.hash} was noted before and is not there")
        )
    return problems


def _problems_of(row: AuditEvent, previous: str) -> list[Problem]:
    found = []
    if row.previous != previous:
        found.append(
            Problem(
                row.pk,
                f"follows {row.previous}, but the row before has {previous}: a row is missing or moved",
            )
        )
    expected = row_hash(
        previous=row.previous,
        at=row.at,
        by=row.by_id,
        action=row.action,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        detail=row.detail,
    )
    if row.hash != expected:
        found.append(Problem(row.pk, f"says hash {row.hash}, its content has {expected}: it was changed"))
    return found
