from django.conf import settings
from django.db import models

DETECTED, DISMISSED, ASSIGNED, CONFIRMED, FALSE_ALARM, WITHDRAWN, MERGED, IN_CASE = (
    "detected", "dismissed", "assigned", "confirmed", "false_alarm", "withdrawn", "merged", "in_case",
)  # fmt: skip


class Finding(models.Model):
    """What breaks a rule or looks wrong: one object, one span, all the facts that say so (WF-12)."""

    NEXT = {
        (DETECTED, "dismiss"): DISMISSED,
        (DETECTED, "assign"): ASSIGNED,
        (DETECTED, "confirm"): CONFIRMED,
        (DETECTED, "withdraw"): WITHDRAWN,  # late data took its ground away
        (DETECTED, "merge"): MERGED,  # a fact between two findings makes them one
        (DETECTED, "take_up"): IN_CASE,
        (ASSIGNED, "assign"): ASSIGNED,
        (ASSIGNED, "confirm"): CONFIRMED,
        (ASSIGNED, "clear"): FALSE_ALARM,
        (ASSIGNED, "withdraw"): WITHDRAWN,
        (ASSIGNED, "merge"): MERGED,
        (ASSIGNED, "take_up"): IN_CASE,
        (CONFIRMED, "take_up"): IN_CASE,
        (DISMISSED, "undo"): DETECTED,
    }
    STATES = {
        DETECTED: "检出",
        DISMISSED: "已排除",
        ASSIGNED: "已分派",
        CONFIRMED: "属实",
        FALSE_ALARM: "误报",
        WITHDRAWN: "已撤销(数据更新)",
        MERGED: "已并入",
        IN_CASE: "已立案",
    }
    OPEN = (DETECTED, ASSIGNED)  # new facts join these; nobody has judged them yet  # fmt: skip

    class Kind(models.TextChoices):
        RULE = "rule", "超标"
        DUTY = "duty", "逾期"
        CLUE = "clue", "疑似"

    class Level(models.TextChoices):
        NOTICE = "notice", "四级"
        GENERAL = "general", "三级"
        SERIOUS = "serious", "二级"
        URGENT = "urgent", "一级"

    number = models.CharField(max_length=24, unique=True)  # F-2026-000123
    kind = models.CharField(max_length=8, choices=Kind.choices)
    source = models.CharField(max_length=64)  # rule id, duty kind or detector id
    outlet = models.ForeignKey("registry.Outlet", models.PROTECT, null=True, related_name="findings")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="findings")
    district = models.ForeignKey("accounts.District", models.PROTECT, null=True, related_name="+")
    factor = models.CharField(max_length=12, blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    level = models.CharField(max_length=8, choices=Level.choices)
    score = models.FloatField(null=True)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    provisional = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=DETECTED)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    dismissal = models.CharField(max_length=32, blank=True)  # key in reasons.yaml
    reason = models.TextField(
        blank=True
    )  # in words: of a dismissal for another reason, a confirmation, a false alarm
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="absorbed")
    detected_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-detected_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end__gte=models.F("start")), name="finding_ends_after_start"
            )
        ]
        indexes = [
            models.Index(
                fields=["outlet", "source", "factor", "end"], name="finding_merge"
            ),  # merging new facts
            models.Index(fields=["state", "-detected_at"], name="finding_desk"),  # the desk's list
        ]


class Fact(models.Model):
    """One verdict, late duty or clue inside a finding, with its whole receipt."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="facts")
    key = models.CharField(max_length=160)  # source/outlet/factor/start: the same fact comes once
    start = models.DateTimeField()
    end = models.DateTimeField()
    level = models.CharField(max_length=8, choices=Finding.Level.choices)
    score = models.FloatField(null=True)
    provisional = models.BooleanField(default=False)
    sentence_zh = models.TextField()
    sentence_en = models.TextField()
    body = models.JSONField()  # verdict with receipt, or clue with stats, hypotheses, excluded
    digest = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)  # restated data no longer say so

    class Meta:
        ordering = ["start", "id"]
        constraints = [models.UniqueConstraint(fields=["key", "digest"], name="fact_once")]
