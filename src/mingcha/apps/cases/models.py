from django.conf import settings
from django.db import models

OPEN, ASSIGNED, CLOSED = "open", "assigned", "closed"


class Case(models.Model):
    """What people make of findings: opened, assigned, closed with a conclusion."""

    NEXT = {
        (OPEN, "assign"): ASSIGNED,
        (ASSIGNED, "assign"): ASSIGNED,
        (ASSIGNED, "note"): ASSIGNED,
        (OPEN, "note"): OPEN,
        (ASSIGNED, "close"): CLOSED,
        (CLOSED, "reopen"): ASSIGNED,
    }
    STATES = {OPEN: "待分派", ASSIGNED: "核实中", CLOSED: "关闭"}

    class Conclusion(models.TextChoices):
        CONFIRMED = "confirmed", "属实"
        RECTIFIED = "rectified", "属实，已整改"
        UNFOUNDED = "unfounded", "不属实"

    class Responsible(models.TextChoices):
        DISCHARGER = "discharger", "排污单位"
        AGENCY = "agency", "运维机构"
        NONE = "none", "无"

    number = models.CharField(max_length=24, unique=True)  # C-2026-0042
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    level = models.CharField(max_length=8)
    discharger = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="cases")
    agency = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, related_name="+")
    outlet = models.ForeignKey("registry.Outlet", models.PROTECT, null=True, related_name="cases")
    district = models.ForeignKey("accounts.District", models.PROTECT, null=True, related_name="+")
    findings = models.ManyToManyField("findings.Finding", related_name="cases")
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=OPEN)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    conclusion = models.CharField(max_length=16, choices=Conclusion.choices, blank=True)
    responsible = models.CharField(max_length=16, choices=Responsible.choices, blank=True)
    summary = models.TextField(blank=True)

    class Meta:
        ordering = ["-opened_at", "-id"]


class Note(models.Model):
    """One line of the case's timeline written by a person."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["at", "id"]
