from django.db import models

MN_MAX = 64  # characters kept of an unknown MN; whole in the journal


class Access(models.Model):
    """How a logger may speak: its password (sealed), and what happens on a wrong one."""

    datalogger = models.OneToOneField("registry.Datalogger", models.PROTECT, related_name="access")
    sealed_password = models.BinaryField()  # encrypted with the key of the data folder
    reject_bad_password = models.BooleanField(default=False)  # hj212.md §12.2: accept and warn by default
    changed_at = models.DateTimeField()


class Quarantine(models.Model):
    """Frames of an MN nobody registered: kept in the journal, not acknowledged, waiting for a decision."""

    mn = models.CharField(max_length=MN_MAX, unique=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    frames = models.PositiveIntegerField(default=0)
    last_ref = models.CharField(max_length=64)

    class Meta:
        ordering = ["-last_seen"]
