"""How many decimals a page shows, R-75-C.12. For the eye only: values are kept and compared in full digits.

All of it is our default. ``decimals.csv`` has a row per factor and unit.
"""

import csv
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.resources import files

from mingcha.core.errors import BadRule

HEAD = ("factor", "unit", "decimals")


def read_decimals(lines: Iterable[str], *, name: str = "decimals.csv") -> dict[tuple[str, str], int]:
    """By factor code and unit.

    Raises:
        BadRule: a row has other columns, or decimals that are no number from 0 to 9.
    """
    found: dict[tuple[str, str], int] = {}
    for number, row in enumerate(csv.DictReader(lines), start=2):
        text = str(row.get("decimals"))
        if tuple(row) != HEAD or not (text.isascii() and text.isdigit() and len(text) == 1):
            raise BadRule(f"{name} line {number}: {row}; give {', '.join(HEAD)} with decimals from 0 to 9")
        found[row["factor"], row["unit"]] = int(text)
    return found


@cache
def decimals_table() -> Mapping[tuple[str, str], int]:
    """What is delivered."""
    return read_decimals(files("mingcha.stats").joinpath("decimals.csv").read_text("utf-8").splitlines())


def decimals_of(factor: str, unit: str) -> int | None:
    """Decimals of a factor (``emission`` for an amount) in a unit; None where nothing is set: show all digits."""
    return decimals_table().get((factor, unit))


def shown(value: float, decimals: int | None) -> str:
    """The value as a page shows it: cut by GB/T 8170 (half to even, on the digits as printed), or in full."""
    exact = Decimal(repr(float(value)))
    if decimals is None:
        return format(exact.normalize(), "f")
    return str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN))
