"""Periods of emission totals: a year, a quarter or a month, named as the permit's amounts are; and these amounts."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from mingcha.core.clock import day_start
from mingcha.core.errors import BadInput
from mingcha.core.spans import Span

YEARS = range(2000, 2101)
YEAR = "year"
_NAME = re.compile(r"q[1-4]|m(0[1-9]|1[0-2])")
_MONTHS_A_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Period:
    """``name``: "year", "q1" to "q4" or "m01" to "m12" of ``year``, on the Beijing calendar.

    Raises:
        BadInput: there is no such period.
    """

    year: int
    name: str = YEAR

    def __post_init__(self) -> None:
        if self.year not in YEARS or not (self.name == YEAR or _NAME.fullmatch(self.name)):
            found = f"{self.year} {self.name!r}"
            expected = f"a year from {YEARS[0]} to {YEARS[-1]} and year, q1 to q4 or m01 to m12"
            raise BadInput({"year": f"{found}: expected {expected}"})

    @property
    def first(self) -> date:
        if self.name == YEAR:
            return date(self.year, 1, 1)
        number = int(self.name[1:])
        return date(self.year, number if self.name[0] == "m" else _MONTHS_A_QUARTER * (number - 1) + 1, 1)

    @property
    def last(self) -> date:
        """The last day, included."""
        months = 12 if self.name == YEAR else 1 if self.name[0] == "m" else _MONTHS_A_QUARTER
        past = self.first.month - 1 + months
        return date(self.year + past // 12, past % 12 + 1, 1) - timedelta(days=1)

    @property
    def span(self) -> Span:
        return Span(day_start(self.first), day_start(self.last + timedelta(days=1)))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def whole_year(self) -> "Period":
        return Period(self.year)


@dataclass(frozen=True, slots=True)
class Permit:
    """How much the permit allows. ``period``: as of ``Period``. ``whole``: of the whole discharger, not of this outlet."""

    factor: str
    period: str
    tonnes: Decimal
    document: str = ""
    clause: str = ""
    whole: bool = False


def permitted(
    permits: tuple[Permit, ...], factor: str, period: Period, *, whole: bool = False
) -> Permit | None:
    """The amount of a factor in a period, of the outlet or of the ``whole`` discharger; None where none is set."""
    wanted = (factor, period.name, whole)
    return next((p for p in permits if (p.factor, p.period, p.whole) == wanted), None)
