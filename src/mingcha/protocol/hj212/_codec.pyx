# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Compiled core: the ordinary cases of ``crc``, ``cut``, ``header``, ``parameters``, ``Feed`` and ``Builder`` in C.

Whatever is not ordinary (damage, blanks, wrong separators, text that is not ASCII) is handed to the pure twin,
so that there is one definition of every tolerance. ``tests/protocol/test_twins.py`` compares the two.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains, PyDict_GetItem, PyDict_SetItem
from cpython.list cimport PyList_Append
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.set cimport PySet_Add, PySet_Contains
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memchr, memcmp, memcpy, memset

from mingcha.protocol.hj212 import _pure, damage, segment as _segment
from mingcha.protocol.hj212.crc import POWERS, TABLE
from mingcha.protocol.hj212.events import Frame, Rejected, Skipped
from mingcha.protocol.hj212.head import FLAGS

cdef extern from "Python.h":
    object PyUnicode_DecodeASCII(const char *s, Py_ssize_t size, const char *errors)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    void *PyUnicode_DATA(object)
    bint PyUnicode_IS_COMPACT_ASCII(object)
    object PyType_GenericAlloc(PyTypeObject *, Py_ssize_t)

BACKEND = "compiled"

cdef extern from "_wire.h":
    uint16_t wire_table[256]
    uint8_t wire_powers[8][256]
    uint16_t wire_crc(const uint8_t *data, Py_ssize_t size) nogil
    bint wire_upper(const uint8_t *p) nogil
    Py_ssize_t wire_ordinary(const uint8_t *p, Py_ssize_t size, Py_ssize_t ceiling) nogil
    Py_ssize_t wire_find_open(const uint8_t *p, Py_ssize_t size) nogil
    int64_t WIRE_NO_TIME
    int64_t wire_time(const uint8_t *p, int size) nogil
    enum: WIRE_FIELDS_MAX
    ctypedef struct wire_number:
        int64_t mantissa
        int8_t scale
        uint8_t exact
    ctypedef struct wire_name:
        uint32_t batch
        int32_t factor, field
        uint8_t size, dash, known, is_flag
        uint8_t *text
    ctypedef struct wire_field:
        wire_name *name
        const uint8_t *value
        uint16_t value_size
        wire_number number
    bint wire_is_number(const uint8_t *p, Py_ssize_t size, wire_number *out) nogil
    bint wire_double(const wire_number *n, double *out) nogil
    int wire_fields(const uint8_t *p, Py_ssize_t size, const uint8_t *letters, wire_field *out) nogil

cdef int _i, _k
for _i in range(256):
    wire_table[_i] = TABLE[_i]
    for _k in range(8):
        wire_powers[_k][_i] = POWERS[_k][_i]


def crc(bytes segment not None):
    """The CRC of a data segment."""
    return wire_crc(<const uint8_t *>PyBytes_AS_STRING(segment), PyBytes_GET_SIZE(segment))


# ------------------------------------------------------------------------------------------------ framing

cdef object _no_problems = ()
cdef object _crlf = Skipped(b"\r\n")
cdef object _frame_type = Frame
cdef object _next_event = _pure._next
cdef object _scan_of = damage.Scan


def cut(bytes buffer not None, Py_ssize_t ceiling, int policy, bint final):
    """The events that ``buffer`` completes, and how many of its bytes they use."""
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(buffer)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(buffer), at = 0, found
    cdef list events = []
    scan = None
    while at < size:
        found = wire_ordinary(start + at, size - at, ceiling)
        if found > 0:
            events.append(_frame(start + at, found))
            at += found
            continue
        if start[at] == 13 and at + 1 < size and start[at + 1] == 10:
            events.append(_crlf)
            at += 2
            continue
        if scan is None:
            scan = _scan_of(buffer, crc)
        event = _next_event(buffer, at, ceiling, policy, final, scan)
        if event is None:
            break
        events.append(event)
        at += PyBytes_GET_SIZE(event.raw)
    return events, at


# ------------------------------------------------------------------------------------------------ grammar

cdef enum:
    NAMES = 4096  # a power of two; names met before, so that each is made and hashed once

cdef list _names = [None] * NAMES


cdef object _name(const char *p, Py_ssize_t size):
    """The text of an ASCII name, from the names met before where possible."""
    cdef uint32_t place = 2166136261
    cdef Py_ssize_t k
    for k in range(size):
        place = (place ^ <uint8_t>p[k]) * 16777619
    place = (place ^ place >> 15) & (NAMES - 1)
    name = _names[place]
    if name is not None and PyUnicode_GET_LENGTH(name) == size and memcmp(PyUnicode_DATA(name), p, size) == 0:
        return name
    name = PyUnicode_DecodeASCII(p, size, NULL)
    _names[place] = name
    return name


