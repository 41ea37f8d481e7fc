"""Whether a frame's times are beyond doubt, told by comparing texts: times of 14 and 17 digits sort as text."""

from mingcha.core.clock import format_digits, from_us
from mingcha.core.packets import DAY, FURNACE, HOUR, MINUTE
from mingcha.protocol.hj212.limits import DRIFT_WARN_S

SECOND_US = 1_000_000
DAY_S, HOUR_S, FURNACE_S, MINUTE_S = 86_400, 3600, 300, 60
_INTERVALS = {DAY: DAY_S, HOUR: HOUR_S, FURNACE: FURNACE_S}


class ClockGlance:
    """The window is made once a second and is narrower by that second; where it says no, ``check_times`` decides."""

    __slots__ = ("_drift_s", "_early", "_hour", "_late", "_late_s", "_oldest", "_second")

    def __init__(self, late_s: float, drift_s: float = DRIFT_WARN_S) -> None:
        """``late_s``: after the end of its interval data count as late; ``drift_s``: a clock is set beyond this."""
        self._late_s = late_s
        self._drift_s = max(3, min(DRIFT_WARN_S, int(drift_s)))
        self._second = -1
        self._early = self._late = self._hour = ""
        self._oldest: dict[tuple[str, int], str] = {}

    def plain(self, cn: str, qn: str, data_time: str | None, received_us: int) -> bool:
        """QN within the warning limit, DataTime not ahead of it; an hour must be over.

        ``qn`` and ``data_time`` are valid times, or "" and None.
        """
        second = received_us // SECOND_US
        if second != self._second:
            self._open(second)
        if not self._early <= qn <= self._late:
            return False
        if data_time is None:
            return True
        return data_time < self._hour if cn == HOUR else data_time <= self._late

    def is_late(self, cn: str, data_time: str | None, received_us: int, minute_interval: int = 10) -> bool:
        """Whether the interval that began at ``data_time`` ended longer ago than the limit. ``minute_interval``: minutes."""
        if data_time is None:
            return False
        second = received_us // SECOND_US
        if second != self._second:
            self._open(second)
        oldest = self._oldest.get((cn, minute_interval))
        if oldest is None:
            length = minute_interval * MINUTE_S if cn == MINUTE else _INTERVALS.get(cn, 0)
            oldest = format_digits(from_us(round((second - self._late_s - length) * SECOND_US)))
            self._oldest[cn, minute_interval] = oldest
        return data_time < oldest

    def _open(self, second: int) -> None:
        self._second = second
        self._oldest.clear()
        self._early = format_digits(from_us((second - self._drift_s + 2) * SECOND_US))
        self._late = format_digits(from_us((second + self._drift_s - 2) * SECOND_US))
        self._hour = format_digits(from_us(second * SECOND_US))[:10] + "0000"
