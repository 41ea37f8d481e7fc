"""Volumes from flow: by the unit the flow is reported in."""

from mingcha.core.errors import BadInput
from mingcha.stats.codes import Seconds, Values

# Reported unit of a flow -> m³ in one second at a reading of 1.
PER_SECOND = {"L/s": 1e-3, "m3/s": 1.0, "m3/h": 1 / 3600}


def volumes(flow: Values, lengths: Seconds, unit: str) -> Values:
    """m³ of each record: mean flow by length, HJ 212-2017 appendix D.

    Raises:
        BadInput: the unit of the flow is not known; set it at the point.
    """
    if unit not in PER_SECOND:
        raise BadInput({"unit": f"flow in {unit!r}: expected one of {', '.join(PER_SECOND)}; mend the point"})
    return flow * lengths * PER_SECOND[unit]
