"""Pure twin of ``_codec.pyx``: the same functions and classes, the same events and errors.

``codec.py`` chooses between the two. The functions stand in ``plain.py``.
"""

from mingcha.protocol.hj212.arrivals import Arrival, Feed, ack
from mingcha.protocol.hj212.plain import crc, cut, header, opened, parameters
from mingcha.protocol.hj212.plain import (
    next_event as _next,  # the compiled twin asks it where a frame is damaged
)
from mingcha.protocol.hj212.rows import Builder

BACKEND = "pure"

__all__ = [
    "BACKEND",
    "Arrival",
    "Builder",
    "Feed",
    "_next",
    "ack",
    "crc",
    "cut",
    "header",
    "opened",
    "parameters",
]
