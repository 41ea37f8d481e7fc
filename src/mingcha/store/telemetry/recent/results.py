"""Hour and day values with their versions: a new value supersedes, the old one stays.

A value that is no longer made from the readings is withdrawn: its last version says so, and it is in use no more.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Generic, TypeVar

from mingcha.core.aggregates import DayValue, HourCode, HourValue, MonthValue
from mingcha.core.clock import from_epoch, from_us, to_epoch, to_us
from mingcha.core.digest import canonical
from mingcha.core.spans import Span
from mingcha.store.telemetry.errors import BadValue
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.values import Version

V = TypeVar("V", HourValue, DayValue, MonthValue)
Key = tuple[str, int, int, str]  # level, outlet, start, factor

_KEYS = ("outlet", "factor", "start")
_BETWEEN = "level = ? AND outlet = ? AND start BETWEEN ? AND ?"
_WITHIN = "level = ? AND outlet = ? AND start >= ? AND start < ?"
_READ = _WITHIN + " AND (? IS NULL OR factor = ?) AND (? IS NULL OR at <= ?)"
_ONE = "start, factor"  # the key of a value of one level and outlet
_VERSIONS = """
SELECT version, at, value FROM results
WHERE level = ? AND outlet = ? AND start = ? AND factor = ? ORDER BY version
"""
_OUTLETS = "SELECT id, name FROM names WHERE sort = 'outlet' ORDER BY name"
WITHDRAWN = "null"  # the text of a version that takes a value out of use


class Results(Generic[V]):
    """The values of one level: ``hour``, ``day`` or ``month``."""

    def __init__(self, level: str, kind: type[V]) -> None:
        self.level = level
        self._kind: type[V] = kind
        self._usual = {field.name: field.default for field in fields(kind) if field.name not in _KEYS}

    def write(self, session: Session, values: Sequence[V], at: datetime) -> list[V]:
        """Add a version where the value differs from its last one; return those that did.

        Raises:
            BadValue: a number is NaN or infinite (say None).
        """
        newest = self._newest(session, values)
        written: list[V] = []
        rows: list[tuple[Any, ...]] = []
        for value in values:
            key: Key = self._key(session, value)
            text = self._text(value)
            version, before = newest.get(key, (0, None))
            if text != before:
                newest[key] = (version + 1, text)
                rows.append((*key, version + 1, to_us(at), text))
                written.append(value)
        session.db.insert("results", rows)
        return written

    def withdraw(self, session: Session, outlet: str, span: Span, kept: Sequence[V], at: datetime) -> int:
        """Take out of use what starts in ``span`` and is not among ``kept``; give how many values that were."""
        number = session.ids.outlets.id(session.db, outlet)
        stay = {(to_epoch(value.start), value.factor) for value in kept if value.outlet == outlet}
        keys = (self.level, number, to_epoch(span.start), to_epoch(span.end), None, None, None, None)
        query = session.db.last("start, factor, value", _READ, _ONE)
        rows = [
            (self.level, number, start, factor, version + 1, to_us(at), WITHDRAWN)
            for start, factor, text, version in session.db.execute(query, keys).fetchall()
            if text != WITHDRAWN and (start, factor) not in stay
        ]
        session.db.insert("results", rows)
        return len(rows)

    def _key(self, session: Session, value: V) -> Key:
        outlet = session.ids.outlets.id(session.db, value.outlet)
        return self.level, outlet, to_epoch(value.start), value.factor

    def _newest(self, session: Session, values: Sequence[V]) -> dict[Key, tuple[int, str | None]]:
        """Last version and text by key, of every outlet and stretch of time that ``values`` touch."""
        found: dict[Key, tuple[int, str | None]] = {}
        starts: dict[int, list[int]] = {}
        for value in values:
            starts.setdefault(session.ids.outlets.id(session.db, value.outlet), []).append(
                to_epoch(value.start)
            )
        query = session.db.last("start, factor, value", _BETWEEN, _ONE)
        for outlet, times in starts.items():
            rows = session.db.execute(query, (self.level, outlet, min(times), max(times)))
            for start, factor, text, version in rows.fetchall():
                found[self.level, outlet, start, factor] = version, text
        return found

    def read(
        self, session: Session, outlet: str, span: Span, factor: str | None, as_of: datetime | None
    ) -> list[V]:
        """The last version (written by ``as_of``) of each value that starts in ``span``, by start and factor.

        Values withdrawn (by then) are left out.
        """
        number = session.ids.outlets.find(session.db, outlet)
        until = None if as_of is None else to_us(as_of)
        values = (self.level, number, to_epoch(span.start), to_epoch(span.end), factor, factor, until, until)
        query = session.db.last("start, factor, value", _READ, _ONE)
        rows = session.db.execute(query, values).fetchall()
        return [self._value(outlet, name, start, text) for start, name, text, _ in rows if text != WITHDRAWN]

    def numbers(
        self, session: Session, outlet: str, span: Span
    ) -> dict[tuple[str, datetime], tuple[int, datetime]]:
        """By factor and start: the number of the last version and when it was written; withdrawals count."""
        number = session.ids.outlets.find(session.db, outlet)
        keys = (self.level, number, to_epoch(span.start), to_epoch(span.end))
        rows = session.db.execute(session.db.last("start, factor, at", _WITHIN, _ONE), keys).fetchall()
        return {(factor, from_epoch(start)): (version, from_us(at)) for start, factor, at, version in rows}

    def versions(self, session: Session, outlet: str, factor: str, start: datetime) -> list[Version[V]]:
        """Every version of one value, oldest first; a withdrawal has no value."""
        number, second = session.ids.outlets.find(session.db, outlet), to_epoch(start)
        rows = session.db.execute(_VERSIONS, (self.level, number, second, factor)).fetchall()
        return [
            Version(v, from_us(at), None if text == WITHDRAWN else self._value(outlet, factor, second, text))
            for v, at, text in rows
        ]

    def current(self, session: Session) -> Iterator[tuple[str, int, str, str]]:
        """(outlet, start, factor, text) of every value in use, in that order."""
        query = session.db.last("start, factor, value", "level = ? AND outlet = ?", _ONE)
        for number, outlet in session.db.execute(_OUTLETS).fetchall():
            for start, factor, text, _ in session.db.execute(query, (self.level, number)).fetchall():
                if text != WITHDRAWN:
                    yield outlet, start, factor, text

    def _text(self, value: V) -> str:
        given = ((name, getattr(value, name), usual) for name, usual in self._usual.items())
        said = {name: found for name, found, usual in given if found is not None and found != usual}
        try:
            return canonical(said)
        except ValueError as error:
            raise BadValue(
                f"{self.level} {value.outlet} {value.factor} {value.start}: {error}; say None for no value"
            ) from error

    def _value(self, outlet: str, factor: str, start: int, text: str) -> V:
        said: dict[str, Any] = {"mean": None, **json.loads(text)}
        if "code" in said:
            said["code"] = HourCode(said["code"])
        value: V = self._kind(outlet=outlet, factor=factor, start=from_epoch(start), **said)
        return value
