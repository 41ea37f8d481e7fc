"""Why an hour is not valid: the one list of reasons that statistics, rates, charts and pages share.

Three families, as the rates need them (R-TR-1 to R-TR-3): an hour that is not due leaves the denominator, one that
was due and not received is lost in transmission, one that was received and is not valid is lost at the instrument.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Reason of an hour that is not valid. ``""`` of an ``HourValue`` means that it is."""

    # not due
    NOT_CONNECTED = (
        "not_connected"  # before the first datalogger, after the last, or instrument not installed
    )
    STOPPED = "stopped"  # flag F, or a mark of the source stopped
    NO_DISCHARGE = "no_discharge"  # water: flow 0, or a filed batch discharger between its batches
    OFF_SCHEDULE = "off_schedule"  # a shared analyser measures another outlet
    STANDARD_CHECK = "standard_check"  # water: one hour a day of the automatic standard check (R-TR-1)
    # due and not received
    OWN_DOWNTIME = "own_downtime"  # the gateway was down: proven by its uptime rows, ours to answer for
    QUARANTINED = "quarantined"  # frames came under an MN that was not registered then
    UNREADABLE = "unreadable"  # frames came and could not be decoded
    LINK_DOWN = "link_down"  # flag B of HJ 212, or a mark of a communication break
    FIELDS_MISSING = "fields_missing"  # something came, a required field did not (R-TR-6)
    NO_FRAME = "no_frame"  # nothing came and nobody said why
    # received and not valid
    CALIBRATION = "calibration"
    MAINTENANCE = "maintenance"
    FAULT = "fault"
    OVER_RANGE = "over_range"
    OUT_OF_CONTROL = "out_of_control"  # quality status of the instrument says so
    UNIT_MISMATCH = (
        "unit_mismatch"  # filed in a unit that the logger does not report in: nothing is computed from it
    )
    TOO_FEW = "too_few"  # fewer than 45 valid minutes and no state of its own


NOT_DUE = frozenset(
    {Cause.NOT_CONNECTED, Cause.STOPPED, Cause.NO_DISCHARGE, Cause.OFF_SCHEDULE, Cause.STANDARD_CHECK}
)
NOT_RECEIVED = frozenset(
    {
        Cause.OWN_DOWNTIME,
        Cause.QUARANTINED,
        Cause.UNREADABLE,
        Cause.LINK_DOWN,
        Cause.FIELDS_MISSING,
        Cause.NO_FRAME,
    }
)
NOT_VALID = frozenset(set(Cause) - NOT_DUE - NOT_RECEIVED)
