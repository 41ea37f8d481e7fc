"""Readings, hour, day and month values with their versions: recent ones in a row store, old ones in a Delta table."""

from mingcha.store.telemetry.errors import BadValue, SchemaTooNew, TelemetryFailed
from mingcha.store.telemetry.rebuild import rebuild
from mingcha.store.telemetry.store import Telemetry, open_telemetry
from mingcha.store.telemetry.values import Latest, Series, ValueVersion, Version, WriteReport

__all__ = [
    "BadValue",
    "Latest",
    "SchemaTooNew",
    "Series",
    "Telemetry",
    "TelemetryFailed",
    "ValueVersion",
    "Version",
    "WriteReport",
    "open_telemetry",
    "rebuild",
]
