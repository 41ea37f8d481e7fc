"""Data flags of HJ 212 to state codes of HJ 75: two alphabets, one explicit table (R-75-3.1).

The letter ``B`` means *no communication* on the wire and *banked fire* in HJ 75. The table is ``flags.csv``:
by edition ("" = any) and by date, each row with its sureness. ``*`` is any letter the table does not name.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.resources import files
from itertools import pairwise

import numpy as np

from mingcha.core.aggregates import HourCode
from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule
from mingcha.core.facts import Medium
from mingcha.stats.codes import INDEX, Codes, Times
from mingcha.stats.validity import Validity

ANY = "*"
NORMAL_FLAG, FAULT_FLAG = "N", "D"


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One line of the table. ``valid_to`` is exclusive; ``warning`` names a doubt worth a note, or ""."""

    edition: str
    flag: str
    code: HourCode
    valid_from: date | None
    valid_to: date | None
    warning: str
    sureness: Sureness
    source: str

    def holds(self, edition: str, day: date | None) -> bool:
        if self.edition not in ("", edition):
            return False
        if day is None:
            return self.valid_to is None
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )


def read_table(lines: Iterable[str], *, name: str = "flags.csv") -> tuple[FlagRow, ...]:
    """Read the table.

    Raises:
        BadRule: a cell is not of its kind; file, line and remedy are named.
    """
    rows = []
    for number, cells in enumerate(csv.DictReader(lines), start=2):
        try:
            rows.append(_row(cells))
        except (KeyError, ValueError) as error:
            raise BadRule(
                f"{name} line {number}: {error}; give edition, flag, a code of HJ 75 "
                f"({', '.join(INDEX)}), dates as YYYY-MM-DD or empty, and a sureness"
            ) from None
    return tuple(rows)


def _row(cells: dict[str, str]) -> FlagRow:
    start, end = (date.fromisoformat(cells[k]) if cells[k] else None for k in ("valid_from", "valid_to"))
    code, sureness = HourCode(cells["code"]), Sureness(cells["sureness"])
    return FlagRow(
        cells["edition"], cells["flag"], code, start, end, cells["warning"], sureness, cells["source"]
    )


@cache
def table() -> tuple[FlagRow, ...]:
    text = files("mingcha.stats").joinpath("flags.csv").read_text("utf-8")
    return read_table(text.splitlines())


@cache
def code_of(flag: str, *, edition: str = "", day: date | None = None) -> FlagRow:
    """The row for a flag as received; a row of the very edition goes before one of any edition.

    Every text has a row: an unknown letter makes the value not valid but never drops it.
    """
    for wanted in (flag, ANY):
        held = [row for row in table() if row.flag == wanted and row.holds(edition, day)]
        if held:
            return max(held, key=lambda row: (row.edition != "", row.valid_from or date.min))
    raise BadRule(f"flags.csv has no row for {flag!r} and none for '*'; add a line with flag *")


def codes_of(flags: Sequence[str], *, edition: str = "", day: date | None = None) -> Codes:
    """Codes of a series of flags, same length."""
    return np.array([INDEX[code_of(flag, edition=edition, day=day).code] for flag in flags], dtype=np.int8)


def rolled_up(
    flags: Sequence[str], keys: Times, medium: Medium, law: Validity | None = None
) -> tuple[Times, list[str]]:
    """The flag of each longer interval from those of its parts: HJ 212-2017, notes to C.16 to C.18.

    ``keys``: which interval each flag is of, rising. Water: any abnormal flag makes the interval abnormal; the
    letter is the commonest abnormal one, of equals the first in the alphabet (our default). Gas: ``N`` where at
    least 75 % are normal, else ``D``. A part without a flag counts as normal, as in ``flags.csv``.

    Raises:
        ValueError: as many flags as keys are needed, and keys that rise.
    """
    if len(flags) != keys.size or (np.diff(keys) < 0).any():
        raise ValueError(f"{len(flags)} flags for {keys.size} keys: expected one each, keys rising")
    least = (law or Validity()).min_normal_share
    found, starts = np.unique(keys, return_index=True)
    edges = [*starts.tolist(), len(flags)]
    parts = [[flag or NORMAL_FLAG for flag in flags[a:b]] for a, b in pairwise(edges)]
    roll = _water_flag if medium is Medium.WATER else partial(_gas_flag, least=least)
    return found, [roll(part) for part in parts]


def _water_flag(part: Sequence[str]) -> str:
    abnormal = Counter(flag for flag in part if flag != NORMAL_FLAG)
    return min(abnormal, key=lambda flag: (-abnormal[flag], flag), default=NORMAL_FLAG)


def _gas_flag(part: Sequence[str], *, least: float) -> str:
    return NORMAL_FLAG if part.count(NORMAL_FLAG) >= least * len(part) else FAULT_FLAG
