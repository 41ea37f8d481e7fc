from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from mingcha.core.errors import LocalError

_NEVER = "rows of the audit are never changed or deleted; record a new one with audit_record"


class Rows(models.QuerySet["AuditEvent"]):
    """Refuses what would change or delete rows; the database refuses it too (``guards.py``)."""

    def update(self, **_: Any) -> NoReturn:
        raise LocalError(_NEVER)

    def delete(self) -> NoReturn:
        raise LocalError(_NEVER)


class AuditEvent(models.Model):
    """One written fact: who did what to which object, when. Chained; never changed or deleted.

    It is also the outbox: ``workers/jobs.py`` says what follows an action.
    """

    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=64)  # "case.closed"
    subject_kind = models.CharField(max_length=32)  # model name, lower case
    subject_id = models.CharField(max_length=64)
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    objects = Rows.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            # the timeline of one object
            models.Index(fields=["subject_kind", "subject_id", "id"], name="audit_subject"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LocalError(_NEVER)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LocalError(_NEVER)


class Follower(models.Model):
    """How far a reader of the outbox has read: moved in the transaction that enqueues what follows."""

    name = models.CharField(max_length=32, unique=True)
    last_event = models.BigIntegerField(default=0)
