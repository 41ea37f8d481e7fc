"""The thresholds of the law that statistics use. The defaults are today's; ``flow`` fills them by date."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validity:
    """``min_valid_s``: R-75-3.2. ``min_state_s``, ``over_equipment_s`` (exclusive): R-75-3.3.

    ``min_valid_hours`` of 24: R-75-3.4. ``min_water_share``: R-356-7.2, of the results due.
    """

    min_valid_s: int = 45 * 60
    min_state_s: int = 45 * 60
    over_equipment_s: int = 15 * 60
    min_valid_hours: int = 20
    min_water_share: float = 0.75
