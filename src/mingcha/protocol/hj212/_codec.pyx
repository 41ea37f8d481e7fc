# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Compiled core: the ordinary cases of ``crc``, ``cut``, ``header`` and ``parameters`` in C.

Whatever is not ordinary (damage, blanks, wrong separators, text that is not ASCII) is handed to the pure twin,
so that there is one definition of every tolerance. ``tests/protocol/test_twins.py`` compares the two.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains, PyDict_GetItem, PyDict_SetItem
from cpython.list cimport PyList_Append
from cpython.object cimport PyObject, PyTypeObject
from cpython.set cimport PySet_Add, PySet_Contains
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy, memset

from mingcha.protocol.hj212 import _pure, damage, segment as _segment
from mingcha.protocol.hj212.crc import POWERS, TABLE
from mingcha.protocol.hj212.events import Frame, Skipped
from mingcha.protocol.hj212.head import FLAGS

cdef extern from "Python.h":
    object PyUnicode_DecodeASCII(const char *s, Py_ssize_t size, const char *errors)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    void *PyUnicode_DATA(object)
    bint PyUnicode_IS_COMPACT_ASCII(object)
    int PyObject_GenericSetAttr(object, object, object) except -1
    object PyType_GenericAlloc(PyTypeObject *, Py_ssize_t)

BACKEND = "compiled"

# ---------------------------------------------------------------------------------------------------- CRC

cdef uint16_t _table[256]
cdef uint8_t _powers[8][256]
cdef int _i, _k
for _i in range(256):
    _table[_i] = TABLE[_i]
    for _k in range(8):
        _powers[_k][_i] = POWERS[_k][_i]


cdef uint16_t _crc(const uint8_t *data, Py_ssize_t size) noexcept nogil:
    """Words of eight bytes, counted from the end, folded by XOR; see ``crc.py`` for the proof."""
    cdef uint64_t folded = 0, word
    cdef const uint8_t *at = data + size
    cdef uint8_t lane[8]
    cdef Py_ssize_t left = size
    cdef uint8_t state = 0
    cdef int k
    if size == 0:
        return 0xFFFF
    while left >= 8:
        at -= 8
        left -= 8
        memcpy(&word, at, 8)
        folded ^= word
    memcpy(lane, &folded, 8)
    for k in range(left):
        lane[8 - left + k] ^= data[k]
    lane[7 - ((size - 1) & 7)] ^= 0xFF
    for k in range(8):
        state ^= _powers[k][lane[7 - k]]
    return _table[state]


def crc(bytes segment not None):
    """The CRC of a data segment."""
    return _crc(<const uint8_t *>PyBytes_AS_STRING(segment), PyBytes_GET_SIZE(segment))


# ------------------------------------------------------------------------------------------------ framing

cdef inline int _hex(uint8_t c) noexcept nogil:
    if 48 <= c <= 57:
        return c - 48
    if 65 <= c <= 70:
        return c - 55
    if 97 <= c <= 102:
        return c - 87
    return -1


cdef inline int _four_hex(const uint8_t *p) noexcept nogil:
    cdef int a = _hex(p[0]), b = _hex(p[1]), c = _hex(p[2]), d = _hex(p[3])
    if a < 0 or b < 0 or c < 0 or d < 0:
        return -1
    return a << 12 | b << 8 | c << 4 | d


cdef inline int _four_digits(const uint8_t *p) noexcept nogil:
    cdef int k, value = 0
    for k in range(4):
        if p[k] < 48 or p[k] > 57:
            return -1
        value = value * 10 + p[k] - 48
    return value


cdef inline bint _has_head(const uint8_t *p, Py_ssize_t size) noexcept nogil:
    """Whether ``##`` stands anywhere in the ``size`` bytes."""
    cdef const uint8_t *end = p + size
    while p < end:
        p = <const uint8_t *>memchr(p, 35, end - p)
        if p == NULL or p + 1 >= end:
            return False
        if p[1] == 35:
            return True
        p += 1
    return False


