# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""A block's payload and the top of its tree in C, without the interpreter lock; ``packing`` has the pure twin.

Whatever is not ordinary (half surrogates, numbers out of bounds, other kinds of objects) is handed to the twin, so that
there is one definition of every error. ``tests/store/test_packing.py`` compares the two.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_SetItem
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object, Py_ssize_t *size) except NULL

cdef extern from "_pack.h":
    enum: SHA256_SIZE
    enum: PACK_NOT_IN_RAW
    ctypedef struct pack_text:
        const uint8_t *p
        uint32_t size
    ctypedef struct pack_entry:
        int64_t received_us
        const uint8_t *raw
        const uint8_t *mn
        uint32_t raw_size, conn, verdict
        uint16_t mn_size, place
        uint8_t direction
    int sha256_start(int plain) nogil
    uint16_t pack_place(const uint8_t *raw, uint32_t size, const uint8_t *mn, uint32_t mn_size) nogil
    size_t pack_size(const pack_entry *, size_t, const pack_text *, size_t, const pack_text *, size_t) nogil
    uint8_t *pack_payload(uint8_t *, const pack_entry *, size_t, const pack_text *, size_t, const pack_text *, size_t) nogil
    void pack_root(const pack_entry *, size_t, const pack_text *, const pack_text *, uint8_t *) nogil
    ctypedef struct sha256_context:
        pass
    void sha256_begin(sha256_context *) nogil
    void sha256_add(sha256_context *, const uint8_t *, size_t) nogil
    void sha256_end(sha256_context *, uint8_t *) nogil

BACKEND = "compiled"
PROCESSOR = bool(sha256_start(0))  # whether its own SHA-256 instructions serve

cdef enum:
    TEXT_MAX = 0xFFFF
    SOUGHT_MAX = 64  # bytes of an MN that are looked for here; longer ones by Python's own search

cdef int64_t TIME_MAX = (<int64_t>1 << 62) - 1  # the step between two times must fit as well


def digest(parts, *, bint plain=False):
    """SHA-256 of the joined ``parts``; ``plain``: without the processor's own instructions. For tests alone."""
    cdef sha256_context context
    cdef bytes out = PyBytes_FromStringAndSize(NULL, SHA256_SIZE), part
    sha256_start(plain)
    sha256_begin(&context)
    for part in parts:
        sha256_add(&context, <const uint8_t *>PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part))
    sha256_end(&context, <uint8_t *>PyBytes_AS_STRING(out))
    sha256_start(0)
    return out


cdef int _text(object text, pack_text *out) except -1:
    """1 where its UTF-8 is at hand and short enough. The bytes belong to ``text``."""
    cdef Py_ssize_t size = 0
    if type(text) is not str:
        return 0
    try:
        out.p = <const uint8_t *>PyUnicode_AsUTF8AndSize(text, &size)
    except UnicodeEncodeError:
        return 0
    if size > TEXT_MAX:
        return 0
    out.size = <uint32_t>size
    return 1


cdef int _named(object text, dict ids, pack_text *names, uint32_t *count, uint32_t *out) except -1:
    """Give ``text`` its number, a new one where it has none; 1 where it is ordinary."""
    cdef PyObject *found = PyDict_GetItem(ids, text)
    if found != NULL:
        out[0] = <uint32_t><object>found
        return 1
    if not _text(text, names + count[0]):
        return 0
    out[0] = count[0]
    PyDict_SetItem(ids, text, count[0])
    count[0] += 1
    return 1


cdef int _number(object value, int64_t least, int64_t most, int64_t *out) except -1:
    if not isinstance(value, int):
        return 0
    try:
        out[0] = value
    except OverflowError:
        return 0
    return least <= out[0] <= most


