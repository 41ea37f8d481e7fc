"""What process codes, i-codes and condition marks say, from the tables in ``codes/``.

* ``e#ffxx`` (waste water) and ``g#ffxx`` (flue gas): process class #, factor ff, equipment number xx (1 to 99).
* ``i`` + device + class + three characters: information of instrument, data logger or auxiliary equipment.
* Under ST=45 of 2025 the values of p-codes are condition marks, an alphabet of its own: its ``B`` is not the data
  flag ``B``. Only some were found; the others are those of HJ 75 and say so (sureness ``default``).
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mingcha.core.citation import Sureness
from mingcha.protocol.hj212.factors import Factor, lookup

_CODES = Path(__file__).with_name("codes")
_PROCESS = re.compile(r"([eg])([1-9])([0-9]{2})(0[1-9]|[1-9][0-9])")
_INFORMATION = re.compile(r"i([123])([123])([0-9A-Za-z]{3})")
_EQUIPMENT = re.compile(r"SB[0-9]{1,4}")
_CONDITION = re.compile(r"p[0-9A-Za-z]{3,7}")
CONDITIONS_ST = "45"

DEVICES = {
    "1": ("监测仪表", "instrument"),
    "2": ("数采仪", "data logger"),
    "3": ("辅助设备", "auxiliary equipment"),
}
CLASSES = {"1": ("日志", "log"), "2": ("状态", "state"), "3": ("参数", "parameter")}


@dataclass(frozen=True, slots=True)
class Named:
    """A name of the tables in both languages; "" where it was not found."""

    zh: str
    en: str
    sureness: Sureness
    source: str


@dataclass(frozen=True, slots=True)
class ProcessCode:
    """``e10103``. ``process``: the class, None where the table has none. ``factor``: the row, None where unknown."""

    code: str
    medium: str  # water or gas
    process: Named | None
    factor: Factor | None
    equipment: int


@dataclass(frozen=True, slots=True)
class InformationCode:
    """``i12001``. ``device`` and ``kind``: (zh, en) names; ``factor``: the row, None where unknown."""

    code: str
    device: tuple[str, str]
    kind: tuple[str, str]
    factor: Factor | None

    def value(self, text: str) -> Named | None:
        """What a value of a state means; None where the tables do not say."""
        return information_values().get((self.code, text))


def _rows(name: str) -> list[dict[str, str]]:
    with (_CODES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _named(row: dict[str, str]) -> Named:
    return Named(row["name_zh"], row["name_en"], Sureness(row["sureness"]), row["source"])


@cache
def process_classes() -> dict[tuple[str, str], Named]:
    """(letter, class) → name; tables B.4 and B.6 of 2017."""
    return {(row["letter"], row["class"]): _named(row) for row in _rows("process_classes.csv")}


@cache
def information_values() -> dict[tuple[str, str], Named]:
    """(i-code, value) → meaning. ``SB`` stands for the state ``SBn-RS`` of any equipment."""
    return {(row["code"], row["value"]): _named(row) for row in _rows("information_values.csv")}


@cache
def condition_marks() -> dict[str, Named]:
    """Values of p-codes under ST=45 → meaning."""
    return {row["mark"]: _named(row) for row in _rows("condition_marks.csv")}


def process_code(code: str) -> ProcessCode | None:
    """The parts of a process code; None where ``code`` has not its form."""
    found = _PROCESS.fullmatch(code)
    if found is None:
        return None
    letter, process, _, equipment = found.groups()
    medium = "water" if letter == "e" else "gas"
    return ProcessCode(code, medium, process_classes().get((letter, process)), lookup(code), int(equipment))


def information_code(code: str) -> InformationCode | None:
    """The parts of an i-code; None where ``code`` has not its form. 2017 prints one with a capital I."""
    code = f"i{code[1:]}" if code.startswith("I") else code
    found = _INFORMATION.fullmatch(code)
    if found is None:
        return None
    return InformationCode(code, DEVICES[found[1]], CLASSES[found[2]], lookup(code))


def equipment_state(code: str, text: str) -> Named | None:
    """What ``SBn-RS=text`` means; None where ``code`` is no equipment or the value is not in the table."""
    return information_values().get(("SB", text)) if _EQUIPMENT.fullmatch(code) else None


def condition_mark(st: str, code: str, text: str) -> Named | None:
    """What the value of a p-code under ST=45 means; None where it is no condition mark of the table."""
    return condition_marks().get(text) if st == CONDITIONS_ST and _CONDITION.fullmatch(code) else None
