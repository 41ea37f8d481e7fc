"""Readings, hour and day values with their versions, on SQLite."""

from mingcha.store.telemetry.errors import BadValue, SchemaTooNew, TelemetryFailed
from mingcha.store.telemetry.rebuild import rebuild
from mingcha.store.telemetry.store import Telemetry
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
    "rebuild",
]
