from django.db import models


class CreditItem(models.Model):
    """One counted or lost object of an agency's year, with what it came from (WF-13.7).

    ``points``: lost are negative. Indicators and their points are data (``indicators.csv``).
    """

    agency = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="credit_items")
    year = models.PositiveSmallIntegerField()
    indicator = models.CharField(max_length=64)
    points = models.DecimalField(max_digits=5, decimal_places=1)
    source_kind = models.CharField(max_length=32)  # "case", "duty"
    source_id = models.CharField(max_length=64)
    sentence_zh = models.CharField(max_length=200)
    sentence_en = models.CharField(max_length=200)
    clause = models.CharField(max_length=128)
    sureness = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["agency_id", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "source_kind", "source_id"],
                condition=models.Q(withdrawn_at=None),
                name="credit_once_per_source",
            )
        ]
