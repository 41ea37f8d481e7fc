"""Numbers for those who watch the machine: no viewer, nothing that names a station."""

from django.db.models import Count

from mingcha.apps.devices.models import WAITING, Command, Quarantine


def commands_by_state() -> dict[str, int]:
    """How many commands are in each state."""
    rows = Command.objects.values("state").annotate(n=Count("pk")).order_by("state")
    return {row["state"]: row["n"] for row in rows}


def quarantine_waiting() -> int:
    """How many MNs and unregistered loggers wait for a decision."""
    return Quarantine.objects.filter(state=WAITING).count()
