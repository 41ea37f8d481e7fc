"""Corrected values of water (修正值), R-356-7.1: a small number stands in for a confirmed zero, never by itself."""

from collections.abc import Mapping

import numpy as np

from mingcha.stats.codes import Mask, Values

# Factor -> mg/L, as far as the standard names one; ``flow`` reads today's from the dated parameters.
CORRECTED_MGL: Mapping[str, float] = {"w01018": 2.0, "w21003": 0.01, "w21011": 0.005, "w21001": 0.025}


def correctable(values: Values, *, zero_drift: float, detection_limit: float) -> Mask:
    """Suspicious values a correction may replace: zero, negative within the zero drift, below detection, R-356-6.1.

    A value further below zero than the drift is no measurement and is not among them.
    """
    return (values >= -abs(zero_drift)) & ((values <= 0) | (values < detection_limit))


def corrected(values: Values, confirmed: Mask, correctable_here: Mask, substitute: float) -> Values:
    """The values that enter the statistics: ``substitute`` where a person confirmed a correctable one.

    Raises:
        ValueError: something was confirmed that is not correctable: a correction would invent a reading.
    """
    wrong = np.flatnonzero(confirmed & ~correctable_here)
    if wrong.size:
        raise ValueError(
            f"{wrong.size} confirmed values are not zero, within drift or below detection "
            f"(first: {values[wrong[0]]:g}): take the confirmation back or mark them"
        )
    return np.where(confirmed, substitute, values)
