"""Marks laid over the minutes of a day (R-MK-2, R-MK-4).

Rules, in this order:
1. A mark of a communication break explains minutes that did not come; it lies over none that came.
2. Of two marks on one minute the one handed in later lies above; a standard check lies above every other mark.
3. *Automatic* is what the datalogger's own flags say. Where a mark covers a whole automatic stretch, the mark counts;
   where it covers a part, both are kept: the automatic code on its minutes, the mark on the others.
4. An automatic standard check is always kept.
5. Minutes that did not come take the code of the mark as well, so that a stop without data is a stop.
What an hour then is follows from its minutes alone (R-75-3.3: more than 15 of C, M and D together, alternating or not).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from mingcha.core.aggregates import HourCode
from mingcha.core.causes import Cause
from mingcha.core.clock import DAY_S, HOUR_S, day_start, to_epoch
from mingcha.core.facts import MarkSpan
from mingcha.core.spans import Span
from mingcha.stats.codes import INDEX, NO_DATA, NORMAL
from mingcha.stats.records import Records

CALIBRATION = INDEX[HourCode.CALIBRATION]
_NOBODY = -1  # a second of no record, or under no mark


@dataclass(frozen=True, slots=True)
class Marked:
    """What marks do to one hour of a factor: seconds by cause, and those of them that are not due."""

    seconds: dict[str, int] = field(default_factory=dict)
    not_due: dict[str, int] = field(default_factory=dict)
    by_code: dict[int, int] = field(default_factory=dict)  # place in CODES → seconds that took it from a mark


NOTHING = Marked()


def in_order(marks: Iterable[MarkSpan], factor: str, span: Span) -> list[MarkSpan]:
    """The marks of a factor that reach into ``span``, the lowest first."""
    held = [m for m in marks if m.factor in ("", factor) and m.start < span.end and span.start < m.end]
    return sorted(held, key=_height)


def _height(mark: MarkSpan) -> tuple[bool, datetime, datetime, datetime, str, str, str]:
    check = mark.cause == Cause.STANDARD_CHECK
    return check, mark.known_at, mark.start, mark.end, mark.code, mark.cause, mark.factor


def known_by(marks: Iterable[MarkSpan], moment: datetime) -> tuple[MarkSpan, ...]:
    """The marks that had been handed in by then."""
    return tuple(mark for mark in marks if mark.known_at <= moment)


def laid(
    records: Records, marks: Sequence[MarkSpan], day: date, *, checks_kept: bool
) -> tuple[Records, dict[int, Marked]]:
    """Records of one Beijing day cut where marks begin and end, and by hour (epoch seconds) what marks did.

    ``marks``: in order. ``checks_kept``: automatic calibrations of this factor are standard checks.
    """
    sheet = _Sheet.of(records, to_epoch(day_start(day)))
    for number, mark in enumerate(marks):
        sheet.lay(number, mark, checks_kept=checks_kept)
    return sheet.records(records), sheet.hours(marks)


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """One day by the second. ``whose``: place of the record; ``mark``: place of the mark; ``code``: in force."""

    first: int
    whose: NDArray[np.int32]
    code: NDArray[np.int8]
    mark: NDArray[np.int32]
    stretch: NDArray[np.int32]  # numbers of automatic stretches, _NOBODY elsewhere

    @classmethod
    def of(cls, records: Records, first: int) -> "_Sheet":
        whose = np.full(DAY_S, _NOBODY, dtype=np.int32)
        for place, (time, length) in enumerate(
            zip(records.times.tolist(), records.lengths.tolist(), strict=True)
        ):
            whose[time - first : time - first + length] = place
        code = np.full(DAY_S, NO_DATA, dtype=np.int8)
        came = whose != _NOBODY
        code[came] = records.codes[whose[came]]
        automatic = (code != NORMAL) & (code != NO_DATA)
        begins = automatic & np.append(True, code[1:] != code[:-1])
        stretch = np.where(automatic, np.cumsum(begins), _NOBODY).astype(np.int32)
        return cls(first, whose, code, np.full(DAY_S, _NOBODY, dtype=np.int32), stretch)

    def lay(self, number: int, mark: MarkSpan, *, checks_kept: bool) -> None:
        start = max(to_epoch(mark.start) - self.first, 0)
        end = min(to_epoch(mark.end) - self.first, DAY_S)
        part = slice(start, end)
        open_ = np.ones(end - start, dtype=np.bool_)
        if mark.cause == Cause.LINK_DOWN:
            open_ = self.whose[part] == _NOBODY
        for one in set(np.unique(self.stretch[part]).tolist()) - {_NOBODY}:
            places = np.flatnonzero(self.stretch == one)
            covered = start <= places[0] and places[-1] < end
            if not covered or (checks_kept and self._automatic(places[0]) == CALIBRATION):
                open_ &= self.stretch[part] != one
        self.mark[part][open_] = number
        self.code[part][open_] = INDEX[HourCode(mark.code)]

    def _automatic(self, second: int) -> int:
        return int(self.code[second]) if self.mark[second] == _NOBODY else _NOBODY

    def records(self, before: Records) -> Records:
        """One record a piece; of a piece of a record the amount is its share."""
        there = (self.whose != _NOBODY) | (self.mark != _NOBODY)
        same = (
            (self.whose[1:] == self.whose[:-1])
            & (self.code[1:] == self.code[:-1])
            & (there[1:] == there[:-1])
            & (np.arange(1, DAY_S) % HOUR_S != 0)
        )
        starts = np.append(0, np.flatnonzero(~same) + 1)
        lengths = np.diff(np.append(starts, DAY_S))
        kept = there[starts]
        starts, lengths = starts[kept], lengths[kept]
        whose, codes = self.whose[starts], self.code[starts]
        gap = whose == _NOBODY
        share = np.where(gap, np.nan, lengths / np.maximum(_at(before.lengths, whose), 1))
        return replace(
            before,
            times=starts + self.first,
            lengths=lengths,
            values=_at(before.values, whose, gap),
            codes=np.where(gap & (codes == NORMAL), NO_DATA, codes).astype(np.int8),
            lows=_at(before.lows, whose, gap),
            highs=_at(before.highs, whose, gap),
            amounts=_at(before.amounts, whose, gap) * share,
        )

    def hours(self, marks: Sequence[MarkSpan]) -> dict[int, Marked]:
        found: dict[int, Marked] = {}
        for hour in np.unique(np.flatnonzero(self.mark != _NOBODY) // HOUR_S).tolist():
            part = slice(hour * HOUR_S, (hour + 1) * HOUR_S)
            numbers, counts = np.unique(self.mark[part], return_counts=True)
            told = found[self.first + hour * HOUR_S] = Marked()
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                if number != _NOBODY:
                    _count(told, marks[number], count)
        return found


def _count(told: Marked, mark: MarkSpan, seconds: int) -> None:
    code = INDEX[HourCode(mark.code)]
    told.by_code[code] = told.by_code.get(code, 0) + seconds
    told.seconds[mark.cause] = told.seconds.get(mark.cause, 0) + seconds
    if not mark.due:
        told.not_due[mark.cause] = told.not_due.get(mark.cause, 0) + seconds


def _at(
    column: NDArray[np.generic], whose: NDArray[np.int32], gap: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """``column`` at the records' places; NaN in gaps."""
    if not column.size:
        return np.full(whose.shape, np.nan)
    found = column[np.maximum(whose, 0)].astype(np.float64)
    if gap is not None:
        found[gap] = np.nan
    return found
