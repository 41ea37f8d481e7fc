from django.conf import settings
from django.db import models

from mingcha.core.citation import Sureness
from mingcha.core.facts import Medium


class Profile(models.Model):
    """What the register holds of a discharger beyond its name."""

    organisation = models.OneToOneField("accounts.Organisation", models.PROTECT, related_name="profile")
    permit_no = models.CharField(max_length=32, blank=True)
    permit_category = models.CharField(max_length=32, blank=True)  # key, simplified, registration
    industry = models.CharField(max_length=64, blank=True)
    key_lists = models.JSONField(default=list)  # ["water", "air"]
    self_operated = models.BooleanField(default=False)
    latitude = models.FloatField(null=True)  # WGS 84
    longitude = models.FloatField(null=True)


class Outlet(models.Model):
    """An outlet (排放口) as in the permit. Its key in the telemetry is ``USCC/code``."""

    class State(models.TextChoices):
        PLANNED = "planned", "规划"
        TRIAL = "trial", "试运行"
        NETWORKED = "networked", "已联网"
        FILED = "filed", "已备案"
        OPERATING = "operating", "运行"
        STOPPED = "stopped", "停用"
        RETIRED = "retired", "退役"

    discharger = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="outlets")
    code = models.CharField(max_length=16)  # DA001, DW001
    name = models.CharField(max_length=64)
    medium = models.CharField(max_length=8, choices=[(m.value, m.value) for m in Medium])
    source_type = models.CharField(max_length=64, blank=True)  # "coal boiler", "sewage plant"
    region = models.CharField(max_length=32, default="shanghai")  # profile of rules
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPERATING)
    latitude = models.FloatField(null=True)  # of the station, WGS 84
    longitude = models.FloatField(null=True)
    geofence_m = models.PositiveIntegerField(default=500)  # WF-8.2, default
    minute_interval_s = models.PositiveIntegerField(default=600)
    principle = models.CharField(max_length=32, blank=True)  # extractive, in_situ, dilution, nmhc

    class Meta:
        ordering = ["discharger__uscc", "code"]
        constraints = [models.UniqueConstraint(fields=["discharger", "code"], name="outlet_code_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def key(self) -> str:
        return f"{self.discharger.uscc}/{self.code}"


class Instrument(models.Model):
    """One analyser or meter. Dated: a replaced one stays with ``removed_at``."""

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="instruments")
    factor = models.CharField(max_length=12)  # a21026
    maker = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=64, blank=True)
    serial = models.CharField(max_length=64, blank=True)
    principle = models.CharField(max_length=64, blank=True)
    unit = models.CharField(max_length=16)
    range_top = models.FloatField(null=True)
    resolution = models.FloatField(null=True)
    detection_limit = models.FloatField(null=True)
    cycle_s = models.PositiveIntegerField(null=True)  # sample-and-hold analysers
    installed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["outlet_id", "id"]


class Datalogger(models.Model):
    """A data logger (数采仪) and the outlet it reports for, from when to when."""

    mn = models.CharField(max_length=40)
    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="dataloggers")
    st = models.CharField(max_length=4)  # 31 gas, 32 water
    edition = models.CharField(max_length=4)  # 2005, 2017, 2025 as registered
    model = models.CharField(max_length=64, blank=True)
    installed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["mn"]
        constraints = [
            models.UniqueConstraint(
                fields=["mn", "st"], condition=models.Q(removed_at=None), name="datalogger_mn_st_once"
            )
        ]


class OutletLimit(models.Model):
    """A dated limit of an outlet with its source; the old one stays when a new one comes."""

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="limits")
    factor = models.CharField(max_length=12)
    value = models.DecimalField(max_digits=14, decimal_places=5)
    unit = models.CharField(max_length=16)
    averaging = models.CharField(max_length=8, choices=[("hour", "小时"), ("day", "日")])
    reference_o2 = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    document = models.CharField(max_length=64)
    clause = models.CharField(max_length=64, blank=True)
    sureness = models.CharField(max_length=16, choices=[(s.value, s.value) for s in Sureness])
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)  # exclusive

    class Meta:
        ordering = ["outlet_id", "factor", "valid_from"]


class Entered(models.Model):
    """A dated statement of an authority: never edited and never deleted, at most undone, with who and why."""

    document = models.CharField(max_length=128)  # where it is written: a filing, an approval, the permit
    why = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField()
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_why = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


class PointSetting(Entered):
    """How one factor is measured at an outlet from ``valid_from`` to ``valid_to`` (exclusive, null = open).

    Of two that cover a moment the one that began later holds; two cannot begin at once. An empty figure takes the
    instrument's, and where no row covers a moment the instrument's figures count.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="point_settings")
    factor = models.CharField(max_length=12)
    unit = models.CharField(max_length=16)
    range_top = models.FloatField(null=True)
    resolution = models.FloatField(null=True)
    detection_limit = models.FloatField(null=True)
    reference_o2 = models.FloatField(null=True)  # %, before the one of the limits
    cycle_s = models.PositiveIntegerField(null=True)  # sample-and-hold analysers
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        ordering = ["outlet_id", "factor", "valid_from", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["outlet", "factor", "valid_from"],
                condition=models.Q(undone_at=None),
                name="point_setting_start_once",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="point_setting_has_length",
            ),
        ]


class Schedule(Entered):
    """When data of a factor ("" = all) are due; outside of it the hours are not, for ``cause``.

    A batch discharger between its batches, or an analyser that measures several outlets by turns. ``hours``: Beijing
    hours of the day (0-23); ``weekdays``: 0 = Monday. Which of two rows holds: as for ``PointSetting``.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="schedules")
    factor = models.CharField(max_length=12, blank=True)
    hours = models.JSONField()
    weekdays = models.JSONField()
    cause = models.CharField(max_length=24)  # core.causes: no_discharge, off_schedule
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        ordering = ["outlet_id", "factor", "valid_from", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["outlet", "factor", "valid_from"],
                condition=models.Q(undone_at=None),
                name="schedule_start_once",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="schedule_has_length",
            ),
        ]


class PermittedAmount(Entered):
    """How many tonnes of a factor the permit allows a discharger, or one outlet of it, in a year or a part of it."""

    discharger = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="permitted_amounts")
    outlet = models.ForeignKey(Outlet, models.PROTECT, null=True, related_name="permitted_amounts")
    factor = models.CharField(max_length=12)
    year = models.PositiveSmallIntegerField()
    period = models.CharField(max_length=4, default="year")  # year, q1 to q4, m01 to m12
    tonnes = models.DecimalField(max_digits=16, decimal_places=6)
    clause = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["discharger_id", "outlet_id", "factor", "year", "period", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["outlet", "factor", "year", "period"],
                condition=models.Q(undone_at=None, outlet__isnull=False),
                name="permitted_amount_once_outlet",
            ),
            models.UniqueConstraint(
                fields=["discharger", "factor", "year", "period"],
                condition=models.Q(undone_at=None, outlet__isnull=True),
                name="permitted_amount_once_discharger",
            ),
            models.CheckConstraint(condition=models.Q(tonnes__gt=0), name="permitted_amount_positive"),
        ]
