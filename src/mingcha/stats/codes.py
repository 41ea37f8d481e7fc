"""State codes of HJ 75 as small integers, so that a series of codes is an array."""

import numpy as np
from numpy.typing import NDArray

from mingcha.core.aggregates import HourCode

Times = NDArray[np.int64]  # (n,) epoch seconds UTC, strictly rising
Seconds = NDArray[np.int64]  # (n,) lengths
Places = NDArray[np.int64]  # (n,) indices into other arrays
Values = NDArray[np.float64]  # (n,) one unit throughout, NaN = missing
Codes = NDArray[np.int8]  # (n,) places in CODES
Mask = NDArray[np.bool_]  # (n,)

CODES: tuple[HourCode, ...] = tuple(HourCode)
INDEX: dict[HourCode, int] = {code: place for place, code in enumerate(CODES)}
NORMAL = INDEX[HourCode.NORMAL]
STOPPED = INDEX[HourCode.STOPPED]
NO_DATA = INDEX[HourCode.NO_DATA]
