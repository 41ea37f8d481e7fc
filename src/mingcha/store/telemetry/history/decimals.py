"""Decimal texts as whole numbers: ``-12.50`` is mantissa -1250 and scale 2, and comes back as the same text.

A text of another form (blank, exponent, leading zeros, ``-0.0``, more than 18 digits, a word) stays a text.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mingcha.core.packets import number

_DECIMAL = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?$"
_NOTHING_NEGATIVE = r"^-0(\.0+)?$"
_DIGITS_MAX = 18  # what 64 bits hold in any case
_PLAIN_SCALE = 6  # Arrow writes smaller numbers of more places with an exponent
_EXACT = 2**53


def split(texts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Mantissas, scales, and the texts that are neither: exactly one of text and mantissa is there."""
    bare = pc.replace_substring(texts, ".", "", max_replacements=1)
    digits = pc.utf8_length(pc.utf8_ltrim(bare, characters="-"))
    plain = pc.and_(pc.match_substring_regex(texts, _DECIMAL), pc.less_equal(digits, _DIGITS_MAX))
    plain = pc.and_not(plain, pc.match_substring_regex(texts, _NOTHING_NEGATIVE))
    none = pa.scalar(None, pa.string())
    mantissa = pc.cast(pc.if_else(plain, bare, none), pa.int64())
    dot = pc.find_substring(texts, ".")
    after = pc.subtract(pc.subtract(pc.binary_length(texts), dot), 1)
    scale = pc.if_else(pc.less(dot, 0), pa.scalar(0, pa.int32()), after)
    kept = pc.if_else(plain, scale, pa.scalar(None, pa.int32()))
    return mantissa, pc.cast(kept, pa.int8()), pc.if_else(plain, none, texts)


def joined(mantissa: pa.Array, scale: pa.Array, odd: pa.Array) -> list[str]:
    """The texts again."""
    numbers = mantissa.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    places = scale.fill_null(-1).to_numpy(zero_copy_only=False)
    found = np.empty(len(numbers), dtype=object)
    for one in np.unique(places).tolist():
        at = np.flatnonzero(places == one)
        if one < 0:
            found[at] = np.array(odd.take(pa.array(at)).to_pylist(), dtype=object)
        else:
            found[at] = np.array(_written(numbers[at], one), dtype=object)
    texts: list[str] = found.tolist()
    return texts


def values(mantissa: pa.Array, scale: pa.Array, odd: pa.Array) -> NDArray[np.float64]:
    """The numbers, to the last bit those of ``core.packets.number``; NaN where a text is no such number."""
    numbers = mantissa.fill_null(0).to_numpy(zero_copy_only=False)
    places = scale.fill_null(0).to_numpy(zero_copy_only=False)
    # Both sides of the division are exact, so that the quotient is the nearest float: what float(text) gives.
    found: NDArray[np.float64] = numbers.astype(np.float64) / np.power(10.0, places.astype(np.float64))
    unsure = np.flatnonzero((np.abs(numbers) >= _EXACT) | mantissa.is_null().to_numpy(zero_copy_only=False))
    if len(unsure):
        place = pa.array(unsure)
        texts = joined(mantissa.take(place), scale.take(place), odd.take(place))
        found[unsure] = [_number(text) for text in texts]
    return found


def _number(text: str) -> float:
    value = number(text)
    return np.nan if value is None else value


def _written(numbers: NDArray[np.int64], scale: int) -> list[Any]:
    if scale > _PLAIN_SCALE:
        return [_one(one, scale) for one in numbers.tolist()]
    words = np.empty((len(numbers), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = numbers, numbers >> 63
    wide = pa.Array.from_buffers(pa.decimal128(38, scale), len(numbers), [None, pa.py_buffer(words)])
    texts: list[Any] = wide.cast(pa.string()).to_pylist()
    return texts


def _one(mantissa: int, scale: int) -> str:
    digits = f"{abs(mantissa):0{scale + 1}d}"
    return f"{'-' * (mantissa < 0)}{digits[:-scale]}.{digits[-scale:]}"
