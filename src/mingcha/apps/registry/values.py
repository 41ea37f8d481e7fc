"""Forms of what the register holds, and what is wrong with a value, in a sentence."""

import re
from decimal import Decimal, InvalidOperation

from mingcha.core.errors import BadInput
from mingcha.core.facts import Medium

# HJ 608-2017 codes of outlets: DA and DW with three digits. [secondary]
OUTLET_CODES = {Medium.GAS: re.compile(r"DA[0-9]{3}"), Medium.WATER: re.compile(r"DW[0-9]{3}")}
ST_OF = {Medium.GAS: "31", Medium.WATER: "32"}
EDITIONS = ("2005", "2017", "2025")
AVERAGINGS = ("hour", "day")
PLACES = 5  # digits after the point that a limit can have
MOST = Decimal(10) ** 9

_FACTOR = re.compile(r"[a-z][0-9a-z]{4,11}")
_MN = re.compile(r"[0-9A-Za-z_-]{3,36}")  # 2005: 14 characters; since 2017: 24 of 0-9A-F; real ones vary


def outlet_code_problem(code: str, medium: str) -> str:
    """Whether ``code`` fits the medium."""
    if medium not in list(Medium):
        return ""  # said of the medium itself
    if OUTLET_CODES[Medium(medium)].fullmatch(code):
        return ""
    prefix = "DA" if medium == Medium.GAS else "DW"
    return f"排放口编号应为 {prefix} 加三位数字，如 {prefix}001，现为 {code!r} (expected {prefix} and three digits)"


def factor_problem(factor: str) -> str:
    if _FACTOR.fullmatch(factor):
        return ""
    return f"因子编码应如 a21026、w01018，现为 {factor!r} (a factor code such as a21026 is expected)"


def mn_problem(mn: str, edition: str) -> str:
    """Whether ``mn`` can be a device id; since 2017 it is 24 hexadecimal digits (HJ 212-2017 table 3)."""
    if not _MN.fullmatch(mn):
        return f"MN 应为 3–36 位字母、数字、- 或 _，现为 {mn!r} (3 to 36 letters, digits, - or _ expected)"
    if edition in ("2017", "2025") and not re.fullmatch(r"[0-9A-F]{24}", mn):
        return f"{edition} 版 MN 应为 24 位 0-9A-F，现为 {len(mn)} 位 {mn!r} (24 hexadecimal digits expected)"
    return ""


def place_problem(latitude: float | None, longitude: float | None) -> str:
    """Both or neither, and on the globe (WGS 84)."""
    if latitude is None and longitude is None:
        return ""
    if latitude is None or longitude is None:
        return "经纬度应同时填写 (give latitude and longitude together)"
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return f"经纬度 {latitude}, {longitude} 超出范围 (out of range)"
    return ""


def amount(value: Decimal | str | int) -> Decimal:
    """A positive decimal that the tables hold in full digits; 0 where ``value`` is none."""
    try:
        found = Decimal(value)
    except InvalidOperation:
        return Decimal(0)
    fits = found.is_finite() and 0 < found < MOST and found == round(found, PLACES)
    return found if fits else Decimal(0)


def plain(number: Decimal) -> Decimal:
    """``number`` without the zeros that the table adds: 20, not 20.00000 and not 2E+1."""
    return Decimal(format(number.normalize(), "f"))


def amount_problem(name: str, value: Decimal | str | int) -> str:
    """Whether ``value`` is an ``amount``; ``name`` is what the page calls it."""
    if amount(value):
        return ""
    return f"{name}应为正数，至多 {PLACES} 位小数，现为 {value!r} (a positive number is expected)"


def listed_problem(value: str, known: tuple[str, ...]) -> str:
    """Whether ``value`` is one of ``known``."""
    return "" if value in known else f"{value!r} 不在可选之列: {', '.join(known)} (not one of these)"


def checked(problems: dict[str, str]) -> None:
    """Nothing where every sentence is empty.

    Raises:
        BadInput: the fields that have a problem.
    """
    if found := {field: text for field, text in problems.items() if text}:
        raise BadInput(found)
