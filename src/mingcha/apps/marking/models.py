from django.conf import settings
from django.db import models

SUBMITTED, ACCEPTED, QUESTIONED, CORRECTED, WITHDRAWN = (
    "submitted",
    "accepted",
    "questioned",
    "corrected",
    "withdrawn",
)


class Mark(models.Model):
    """What the discharger says of a span of its data (workflows WF-10)."""

    NEXT = {
        (SUBMITTED, "accept"): ACCEPTED,
        (SUBMITTED, "question"): QUESTIONED,
        (SUBMITTED, "withdraw"): WITHDRAWN,
        (QUESTIONED, "correct"): CORRECTED,
        (QUESTIONED, "withdraw"): WITHDRAWN,
        (QUESTIONED, "accept"): ACCEPTED,
    }
    STATES = {
        SUBMITTED: "已提交", ACCEPTED: "已接受", QUESTIONED: "被质疑", CORRECTED: "已更正", WITHDRAWN: "已撤回",
    }  # fmt: skip

    outlet = models.ForeignKey("registry.Outlet", models.PROTECT, related_name="marks")
    factor = models.CharField(max_length=12, blank=True)  # "" = all factors
    start = models.DateTimeField()
    end = models.DateTimeField()
    item = models.CharField(max_length=32)  # key in items.yaml: stop, calibration, maintenance, fault …
    reason = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    late = models.BooleanField(default=False)  # after the next day 12:00 (R-MK-3)
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=SUBMITTED)

    class Meta:
        ordering = ["-start", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="mark_has_length")
        ]
