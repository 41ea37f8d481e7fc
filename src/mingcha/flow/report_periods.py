"""The period of a report and its rows: hours of a day, days of a month, months of a quarter or year. Beijing calendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from mingcha.core.clock import BEIJING, beijing_day, day_end, day_start
from mingcha.core.spans import Span

YEARS = range(2000, 2101)
HOUR = timedelta(hours=1)


class Kind(StrEnum):
    """What a report is of; its rows are the next smaller unit that R-75-13 names."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


LEVEL = {Kind.DAY: "hour", Kind.MONTH: "day", Kind.QUARTER: "month", Kind.YEAR: "month"}  # of its rows
MONTHS = {Kind.MONTH: 1, Kind.QUARTER: 3, Kind.YEAR: 12}
WRITTEN = {Kind.DAY: "2026-11-23", Kind.MONTH: "2026-11", Kind.QUARTER: "2026-Q4", Kind.YEAR: "2026"}
TAIL = {Kind.DAY: "", Kind.MONTH: "-01", Kind.YEAR: "-01-01"}  # what makes a text its first day


@dataclass(frozen=True, slots=True)
class Period:
    """``first``: its first Beijing day."""

    kind: Kind
    first: date

    @property
    def text(self) -> str:
        """As in WRITTEN."""
        year, month = self.first.year, self.first.month
        if self.kind is Kind.DAY:
            return self.first.isoformat()
        if self.kind is Kind.MONTH:
            return f"{year}-{month:02d}"
        return f"{year}-Q{(month + 2) // 3}" if self.kind is Kind.QUARTER else str(year)

    @property
    def last(self) -> date:
        """Its last Beijing day."""
        return self.moved(1).first - timedelta(days=1)

    @property
    def span(self) -> Span:
        return Span(day_start(self.first), day_end(self.last))

    def rows(self) -> list[Span]:
        """The span of each row, in order."""
        if self.kind is Kind.DAY:
            return [Span(start, start + HOUR) for start in self.span.steps(HOUR)]
        if self.kind is Kind.MONTH:
            return [Span(day_start(day), day_end(day)) for day in self._days()]
        months = [month_after(self.first, n) for n in range(MONTHS[self.kind] + 1)]
        return [Span(day_start(a), day_start(b)) for a, b in pairwise(months)]

    def moved(self, by: int) -> "Period":
        """So many periods later; before with a negative number."""
        if self.kind is Kind.DAY:
            return Period(self.kind, self.first + timedelta(days=by))
        return Period(self.kind, month_after(self.first, by * MONTHS[self.kind]))

    def _days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


def period_of(kind: Kind, text: str) -> Period:
    """The period that ``text`` names.

    Raises:
        ValueError: it is not written as in WRITTEN, or lies outside of YEARS.
    """
    try:
        found = Period(kind, _first(kind, text))
    except ValueError:
        found = None
    if found is None or found.text != text or found.first.year not in YEARS:
        raise ValueError(f"{text!r}: write the period of a {kind} report like {WRITTEN[kind]}")
    return found


def period_at(kind: Kind, day: date) -> Period:
    """The period that holds ``day``."""
    month = {Kind.QUARTER: (day.month - 1) // 3 * 3 + 1, Kind.YEAR: 1}.get(kind, day.month)
    return Period(kind, day if kind is Kind.DAY else date(day.year, month, 1))


def _first(kind: Kind, text: str) -> date:
    if kind is Kind.QUARTER:
        year, _, quarter = text.partition("-Q")
        return date(int(year), 3 * int(quarter) - 2, 1)
    return date.fromisoformat(text + TAIL[kind])


def month_after(first: date, months: int) -> date:
    """The first day of the month so many months after that of ``first``."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def row_name(kind: Kind, row: Span) -> str:
    """``14``, ``2026-11-23`` or ``2026-11``: hour, day or month."""
    if kind is Kind.DAY:
        return f"{row.start.astimezone(BEIJING).hour:02d}"
    day = beijing_day(row.start)
    return day.isoformat() if kind is Kind.MONTH else f"{day:%Y-%m}"
