from django.contrib.auth.models import AbstractUser
from django.db import models

from mingcha.apps.accounts.roles import Role


class District(models.Model):
    code = models.CharField(max_length=12, unique=True)  # GB/T 2260 code or a park's own
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64, blank=True)
    column = models.PositiveSmallIntegerField(default=0)  # place in the overview's grid, works without tiles
    row = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    class Kind(models.TextChoices):
        DISCHARGER = "discharger", "排污单位"
        AGENCY = "agency", "运维机构"
        LABORATORY = "laboratory", "检测机构"
        AUTHORITY = "authority", "主管部门"

    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    name = models.CharField(max_length=128)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    district = models.ForeignKey(District, models.PROTECT, null=True, related_name="organisations")
    address = models.CharField(max_length=200, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["uscc"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person. ``district`` bounds an area role; without it enforcement reaches the whole city."""

    first_name = None  # type: ignore[assignment]  # Chinese names are one field
    last_name = None  # type: ignore[assignment]
    name = models.CharField("姓名", max_length=64)
    role = models.CharField(max_length=32, choices=Role.choices)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="people"
    )
    district = models.ForeignKey(District, models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(max_length=8, default="zh-hans")
    theme = models.CharField(max_length=8, default="light")

    REQUIRED_FIELDS = ["name", "role"]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name
