"""Which limit a standard sets for a kind of source, factor and day: R-EX-1.

``emission_limits.csv`` has no dates of its own; ``standards.csv`` holds them, with another first day for
existing sources. A limit is as sure as the less sure of its two rows, and doubtful from ``doubtful_from``
on, where an amendment has not been read.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadInput, BadRule, NotFound
from mingcha.core.facts import Limit

AVERAGING = {"1h": "hour", "24h": "day", "daily": "day", "single/daily per permit": "day"}
OLD_SOURCE = ("existing", "in use", "built before")
_NUMBER = re.compile(r"([0-9.]+)(?:\(([0-9.]+)\))?")
_LEAST_SURE = (Sureness.DEFAULT, Sureness.DOUBTFUL, Sureness.SECONDARY, Sureness.OFFICIAL)


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One line of the table, joined with the dates of its standard. ``text``: the limit as printed.

    ``valid_from`` None: no date is known. ``factor``: code of HJ 212, or the name where it has none.
    """

    standard: str
    source_type: str
    name: str
    factor: str
    text: str
    unit: str
    averaging: str
    reference_o2: str
    provenance: str
    sureness: Sureness
    valid_from: date | None
    doubtful_from: date | None

    def sure_on(self, day: date) -> Sureness:
        if self.doubtful_from is not None and day >= self.doubtful_from:
            return min(self.sureness, Sureness.DOUBTFUL, key=_LEAST_SURE.index)
        return self.sureness


@cache
def rows() -> tuple[LimitRow, ...]:
    """The whole table.

    Raises:
        BadRule: a limit names a standard that ``standards.csv`` does not hold.
    """
    codes = {line["name"]: line["code"] for line in _lines("factors.csv")}
    dates = {line["standard"]: line for line in _lines("standards.csv")}
    return tuple(_row(line, dates, codes) for line in _lines("emission_limits.csv"))


def _lines(name: str) -> Iterator[dict[str, str]]:
    text = files("mingcha.rules.standards.limits").joinpath(name).read_text("utf-8")
    yield from csv.DictReader(text.splitlines())


def _row(line: dict[str, str], dates: dict[str, dict[str, str]], codes: dict[str, str]) -> LimitRow:
    document = dates.get(line["standard"])
    if document is None:
        raise BadRule(f"emission_limits.csv: '{line['standard']}' is not in standards.csv; add it there")
    old = any(word in line["source_type"] for word in OLD_SOURCE)
    start = (document["existing_sources_from"] if old else "") or document["in_force_from"]
    return LimitRow(
        line["standard"],
        line["source_type"],
        line["factor"],
        codes.get(line["factor"], line["factor"]),
        line["limit"],
        line["unit"],
        AVERAGING.get(line["averaging"], line["averaging"]),
        line["reference_o2"],
        line["provenance"],
        min(Sureness(line["sureness"]), Sureness(document["sureness"]), key=_LEAST_SURE.index),
        date.fromisoformat(start) if start else None,
        date.fromisoformat(line["doubtful_from"]) if line["doubtful_from"] else None,
    )


def limit_for(
    standard: str,
    source_type: str,
    factor: str,
    day: date,
    *,
    averaging: str = "hour",
    cold: bool = False,
) -> Limit | None:
    """The limit in force on ``day``; None where the standard sets none, or its dates are not known.

    ``factor``: HJ 212 code or the table's name. ``averaging``: hour or day. ``cold``: take the value in
    brackets, which holds at a water temperature of 12 °C or less.

    Raises:
        NotFound: the standard or its source type is not in the table; the message lists those that are.
        BadInput: the limit is a range, or asks for a judgement no single number can hold.
    """
    _known(standard, source_type)
    for row in rows():
        if (row.standard, row.source_type, row.averaging) != (standard, source_type, averaging):
            continue
        if factor in (row.factor, row.name) and row.valid_from is not None and row.valid_from <= day:
            return _limit(row, row.valid_from, day, cold=cold)
    return None


def _known(standard: str, source_type: str) -> None:
    standards = {row.standard for row in rows()}
    if standard not in standards:
        raise NotFound(f"no limits of {standard!r}; known: {', '.join(sorted(standards))}")
    kinds = {row.source_type for row in rows() if row.standard == standard}
    if source_type not in kinds:
        raise NotFound(f"{standard} has no source type {source_type!r}; known: {', '.join(sorted(kinds))}")


def _limit(row: LimitRow, start: date, day: date, *, cold: bool) -> Limit:
    found = _NUMBER.fullmatch(row.text)
    if found is None:
        raise BadInput(
            {
                "limit": f"{row.standard} sets {row.name} to {row.text}, a range; enter it at the outlet by hand"
            }
        )
    if row.reference_o2 and not _NUMBER.fullmatch(row.reference_o2):
        raise BadInput({"reference_o2": f"{row.standard} sets it {row.reference_o2}; enter it by hand"})
    return Limit(
        factor=row.factor,
        value=Decimal(found[2] if cold and found[2] else found[1]),
        unit=row.unit,
        averaging=row.averaging,
        document=row.standard,
        clause=row.source_type,
        valid_from=start,
        reference_o2=Decimal(row.reference_o2) if row.reference_o2 else None,
        sureness=row.sure_on(day),
    )
