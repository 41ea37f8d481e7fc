from django.conf import settings
from django.db import models

# Task, workflows WF-7
PLANNED, ASSIGNED, IN_PROGRESS, DONE, MISSED, CANCELLED = (
    "planned", "assigned", "in_progress", "done", "missed", "cancelled",
)  # fmt: skip
# Visit, workflows WF-8
OPEN, SUBMITTED, REVIEWED, CONFIRMED, COMPLETE, AUTO_CLOSED, UNCONFIRMED = (
    "open", "submitted", "reviewed", "confirmed", "complete", "auto_closed", "unconfirmed",
)  # fmt: skip


class Contract(models.Model):
    """One agency answers for an outlet on a day (WF-7)."""

    agency = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="contracts_as_agency")
    discharger = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="contracts_as_discharger"
    )
    number = models.CharField(max_length=32, unique=True)
    outlets = models.ManyToManyField("registry.Outlet", related_name="contracts")
    start = models.DateField()
    end = models.DateField()  # inclusive, as printed in contracts
    ended_early_on = models.DateField(null=True)  # first day without it

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end__gte=models.F("start")), name="contract_ends_after_start"
            )
        ]


class Task(models.Model):
    """One piece of a plan: what is to be done at an outlet in a window."""

    NEXT = {
        (PLANNED, "assign"): ASSIGNED,
        (ASSIGNED, "assign"): ASSIGNED,
        (ASSIGNED, "start"): IN_PROGRESS,
        (PLANNED, "start"): IN_PROGRESS,
        (IN_PROGRESS, "finish"): DONE,
        (IN_PROGRESS, "drop"): ASSIGNED,  # its visit was closed by the timer: the work is still to be done
        (PLANNED, "miss"): MISSED,
        (ASSIGNED, "miss"): MISSED,
        (PLANNED, "cancel"): CANCELLED,
        (ASSIGNED, "cancel"): CANCELLED,
    }
    VISITED = (
        IN_PROGRESS,
        MISSED,
    )  # a further visit is welcome and changes nothing: missed stays missed (WF-7)
    STATES = {
        PLANNED: "已排", ASSIGNED: "已派", IN_PROGRESS: "进行中", DONE: "完成", MISSED: "漏做", CANCELLED: "取消",
    }  # fmt: skip

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="tasks")
    outlet = models.ForeignKey("registry.Outlet", models.PROTECT, related_name="tasks")
    activity = models.CharField(max_length=32)  # patrol, calibration, standard_check …
    clause = models.CharField(max_length=64, blank=True)  # why it is due
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="tasks")
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=PLANNED)

    class Meta:
        ordering = ["window_end", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(window_end__gt=models.F("window_start")), name="task_has_window"
            )
        ]
        indexes = [
            models.Index(fields=["state", "window_end"], name="task_due")
        ]  # the worker's search for missed ones


class Visit(models.Model):
    """A technician on site: signed in, recorded, submitted, confirmed and reviewed, signed out (WF-8)."""

    NEXT = {
        (OPEN, "submit"): SUBMITTED,
        (SUBMITTED, "return"): OPEN,
        (CONFIRMED, "return"): OPEN,
        (SUBMITTED, "approve"): REVIEWED,
        (CONFIRMED, "approve"): COMPLETE,
        (SUBMITTED, "confirm"): CONFIRMED,
        (REVIEWED, "confirm"): COMPLETE,
        (CONFIRMED, "withdraw"): SUBMITTED,
        (SUBMITTED, "reject"): OPEN,
        (REVIEWED, "reject"): OPEN,
        (OPEN, "time_out"): AUTO_CLOSED,
        (SUBMITTED, "time_out"): UNCONFIRMED,
        (REVIEWED, "time_out"): UNCONFIRMED,
    }
    LEAVABLE = (SUBMITTED, REVIEWED, CONFIRMED, COMPLETE, UNCONFIRMED)  # sign-out is an event of its own
    STATES = {
        OPEN: "进行中", SUBMITTED: "已提交", REVIEWED: "已审核", CONFIRMED: "已确认", COMPLETE: "已齐",
        AUTO_CLOSED: "自动关闭", UNCONFIRMED: "未确认离场",
    }  # fmt: skip

    number = models.CharField(max_length=24, unique=True)  # V-2026-000123
    task = models.ForeignKey(Task, models.PROTECT, null=True, related_name="visits")
    outlet = models.ForeignKey("registry.Outlet", models.PROTECT, related_name="visits")
    agency = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="visits")
    technician = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="visits")
    activity = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=OPEN)
    flags = models.JSONField(default=list)  # WF-8.1: out_of_fence, no_photo, clock_skew …; never block work
    opened_at = (
        models.DateTimeField()
    )  # sign-in, or the last return or rejection: the 24 h of WF-8 run from here
    sign_in_at = models.DateTimeField()
    sign_in_device_at = models.DateTimeField(null=True)
    sign_in_latitude = models.FloatField(null=True)
    sign_in_longitude = models.FloatField(null=True)
    sign_in_accuracy_m = models.FloatField(null=True)
    sign_in_distance_m = models.FloatField(null=True)
    sign_in_photo = models.CharField(max_length=64, blank=True)  # sha-256 of the blob
    sign_out_at = models.DateTimeField(null=True)
    sign_out_latitude = models.FloatField(null=True)
    sign_out_longitude = models.FloatField(null=True)
    submitted_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    remark = models.TextField(blank=True)  # reason of the last return or rejection

    class Meta:
        ordering = ["-sign_in_at", "-id"]
        constraints = [
            # A phone that sends its sign-in twice makes one visit.
            models.UniqueConstraint(
                fields=["technician", "outlet", "activity"],
                condition=models.Q(state=OPEN),
                name="visit_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["outlet", "sign_in_at"], name="visit_of_outlet"),  # the outlet's chart
            models.Index(
                fields=["state", "opened_at"], name="visit_timer"
            ),  # the worker's search for timed-out ones
        ]

    @property
    def closed(self) -> bool:
        """Complete and signed out (WF-8)."""
        return self.state == COMPLETE and self.sign_out_at is not None


class Record(models.Model):
    """One filled form of a visit. A correction is a new version; the old one stays (WF-2.3)."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="records")
    form = models.CharField(max_length=48)  # id in forms/*.yaml
    form_digest = models.CharField(max_length=64)  # the form version filled in
    version = models.PositiveIntegerField()
    values = models.JSONField()
    judgements = models.JSONField(default=list)  # computed, never typed
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    submitted = models.BooleanField(default=False)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["visit_id", "form", "version"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "form", "version"], name="record_version_once")
        ]
