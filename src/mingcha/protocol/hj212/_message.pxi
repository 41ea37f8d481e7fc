# Part of _codec.pyx: frames and messages made without their ``__init__``, slot by slot.

from mingcha.protocol.hj212.editions import ACK_BIT
from mingcha.protocol.hj212.limits import HEADS_MAX

cdef extern from "Python.h":
    ctypedef struct PyMemberDef:
        Py_ssize_t offset
    ctypedef struct PyMemberDescrObject:
        PyMemberDef *d_member

cdef int _ack_bit = ACK_BIT
cdef Py_ssize_t _heads_max = HEADS_MAX


cdef Py_ssize_t _offset(object cls, str name) except -1:
    """Where a slot of ``cls`` lies in its objects."""
    return (<PyMemberDescrObject *>cls.__dict__[name]).d_member.offset


cdef inline void _fill(PyObject *obj, Py_ssize_t offset, object value) noexcept:
    """Fill a slot that is still empty."""
    Py_INCREF(value)
    (<PyObject **>(<char *>obj + offset))[0] = <PyObject *>value


cdef Py_ssize_t _at_raw = _offset(Frame, "raw"), _at_segment = _offset(Frame, "segment")
cdef Py_ssize_t _at_problems = _offset(Frame, "problems")


cdef object _frame(const uint8_t *raw, Py_ssize_t size):
    """``Frame(raw, segment)`` without the cost of a frozen dataclass' ``__init__``."""
    frame = PyType_GenericAlloc(<PyTypeObject *>_frame_type, 0)
    _fill(<PyObject *>frame, _at_raw, PyBytes_FromStringAndSize(<const char *>raw, size))
    _fill(<PyObject *>frame, _at_segment, PyBytes_FromStringAndSize(<const char *>raw + 6, size - 10))
    _fill(<PyObject *>frame, _at_problems, _no_problems)
    return frame


cdef tuple _SLOTS = (
    "frame", "dialect", "backend", "head_marks", "content_at", "qn", "st", "cn", "pw", "mn", "flag", "wants_ack",
)
cdef object _message_type = None
cdef Py_ssize_t _message_at[12]


@cython.final
cdef class _Opening:
    """What the flawless header behind ``QN=<17 characters>;`` says."""

    cdef object st, cn, pw, mn, flag, wants_ack, content_at


cdef dict _openings = {}


cdef _Opening _opening(object segment, const char *p, Py_ssize_t at):
    """The header of ``segment`` but for its QN; None where it is not flawless. ``at``: where CP=&& begins."""
    cdef bytes key = PyBytes_FromStringAndSize(p + 21, at - 21)
    cdef PyObject *found = PyDict_GetItem(_openings, key)
    cdef _Opening opening
    if found != NULL:
        return <_Opening>found
    fields = _header(p, at)
    if fields is None:
        return None
    opening = _Opening.__new__(_Opening)
    opening.st, opening.cn, opening.pw = _get(fields, _ST), _get(fields, _CN), _get(fields, _PW)
    opening.mn, opening.flag = _get(fields, _MN), _flags.get(_get(fields, _FLAG))
    opening.wants_ack = opening.flag is not None and bool(opening.flag & _ack_bit)
    opening.content_at = at + 5
    if len(_openings) >= _heads_max:
        _openings.clear()
    _openings[key] = opening
    return opening


def opened(cls, frame, dialect, backend):
    """``cls(frame, backend, dialect)``; ``header`` is read when asked for, if what else it says was met before."""
    global _message_type
    cdef bytes segment = frame.segment
    cdef const char *p = PyBytes_AS_STRING(segment)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(segment), at, k
    cdef _Opening opening
    cdef PyObject *obj
    if size < 30 or p[0] != c"Q" or p[1] != c"N" or p[2] != c"=" or p[20] != c";":
        return cls(frame, backend, dialect)
    for k in range(3, 20):
        if <uint8_t>p[k] <= 32 or <uint8_t>p[k] >= 127 or p[k] == c";" or p[k] == c",":
            return cls(frame, backend, dialect)
    at = wire_find_open(<const uint8_t *>p, size)
    opening = None if at < 21 else _opening(segment, p, at)
    if opening is None:
        return cls(frame, backend, dialect)
    if cls is not _message_type:
        for k in range(12):
            _message_at[k] = _offset(cls, _SLOTS[k])
        _message_type = cls
    message = PyType_GenericAlloc(<PyTypeObject *>cls, 0)
    obj = <PyObject *>message
    _fill(obj, _message_at[0], frame)
    _fill(obj, _message_at[1], dialect)
    _fill(obj, _message_at[2], backend)
    _fill(obj, _message_at[3], 0)
    _fill(obj, _message_at[4], opening.content_at)
    _fill(obj, _message_at[5], PyUnicode_DecodeASCII(p + 3, 17, NULL))
    _fill(obj, _message_at[6], opening.st)
    _fill(obj, _message_at[7], opening.cn)
    _fill(obj, _message_at[8], opening.pw)
    _fill(obj, _message_at[9], opening.mn)
    _fill(obj, _message_at[10], opening.flag)
    _fill(obj, _message_at[11], opening.wants_ack)
    return message
