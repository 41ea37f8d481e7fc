"""Digests of what the store holds: equal contents, equal digests, whatever the engine, the batches and row ids."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from mingcha.core.digest import canonical
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.sealing import raw_row
from mingcha.store.telemetry.values import RawRow

_READINGS = """
SELECT names.name, kind, time, seq, delay, journal, block, idx, qn, note, layout, body
FROM readings JOIN names ON names.id = readings.point ORDER BY names.name, kind, time, seq
"""
Placed = tuple[str, str, RawRow]  # point, kind, row


def rows(session: Session) -> Iterator[Placed]:
    """Every row here, by point, kind as a number, time and sequence."""
    for point, kind, *row in session.db.stream(_READINGS):
        yield point, str(kind), raw_row(session, row)


def readings(found: Iterable[Placed]) -> str:
    """Every row: its key, its order within the key, source, and texts by name."""
    total = sha256()
    for point, kind, row in found:
        said = [
            point, int(kind), row.time, row.received_us, str(row.ref) if row.ref else None, row.qn,
            row.edition, row.supplement, sorted([*key, text] for key, text in row.content.items()),
        ]  # fmt: skip
        total.update(canonical(said).encode() + b"\n")
    return total.hexdigest()


def results(found: Iterable[tuple[Any, ...]]) -> str:
    """The values in use: how often they were restated on the way does not count."""
    total = sha256()
    for row in found:
        total.update(canonical(row).encode() + b"\n")
    return total.hexdigest()
