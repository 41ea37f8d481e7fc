"""Comparison and rounding of measured values, GB/T 8170-2008.

A limit is compared with the full value (全数值比较法) unless a rule asks for rounding first.
"""

from decimal import ROUND_HALF_EVEN, Decimal


def exact(value: float | int | str | Decimal) -> Decimal:
    """``value`` as Decimal; a float by its shortest text, so that 0.1 stays 0.1.

    Raises:
        ValueError: NaN or infinite.
    """
    number = (
        value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    )
    if not number.is_finite():
        raise ValueError(f"{value!r} is no finite number")
    return number


def round_to(value: Decimal, step: Decimal) -> Decimal:
    """Round to a multiple of ``step`` (1, 0.1, 0.01 …), halves to even: GB/T 8170-2008 §3.2."""
    return value.quantize(step, rounding=ROUND_HALF_EVEN)
