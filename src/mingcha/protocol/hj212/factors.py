"""Factor codes of all editions, from ``codes/factors.csv``. An unknown code is never a reason to refuse a value."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

_TABLE = Path(__file__).with_name("codes") / "factors.csv"
_FORMAT = re.compile(r"N([0-9]+)(?:\.([0-9]+))?")
_EQUIPMENT = re.compile(r"SB[0-9]{1,4}")  # SBn: equipment number n of the station
_NUMBERED = re.compile(r"([eg][0-9]{3})[0-9]{2}|(i3333|i3334|i3331|i3332)[0-9A-Za-z]")
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


def canonical(code: str, own: Sequence[tuple[str, str]] = ()) -> str:
    """The code of 2017 for a code of 2005 or of the station's own (``Dialect.factors``); any other as it is."""
    code = dict(own).get(code, code) if own else code
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

VENDOR_FIELDS = frozenset({"ValidNum", "TotalNum", "Ori"})  # seen in the field, in no edition


def mistyped(code: str) -> bool:
    """Whether an unknown code is a known one with its letter lost (``01018``) or in the wrong case."""
    return any(lookup(f"{letter}{code}") for letter in "wa") or bool(
        lookup(code.lower()) or lookup(code.capitalize())
    )


@cache
def _fields_by_case() -> dict[str, str]:
    return {name.lower(): name for name in NUMBER_FIELDS | TEXT_FIELDS | {"Flag"}}


def mistyped_field(sub: str) -> bool:
    """Whether an unknown field is a known one written twice (``Rtd-Rtd``), shortened (``td``) or in the wrong case."""
    small, known = sub.lower(), _fields_by_case()
    first, dash, second = small.partition("-")
    if dash:
        return first in known and (second == first or second in known)
    return small in known or any(
        len(small) >= 2 and len(name) - len(small) == 1 and name.endswith(small) for name in known
    )


@lru_cache(maxsize=4096)
def is_2005_only(code: str) -> bool:
    """Whether ``code`` was given up after 2005: the row has another code since."""
    found = _by_code().get(code)
    return found is not None and found.code_2005 == code and found.code != code


@lru_cache(maxsize=4096)
def is_later_only(code: str) -> bool:
    """Whether ``code`` came with 2017 in place of one of 2005."""
    found = _by_code().get(code)
    return found is not None and found.code == code and found.code_2005 not in ("", code)


# Names whose plain values need no closer look; they grow with the names met, up to the limit. One set for 2005,
# one for the later editions, as a code that is right in one is a deviation in the other.
_SINGLE_PLAIN = ("DataTime", "BeginTime", "EndTime", "QnRtn", "ExeRtn", "SystemTime")
PLAIN_FIELDS: set[str] = set(_SINGLE_PLAIN)
PLAIN_FIELDS_2005: set[str] = set(_SINGLE_PLAIN)
_PLAIN_MAX = 20_000


def plain_fields(edition: str | None) -> set[str]:
    return PLAIN_FIELDS_2005 if edition == "2005" else PLAIN_FIELDS


def remember(name: str, edition: str | None) -> None:
    """``name`` has been checked: right in ``edition``, and a field of numbers or flags."""
    names = plain_fields(edition)
    if edition is not None and len(names) < _PLAIN_MAX:
        names.add(name)


def unit_of(code: str, units: Sequence[tuple[str, str]] = ()) -> str:
    """The unit a factor is sent in: the station's own (``Dialect.units``), else that of the table, else ""."""
    own = dict(units).get(code)
    found = lookup(code)
    return own if own is not None else found.unit if found is not None else ""


def format_of(code: str, edition: str | None, formats: Sequence[tuple[str, str]] = ()) -> str:
    """The format of a factor: the station's own (``Dialect.formats``), else that of the edition, else ""."""
    own = dict(formats).get(code)
    found = lookup(code)
    if own is not None or found is None:
        return own or ""
    return (found.format_2025 if edition == "2025" else "") or found.format
