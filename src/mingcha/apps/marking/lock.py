"""Which quarter's codes are locked (R-75-12.1.3): after their confirmation, and after its term, until reopened.

Codes of HJ 75 are those of flue gas, so water outlets have no such lock.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mingcha.apps.duties.values import calendar, kind_get
from mingcha.apps.marking.codes import quarter_span
from mingcha.apps.marking.models import CONFIRMED, REOPENED, CodeConfirmation
from mingcha.apps.marking.values import settings
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing_day
from mingcha.core.facts import Medium
from mingcha.stats.capture import quarter_of

KIND = "code_confirmation"
Quarter = tuple[int, int]  # year and 1 to 4


@dataclass(frozen=True, slots=True)
class Lock:
    """A locked quarter; ``confirmed_at`` is None where the term alone locked it."""

    year: int
    quarter: int
    due_at: datetime
    confirmed_at: datetime | None


def anchor_of(year: int, quarter: int) -> datetime:
    """The last moment of the quarter: the first working day after it is the first that counts."""
    return quarter_span(year, quarter).end - timedelta(microseconds=1)


def due_at(year: int, quarter: int) -> datetime:
    """24:00 of the fifth working day of the next quarter."""
    return kind_get(KIND).term.due(anchor_of(year, quarter), calendar()).at


def before(quarter: Quarter) -> Quarter:
    year, number = quarter
    return (year, number - 1) if number > 1 else (year - 1, 4)


def last_ended(at: datetime) -> Quarter:
    """The quarter that ended last."""
    return before(quarter_of(beijing_day(at)))


def confirmed_by_law(outlet: Outlet, quarter: Quarter) -> bool:
    """Whether the codes of this quarter have to be confirmed at all."""
    year, number = quarter
    day = beijing_day(quarter_span(year, number).start)
    begins = settings()["codes_first_quarter"]
    return outlet.medium == Medium.GAS and day >= date(2018, 3, 1) and year * 10 + number >= begins.whole(day)


def quarters_of(start: datetime, end: datetime) -> list[Quarter]:
    """The quarters that ``[start, end)`` touches, in order."""
    found = [quarter_of(beijing_day(start))]
    last = quarter_of(beijing_day(end - timedelta(microseconds=1)))
    while found[-1] < last:
        year, number = found[-1]
        found.append((year, number + 1) if number < 4 else (year + 1, 1))
    return found


def locked(outlet: Outlet, start: datetime, end: datetime, at: datetime) -> Lock | None:
    """The first locked quarter of an outlet that the span touches; None where codes may still change."""
    wanted = [quarter for quarter in quarters_of(start, end) if confirmed_by_law(outlet, quarter)]
    if not wanted:
        return None
    rows = {
        (row.year, row.quarter): row
        for row in CodeConfirmation.objects.filter(outlet=outlet, start__lt=end, end__gt=start)
    }
    return next((lock for quarter in wanted if (lock := lock_of(quarter, rows.get(quarter), at))), None)


def lock_of(quarter: Quarter, row: CodeConfirmation | None, at: datetime) -> Lock | None:
    """Whether one quarter is locked; ``row`` is None where nobody has opened it."""
    year, number = quarter
    if row is not None and row.state == REOPENED:
        return None
    due = row.due_at if row is not None else due_at(year, number)
    if row is not None and row.state == CONFIRMED:
        return Lock(year, number, due, row.confirmed_at)
    by_term = settings()["codes_lock_after_deadline"].whole(beijing_day(due))
    return Lock(year, number, due, None) if by_term and at > due else None
