"""Hour and day values: computed by ``stats``, kept by ``store``, judged by ``rules``.

Codes are those of HJ 75-2017 appendix H (N F St Sd B C M D T Md), not the data flags of HJ 212:
the letter ``B`` differs between the two alphabets.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HourCode(StrEnum):
    """State of an hour, HJ 75-2017 appendix H."""

    NORMAL = "N"
    STOPPED = "F"
    START = "St"
    SHUTDOWN = "Sd"
    BANKED = "B"
    CALIBRATION = "C"
    MAINTENANCE = "M"
    FAULT = "D"
    OVER_RANGE = "T"
    NO_DATA = "Md"


@dataclass(frozen=True, slots=True)
class HourValue:
    """One factor of one outlet in one hour.

    ``outlet``: key ``USCC/DA001``. ``start``: UTC. ``valid_minutes``: minutes with code N. ``mean``:
    arithmetic mean of the valid minutes (water: weighted by flow), full digits, unit of the point;
    None where invalid. ``converted``: at reference oxygen (R-75-C.6), None where not asked for or
    not computable. ``total``: volume or mass of the hour. ``reported``: what the logger sent itself
    (2061 Avg), None where it sent none. ``inputs``: digest of what it was computed from.
    ``due``: counts in the denominator of the rates (R-TR-1). ``received``: every required field came (R-TR-6).
    ``cause``: a ``core.causes.Cause``, "" where valid. ``first``: what was known at the first cut (R-TR-3):
    ``valid``, ``received`` or ``lost``; "" until then.
    """

    outlet: str
    factor: str
    start: datetime
    code: HourCode
    valid_minutes: int
    mean: float | None
    minimum: float | None = None
    maximum: float | None = None
    converted: float | None = None
    total: float | None = None
    reported: float | None = None
    inputs: str = ""
    due: bool = True
    received: bool = True
    cause: str = ""
    first: str = ""

    @property
    def valid(self) -> bool:
        return self.code is HourCode.NORMAL


@dataclass(frozen=True, slots=True)
class DayValue:
    """One factor of one outlet on one Beijing day (``start`` = 00:00 Beijing as UTC)."""

    outlet: str
    factor: str
    start: datetime
    valid_hours: int
    running_hours: int
    mean: float | None
    converted: float | None = None
    total: float | None = None
    partial: bool = False
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class MonthValue:
    """One factor of one outlet in one Beijing month (``start`` = 00:00 Beijing of its first day as UTC).

    ``due_days``: days on which the source ran. ``mean``: arithmetic mean of the valid days (R-75-3.4, R-356-7.3),
    None where there are too few. ``total``: sum of the days.
    """

    outlet: str
    factor: str
    start: datetime
    valid_days: int
    due_days: int
    mean: float | None
    converted: float | None = None
    total: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    inputs: str = ""
