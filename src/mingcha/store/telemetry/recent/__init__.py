"""Recent readings, and hour and day values, in a row store: SQLite in one file, or PostgreSQL."""

from mingcha.store.telemetry.recent.store import Recent, Whole

__all__ = ["Recent", "Whole"]
