"""``decode_batch``: a buffer full of frames as columns, in the Arrow memory layout and handed over without copying.

Two tables. ``frames`` has one row for each frame or refused run of bytes, in the order of the buffer; blanks
between frames have none. ``fields`` is the long form: one row for each field of CP, in the order sent, but for the
first DataTime, which stands in ``frames``, and the data flags of factors that have values, which stand beside them.
``FRAMES`` and ``FIELDS`` say what each column is. A column of kind

- ``word`` is dictionary-encoded text; ``text`` is text; "" where nothing came;
- ``time`` is a moment, microseconds since the epoch in UTC, from the Beijing clock of the wire; null where it is none;
- the others are numbers, null where they are none.

What a row says is what ``decode`` says of the frame under the plain dialect; the compiled back end reads clean
frames (``arrivals.py``) by itself and asks ``rows.message_rows`` about all others.
"""

from dataclasses import dataclass
from types import ModuleType

from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import codec
from mingcha.protocol.hj212.arrow import Table
from mingcha.protocol.hj212.limits import CEILING, LengthPolicy
from mingcha.protocol.hj212.rows import FIELDS, FRAMES

__all__ = ["BUFFER_MAX", "FIELDS", "FRAMES", "Batch", "decode_batch"]

BUFFER_MAX = 2**30  # bytes; offsets into text have 32 bits, and GBK grows when it becomes UTF-8


@dataclass(frozen=True, slots=True)
class Batch:
    """The columns of one buffer. ``used``: bytes read; the rest, if any, begins a frame that is not whole yet."""

    frames: Table
    fields: Table
    used: int


def decode_batch(
    buffer: bytes | bytearray | memoryview, *, ceiling: int = CEILING,
    lengths: LengthPolicy = LengthPolicy.EXPLAINED, final: bool = True, backend: ModuleType | None = None,
) -> Batch:  # fmt: skip
    """Every frame of ``buffer`` as columns. Both tables go to pyarrow, DuckDB and Polars as they are.

    ``final``: nothing follows, a half frame at the end is named; else it is left over, see ``Batch.used``.

    Raises:
        BadInput: the buffer is over 1 GiB; hand over parts with ``final=False``.
    """
    data = bytes(buffer)
    if len(data) > BUFFER_MAX:
        raise BadInput(
            {"buffer": f"{len(data)} bytes; at most {BUFFER_MAX}: hand over parts with final=False"}
        )
    builder = (backend or codec).Builder()
    used = builder.read(data, ceiling, int(lengths), final)
    frames, fields = builder.finish()
    return Batch(Table(FRAMES, *frames), Table(FIELDS, *fields), used)
