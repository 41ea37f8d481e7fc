"""What restating needs beside the values: why hours were touched, which frames gave no reading, what changed for whom.

``touched``: (point, hour) → reason, until the hour is restated. ``losses``: by station and hour the frames that were
preserved and gave no reading. ``restatements``: one row for each time that values in use changed, never deleted.
Everything here runs on both engines.
"""

import json
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from mingcha.core.clock import DAY_S, HOUR_S, from_epoch, from_us, to_epoch, to_us
from mingcha.core.digest import canonical
from mingcha.core.spans import Span
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.results import WITHDRAWN
from mingcha.store.telemetry.recent.sealing import Sealing

LATE_DATA, MARK, SETTING, RULE, REBUILD = REASONS = ("late_data", "mark", "setting", "rule", "rebuild")
LEVELS = ("hour", "day", "month")
Change = dict[str, Any]  # factor, start (epoch seconds), old and new as kept, None where not in use
QUARANTINE, UNREADABLE = "quarantine", "unreadable"
LENGTH_S = {"hour": HOUR_S, "day": DAY_S, "month": 31 * DAY_S}
EXAMPLES = 20  # old and new values shown of one restatement
FIRST = "first"  # the field that is filled in at the first cut: that alone is no restatement
FACTS_TOUCHED = "facts_touched"

_TOUCH = """
INSERT INTO touched VALUES (?, ?, ?) ON CONFLICT (point, hour) DO UPDATE SET reason = excluded.reason
"""
_WHY = "SELECT reason FROM touched WHERE point = ? AND hour >= ? AND hour < ? GROUP BY reason"
_UNTOUCH = "DELETE FROM touched WHERE point = ? AND hour >= ? AND hour < ?"
_LOSS = """
INSERT INTO losses VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (mn, word, received, hour) DO UPDATE SET
    first_us = CASE WHEN excluded.first_us < losses.first_us THEN excluded.first_us ELSE losses.first_us END,
    last_us = CASE WHEN excluded.last_us > losses.last_us THEN excluded.last_us ELSE losses.last_us END,
    frames = losses.frames + excluded.frames
"""
_LOSSES = """
SELECT word, hour, min(first_us), max(last_us), sum(frames) FROM losses
WHERE mn = ? AND hour >= ? AND hour < ? GROUP BY word, hour ORDER BY hour, word
"""
_POINTS = "SELECT name FROM names WHERE sort = 'point' AND substr(name, 1, CAST(? AS INTEGER)) = ?"
_CHANGED = """
SELECT n.factor, n.start, n.value, o.value FROM results n
JOIN results o ON o.level = n.level AND o.outlet = n.outlet AND o.start = n.start AND o.factor = n.factor
    AND o.version = n.version - 1
WHERE n.level = ? AND n.outlet = ? AND n.start >= ? AND n.start < ? AND n.at = ? ORDER BY n.start, n.factor
"""
_NEXT = "SELECT coalesce(max(id), 0) + 1 FROM restatements"
_ADD = "INSERT INTO restatements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LIST = """
SELECT id, outlet, at, start, until, reason, hours, days, months, detail FROM restatements
WHERE (? IS NULL OR outlet = ?) AND (? IS NULL OR until > ?) AND (? IS NULL OR start < ?) AND (? IS NULL OR id < ?)
ORDER BY id DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """A frame that was preserved and gave no reading. ``moment``: its DataTime where that can be read, else ``received``."""

    mn: str
    word: str
    moment: datetime
    received: datetime


@dataclass(frozen=True, slots=True)
class LostFrames:
    """Frames of a station that gave no reading, of one hour and word."""

    word: str
    span: Span
    frames: int


@dataclass(frozen=True, slots=True)
class Restatement:
    """What changed for whom. ``span``: from the first to the end of the last hour that changed; ``examples``: level,
    factor, start, old and new as they are kept (None: not in use), at most ``EXAMPLES``.
    """

    id: int
    outlet: str
    at: datetime
    start: datetime
    end: datetime
    reason: str
    hours_changed: int
    days_changed: int
    months_changed: int
    detail: dict[str, Any]


