"""Terms of the law: same day, hours, working days (workflows WF-1).

A calendar is data: rest days and make-up workdays by year, with a version. Years without a published
notice count weekends only, and what is computed from them is provisional.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mingcha.core.clock import beijing_day, day_end


@dataclass(frozen=True, slots=True)
class Calendar:
    """``holidays`` and ``workdays`` (make-up days) of the ``published`` years."""

    version: str
    published: frozenset[int]
    holidays: Mapping[date, str] = field(default_factory=dict)
    workdays: Mapping[date, str] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Monday to Friday less the holidays, plus the make-up workdays (WF-1.4)."""
        if day in self.workdays:
            return True
        return day.weekday() < 5 and day not in self.holidays


@dataclass(frozen=True, slots=True)
class Due:
    """When a duty is due (UTC), the days that counted, and whether a year was not yet published."""

    at: datetime
    counted: tuple[date, ...] = ()
    provisional: bool = False


def due_same_day(anchor: datetime) -> Due:
    """24:00 Beijing of the calendar day of ``anchor`` (WF-1.6)."""
    day = beijing_day(anchor)
    return Due(day_end(day), (day,))


def due_hours(anchor: datetime, hours: int) -> Due:
    """``hours`` on the wall clock, through nights and holidays (WF-1.2)."""
    return Due(anchor + timedelta(hours=hours))


def due_working_days(anchor: datetime, days: int, calendar: Calendar) -> Due:
    """24:00 of the ``days``-th working day after the day of ``anchor`` (WF-1.3).

    Raises:
        ValueError: ``days`` is not positive.
    """
    if days < 1:
        raise ValueError(f"{days} working days: expected 1 or more")
    counted: list[date] = []
    day = beijing_day(anchor)
    while len(counted) < days:
        day += timedelta(days=1)
        if calendar.is_working(day):
            counted.append(day)
    spanned = range(beijing_day(anchor).year, day.year + 1)
    return Due(day_end(day), tuple(counted), any(year not in calendar.published for year in spanned))
