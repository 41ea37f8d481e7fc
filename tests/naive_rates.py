"""Rates, the expected grid, comparison, charts: hour by hour and point by point."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

BEIJING = timedelta(hours=8)
NOT_DUE = ("not_connected", "stopped", "no_discharge", "off_schedule", "standard_check")
WIDE = Context(prec=60)


def percent(part: int, whole: int) -> Decimal | None:
    """On sixty digits, then half up."""
    if whole == 0:
        return None
    return WIDE.divide(Decimal(part) * 100, Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def rates(due: int, received: int, valid: int, by_due: bool) -> tuple[Decimal | None, ...]:
    if due == 0:
        return None, None, None
    if not by_due:
        return percent(received, due), percent(valid, received), percent(valid, due)
    return percent(received, due), percent(valid, due), percent(received * valid, due * due)


def count_hours(rows: list[tuple[bool, bool, bool, bool, bool, bool]]) -> list[int]:
    """Due, received, valid, the same two at the first cut, our own downtime."""
    out = [0] * 6
    for due, received, valid, first_received, first_valid, own in rows:
        if not due:
            continue
        out[0] += 1
        out[1] += received
        out[2] += received and valid
        out[3] += first_received
        out[4] += first_received and first_valid
        out[5] += own and not received
    return out


def without_own_downtime(counts: list[int]) -> list[int]:
    due = counts[0] - counts[5]
    return [due, counts[1], counts[2], min(counts[3], due), min(counts[4], due), 0]


def sum_counts(parts: list[list[int]]) -> list[int]:
    return [sum(part[column] for part in parts) for column in range(6)]


def lost_hours(causes: list[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    for cause in causes:
        if cause and cause not in NOT_DUE:
            out[cause] = out.get(cause, 0) + 1
    return out


def clock(second: int) -> datetime:
    """The Beijing wall clock."""
    return datetime.fromtimestamp(second, UTC) + BEIJING


def standard_check_leaves(starts: list[int], checks: list[bool], hours_a_day: int) -> list[bool]:
    taken: dict[object, int] = {}
    out = []
    for start, check in zip(starts, checks, strict=True):
        day = clock(start).date()
        leaves = check and taken.get(day, 0) < hours_a_day
        taken[day] = taken.get(day, 0) + leaves
        out.append(leaves)
    return out


def required_fields(medium: str, mass: bool, reference: bool) -> set[str]:
    """R-TR-6 read aloud."""
    fields = {"Avg"}
    if medium == "gas":
        fields |= {"Min", "Max"}
        if reference:
            fields.add("ZsAvg")
    if mass:
        fields.add("Cou")
    return fields


def fields_complete(present: dict[str, list[bool]], required: list[str], hours: int) -> list[bool]:
    return [all(field in present and present[field][hour] for field in required) for hour in range(hours)]


def covered(starts: list[int], spans: list[tuple[int, int]]) -> list[bool]:
    """Every second of the hour lies in a span."""
    held = {second for start, end in spans for second in range(start, end)}
    return [all(second in held for second in range(start, start + 3600)) for start in starts]


def touched(starts: list[int], spans: list[tuple[int, int]]) -> list[bool]:
    held = {second for start, end in spans for second in range(start, end)}
    return [any(second in held for second in range(start, start + 3600)) for start in starts]


def expected(
    starts: list[int],
    factor: str,
    connected: list[tuple[int, int]],
    schedules: list[tuple[str, int, int | None, set[int], set[int], str]],
    cycle_s: int | None,
) -> list[str]:
    """Factor, start, end, hours, weekdays and cause of each schedule."""
    out = []
    for start, held in zip(starts, covered(starts, connected), strict=True):
        wall = clock(start)
        ruling: dict[str, bool] = {}
        for of, begin, end, hours, weekdays, cause in schedules:
            if of in ("", factor) and begin <= start and (end is None or start < end):
                fits = wall.hour in hours and wall.weekday() in weekdays
                ruling[cause] = ruling.get(cause, False) or fits
        barring = [cause for cause in NOT_DUE if not ruling.get(cause, True)]
        second = wall.hour * 3600
        runs = cycle_s is None or cycle_s <= 3600
        runs = runs or any((second + n) % (cycle_s or 1) == 0 for n in range(3600))
        out.append("not_connected" if not held else barring[0] if barring else "" if runs else "off_schedule")
    return out


def results_due(flowing: list[bool], per_hour: int) -> int:
    return sum(per_hour for flows in flowing if flows)


def compare(
    ours: list[float | None], theirs: list[float | None], share: float, least: float
) -> tuple[int, int, int, list[int]]:
    """Pairs, only ours, only theirs, places that differ; in exact fractions."""
    both = only = other = 0
    places = []
    for place, (mine, yours) in enumerate(zip(ours, theirs, strict=True)):
        if mine is None or yours is None:
            only += mine is not None
            other += yours is not None
            continue
        both += 1
        a, b = Fraction(repr(mine)), Fraction(repr(yours))
        if abs(a - b) > max(Fraction(repr(share)) * abs(a), Fraction(repr(least))):
            places.append(place)
    return both, only, other, places


def thin(
    times: list[int], values: list[float | None], groups: list[int], columns: int, keep: list[bool]
) -> list[int]:
    """First, least, greatest and last of each part, the earliest of equals."""
    if len(times) <= 4 * columns:
        return list(range(len(times)))
    length = times[-1] - times[0] + 1
    parts: dict[int, list[int]] = {}
    before: object = None
    for place, moment in enumerate(times):
        now = ((moment - times[0]) * columns // length, groups[place], values[place] is None)
        if now != before:
            parts[place] = []
            first = place
        parts[first].append(place)
        before = now
    chosen = {place for place, kept in enumerate(keep) if kept}
    for part in parts.values():
        chosen |= {part[0], part[-1]}
        known = [(value, place) for place in part if (value := values[place]) is not None]
        if known:
            chosen |= {min(known)[1], max(known, key=lambda item: (item[0], -item[1]))[1]}
    return sorted(chosen)
