"""Repeatable randomness: a pure function of a key and a time, so any moment can be asked for by itself.

No generator carries state; the value at 03:00 is the same whether a day or a second is asked for.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]  # epoch seconds UTC
Values = NDArray[np.float64]

_STEP = np.uint64(0x9E3779B97F4A7C15)  # splitmix64: an odd step and two mixing rounds
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFF)
_SPREAD = 65536.0 / np.sqrt(3.0)  # standard deviation of a sum of four 16-bit uniforms


@lru_cache(maxsize=65536)
def key_of(*parts: object) -> int:
    """A 63-bit key from any printable parts; equal on every machine and run."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1


def hashed(key: int, index: NDArray[np.int64]) -> NDArray[np.uint64]:
    """64 well-mixed bits for each index."""
    x = index.astype(np.uint64) * _STEP + np.uint64(key)
    x = (x ^ (x >> np.uint64(30))) * _MIX1
    x = (x ^ (x >> np.uint64(27))) * _MIX2
    return x ^ (x >> np.uint64(31))


def normal(key: int, index: NDArray[np.int64]) -> Values:
    """Nearly normal numbers (mean 0, sd 1, within ±3.5), independent from index to index."""
    bits = hashed(key, index)
    total = sum((bits >> np.uint64(shift)) & _LOW for shift in (0, 16, 32, 48))
    return np.asarray((np.asarray(total, dtype=np.float64) - 2.0 * 65535.0) / _SPREAD)


def uniform(key: int, index: int) -> float:
    """One number in [0, 1)."""
    return float(hashed(key, np.array([index], dtype=np.int64))[0] >> np.uint64(11)) / 2.0**53


def wander(key: int, times: Times, tau_s: int) -> Values:
    """Smooth noise of unit variance that forgets itself after about ``tau_s`` seconds."""
    cell, rest = np.divmod(times, tau_s)
    first = int(cell.min())
    knots = normal(key, np.arange(first, int(cell.max()) + 2, dtype=np.int64))
    at = cell - first
    share = rest / tau_s
    return np.asarray((knots[at] * (1.0 - share) + knots[at + 1] * share) * np.sqrt(1.5))


def process(key: int, times: Times) -> Values:
    """Autocorrelated noise of unit variance with a fast, a slow and a very slow part."""
    slow = 0.60 * wander(key, times, 10_800) + 0.52 * wander(key + 1, times, 2_700)
    return slow + 0.50 * wander(key + 2, times, 420) + 0.35 * wander(key + 3, times, 60)
