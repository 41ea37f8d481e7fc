"""The functions that cost time, compiled where possible.

``MINGCHA_PURE=1`` forces the pure twin; where no compiler was, it serves by itself. Both give the same events,
values and errors (``tests/protocol/test_twins.py``).
"""

import os
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mingcha.protocol.hj212 import _pure, backend
from mingcha.protocol.hj212.events import Event
from mingcha.protocol.hj212.segment import Body, Head

__all__ = [
    "BACKEND", "Arrival", "Builder", "Feed", "ack", "crc", "cut", "header", "opened", "parameters",
]  # fmt: skip


def _choose() -> ModuleType:
    if os.environ.get("MINGCHA_PURE", "") not in ("", "0"):
        return _pure
    try:
        return import_module("mingcha.protocol.hj212._codec")
    except ImportError:
        return _pure


_chosen = _choose()
backend.choose(_chosen)

BACKEND: str = _chosen.BACKEND
crc: Callable[[bytes], int] = _chosen.crc
cut: Callable[[bytes, int, int, bool], tuple[list[Event], int]] = _chosen.cut
header: Callable[[bytes], Head] = _chosen.header
parameters: Callable[[bytes, int, set[str]], Body] = _chosen.parameters
opened: Callable[..., Any] = _chosen.opened
ack: Callable[[bytes | str, bytes], bytes] = _chosen.ack

if TYPE_CHECKING:  # both back ends have these classes; the pure one gives them their types
    from mingcha.protocol.hj212.arrivals import Arrival, Feed
    from mingcha.protocol.hj212.rows import Builder
else:
    Arrival, Feed, Builder = _chosen.Arrival, _chosen.Feed, _chosen.Builder
