"""Records, minutes, hours of water, days and months, said slowly."""

from collections import Counter
from fractions import Fraction

from tests.naive_formulas import exact


def rolled_up(flags: list[str], keys: list[int], medium: str) -> list[tuple[int, str]]:
    """Notes to C.16 to C.18 of HJ 212-2017."""
    out = []
    for key in sorted(set(keys)):
        part = [flag or "N" for flag, of in zip(flags, keys, strict=True) if of == key]
        abnormal = [flag for flag in part if flag != "N"]
        if medium == "gas":
            letter = "N" if 100 * (len(part) - len(abnormal)) >= 75 * len(part) else "D"
        elif abnormal:
            most = max(Counter(abnormal).values())
            letter = min(flag for flag in abnormal if abnormal.count(flag) == most)
        else:
            letter = "N"
        out.append((key, letter))
    return out


def code_letter(flag: str, edition: str) -> str:
    """R-75-3.1, the default map."""
    known = {
        "N": "N",
        "F": "F",
        "C": "C",
        "M": "M",
        "D": "D",
        "T": "T",
        "B": "Md",
        "Td": "D",
        "S": "M",
        "": "N",
    }
    return known.get(flag, "D")


def ranges(keys: list[int]) -> list[tuple[int, int]]:
    """Half-open stretches of equal neighbours."""
    out: list[tuple[int, int]] = []
    for place, key in enumerate(keys):
        if out and keys[place - 1] == key:
            out[-1] = (out[-1][0], place + 1)
        else:
            out.append((place, place + 1))
    return out


def aligned(times: list[int], other: dict[int, float]) -> list[float | None]:
    return [other.get(moment) for moment in times]


def without_flow_stopped(codes: list[str], flow: list[float | None]) -> list[str]:
    return ["F" if code == "N" and q == 0 else code for code, q in zip(codes, flow, strict=True)]


def minutes_of(rows: list[tuple[int, float | None, bool]]) -> list[tuple[int, float | None, int]]:
    """Start, mean and count of each minute with a row; 12 valid values make a mean."""
    out = []
    for minute in sorted({moment // 60 for moment, _, _ in rows}):
        good = [exact(v) for t, v, ok in rows if t // 60 == minute and ok and v is not None]
        mean = float(sum(good, Fraction(0)) / len(good)) if len(good) >= 12 else None
        out.append((minute * 60, mean, len(good)))
    return out


def water_hour_code(minutes: dict[str, int]) -> str:
    """Minutes by code of an hour; 75 % of the time with flow make it normal."""
    normal, stopped = minutes.get("N", 0), minutes.get("F", 0)
    if normal > 0 and 4 * normal >= 3 * (60 - stopped):
        return "N"
    if stopped >= 45:
        return "F"
    equipment = [(minutes.get(code, 0), -order, code) for order, code in enumerate(("D", "M", "C"))]
    return max(equipment)[2] if sum(count for count, _, _ in equipment) > 15 else "Md"


def water_hour(rows: list[tuple[float, str, int, float | None]]) -> tuple[str, float | None]:
    """Value, code, minutes and volume of each record of an hour to its code and mean."""
    minutes: dict[str, int] = {}
    for _, code, length, _ in rows:
        minutes[code] = minutes.get(code, 0) + length
    code = water_hour_code(minutes)
    if code != "N":
        return code, None
    good = [(value, length, volume) for value, at, length, volume in rows if at == "N"]
    known = all(volume is not None and volume >= 0 for _, _, volume in good)
    weights = [
        exact(volume) if known and volume is not None else Fraction(length) for _, length, volume in good
    ]
    if sum(weights) == 0:
        weights = [Fraction(length) for _, length, _ in good]
    top = sum((exact(v) * w for (v, _, _), w in zip(good, weights, strict=True)), Fraction(0))
    return code, float(top / sum(weights))


def enough_hours(valid: int, running: int) -> bool:
    """20 of 24, or the same share of the hours the source ran."""
    return valid > 0 and Fraction(valid, running) >= Fraction(20, 24)


def gas_day(hours: list[tuple[str, float | None, float | None, float | None]]) -> dict[str, object]:
    """Code, mean, converted and amount by hour, at most 24 of them."""
    running = 24
    means, converted, totals = [], [], []
    for code, mean, at_reference, total in hours:
        running -= code == "F"
        if code == "N" and mean is not None:
            means.append(mean)
            converted += [] if at_reference is None else [at_reference]
            totals += [] if total is None else [total]
    return {
        "valid": len(means),
        "running": running,
        "mean": average(means) if means and enough_hours(len(means), running) else None,
        "converted": average(converted) if converted and enough_hours(len(converted), running) else None,
        "total": day_total(totals),
        "least": min(means) if means else None,
        "greatest": max(means) if means else None,
    }


def water_day(hours: list[tuple[str, float | None, float | None]]) -> dict[str, object]:
    """Code, mean and volume by hour: weighted where every valid hour has its volume."""
    due = 24 - sum(code == "F" for code, _, _ in hours)
    good = [(mean, volume) for code, mean, volume in hours if code == "N" and mean is not None]
    mean = None
    if good and 4 * len(good) >= 3 * due:
        volumes = [volume for _, volume in good if volume is not None]
        if len(volumes) == len(good) and sum(volumes) > 0:
            poured = sum((exact(volume) for volume in volumes), Fraction(0))
            mass = sum((exact(c) * exact(q) for c, q in good if q is not None), Fraction(0))
            mean = float(mass / poured)
        else:
            mean = average([c for c, _ in good])
    return {"valid": len(good), "due": due, "mean": mean}


def average(values: list[float]) -> float:
    return float(sum((exact(value) for value in values), Fraction(0)) / len(values))


def day_total(values: list[float]) -> float | None:
    return float(sum((exact(value) for value in values), Fraction(0))) if values else None


def time_share_within(rows: list[tuple[float | None, int]], low: float, high: float) -> float | None:
    whole = sum(length for value, length in rows if value is not None)
    inside = sum(length for value, length in rows if value is not None and low <= value <= high)
    return inside / whole if whole else None


def gas_month(days: list[float | None], month: int) -> float | None:
    good = [day for day in days if day is not None]
    return average(good) if len(good) >= (23 if month == 2 else 25) else None


def water_month(days: list[tuple[bool, float | None]]) -> float | None:
    """Due and mean by day."""
    due = sum(1 for is_due, _ in days if is_due)
    good = [mean for _, mean in days if mean is not None]
    return average(good) if good and Fraction(len(good)) >= Fraction(3, 4) * due else None
