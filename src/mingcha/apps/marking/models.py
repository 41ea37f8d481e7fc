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
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)  # when an authority last accepted or questioned it

    class Meta:
        ordering = ["-start", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="mark_has_length")
        ]


OPEN, CONFIRMED, REOPENED = "open", "confirmed", "reopened"


class CodeConfirmation(models.Model):
    """The discharger's word on all hour codes of an outlet's quarter (R-75-12.1.3), and the lock that follows.

    ``figures``: what was confirmed (``marking.codes``); ``earlier``: the same of former confirmations, each with who,
    when, and who reopened it why.
    """

    NEXT = {
        (OPEN, "confirm"): CONFIRMED,
        (OPEN, "reopen"): REOPENED,  # locked by the deadline, not by a confirmation
        (CONFIRMED, "reopen"): REOPENED,
        (REOPENED, "confirm"): CONFIRMED,
    }
    STATES = {OPEN: "待确认", CONFIRMED: "已确认", REOPENED: "已重新开放"}

    outlet = models.ForeignKey("registry.Outlet", models.PROTECT, related_name="code_confirmations")
    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    start = models.DateTimeField()  # 00:00 Beijing of its first day
    end = models.DateTimeField()  # exclusive
    due_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=OPEN)
    figures = models.JSONField(default=dict)
    earlier = models.JSONField(default=list)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    comment = models.CharField(max_length=500, blank=True)
    reopened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reopened_at = models.DateTimeField(null=True)
    reopened_why = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["-year", "-quarter", "outlet_id"]
        constraints = [
            models.UniqueConstraint(fields=["outlet", "year", "quarter"], name="code_confirmation_once"),
            models.CheckConstraint(
                condition=models.Q(quarter__gte=1, quarter__lte=4), name="code_confirmation_quarter"
            ),
        ]
        indexes = [
            # whether a mark falls into a locked quarter
            models.Index(fields=["outlet", "start", "end"], name="code_confirmation_span")
        ]