class Restatements(Sealing):
    """The part of ``Recent`` that restating uses."""

    @abstractmethod
    def touch(self, items: Iterable[tuple[str, Span]], *, silence_seen: datetime | None = None) -> None:
        """Make the hours of points dirty."""

    # --- what was touched, and why ------------------------------------------------------------------

    def touch_for(self, items: Collection[tuple[str, Span]], reason: str) -> None:
        """Make hours of points dirty because what is known of the outlet changed, not its readings."""
        rows = [
            (point, hour, reason)
            for point, span in items
            for hour in range(to_epoch(span.start) // HOUR_S * HOUR_S, to_epoch(span.end), HOUR_S)
        ]
        with self.writing() as session:
            self.touch(items)
            session.db.executemany(_TOUCH, rows)
            self.set_note(FACTS_TOUCHED, str(self.facts_touched() + 1))

    def facts_touched(self) -> int:
        """How often hours were touched because facts changed: who keeps facts reads them anew when it has grown."""
        return int(self.note(FACTS_TOUCHED) or 0)

    def _why(self, session: Session, points: Iterable[str], span: Span) -> str:
        """The gravest reason for which a span was touched; it is forgotten."""
        first, last = to_epoch(span.start), to_epoch(span.end)
        found: set[str] = set()
        for point in points:
            found |= {reason for (reason,) in session.db.execute(_WHY, (point, first, last)).fetchall()}
            session.db.execute(_UNTOUCH, (point, first, last))
        return next((reason for reason in (REBUILD, RULE, SETTING, MARK) if reason in found), LATE_DATA)

    # --- what changed -------------------------------------------------------------------------------

    def note_restated(
        self, outlet: str, points: Iterable[str], span: Span, *, at: datetime
    ) -> Restatement | None:
        """Say what the values of ``outlet`` written at ``at`` replaced; call it inside the transaction that wrote them.

        ``span``: what was restated. Nothing is said of values made for the first time, or of a first edition filled in.
        """
        with self.writing() as session:
            reason = self._why(session, points, span)
            changed = {name: self._changed(session, name, outlet, span, at) for name in LEVELS}
            if not any(changed.values()):
                return None
            return self._say(session, outlet, at, reason, changed)

    def say_rebuilt(
        self, outlet: str, changed: Mapping[str, list[Change]], *, at: datetime
    ) -> Restatement | None:
        """Say what a rebuild changed: by level, in the form of ``Change``."""
        if not any(changed.values()):
            return None
        with self.writing() as session:
            return self._say(session, outlet, at, REBUILD, changed)

    def _say(
        self, session: Session, outlet: str, at: datetime, reason: str, changed: Mapping[str, list[Change]]
    ) -> Restatement:
        number = int(session.db.execute(_NEXT, ()).fetchone()[0])
        level = next(name for name in LEVELS if changed.get(name))
        starts = [row["start"] for row in changed[level]]
        start, end = min(starts), max(starts) + LENGTH_S[level]
        rows = [{"level": name, **row} for name in LEVELS for row in changed.get(name, ())][:EXAMPLES]
        detail = {"examples": [{**row, "start": from_epoch(row["start"]).isoformat()} for row in rows]}
        hours, days, months = (len(changed.get(name, ())) for name in LEVELS)
        values = (number, outlet, to_us(at), start, end, reason, hours, days, months, canonical(detail))
        session.db.execute(_ADD, values)
        return Restatement(
            number, outlet, at, from_epoch(start), from_epoch(end), reason, hours, days, months, detail
        )

    def _changed(self, session: Session, level: str, outlet: str, span: Span, at: datetime) -> list[Change]:
        number = session.ids.outlets.find(session.db, outlet)
        first = to_epoch(span.start) - (LENGTH_S[level] if level == "month" else 0)
        keys = (level, number, first, to_epoch(span.end), to_us(at))
        found = []
        for factor, start, new, old in session.db.execute(_CHANGED, keys).fetchall():
            before, after = _said(old), _said(new)
            if _core(before) != _core(after) and before is not None:
                found.append({"factor": factor, "start": start, "old": before, "new": after})
        return found

    def restatements(
        self,
        outlet: str | None = None,
        span: Span | None = None,
        *,
        limit: int = 100,
        before_id: int | None = None,
    ) -> list[Restatement]:
        """Restatements that touch ``span``, the newest first; those before an id to page on."""
        first, last = (None, None) if span is None else (to_epoch(span.start), to_epoch(span.end))
        keys = (outlet, outlet, first, first, last, last, before_id, before_id, limit)
        with self.reading() as session:
            rows = session.db.execute(_LIST, keys).fetchall()
        return [
            Restatement(
                number, key, from_us(at), from_epoch(start), from_epoch(end), reason, hours, days, months, json.loads(detail)
            )
            for number, key, at, start, end, reason, hours, days, months, detail in rows
        ]  # fmt: skip

    def carry_restatements(self, rows: Sequence[Restatement]) -> None:
        """Take over the restatements of a store that this one replaces."""
        values = [
            (
                row.id, row.outlet, to_us(row.at), to_epoch(row.start), to_epoch(row.end), row.reason,
                row.hours_changed, row.days_changed, row.months_changed, canonical(row.detail),
            )
            for row in rows
        ]  # fmt: skip
        with self.writing() as session:
            session.db.execute("DELETE FROM restatements", ())
            session.db.executemany(_ADD, values)

    # --- frames that gave no reading ----------------------------------------------------------------

    def add_losses(self, losses: Sequence[Loss]) -> None:
        """Count frames that gave no reading; call it inside the transaction that moves the position past them.

        The hours of the station's points that they fall in become dirty.
        """
        if not losses:
            return
        with self.writing() as session:
            session.db.executemany(_LOSS, [*_tallied(losses)])
            self.touch(self._hours_of(session, {(loss.mn, _hour(loss.moment)) for loss in losses}))

    def renew_losses(self, mn: str, since: datetime, losses: Sequence[Loss]) -> None:
        """Put ``losses`` in place of what was counted of a station received since ``since``, a full hour."""
        with self.writing() as session:
            keys = (mn, to_epoch(since))
            query = "SELECT hour FROM losses WHERE mn = ? AND received >= ? GROUP BY hour"
            hours = {(mn, hour) for (hour,) in session.db.execute(query, keys).fetchall()}
            session.db.execute("DELETE FROM losses WHERE mn = ? AND received >= ?", keys)
            self.touch(self._hours_of(session, hours))
            self.add_losses(losses)

    def losses(self, mn: str, span: Span) -> list[LostFrames]:
        """Frames of a station that gave no reading, of the hours that start in ``span``, in order."""
        keys = (mn, to_epoch(span.start), to_epoch(span.end))
        with self.reading() as session:
            rows = session.db.execute(_LOSSES, keys).fetchall()
        return [
            LostFrames(word, Span(from_us(first), from_us(last)), frames)
            for word, _, first, last, frames in rows
        ]

    def _hours_of(self, session: Session, hours: Collection[tuple[str, int]]) -> list[tuple[str, Span]]:
        """The hours of all points of the stations that the store knows."""
        found = []
        for mn, items in groupby(sorted(hours), key=lambda item: item[0]):
            names = session.db.execute(_POINTS, (len(mn) + 1, f"{mn}/")).fetchall()
            spans = [Span(from_epoch(hour), from_epoch(hour + HOUR_S)) for _, hour in items]
            found += [(name, span) for (name,) in names for span in spans]
        return found


def _hour(moment: datetime) -> int:
    return to_epoch(moment) // HOUR_S * HOUR_S


def _tallied(losses: Iterable[Loss]) -> Iterable[tuple[Any, ...]]:
    """Rows of the table: station, word, hour of reception, hour meant, first and last moment, frames."""
    tally: dict[tuple[str, str, int, int], tuple[int, int, int]] = {}
    for loss in losses:
        key, moment = (loss.mn, loss.word, _hour(loss.received), _hour(loss.moment)), to_us(loss.moment)
        first, last, frames = tally.get(key, (moment, moment, 0))
        tally[key] = min(first, moment), max(last, moment), frames + 1
    return ((*key, *found) for key, found in sorted(tally.items()))


def _said(text: str) -> dict[str, Any] | None:
    return None if text == WITHDRAWN else json.loads(text)


def _core(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else {name: said for name, said in value.items() if name != FIRST}
