from django.conf import settings
from django.db import models


class Notice(models.Model):
    """One message to one person; one per cause, so that fourteen effects are not fourteen notices."""

    class Kind(models.TextChoices):
        MUST = "must", "必办"
        SHOULD = "should", "应知"
        MAY = "may", "可看"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    cause = models.CharField(max_length=96)  # e.g. "duty:41:late"; unique per person
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=160, blank=True)
    link = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "cause"], name="notice_once_per_cause")]
        indexes = [models.Index(fields=["user", "read_at"], name="notice_unread")]  # the bell's count
