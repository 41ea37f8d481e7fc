"""Digests of what the store holds: equal contents, equal digests, whatever the batches and row ids."""

from hashlib import sha256

from mingcha.core.digest import canonical
from mingcha.store.telemetry.recent import codec
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.results import Results, V

_READINGS = """
SELECT names.name, kind, time, time * 1000000 + delay, journal, block, idx, qn, note, layout, body
FROM readings JOIN names ON names.id = readings.point ORDER BY names.name, kind, time, seq
"""


def readings(session: Session) -> str:
    """Every row: its key, its order within the key, source, and texts by name."""
    total = sha256()
    for name, kind, time, received, journal, block, idx, qn, note, layout, body in session.db.execute(
        _READINGS
    ):
        content = session.ids.content(session.db, layout, body)
        ref = session.ids.ref(session.db, journal, block, idx)
        row = [
            name, kind, time, received, str(ref) if ref else None, str(qn),
            codec.edition_of(note), codec.supplement_of(note), sorted([*key, text] for key, text in content.items()),
        ]  # fmt: skip
        total.update(canonical(row).encode() + b"\n")
    return total.hexdigest()


def results(session: Session, table: Results[V]) -> str:
    """The values in use: how often they were restated on the way does not count."""
    total = sha256()
    for row in table.current(session):
        total.update(canonical(row).encode() + b"\n")
    return total.hexdigest()
