"""What a block says of its entries: payload (``FORMAT.md`` §3) and top of the tree (§4), compiled where possible.

``MINGCHA_PURE=1`` forces the pure twin; where no compiler was, it serves by itself. Both give the same bytes and errors
(``tests/store/test_packing.py``). The compiled one holds the interpreter lock a tenth of the time: the gateway's event loop
runs meanwhile.
"""

import os
from collections.abc import Callable, Sequence
from importlib import import_module

from mingcha.store.journal import tree
from mingcha.store.journal.entry import Entry, encode

Packed = tuple[bytes, bytes, int, int]  # payload, top of the tree, least and greatest received_us


def pack_pure(entries: Sequence[Entry]) -> Packed:
    """The pure twin. ``entries``: at least one."""
    times = [entry.received_us for entry in entries]
    return encode(entries), tree.root(tree.leaves(entries)), min(times), max(times)


def pack(entries: Sequence[Entry]) -> Packed:
    """Payload, top of the tree, least and greatest time of ``entries`` (at least one)."""
    found = None if _compiled is None else _compiled(entries)
    return pack_pure(entries) if found is None else found


def _choose() -> Callable[[Sequence[Entry]], Packed | None] | None:
    if os.environ.get("MINGCHA_PURE", "") not in ("", "0"):
        return None
    try:
        module = import_module("mingcha.store.journal._pack")
    except ImportError:
        return None
    chosen: Callable[[Sequence[Entry]], Packed | None] = module.pack
    return chosen


_compiled = _choose()
BACKEND = "pure" if _compiled is None else "compiled"