cdef class _Room:
    """The memory of one call."""

    cdef pack_entry *entries
    cdef pack_text *conns
    cdef pack_text *verdicts
    cdef uint8_t *hashes

    def __cinit__(self, size_t count):
        self.entries = <pack_entry *>PyMem_Malloc(count * sizeof(pack_entry))
        self.conns = <pack_text *>PyMem_Malloc(count * sizeof(pack_text))
        self.verdicts = <pack_text *>PyMem_Malloc(count * sizeof(pack_text))
        self.hashes = <uint8_t *>PyMem_Malloc(count * SHA256_SIZE)
        if not self.entries or not self.conns or not self.verdicts or not self.hashes:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.entries)
        PyMem_Free(self.conns)
        PyMem_Free(self.verdicts)
        PyMem_Free(self.hashes)


cdef int _taken(tuple entry, pack_entry *out, _Room room, dict conns, dict verdicts, uint32_t *counts) except -1:
    """1 where the entry is ordinary."""
    cdef int64_t number = 0
    cdef pack_text mn
    cdef object raw
    cdef Py_ssize_t found
    if PyTuple_GET_SIZE(entry) != 6:
        return 0
    if not _number(<object>PyTuple_GET_ITEM(entry, 0), 0, 255, &number):
        return 0
    out.direction = <uint8_t>number
    if not _number(<object>PyTuple_GET_ITEM(entry, 1), -TIME_MAX, TIME_MAX, &number):
        return 0
    out.received_us = number
    raw = <object>PyTuple_GET_ITEM(entry, 5)
    if not PyBytes_CheckExact(raw) or PyBytes_GET_SIZE(raw) > 0xFFFFFFFF:
        return 0
    out.raw = <const uint8_t *>PyBytes_AS_STRING(raw)
    out.raw_size = <uint32_t>PyBytes_GET_SIZE(raw)
    if not _named(<object>PyTuple_GET_ITEM(entry, 2), conns, room.conns, counts, &out.conn):
        return 0
    if not _named(<object>PyTuple_GET_ITEM(entry, 4), verdicts, room.verdicts, counts + 1, &out.verdict):
        return 0
    if not _text(<object>PyTuple_GET_ITEM(entry, 3), &mn):
        return 0
    out.mn, out.mn_size, out.place = mn.p, <uint16_t>mn.size, 0
    if mn.size > SOUGHT_MAX:
        found = raw.find((<object>PyTuple_GET_ITEM(entry, 3)).encode())
        out.place = <uint16_t>found if 0 <= found < PACK_NOT_IN_RAW else PACK_NOT_IN_RAW
    return 1


def pack(entries):
    """Payload, top of the tree, least and greatest time; None where the twin must look."""
    cdef tuple row = tuple(entries)  # holds on to all that is read without the lock
    cdef Py_ssize_t count = PyTuple_GET_SIZE(row), k
    cdef _Room room
    cdef dict conns = {}, verdicts = {}
    cdef uint32_t counts[2]
    cdef pack_entry *e
    cdef bytes payload
    cdef size_t size
    cdef int64_t first, last
    cdef uint8_t *out
    if count == 0 or count > 0x7FFFFFFF:
        return None
    room = _Room(count)
    counts[0] = counts[1] = 0
    e = room.entries
    for k in range(count):
        entry = <object>PyTuple_GET_ITEM(row, k)
        if not isinstance(entry, tuple) or not _taken(<tuple>entry, e + k, room, conns, verdicts, counts):
            return None
    with nogil:
        first = last = e[0].received_us
        for k in range(count):
            first = min(first, e[k].received_us)
            last = max(last, e[k].received_us)
            if e[k].mn_size <= SOUGHT_MAX:
                e[k].place = pack_place(e[k].raw, e[k].raw_size, e[k].mn, e[k].mn_size)
        size = pack_size(e, count, room.conns, counts[0], room.verdicts, counts[1])
        pack_root(e, count, room.conns, room.verdicts, room.hashes)
    payload = PyBytes_FromStringAndSize(NULL, size)
    out = <uint8_t *>PyBytes_AS_STRING(payload)
    with nogil:
        pack_payload(out, e, count, room.conns, counts[0], room.verdicts, counts[1])
    return payload, PyBytes_FromStringAndSize(<const char *>room.hashes, SHA256_SIZE), first, last