cdef dict _header(const char *p, Py_ssize_t size):
    """The fields of a flawless header; None where the pure twin must look."""
    cdef dict fields = {}
    cdef Py_ssize_t at = 0, end, equals
    cdef char c
    while at < size:
        equals = -1
        end = at
        while end < size:
            c = p[end]
            if c == c";":
                break
            if c == c"=" and equals < 0:
                equals = end
            elif c == c"," or <uint8_t>c <= 32 or <uint8_t>c >= 127:
                return None
            end += 1
        if end == size or equals < 0:
            return None
        name = _name(p + at, equals - at)
        if PyDict_Contains(fields, name) or (equals - at == 2 and p[at] == c"C" and p[at + 1] == c"P"):
            return None
        PyDict_SetItem(fields, name, PyUnicode_DecodeASCII(p + equals + 1, end - equals - 1, NULL))
        at = end + 1
    return fields


cdef object _QN = "QN", _ST = "ST", _CN = "CN", _PW = "PW", _MN = "MN", _FLAG = "Flag", _nothing = ""
cdef dict _flags = FLAGS


cdef inline object _get(dict fields, object name):
    cdef PyObject *found = PyDict_GetItem(fields, name)
    return _nothing if found == NULL else <object>found


def header(bytes segment not None):
    """The fields before CP, what they say, and where the content of CP begins."""
    cdef const char *p = PyBytes_AS_STRING(segment)
    cdef Py_ssize_t at = wire_find_open(<const uint8_t *>p, PyBytes_GET_SIZE(segment))
    if at > 0:
        fields = _header(p, at)
        if fields is not None:
            return (
                fields, 0, at + 5, _get(fields, _QN), _get(fields, _ST), _get(fields, _CN), _get(fields, _PW),
                _get(fields, _MN), _flags.get(_get(fields, _FLAG)),
            )
    return _segment.header(segment)


cdef object _parameters(const char *p, Py_ssize_t size, set known):
    """Items, marks and odd fields of flawless text; None where the pure twin must look."""
    cdef list items = [], odd = []
    cdef set seen = set()
    cdef dict item = {}
    cdef int mark = 0
    cdef Py_ssize_t at = 0, end, equals, dash, factor = -1, factor_size = 0, value_size
    cdef bint first = True, is_flag, plain, same
    cdef wire_number number
    cdef char c
    while True:
        equals = dash = -1
        end = at
        while end < size:
            c = p[end]
            if c == c";" or c == c",":
                break
            if equals < 0:
                if c == c"=":
                    equals = end
                    if end + 2 < size and p[end + 1] == c"/" and p[end + 2] == c"/":
                        return None
                elif c == c"-" and dash < 0:
                    dash = end
            if <uint8_t>c <= 32 or <uint8_t>c >= 127:
                return None
            end += 1
        if equals < 0:
            return None
        name = _name(p + at, equals - at)
        value_size = end - equals - 1
        value = PyUnicode_DecodeASCII(p + equals + 1, value_size, NULL)
        if dash < 0:
            dash = equals
        same = factor >= 0 and dash - at == factor_size and memcmp(p + at, p + factor, factor_size) == 0
        if first == same:
            mark |= 1
        factor, factor_size = at, dash - at
        if PySet_Contains(seen, name):
            if PyDict_Contains(item, name):
                return None
            mark |= 16
        else:
            PySet_Add(seen, name)
        PyDict_SetItem(item, name, value)
        is_flag = equals - at >= 5 and memcmp(p + equals - 5, b"-Flag", 5) == 0
        if is_flag:
            plain = value_size == 1 and p[equals + 1] == c"N"
        else:
            plain = wire_is_number(<const uint8_t *>p + equals + 1, value_size, &number)
        if not plain or not PySet_Contains(known, name):
            PyList_Append(odd, (name, value))
        first = False
        if end == size:
            PyList_Append(items, item)
            return tuple(items), mark, tuple(odd)
        if p[end] == c";":
            PyList_Append(items, item)
            item = {}
            first = True
        at = end + 1


def parameters(bytes segment not None, Py_ssize_t start, set known not None):
    """The items of CP, the marks, and the fields that need a closer look."""
    cdef const char *p = PyBytes_AS_STRING(segment)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(segment)
    if start >= 0 and size - 2 >= start and p[size - 1] == c"&" and p[size - 2] == c"&":
        if size - 2 == start:
            return (), 0, ()
        found = _parameters(p + start, size - 2 - start, known)
        if found is not None:
            return found
    return _segment.parameters(segment, start, known)


include "_message.pxi"
include "_feed.pxi"
include "_columns.pxi"
