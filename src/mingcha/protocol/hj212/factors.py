"""Factor codes of all editions, from ``codes/factors.csv``. An unknown code is never a reason to refuse a value."""

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

_TABLE = Path(__file__).with_name("codes") / "factors.csv"
_FORMAT = re.compile(r"N(\d+)(?:\.(\d+))?")
_EQUIPMENT = re.compile(r"SB\d{1,4}")  # SBn: equipment number n of the station
_NUMBERED = re.compile(r"([eg]\d{3})\d{2}|(i3333|i3334|i3331|i3332)[0-9A-Za-z]")
# Families of HJ 212-2025 whose single codes were not found: electricity d2, d3, working conditions p.
_FAMILY_2025 = re.compile(r"(?:d[23]|p)[0-9A-Za-z]{3,7}")


@dataclass(frozen=True, slots=True)
class Factor:
    """One row. ``digits`` and ``decimals``: places before and after the point, None where not given."""

    code: str
    code_2005: str
    name_zh: str
    name_en: str
    unit: str
    unit_mass: str
    medium: str
    digits: int | None
    decimals: int | None
    format: str
    format_2025: str
    note: str


def _factor(row: dict[str, str]) -> Factor:
    form = _FORMAT.fullmatch(row["format"])
    return Factor(
        code=row["code_2017"],
        code_2005=row["code_2005"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        unit=row["unit_concentration"],
        unit_mass=row["unit_mass"],
        medium=row["medium"],
        digits=int(form[1]) if form else None,
        decimals=int(form[2] or 0) if form else None,
        format=row["format"],
        format_2025=row["format_2025"],
        note=row["note"],
    )


@cache
def table() -> tuple[Factor, ...]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(_factor(row) for row in csv.DictReader(file))


@cache
def _by_code() -> dict[str, Factor]:
    """Codes of 2017 and 2025 first, then those of 2005; of two rows with one code the first counts."""
    index: dict[str, Factor] = {}
    for code, factor in [(f.code, f) for f in table()] + [(f.code_2005, f) for f in table()]:
        if code:
            index.setdefault(code, factor)
    return index


@lru_cache(maxsize=4096)
def lookup(code: str) -> Factor | None:
    """The factor of a code of any edition; ``e10103`` finds its row ``e101xx``. None where unknown."""
    found = _by_code().get(code)
    if found is not None:
        return found
    numbered = _NUMBERED.fullmatch(code)
    if numbered is None:
        return None
    return _by_code().get(f"{numbered[1]}xx" if numbered[1] else f"{numbered[2]}x")


def is_known(code: str) -> bool:
    """Whether the tables, or a family of codes they name, have ``code``."""
    return bool(lookup(code) or _EQUIPMENT.fullmatch(code) or _FAMILY_2025.fullmatch(code))


def canonical(code: str) -> str:
    """The code of 2017 for a code of 2005; any other as it is."""
    found = lookup(code)
    return found.code if found is not None and found.code and found.code_2005 == code else code


NUMBER_FIELDS = frozenset({
    "Rtd", "Min", "Avg", "Max", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax", "Cou", "RawAvg", "RS", "RT",
    "Data", "DayData", "NightData", "SampleRd", "StandardValue", "Check", "LowValue", "UpValue",
})  # fmt: skip
TEXT_FIELDS = frozenset({"SampleTime", "CompleteTime", "SampleType", "ResultType", "EFlag", "Info", "SN"})
SINGLE_FIELDS = frozenset({
    "DataTime", "BeginTime", "EndTime", "SystemTime", "RestartTime", "QnRtn", "ExeRtn", "RtdInterval", "MinInterval",
    "OverTime", "Overtime", "ReCount", "PolId", "NewPW", "VaseNo", "CstartTime", "CTime", "Ctime", "Stime", "InfoId",
    "SKCreateTime", "NewSK", "CalibrationType", "QN", "CN", "PW", "WarnTime", "ReportTime", "AlarmTarget",
})  # fmt: skip

# Names whose plain values need no closer look; grows with the names met, up to the limit.
PLAIN_FIELDS: set[str] = {"DataTime", "BeginTime", "EndTime", "QnRtn", "ExeRtn", "SystemTime"}
_PLAIN_MAX = 20_000


def remember(name: str) -> None:
    """``name`` has been checked: a known factor and a field of numbers or flags."""
    if len(PLAIN_FIELDS) < _PLAIN_MAX:
        PLAIN_FIELDS.add(name)