cdef inline bint _printable(const uint8_t *p, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t k
    cdef uint8_t strange = 0
    for k in range(size):
        strange |= <uint8_t>(<uint8_t>(p[k] - 0x20) > 0x5E)
    return strange == 0


cdef object _raw_name = "raw", _segment_name = "segment", _problems_name = "problems"
cdef object _no_problems = ()
cdef object _crlf = Skipped(b"\r\n")
cdef object _frame_type = Frame
cdef object _next_event = _pure._next


cdef object _frame(const uint8_t *raw, Py_ssize_t size):
    """``Frame(raw, segment)`` without the cost of a frozen dataclass' ``__init__``."""
    frame = PyType_GenericAlloc(<PyTypeObject *>_frame_type, 0)
    PyObject_GenericSetAttr(frame, _raw_name, PyBytes_FromStringAndSize(<const char *>raw, size))
    PyObject_GenericSetAttr(frame, _segment_name, PyBytes_FromStringAndSize(<const char *>raw + 6, size - 10))
    PyObject_GenericSetAttr(frame, _problems_name, _no_problems)
    return frame


cdef Py_ssize_t _ordinary(const uint8_t *p, Py_ssize_t size, Py_ssize_t ceiling) noexcept nogil:
    """The size of the flawless frame at ``p``; 0 where the pure twin must look."""
    cdef int length, given
    cdef const uint8_t *body = p + 6
    if size < 10 or p[0] != 35 or p[1] != 35:
        return 0
    length = _four_digits(p + 2)
    if length < 3 or length > ceiling or length + 10 > size:
        return 0
    if memcmp(body, b"QN=", 3) != 0 and memcmp(body, b"ST=", 3) != 0:
        return 0
    given = _four_hex(body + length)
    if given < 0 or given != _crc(body, length):
        return 0
    if not _printable(body, length) or _has_head(body, length + 4):
        return 0
    return length + 10


def cut(bytes buffer not None, Py_ssize_t ceiling, int policy, bint final):
    """The events that ``buffer`` completes, and how many of its bytes they use."""
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(buffer)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(buffer), at = 0, found
    cdef list events = []
    while at < size:
        found = _ordinary(start + at, size - at, ceiling)
        if found > 0:
            events.append(_frame(start + at, found))
            at += found
            continue
        if start[at] == 13 and at + 1 < size and start[at + 1] == 10:
            events.append(_crlf)
            at += 2
            continue
        event = _next_event(buffer, at, ceiling, policy, final)
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


cdef inline bint _is_number(const char *p, Py_ssize_t size) noexcept nogil:
    """``[-]digits[.digits]`` of at most 32 characters."""
    cdef Py_ssize_t k = 0, digits
    if size > 32:
        return False
    if k < size and p[k] == c"-":
        k += 1
    digits = k
    while k < size and c"0" <= p[k] <= c"9":
        k += 1
    if k == digits:
        return False
    if k == size:
        return True
    if p[k] != c".":
        return False
    k += 1
    digits = k
    while k < size and c"0" <= p[k] <= c"9":
        k += 1
    return k == size and k > digits


cdef inline Py_ssize_t _find_open(const char *p, Py_ssize_t size) noexcept nogil:
    """Where the first ``CP=&&`` begins; -1 where there is none."""
    cdef const char *at = p
    cdef const char *end = p + size - 4
    while at < end:
        at = <const char *>memchr(at, c"C", end - at)
        if at == NULL:
            return -1
        if at[1] == c"P" and at[2] == c"=" and at[3] == c"&" and at[4] == c"&":
            return at - p
        at += 1
    return -1


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
    cdef Py_ssize_t at = _find_open(p, PyBytes_GET_SIZE(segment))
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
            plain = _is_number(p + equals + 1, value_size)
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
