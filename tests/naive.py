"""Every definition of arithmetic and screening, said slowly and plainly. Property tests compare.

No arrays, no tricks: loops over lists, exact fractions where the fast side uses floats. What follows hours is in
``days``, ``rates``, ``emissions`` and ``formulas``.
"""

from fractions import Fraction
from itertools import pairwise

from tests import naive_days as days
from tests import naive_emissions as emissions
from tests import naive_formulas as formulas
from tests import naive_rates as rates

__all__ = [
    "constant_runs",
    "convert_o2",
    "days",
    "emissions",
    "formulas",
    "gas_hour",
    "hour_code",
    "hour_code_of_seconds",
    "lengths",
    "mean",
    "rates",
]

# --- stats: records and hours (R-75-3.2, R-75-3.3, R-356-7.2) ---------------------------------------

HOUR_S = 3600
STATES = ("F", "St", "Sd", "B")
EQUIPMENT = ("D", "M", "C")


def lengths(times: list[int], interval_s: int) -> list[int]:
    """Seconds each record counts: to the next, the hour's end, the hour's usual step, or one interval."""
    out = []
    for place, moment in enumerate(times):
        hour = moment // HOUR_S
        steps = sorted(b - a for a, b in pairwise(times) if a // HOUR_S == hour and b // HOUR_S == hour)
        usual = interval_s
        if steps:
            middle = len(steps) // 2
            median = steps[middle] if len(steps) % 2 else (steps[middle - 1] + steps[middle]) / 2
            usual = min(interval_s, int(median))
        following = times[place + 1] - moment if place + 1 < len(times) else interval_s
        out.append(min(usual, following, (hour + 1) * HOUR_S - moment))
    return out


def hour_code(minutes: dict[str, int]) -> str:
    """Minutes by code to the code of the hour, in the order of R-75-3.3."""
    if minutes.get("N", 0) >= 45:
        return "N"
    for state in STATES:
        if minutes.get(state, 0) >= 45:
            return state
    over = [code for code in EQUIPMENT if minutes.get(code, 0) > 15]
    if over or sum(minutes.get(code, 0) for code in EQUIPMENT) > 15:
        best = EQUIPMENT[0]
        for code in EQUIPMENT:
            if minutes.get(code, 0) > minutes.get(best, 0):
                best = code
        return best
    return "Md"


def mean(values: list[float], weights: list[float]) -> float:
    """``Σ(v·w)/Σw`` in exact fractions of the printed decimals."""
    top = sum(
        (Fraction(repr(v)) * Fraction(repr(w)) for v, w in zip(values, weights, strict=True)), Fraction(0)
    )
    return float(top / sum((Fraction(repr(w)) for w in weights), Fraction(0)))


def gas_hour(
    times: list[int], values: list[float | None], codes: list[str], interval_s: int
) -> tuple[str, float | None]:
    """Code and mean of the one hour that holds all ``times``."""
    counted = lengths(times, interval_s)
    seconds: dict[str, int] = {}
    good: list[tuple[float, float]] = []
    for value, code, length in zip(values, codes, counted, strict=True):
        real = "Md" if code == "N" and value is None else code
        seconds[real] = seconds.get(real, 0) + length
        if real == "N" and value is not None:
            good.append((value, float(length)))
    found = hour_code_of_seconds(seconds)
    return found, mean([v for v, _ in good], [w for _, w in good]) if found == "N" else None


def hour_code_of_seconds(seconds: dict[str, int]) -> str:
    """The same order, thresholds in seconds."""
    if seconds.get("N", 0) >= 2700:
        return "N"
    for state in STATES:
        if seconds.get(state, 0) >= 2700:
            return state
    if sum(seconds.get(code, 0) for code in EQUIPMENT) > 900:
        return max(EQUIPMENT, key=lambda code: seconds.get(code, 0))
    return "Md"


def convert_o2(value: float, o2: float, reference: float | None) -> float | None:
    """R-75-C.6 with its guard at 21 per cent."""
    if reference is None:
        return value
    if o2 >= 21:
        return None
    return value * (21 - reference) / (21 - o2)


# --- screening: stretches of equal values -----------------------------------------------------------


def constant_runs(
    times: list[int], values: list[float], usable: list[bool], tolerance: float, gap_s: float
) -> list[tuple[int, int]]:
    """First and last place of every stretch, single samples included."""
    out: list[tuple[int, int]] = []
    for place in range(len(times)):
        if not usable[place]:
            continue
        goes_on = (
            out
            and out[-1][1] == place - 1
            and times[place] - times[place - 1] <= gap_s
            and abs(values[place] - values[place - 1]) <= tolerance
        )
        if goes_on:
            out[-1] = (out[-1][0], place)
        else:
            out.append((place, place))
    return out
