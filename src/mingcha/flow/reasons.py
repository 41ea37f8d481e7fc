"""Why an hour does not count: one table, the first line that applies is the cause.

Not due goes before not received, not received before not valid (R-TR-1 to R-TR-3), so each lost hour is lost once. Among
what was not received our own downtime comes first: nobody else is to answer for what we could not take.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mingcha.core.aggregates import HourCode
from mingcha.core.causes import NOT_VALID, Cause
from mingcha.stats.codes import INDEX
from mingcha.stats.validity import Validity


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an hour of a factor. ``not_due``: the cause that takes it out of the denominator, or "".

    ``worst``: what took most of the minutes that came and are not valid, where that is more than 15 minutes.
    """

    received: bool
    valid: bool
    not_due: str = ""
    own_downtime: bool = False
    quarantined: bool = False
    unreadable: bool = False
    link_down: bool = False
    something_came: bool = False
    unit_mismatch: bool = False
    worst: str = ""


def _not_due(cause: Cause) -> Callable[[Seen], bool]:
    return lambda seen: seen.not_due == cause


def _worst(cause: Cause) -> Callable[[Seen], bool]:
    return lambda seen: not seen.valid and seen.worst == cause


ORDER: tuple[tuple[Cause, Callable[[Seen], bool]], ...] = (
    (Cause.NOT_CONNECTED, _not_due(Cause.NOT_CONNECTED)),
    (Cause.STOPPED, _not_due(Cause.STOPPED)),
    (Cause.NO_DISCHARGE, _not_due(Cause.NO_DISCHARGE)),
    (Cause.OFF_SCHEDULE, _not_due(Cause.OFF_SCHEDULE)),
    (Cause.STANDARD_CHECK, _not_due(Cause.STANDARD_CHECK)),
    (Cause.OWN_DOWNTIME, lambda seen: not seen.received and seen.own_downtime),
    (Cause.QUARANTINED, lambda seen: not seen.received and seen.quarantined),
    (Cause.UNREADABLE, lambda seen: not seen.received and seen.unreadable),
    (Cause.LINK_DOWN, lambda seen: not seen.received and seen.link_down),
    (Cause.FIELDS_MISSING, lambda seen: not seen.received and seen.something_came),
    (Cause.NO_FRAME, lambda seen: not seen.received),
    (Cause.UNIT_MISMATCH, lambda seen: not seen.valid and seen.unit_mismatch),
    (Cause.OUT_OF_CONTROL, _worst(Cause.OUT_OF_CONTROL)),
    (Cause.FAULT, _worst(Cause.FAULT)),
    (Cause.MAINTENANCE, _worst(Cause.MAINTENANCE)),
    (Cause.CALIBRATION, _worst(Cause.CALIBRATION)),
    (Cause.OVER_RANGE, _worst(Cause.OVER_RANGE)),
    (Cause.TOO_FEW, lambda seen: not seen.valid),
)

_OF_CODE = {
    INDEX[HourCode.FAULT]: Cause.FAULT,
    INDEX[HourCode.MAINTENANCE]: Cause.MAINTENANCE,
    INDEX[HourCode.CALIBRATION]: Cause.CALIBRATION,
    INDEX[HourCode.OVER_RANGE]: Cause.OVER_RANGE,
}  # what the code of a minute says of its cause
_TIES = [cause for cause, _ in ORDER]


def cause_of(seen: Seen) -> str:
    """A ``Cause``, or "" where the hour counts as valid."""
    if seen.valid and seen.received and not seen.not_due:
        return ""
    return next((cause.value for cause, applies in ORDER if applies(seen)), "")


@dataclass(frozen=True, slots=True)
class Lost:
    """Seconds of an hour by code (in the order of CODES), and those of them that took code and cause from marks."""

    seconds: tuple[int, ...]
    by_mark: Mapping[str, int] = field(default_factory=dict)
    mark_codes: Mapping[int, int] = field(default_factory=dict)


def worst_of(lost: Lost, law: Validity) -> str:
    """What took most of the invalid minutes; "" up to 15 minutes (R-75-3.3), or where nothing says why."""
    tally = {
        cause: s for cause, s in lost.by_mark.items() if cause in NOT_VALID or cause == Cause.STANDARD_CHECK
    }
    if check := tally.pop(
        Cause.STANDARD_CHECK, 0
    ):  # beyond the hour a day that leaves: an ordinary calibration
        tally[Cause.CALIBRATION] = tally.get(Cause.CALIBRATION, 0) + check
    for code, cause in _OF_CODE.items():
        own = lost.seconds[code] - lost.mark_codes.get(code, 0)
        if own > 0:
            tally[cause] = tally.get(cause, 0) + own
    if sum(tally.values()) <= law.over_equipment_s:
        return ""
    return max(tally, key=lambda cause: (tally[cause], -_TIES.index(Cause(cause))))
