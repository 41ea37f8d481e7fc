"""``Telemetry``: the one store of readings, hours and days that everything above uses."""

from mingcha.store.telemetry.recent import Recent


class Telemetry(Recent):
    """Recent readings and results; what was sealed into history is joined here."""
