"""The thresholds of the law that statistics use. The defaults are today's; ``flow`` fills them by date."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validity:
    """``min_valid_s``: R-75-3.2. ``min_state_s``, ``over_equipment_s`` (exclusive): R-75-3.3.

    ``min_real_values`` a minute: R-75-3.2. ``min_valid_hours`` of 24, ``min_valid_days`` of a month: R-75-3.4.
    ``min_water_share`` of the results due: R-356-7.2; ``min_water_month_share`` of the days due: R-356-7.3.
    ``min_normal_share``: HJ 212-2017, notes to C.16 to C.18.
    """

    min_valid_s: int = 45 * 60
    min_state_s: int = 45 * 60
    over_equipment_s: int = 15 * 60
    min_valid_hours: int = 20
    min_water_share: float = 0.75
    min_real_values: int = 12
    min_valid_days: int = 25
    min_valid_days_february: int = 23
    min_water_month_share: float = 0.75
    min_normal_share: float = 0.75
