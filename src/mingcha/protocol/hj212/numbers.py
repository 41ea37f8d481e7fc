"""Numbers of the wire: their decimal text kept, as mantissa and scale, beside a float.

    number = [ "-" ] digits [ "." digits ]        at most 32 characters, ASCII digits only

Python's own grammar never decides: ``1_0``, ``１``, ``+1``, ``inf``, ``nan``, ``.5``, ``5.`` and ``0x10`` are no
numbers. An exponent is a deviation that is understood (``value_exponent``): it becomes the decimal it stands for.
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal

NUMBER_MAX = 32  # characters; as in core.packets.number and in both codecs
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_EXPONENT = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)[eE]([+-]?[0-9]{1,2})")
_UNIT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?[ ]?[A-Za-z%°℃µμ][^0-9;,=]{0,9}[0-9]?[^0-9;,=]{0,3}")
_FORMAT = re.compile(r"N([0-9]+)(?:\.([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Number:
    """``mantissa`` × 10^-``scale``, exactly as written: ``36.40`` is (3640, 2). ``text`` is what came."""

    text: str
    mantissa: int
    scale: int

    @property
    def value(self) -> float:
        """The nearest float; a number of 32 characters never overflows one."""
        return float(self.decimal)

    @property
    def decimal(self) -> Decimal:
        """The exact value."""
        return Decimal(self.mantissa).scaleb(-self.scale, _EXACT)

    @property
    def digits(self) -> int:
        """Places before the point, leading zeros not counted; 0 for ``0.5``."""
        whole = abs(self.mantissa) // 10**self.scale
        return len(str(whole)) if whole else 0


_EXACT = Context(prec=130)


def parse(text: str) -> Number | None:
    """The number that ``text`` is by the grammar of the wire; None where it is none."""
    found = _NUMBER.fullmatch(text) if len(text) <= NUMBER_MAX else None
    if found is None:
        return None
    sign, whole, part = found.groups()
    return Number(text, int(f"{sign}{whole}{part or ''}"), len(part or ""))


def parse_exponent(text: str) -> Number | None:
    """The number of a text with an exponent of at most two digits; None where it is none."""
    found = _EXPONENT.fullmatch(text)
    if found is None:
        return None
    base = parse(found[1])
    if base is None:
        return None
    scale = base.scale - int(found[2])
    return Number(text, base.mantissa, scale) if scale >= 0 else Number(text, base.mantissa * 10**-scale, 0)


def read(text: str) -> Number | None:
    """``parse``, or the tolerated exponent."""
    return parse(text) or parse_exponent(text)


def plain(number: Number) -> str:
    """The decimal text a number stands for: ``1.2E3`` is ``1200``."""
    digits = f"{abs(number.mantissa):0{number.scale + 1}d}"
    point = len(digits) - number.scale
    sign = "-" if number.text.startswith("-") else ""
    return f"{sign}{digits[:point]}.{digits[point:]}" if number.scale else f"{sign}{digits}"


def is_huge(text: str) -> bool:
    """Whether ``text`` is a number but for its length."""
    return len(text) > NUMBER_MAX and _NUMBER.fullmatch(text) is not None


def has_unit(text: str) -> bool:
    """Whether ``text`` is a number with a unit behind it, such as ``1.5mg/L`` or ``36.4 m3/h``."""
    return len(text) <= NUMBER_MAX and _UNIT.fullmatch(text) is not None and parse_exponent(text) is None


def fits(number: Number, form: str) -> bool:
    """Whether ``number`` has no more places than a format such as ``N5.2`` gives; True for any other format."""
    found = _FORMAT.fullmatch(form)
    return found is None or (number.digits <= int(found[1]) and number.scale <= int(found[2] or 0))
