"""Hour codes of an outlet's quarter, as they are confirmed: counts, capture rate, digest, and what differs later.

``figures`` is plain JSON and kept with the confirmation::

    {"hours": 2208, "digest": "…",
     "factors": {"a21026": {"counts": {"N": 2100, "D": 12}, "capture": "99.43", "codes": "N2100 D12 -96"}}}

``codes`` are runs of equal codes from the first hour of the quarter on; ``-`` stands for hours without a value.
Rates are text, as everywhere where a number decides.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.clock import day_start
from mingcha.core.digest import digest
from mingcha.core.spans import Span
from mingcha.stats.capture import capture, quarter_hours
from mingcha.stats.codes import INDEX, STOPPED

HOUR = timedelta(hours=1)
NONE = "-"
SHOWN = (*(code.value for code in HourCode), NONE)  # in this order on pages
_RUN = re.compile(r"(?P<code>[A-Za-z]+|-)(?P<length>[1-9][0-9]*)")

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Hours ``[start, end)`` of a factor whose code is another now; "-" is an hour without a value."""

    factor: str
    start: datetime
    end: datetime
    before: str
    after: str


def quarter_span(year: int, quarter: int) -> Span:
    """The quarter by Beijing days, as UTC."""
    first = date(year, 3 * quarter - 2, 1)
    following = date(year + quarter // 4, 3 * quarter % 12 + 1, 1)
    return Span(day_start(first), day_start(following))


def figures_of(hours: Iterable[HourValue], year: int, quarter: int, factors: Collection[str] = ()) -> Figures:
    """What there is to confirm: ``hours`` are the values in use of one outlet in the quarter.

    ``factors``: those that were to be measured; one that never came has no code in any hour. Hours in which nothing
    was due count as hours in which the source stood (R-75-12.2).
    """
    start, length = quarter_span(year, quarter).start, quarter_hours(year, quarter)
    lines = {factor: [NONE] * length for factor in factors}
    counted = {factor: [INDEX[HourCode.NO_DATA]] * length for factor in factors}
    for hour in hours:
        place = int((hour.start - start) / HOUR)
        if 0 <= place < length:
            lines.setdefault(hour.factor, [NONE] * length)[place] = hour.code.value
            line = counted.setdefault(hour.factor, [INDEX[HourCode.NO_DATA]] * length)
            line[place] = INDEX[hour.code] if hour.due else STOPPED
    found = {factor: _factor(lines[factor], counted[factor]) for factor in sorted(lines)}
    return {
        "hours": length,
        "factors": found,
        "digest": digest({name: one["codes"] for name, one in found.items()}),
    }


def _factor(line: Sequence[str], counted: Sequence[int]) -> dict[str, Any]:
    rate = capture(np.array(counted, dtype=np.int8), len(counted)).rate
    counts = Counter(line)
    return {
        "counts": {code: counts[code] for code in SHOWN if counts[code]},
        "capture": None if rate is None else str(rate),
        "codes": " ".join(f"{code}{len(list(run))}" for code, run in groupby(line)),
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any], start: datetime) -> list[Difference]:
    """In which hours of the quarter that begins at ``start`` the codes differ; in order of factor and time."""
    found: list[Difference] = []
    old, new = before.get("factors", {}), after.get("factors", {})
    length = int(after["hours"])
    for factor in sorted({*old, *new}):
        lines = (_line(old.get(factor), length), _line(new.get(factor), length))
        place = 0
        for (was, now), run in groupby(zip(lines[0], lines[1], strict=True)):
            count = len(list(run))
            if was != now:
                found.append(
                    Difference(factor, start + place * HOUR, start + (place + count) * HOUR, was, now)
                )
            place += count
    return found


def _line(factor: Mapping[str, Any] | None, length: int) -> list[str]:
    if factor is None:
        return [NONE] * length
    return [run["code"] for run in _RUN.finditer(factor["codes"]) for _ in range(int(run["length"]))]
