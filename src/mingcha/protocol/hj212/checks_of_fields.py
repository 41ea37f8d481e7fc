"""Checks of the fields of CP that are no plain numbers under a name met before."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from mingcha.protocol.hj212 import factors, numbers
from mingcha.protocol.hj212.editions import data_flags
from mingcha.protocol.hj212.readable import Readable
from mingcha.protocol.hj212.segment import Item

Found = Iterator[tuple[str, str]]  # (code, what was found)

_CONDITIONS_ST = "45"  # values of p-codes may be condition marks
_URL = re.compile(r"(?:%[0-9A-Fa-f]{2}){2}")
_SHOWN = 40  # characters of a name


def fields(message: Readable) -> Found:
    for name, value in message.odd:
        if "%" in value and _URL.search(value):
            yield "text_url", name[:_SHOWN]
        code, dash, sub = name.partition("-")
        if not dash:
            yield from _single(message, name)
        else:
            yield from _of_factor(message, code, sub, value)


def _single(message: Readable, name: str) -> Found:
    if name == "Flag":
        yield "data_flag_bare", ""
    elif name in factors.SINGLE_FIELDS:
        factors.remember(name, message.edition)
    else:
        yield "field_unknown", name[:_SHOWN]


def _of_factor(message: Readable, code: str, sub: str, value: str) -> Found:
    name = f"{code}-{sub}"[:_SHOWN]
    doubt = (
        ""
        if message.dialect.factors and code in dict(message.dialect.factors)
        else _doubt(code, message.edition)
    )
    if doubt:
        yield doubt, code[:_SHOWN]
    if sub == "Flag":
        yield from _data_flag(message, name, value)
    elif sub in factors.NUMBER_FIELDS:
        yield from _number(message, name, value)
    elif sub not in factors.TEXT_FIELDS and not sub.startswith("i"):
        yield _field_code(sub), name
        return
    elif not value:
        yield "value_empty", name
    if not doubt and sub not in factors.TEXT_FIELDS and factors.is_known(code):
        factors.remember(f"{code}-{sub}", message.edition)


@lru_cache(maxsize=8192)
def _doubt(code: str, edition: str | None) -> str:
    """What is wrong with a factor code in a frame of ``edition``; "" for nothing."""
    if not factors.is_known(code):
        return "factor_mistyped" if factors.mistyped(code) else "factor_unknown"
    if edition == "2005":
        return "factor_2017" if factors.is_later_only(code) else ""
    return "factor_2005" if edition is not None and factors.is_2005_only(code) else ""


def _field_code(sub: str) -> str:
    if sub in factors.VENDOR_FIELDS:
        return "field_vendor"
    return "field_mistyped" if factors.mistyped_field(sub) else "field_unknown"


def _data_flag(message: Readable, name: str, value: str) -> Found:
    letters = data_flags(message.edition or "2017")
    if value in letters or any(letter == value for letter, _ in message.dialect.data_flags):
        return
    if value.upper() in letters or value.capitalize() in letters:
        yield "data_flag_case", f"{name}={value[:8]}"
    else:
        yield "data_flag_unknown", f"{name}={value[:8]}"


def _number(message: Readable, name: str, value: str) -> Found:
    if numbers.parse(value) is not None or (message.st == _CONDITIONS_ST and value.isalpha()):
        return
    if not value:
        yield "value_empty", name
    elif numbers.is_huge(value):
        yield "value_huge", f"{name} of {len(value)} characters"
    elif numbers.parse_exponent(value) is not None:
        yield "value_exponent", f"{name}={value}"
    elif numbers.has_unit(value):
        yield "value_unit", f"{name}={value}"
    else:
        yield "value_not_number", f"{name}={value[:20]}"


def formats(message: Readable) -> Found:
    """Numbers with more places than this station's own formats have."""
    own = dict(message.dialect.formats)
    for name, number in message.numbers.items():
        code, _, sub = name.partition("-")
        form = own.get(code) if sub in factors.NUMBER_FIELDS else None
        if form is not None and not numbers.fits(number, form):
            yield "value_format", f"{name[:_SHOWN]}={number.text}, {form}"


def mixed_separators(items: Sequence[Item]) -> bool:
    """Whether "," parts factors or ";" parts the fields of one. The grammar marks these and empty items alike."""
    before: str | None = None
    for item in items:
        codes = [name.partition("-")[0] for name in item]
        if len(set(codes)) > 1 or codes[0] == before:
            return True
        before = codes[-1]
    return False
