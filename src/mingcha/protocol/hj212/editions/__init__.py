"""What differs between the editions, as tables: version bits of Flag, data flags and their validity.

``data_flags.csv`` may be edited; letters of 2005, and those the quoted text of 2025 does not list, are taken
from 2017 and say so (sureness ``default``). Condition marks of HJ 75 are another alphabet: never mix the two.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from mingcha.core.citation import Sureness

Edition = Literal["2005", "2017", "2025"]

EDITIONS: tuple[Edition, ...] = ("2005", "2017", "2025")
VERSIONS: dict[int, Edition] = {0: "2005", 1: "2017", 2: "2025"}  # Flag bits 7..2
ACK_BIT, SPLIT_BIT, VERSION_SHIFT = 1, 2, 2


@dataclass(frozen=True, slots=True)
class DataFlag:
    """A letter behind ``xxx-Flag``. ``valid``: the value may be judged and counted."""

    letter: str
    name_zh: str
    name_en: str
    valid: bool
    treatment: str
    sureness: Sureness
    source: str


@cache
def data_flags(edition: str) -> dict[str, DataFlag]:
    """The letters of an edition; of 2017 where the edition is not known."""
    with Path(__file__).with_name("data_flags.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["edition"] == (edition or "2017")]
    return {
        row["letter"]: DataFlag(
            letter=row["letter"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            valid=row["valid"] == "yes",
            treatment=row["treatment"],
            sureness=Sureness(row["sureness"]),
            source=row["source"],
        )
        for row in rows
    }


def is_valid(edition: str | None, letter: str) -> bool:
    """Whether a value with this data flag may be judged. An unknown letter is not valid."""
    flag = data_flags(edition or "2017").get(letter)
    return flag is not None and flag.valid


def version_bits(edition: str) -> int:
    """The Flag of a plain frame of ``edition``: 0, 4 or 8.

    Raises:
        KeyError: there is no such edition.
    """
    return _BITS[edition]


_BITS: dict[str, int] = {name: bits << VERSION_SHIFT for bits, name in VERSIONS.items()}
