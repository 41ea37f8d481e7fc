from typing import Any, NoReturn

from django.db import models

from mingcha.core.errors import LocalError

_NEVER = "what was published is never changed or deleted; publish a new version with snapshot_publish"


class Rows(models.QuerySet["Snapshot"]):
    """Refuses what would change or delete rows; the database refuses changes too (``guards.py``)."""

    def update(self, **_: Any) -> NoReturn:
        raise LocalError(_NEVER)

    def delete(self) -> NoReturn:
        raise LocalError(_NEVER)


class Snapshot(models.Model):
    """What was published of one outlet, exactly. Never changed: a revision is a new row."""

    outlet = models.ForeignKey("registry.Outlet", models.PROTECT, related_name="snapshots")
    version = models.PositiveIntegerField()
    published_at = models.DateTimeField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)  # of content, version, moment and the digest before
    content_digest = models.CharField(max_length=64)  # of the content alone: equal content is published once
    previous = models.CharField(max_length=64, blank=True)  # digest of the version before
    why = models.CharField(max_length=64)  # "hour", "revision"

    objects = Rows.as_manager()

    class Meta:
        ordering = ["outlet_id", "-version"]
        constraints = [models.UniqueConstraint(fields=["outlet", "version"], name="snapshot_version_once")]
        indexes = [
            models.Index(fields=["digest"], name="snapshot_digest")
        ]  # a printed digest leads to its page

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LocalError(_NEVER)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LocalError(_NEVER)
