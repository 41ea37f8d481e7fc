"""Tables in the Arrow columnar layout, handed over through the Arrow C data interface and its PyCapsules.

The memory of a column goes to the consumer as it is and lives until the consumer releases it. Built on ``ctypes``,
so that both back ends share one form and nothing has to be installed; it costs microseconds a table, not a row.
Structures, format strings and life times are those of the Arrow specification: C data interface, C stream
interface, PyCapsule interface. Every node of the tree owns its memory, as a consumer may keep a child alone.
"""

import ctypes
import itertools
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# kind → format string, numpy type, and what marks a null while rows are collected
_KINDS: dict[str, tuple[bytes, str, int | None]] = {
    "int64": (b"l", "<i8", -(2**63)), "int32": (b"i", "<i4", None), "int16": (b"s", "<i2", -1),
    "int8": (b"c", "<i1", -128), "uint8": (b"C", "<u1", None), "float64": (b"g", "<f8", 0),
    "time": (b"tsu:UTC", "<i8", -(2**63)), "bool": (b"b", "<u1", None), "text": (b"u", "<i4", None),
    "word": (b"i", "<i4", None),
}  # fmt: skip
_NULLABLE = 2  # ARROW_FLAG_NULLABLE
_POINTER = ctypes.c_void_p


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind (see ``columns.py``) and what it says, unit included."""

    name: str
    kind: str
    meaning: str


class Table:
    """Rows of one length, in the order of ``columns``.

    ``values``: the bytes of each column in machine order; of a ``text`` (offsets, bytes), of a ``word`` (places,
    words). Handed over as a record batch (``__arrow_c_array__``) or as a stream of that one (``__arrow_c_stream__``).
    """

    __slots__ = ("columns", "rows", "values")

    def __init__(self, columns: Sequence[Column], rows: int, values: Sequence[Any]) -> None:
        self.columns = tuple(columns)
        self.rows = rows
        self.values = tuple(values)

    def __len__(self) -> int:
        return self.rows

    def __arrow_c_schema__(self) -> object:
        return _capsule(_schema_of(self.columns), b"arrow_schema")

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """Schema and array. ``requested_schema`` is a wish the specification lets us leave open."""
        return self.__arrow_c_schema__(), _capsule(_array_of(self), b"arrow_array")

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return _capsule(_stream_of(self), b"arrow_array_stream")


# -------------------------------------------------------------------------------------------- structures


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Release = ctypes.CFUNCTYPE(None, _POINTER)
_Fill = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER)
_LastError = ctypes.CFUNCTYPE(_POINTER, _POINTER)
_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64), ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)), ("release", _Release), ("private_data", _POINTER),
]  # fmt: skip
_Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(_POINTER)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))), ("dictionary", ctypes.POINTER(_Array)),
    ("release", _Release), ("private_data", _POINTER),
]  # fmt: skip
_Stream._fields_ = [
    ("get_schema", _Fill), ("get_next", _Fill), ("get_last_error", _LastError), ("release", _Release),
    ("private_data", _POINTER),
]  # fmt: skip

_Node = _Schema | _Array | _Stream

# What each structure handed out needs, by its ``private_data``; its release takes it out.
_kept: dict[int, tuple[Any, ...]] = {}
_keys = itertools.count(1)


def _keep(node: _Node, release: object, *needs: object) -> None:
    key = next(_keys)
    _kept[key] = needs
    node.private_data = key
    node.release = release


def _released(kind: type[_Schema] | type[_Array]) -> Callable[[int], None]:
    """The release of a schema or an array: first of what hangs below and was not moved away, then of itself."""

    def release(address: int) -> None:
        node = kind.from_address(address)
        below = [node.children[k] for k in range(node.n_children)]
        if node.dictionary:
            below.append(node.dictionary)
        for one in below:
            if one.contents.release:
                one.contents.release(ctypes.addressof(one.contents))
        node.release = _Release()
        _kept.pop(node.private_data, None)

    return release


def _stream_released(address: int) -> None:
    node = _Stream.from_address(address)
    node.release = _Release()
    _kept.pop(node.private_data, None)


_release_schema = _Release(_released(_Schema))
_release_array = _Release(_released(_Array))
_release_stream = _Release(_stream_released)


# ------------------------------------------------------------------------------------------------ schema


def _schema_node(
    form: bytes, name: str, children: Sequence[_Schema] = (), words: _Schema | None = None
) -> _Schema:
    node = _Schema()
    text = name.encode()
    pointers = (ctypes.POINTER(_Schema) * len(children))(*(ctypes.pointer(child) for child in children))
    node.format, node.name, node.metadata, node.flags = form, text, None, _NULLABLE if name else 0
    node.n_children, node.children = len(children), pointers
    if words is not None:
        node.dictionary = ctypes.pointer(words)
    _keep(node, _release_schema, form, text, pointers, children, words)
    return node


def _schema_of(columns: Sequence[Column]) -> _Schema:
    return _schema_node(b"+s", "", [
        _schema_node(_KINDS[column.kind][0], column.name, (), _schema_node(b"u", "") if column.kind == "word" else None)
        for column in columns
    ])  # fmt: skip


# ------------------------------------------------------------------------------------------------- array


def _address(buffer: bytearray | None) -> tuple[int | None, object]:
    """Where the bytes are, and what holds them there. A held bytearray cannot be resized."""
    if buffer is None:
        return None, None
    view = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    return ctypes.addressof(view), view


def _array_node(
    rows: int,
    nulls: int,
    buffers: Sequence[bytearray | None],
    children: Sequence[_Array] = (),
    words: _Array | None = None,
) -> _Array:
    node = _Array()
    places = [_address(buffer) for buffer in buffers]
    pointers = (_POINTER * len(places))(*(address for address, _ in places))
    below = (ctypes.POINTER(_Array) * len(children))(*(ctypes.pointer(child) for child in children))
    node.length, node.null_count, node.offset = rows, nulls, 0
    node.n_buffers, node.buffers = len(places), pointers
    node.n_children, node.children = len(children), below
    if words is not None:
        node.dictionary = ctypes.pointer(words)
    _keep(node, _release_array, places, pointers, below, children, words)
    return node


def _array_of(table: Table) -> _Array:
    children = [_column(c, table.rows, v) for c, v in zip(table.columns, table.values, strict=True)]
    return _array_node(table.rows, 0, [None], children)


def _column(column: Column, rows: int, values: Any) -> _Array:
    import numpy as np  # not before it is needed: a gateway needs no columns

    if column.kind == "text":
        return _array_node(rows, 0, [None, *values])
    if column.kind == "word":
        places, words = values
        return _array_node(rows, 0, [None, places], (), _words(words))
    _, dtype, null = _KINDS[column.kind]
    found = np.frombuffer(values, dtype, rows)
    if column.kind == "bool":
        return _array_node(rows, 0, [None, _bits(found != 0)])
    if null is None:
        return _array_node(rows, 0, [None, values])
    there = ~np.isnan(found) if column.kind == "float64" else found != null
    nulls = rows - int(np.count_nonzero(there))
    return _array_node(rows, nulls, [_bits(there) if nulls else None, values])


def _bits(there: "np.ndarray[Any, np.dtype[np.bool_]]") -> bytearray:
    import numpy as np

    return bytearray(np.packbits(there, bitorder="little").tobytes())


def _words(words: Sequence[str]) -> _Array:
    parts = [word.encode() for word in words]
    offsets = array("i", itertools.accumulate((len(part) for part in parts), initial=0))
    return _array_node(len(parts), 0, [None, bytearray(offsets.tobytes()), bytearray(b"".join(parts))])


# ------------------------------------------------------------------------------------------------ stream


def _moved(node: _Node, address: int) -> None:
    """Move a structure into the consumer's memory, as the specification lets it be moved."""
    ctypes.memmove(address, ctypes.addressof(node), ctypes.sizeof(node))


