from django.conf import settings
from django.db import models

RUNNING, MET, LATE, MET_LATE, WAIVED, CANCELLED = "running", "met", "late", "met_late", "waived", "cancelled"


class Duty(models.Model):
    """One deadline of the law (workflows WF-1.8, WF-16). Due times are fixed when created."""

    NEXT = {
        (RUNNING, "meet"): MET,
        (RUNNING, "expire"): LATE,
        (RUNNING, "waive"): WAIVED,
        (RUNNING, "cancel"): CANCELLED,
        (LATE, "meet"): MET_LATE,
        (LATE, "waive"): WAIVED,
    }
    STATES = {
        RUNNING: "进行", MET: "已完成", LATE: "逾期", MET_LATE: "逾期完成", WAIVED: "免除", CANCELLED: "取消",
    }  # fmt: skip

    kind = models.CharField(max_length=32)  # key in kinds.yaml, e.g. "visit_confirmation" (D05)
    clause = models.CharField(max_length=200)
    sureness = models.CharField(max_length=16)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="duties")
    subject_kind = models.CharField(max_length=32)  # "visit"
    subject_id = models.CharField(max_length=64)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    link = models.CharField(max_length=200, blank=True)
    anchor_at = models.DateTimeField()
    due_at = models.DateTimeField()
    counted_days = models.JSONField(default=list)
    provisional = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=RUNNING)
    met_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)  # of a waiver or cancellation
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_id"], name="duty_once_per_subject"
            )
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="duty_due")
        ]  # the worker's search for late ones
