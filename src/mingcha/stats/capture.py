"""Quarterly capture rate of valid data (季度有效数据捕集率), R-75-12.2."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from mingcha.core.aggregates import HourCode
from mingcha.core.clock import day_start
from mingcha.stats.codes import INDEX, STOPPED, Codes
from mingcha.stats.rates import percent

# Hours in which the system did not work while the source ran. Start-up, shut-down and banked fire are states of
# the source, in which the system works: they are not among them (our default).
INVALID = tuple(
    INDEX[code]
    for code in (
        HourCode.CALIBRATION, HourCode.MAINTENANCE, HourCode.FAULT, HourCode.OVER_RANGE, HourCode.NO_DATA,
    )
)  # fmt: skip
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Capture:
    """Hours of a quarter: all of them, invalid ones while the source ran, and those in which it stood."""

    hours: int
    invalid: int
    stopped: int

    def __post_init__(self) -> None:
        if min(self.invalid, self.stopped) < 0 or self.invalid + self.stopped > self.hours:
            raise ValueError(
                f"{self}: expected invalid and stopped hours that fit into the hours of the quarter"
            )

    @property
    def running(self) -> int:
        return self.hours - self.stopped

    @property
    def rate(self) -> Decimal | None:
        """``(H_q − H_inv − H_stop)/(H_q − H_stop)·100`` with two decimals; None when the source never ran."""
        return percent(self.running - self.invalid, self.running)

    def at_least(self, share: float) -> bool:
        """Whether the exact rate reaches ``share`` per cent; a source that never ran reaches none."""
        return self.running > 0 and (self.running - self.invalid) * 100 >= share * self.running


def quarter_of(day: date) -> tuple[int, int]:
    """Year and quarter (1 to 4) of a day."""
    return day.year, (day.month - 1) // 3 + 1


def quarter_hours(year: int, quarter: int) -> int:
    """Hours of a quarter: 2160 (2184 in a leap year), 2184, 2208, 2208.

    Raises:
        ValueError: there is no such quarter.
    """
    if quarter not in range(1, QUARTERS + 1):
        raise ValueError(f"quarter {quarter}: expected 1 to {QUARTERS}")
    first = date(year, 3 * quarter - 2, 1)
    following = date(year + quarter // QUARTERS, 3 * quarter % 12 + 1, 1)
    return int((day_start(following) - day_start(first)).total_seconds()) // 3600


def capture(codes: Codes, hours: int) -> Capture:
    """Count the codes of a quarter of ``hours`` hours; an hour without a code is an invalid one.

    Raises:
        ValueError: there are more codes than hours.
    """
    if codes.size > hours:
        raise ValueError(f"{codes.size} codes for a quarter of {hours} hours: give one an hour")
    invalid = int(np.isin(codes, INVALID).sum()) + hours - codes.size
    return Capture(hours, invalid, int((codes == STOPPED).sum()))