def _stream_of(table: Table) -> _Stream:
    """A stream of one batch, then of none."""
    left = [table]

    def get_schema(_: int, out: int) -> int:
        _moved(_schema_of(table.columns), out)
        return 0

    def get_next(_: int, out: int) -> int:
        _moved(_array_of(left.pop()) if left else _Array(), out)
        return 0

    node = _Stream()
    node.get_schema, node.get_next = _Fill(get_schema), _Fill(get_next)
    node.get_last_error = _LastError(lambda _: None)
    _keep(node, _release_stream, node.get_schema, node.get_next, node.get_last_error)
    return node


# ---------------------------------------------------------------------------------------------- capsules

_names = {name: ctypes.c_char_p(name) for name in (b"arrow_schema", b"arrow_array", b"arrow_array_stream")}
_Destroy = ctypes.CFUNCTYPE(None, _POINTER)
# The capsule is passed as an address: in its destructor it must not be counted as an object any more.
_capsule_name = ctypes.PYFUNCTYPE(_POINTER, _POINTER)(("PyCapsule_GetName", ctypes.pythonapi))
_capsule_pointer = ctypes.PYFUNCTYPE(_POINTER, _POINTER, _POINTER)(("PyCapsule_GetPointer", ctypes.pythonapi))
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, _POINTER, ctypes.c_char_p, _Destroy)(
    ("PyCapsule_New", ctypes.pythonapi)
)
_roots: dict[int, _Node] = {}


def _destroy(capsule: int) -> None:
    address = _capsule_pointer(capsule, _capsule_name(capsule))
    node = _roots.pop(address or 0, None)
    if node is not None and node.release:
        node.release(address)


_destroyed = _Destroy(_destroy)

# A consumer may release after the interpreter began to take modules down: these are never freed.
for _callback in (_release_schema, _release_array, _release_stream, _destroyed):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_callback))


def _capsule(node: _Node, name: bytes) -> object:
    address = ctypes.addressof(node)
    _roots[address] = node
    found: object = _new_capsule(address, _names[name], _destroyed)
    return found
