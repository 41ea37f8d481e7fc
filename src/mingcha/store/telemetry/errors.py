"""What can go wrong in the telemetry store."""

from mingcha.core.errors import LocalError


class TelemetryFailed(LocalError):
    """The write did not happen (disk full, I/O error, file locked); position and rows are as before."""

    permanent = False


class SchemaTooNew(LocalError):
    """The file was written by a newer mingcha."""


class BadValue(LocalError):
    """A value handed in cannot be kept; nothing of the call was stored."""
