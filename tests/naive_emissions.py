"""Capture, substitution, replacement, incinerators, forecasts: one hour or day after the other."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from statistics import median

from tests.naive_formulas import exact
from tests.naive_rates import clock


def quarter_hours(year: int, quarter: int) -> int:
    """Count the days one by one."""
    day, hours = date(year, 1, 1), 0
    while day.year == year:
        hours += 24 * ((day.month + 2) // 3 == quarter)
        day += timedelta(days=1)
    return hours


def quarter_of(day: date) -> tuple[int, int]:
    return day.year, {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 3, 8: 3, 9: 3}.get(day.month, 4)


def capture(codes: list[str], hours: int) -> Fraction | None:
    """Share of the running hours in which the system worked."""
    stopped = codes.count("F")
    worked = sum(code in ("N", "St", "Sd", "B") for code in codes)
    return Fraction(worked, hours - stopped) if hours > stopped else None


def substitute(
    start: int,
    hours: list[tuple[str, float | None, int]],
    calibrations: list[int],
    rate_of: dict[tuple[int, int], Fraction],
) -> list[float | None]:
    """State (valid, invalid, stopped), emission and table of each hour to what stands in for an invalid one."""
    out: list[float | None] = [None] * len(hours)
    for place, (state, _, table) in enumerate(hours):
        if state != "invalid":
            continue
        first = last = place
        while first > 0 and hours[first - 1][0] == "invalid":
            first -= 1
        while last + 1 < len(hours) and hours[last + 1][0] == "invalid":
            last += 1
        anchor = start + 3600 * first
        if table == 5:
            anchor = max((moment for moment in calibrations if moment <= anchor), default=anchor)
        before = [e for n, (s, e, _) in enumerate(hours) if s == "valid" and start + 3600 * (n + 1) <= anchor]
        rate = rate_of[quarter_of(clock(start + 3600 * place).date())] * 100
        if rate < 75:
            continue
        wanted = 2160 if rate < 90 else 180 if last - first + 1 <= 24 else 720
        out[place] = max((e for e in before[-wanted:] if e is not None), default=None)
    return out


def missing_too_much(missing: int, due: int) -> bool:
    return 4 * missing > due


def legacy_gas_fill(values: list[float | None], quantity: str) -> list[float | None]:
    out = list(values)
    for place, value in enumerate(values):
        if value is not None:
            continue
        first = last = place
        while first > 0 and values[first - 1] is None:
            first -= 1
        while last + 1 < len(values) and values[last + 1] is None:
            last += 1
        before = [v for v in values[:first] if v is not None][-720:]
        after = values[last + 1] if last + 1 < len(values) else None
        if last - first + 1 <= 24:
            if before and after is not None:
                out[place] = float((exact(before[-1]) + exact(after)) / 2)
        elif before and quantity == "emission":
            out[place] = max(before)
        elif before and quantity == "other":
            out[place] = float(sum(map(exact, before), Fraction(0)) / len(before))
    return out


def legacy_water_fill(values: list[float | None], ph: bool) -> list[float | None]:
    out = list(values)
    for place, value in enumerate(values):
        if value is not None:
            continue
        first = last = place
        while first > 0 and values[first - 1] is None:
            first -= 1
        while last + 1 < len(values) and values[last + 1] is None:
            last += 1
        length = last - first + 1
        before = [v for n, v in enumerate(values) if first - length <= n < first and v is not None]
        if before:
            out[place] = median(before) if ph else float(sum(map(exact, before), Fraction(0)) / len(before))
    return out


def look_back_emission(emissions: list[float | None], last_passed: int | None) -> float | None:
    """Greatest of the last 30 valid days before the day of the check."""
    days = emissions if last_passed is None else emissions[:last_passed]
    found: list[float] = []
    for emission in reversed(days):
        if emission is not None and len(found) < 30:
            found.append(emission)
    return max(found, default=None)


def replace_water_day(
    emissions: list[float | None],
    last_passed: int | None,
    normal: bool,
    manual: list[float],
    volume: float | None,
) -> tuple[float | None, float | None]:
    """Mean and emission."""
    mean = None
    if not normal and len(manual) >= 4:
        mean = float(sum(map(exact, manual), Fraction(0)) / len(manual))
    if mean is not None and volume is not None:
        return mean, mean * volume / 1000
    return mean, look_back_emission(emissions, last_passed)


def correctable(value: float | None, drift: float, detection: float) -> bool:
    if value is None or value < -drift:
        return False
    return value <= 0 or value < detection


def invalid_spans(checks: list[tuple[int, bool]]) -> list[tuple[int | None, int | None]]:
    """Walk the checks; a failure opens a span at the last pass, a pass closes it."""
    out: list[tuple[int | None, int | None]] = []
    last_pass: int | None = None
    open_since: list[int | None] = []
    for moment, passed in checks:
        if not passed and not open_since:
            open_since = [last_pass]
        if passed:
            if open_since:
                out.append((open_since.pop(), moment))
            last_pass = moment
    return out + [(start, None) for start in open_since]


def differs(platform: float | None, other: float | None) -> bool:
    if platform is None or other is None:
        return False
    return abs(exact(platform) - exact(other)) > Fraction(1, 100) * abs(exact(other))


def momentary(middle: list[float | None], upper: list[float | None]) -> float | None:
    """Thermocouples of the two sections at one moment."""
    one, two = ([t for t in section if t is not None] for section in (middle, upper))
    return (median(one) + median(two)) / 2 if one and two else None


def five_minutes(rows: list[tuple[int, float | None]]) -> list[tuple[int, float | None]]:
    out = []
    for start in sorted({moment - moment % 300 for moment, _ in rows}):
        known = [exact(t) for moment, t in rows if start <= moment < start + 300 and t is not None]
        out.append((start, float(sum(known, Fraction(0)) / len(known)) if known else None))
    return out


def excluded_windows(marks: list[tuple[str, int, int]], judge_conditions: bool) -> list[bool]:
    """Mark, start and end in seconds of the day; a window is out where any of its seconds is."""
    out = [False] * 288
    for mark, start, end in marks:
        if mark == "NONE" or (judge_conditions and mark in ("START", "SHUTDOWN", "FAULT", "ACCIDENT")):
            continue
        for second in range(max(start, 0), min(end, 86_400)):
            out[second // 300] = True
    return out


def low_windows(means: dict[int, float | None], day: int, excluded: list[bool]) -> tuple[int, int, int]:
    """Low, judged, missing of 288 windows, line 850."""
    low = judged = missing = 0
    for place in range(288):
        mean = means.get(day + 300 * place)
        if excluded[place]:
            continue
        missing += mean is None
        judged += mean is not None
        low += mean is not None and mean < 850
    return low, judged, missing


def exempt_hours(rows: list[tuple[int, str, float | None]], shared_cap: int, heating_cap: int) -> list[str]:
    """Start, mark and PM of each hour to why it is exempt or not."""
    out: list[str] = []
    used: dict[tuple[int, str], int] = {}
    stretch = 0
    for place, (start, mark, pm) in enumerate(rows):
        goes_on = place > 0 and rows[place - 1][:2] == (start - 3600, mark)
        stretch = stretch + 1 if goes_on else 1
        year = (datetime.fromtimestamp(start, UTC) + timedelta(hours=8)).year
        if mark in ("NONE", "TEMPERATURE", "STOPPED"):
            out.append("EXEMPT" if mark == "STOPPED" else "UNMARKED")
            continue
        heating = mark in ("DRYING", "COOLING")
        pool, cap = ("heating", heating_cap) if heating else ("shared", shared_cap)
        if not heating and (pm is None or pm > 150):
            out.append("PM_UNKNOWN" if pm is None else "PM_OVER")
        elif mark in ("START", "FAULT", "ACCIDENT") and stretch > 4:
            out.append("EPISODE_OVER")
        elif used.get((year, pool), 0) >= cap:
            out.append("CAP_USED")
        else:
            used[year, pool] = used.get((year, pool), 0) + 1
            out.append("EXEMPT")
    return out


def forecast(
    year: list[float | None], in_period: int, length: int, permitted: float | None
) -> dict[str, object]:
    period = year[len(year) - in_period :]
    so_far = sum((exact(day) for day in period if day is not None), Fraction(0))
    known = [exact(day) for day in year if day is not None]
    recent = known[-30:]
    left = length - in_period
    ends: list[Fraction] | None = [so_far] if left == 0 else None
    a_day = Fraction(0)
    if known:
        means = [sum(days, Fraction(0)) / len(days) for days in (recent, known)]
        a_day = max(means)
        ends = [so_far + mean * left for mean in means]
    passed_on = None
    if permitted is not None:
        total = so_far
        for day in range(left + 1):
            if total > exact(permitted):
                passed_on = day
                break
            total += a_day
    return {
        "so_far": float(so_far),
        "low": None if ends is None else float(min(ends)),
        "high": None if ends is None else float(max(ends)),
        "missing": sum(day is None for day in period),
        "passed_on": passed_on,
    }
