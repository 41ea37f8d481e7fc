# Part of _codec.pyx: one call for each chunk a connection sends. The pure twin is in ``arrivals.py``.

from mingcha.protocol.hj212 import arrivals as _arrivals
from mingcha.protocol.hj212.editions import EDITIONS, data_flags as _data_flags
from mingcha.protocol.hj212.factors import plain_fields as _plain_fields_of
from mingcha.protocol.hj212.limits import ALIGNED_S, CEILING, PARAMETERS_MAX, SEGMENT_MAX, LengthPolicy

cdef int EXPLAINED = LengthPolicy.EXPLAINED

cdef tuple _plain_fields = (_plain_fields_of("2005"), _plain_fields_of("2017"))  # 2005, and all later editions
cdef Py_ssize_t _segment_max = SEGMENT_MAX, _content_max = min(PARAMETERS_MAX.values())
cdef object _judged = _arrivals.judged
cdef dict _heads = _arrivals.HEADS, _heads_bare = _arrivals.HEADS_WITHOUT_QN


@cython.final
@cython.no_gc
@cython.freelist(512)
cdef class Arrival:
    """A frame to which nothing is to object by its bytes; see ``arrivals.Arrival``, the pure twin."""

    cdef readonly bytes raw
    cdef readonly Py_ssize_t size
    cdef readonly object head, qn, data_time, reply
    cdef object _frame, _message

    @property
    def frame(self):
        if self._frame is None:
            self._frame = _frame(<const uint8_t *>PyBytes_AS_STRING(self.raw), self.size)
        return self._frame

    @property
    def message(self):
        if self._message is None:
            self._message = _arrivals.decoded(self.frame)
        return self._message

    def __repr__(self):
        return _arrivals.shown(self)


# --------------------------------------------------------------------------------------------------- heads

cdef uint8_t _letters[4][256]  # data flags of one letter, by edition; the last for an unknown one
cdef tuple _editions = (*EDITIONS, None)


cdef void _fill_letters():
    cdef int k
    for k in range(4):
        for letter in _data_flags(_editions[k] or "2017"):
            if len(letter) == 1:
                _letters[k][<uint8_t>ord(letter)] = 1


_fill_letters()


@cython.final
cdef class _Slot:
    """What C needs of a ``Head``."""

    cdef object head
    cdef bytes before, after  # the answer's segment around QN; None: no answer
    cdef int edition
    cdef int64_t aligned  # DataTime is a multiple of so many seconds; 0 where it may be missing
    cdef bint empty  # CP must be
    cdef uint32_t batch  # the batch for which the places below hold
    cdef int32_t edition_word, st, cn, mn
    cdef int16_t flag
    cdef bint supplement


cdef dict _slots = {}, _slots_bare = {}


cdef _Slot _slot(const uint8_t *key, Py_ssize_t size, bint has_qn):
    """The slot of a header known to be clean; None where the pure twin must look first."""
    cdef dict slots = _slots if has_qn else _slots_bare
    cdef bytes text = PyBytes_FromStringAndSize(<const char *>key, size)
    cdef PyObject *found = PyDict_GetItem(slots, text)
    cdef _Slot slot
    if found != NULL:
        return <_Slot>found
    head = (_heads if has_qn else _heads_bare).get(text)
    if head is None:
        return None
    slot = _Slot.__new__(_Slot)
    slot.head = head
    slot.before, slot.after = head.before, head.after
    slot.edition = _editions.index(head.edition)
    slot.aligned = ALIGNED_S.get(head.cn, 0)
    slot.empty = head.cn == "9014"
    slot.flag = -1 if head.flag is None else head.flag
    slot.supplement = head.supplement
    if len(slots) >= _heads_max:
        slots.clear()
    slots[text] = slot
    return slot


# ------------------------------------------------------------------------------------------------- answers

cdef object _reply(bytes before, const uint8_t *qn, Py_ssize_t qn_size, bytes after):
    """The whole frame whose segment is ``before``, QN, ``after``."""
    cdef Py_ssize_t first = PyBytes_GET_SIZE(before), last = PyBytes_GET_SIZE(after), size = first + qn_size + last
    cdef bytes out = PyBytes_FromStringAndSize(NULL, size + 12)
    cdef uint8_t *p = <uint8_t *>PyBytes_AS_STRING(out)
    cdef const uint8_t *digits = b"0123456789ABCDEF"
    cdef uint16_t value
    cdef int k
    p[0] = p[1] = 35
    p[2], p[3], p[4], p[5] = 48 + size // 1000, 48 + size // 100 % 10, 48 + size // 10 % 10, 48 + size % 10
    memcpy(p + 6, PyBytes_AS_STRING(before), first)
    memcpy(p + 6 + first, qn, qn_size)
    memcpy(p + 6 + first + qn_size, PyBytes_AS_STRING(after), last)
    value = wire_crc(p + 6, size)
    for k in range(4):
        p[6 + size + k] = digits[value >> (12 - 4 * k) & 15]
    p[size + 10], p[size + 11] = 13, 10
    return out


def ack(qn, bytes tail not None):
    """The frame ``QN=<qn><tail>``, ready to be sent.

    Raises:
        ValueError: the segment is longer than four digits can say.
    """
    cdef bytes text = qn.encode() if isinstance(qn, str) else bytes(qn)
    if PyBytes_GET_SIZE(text) + PyBytes_GET_SIZE(tail) + 3 > 9999:
        raise ValueError(f"a segment of {len(text) + len(tail) + 3} bytes; four digits say at most 9999")
    return _reply(b"QN=", <const uint8_t *>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), tail)


# ---------------------------------------------------------------------------------------------------- feed

cdef bint _learns(wire_name *name, int later):
    """Whether plain values of this name need no closer look by now; ``later`` than 2005."""
    if PySet_Contains(_plain_fields[later], PyUnicode_DecodeASCII(<const char *>name.text, name.size, NULL)):
        name.known |= 1 << later
        return True
    return False


cdef inline bint _knows(wire_name *name, int later):
    return name.known >> later & 1 or _learns(name, later)


cdef struct Clean:
    Py_ssize_t qn_size  # 17 or 0; QN begins at byte 3 of the segment
    const uint8_t *data_time  # 14 digits; NULL where there is none
    int64_t qn_us, data_us  # WIRE_NO_TIME where there is none
    int count
    wire_field fields[WIRE_FIELDS_MAX]


cdef _Slot _examine(const uint8_t *p, Py_ssize_t size, Clean *out):
    """The slot of the clean segment at ``p``; None where the pure twin must look."""
    cdef Py_ssize_t opening = wire_find_open(p, size), content = opening + 5, rest = size - 2 - content
    cdef Py_ssize_t key = 0
    cdef _Slot slot
    cdef wire_field *field
    cdef int k
    if opening < 0 or rest < 0 or p[size - 1] != 38 or p[size - 2] != 38 or size > _segment_max:
        return None
    if size > _content_max and (rest > _content_max or memchr(p, 38, opening) != NULL):
        return None
    out.qn_size, out.qn_us = 0, WIRE_NO_TIME
    if p[0] == 81:  # QN=
        if opening < 21 or p[20] != 59:
            return None
        out.qn_us = wire_time(p + 3, 17)
        if out.qn_us == WIRE_NO_TIME:
            return None
        out.qn_size, key = 17, 21
    slot = _slot(p + key, opening - key, key > 0)
    if slot is None:
        return None
    out.count = wire_fields(p + content, rest, _letters[slot.edition], out.fields)
    if out.count < 0 or (slot.empty and out.count):
        return None
    out.data_time, out.data_us = NULL, WIRE_NO_TIME
    for k in range(out.count):
        field = out.fields + k
        if not _knows(field.name, slot.edition != 0):
            return None
        if field.name.size == 8 and memcmp(field.name.text, b"DataTime", 8) == 0:
            if field.value_size != 14:
                return None
            out.data_us = wire_time(field.value, 14)
            if out.data_us == WIRE_NO_TIME:
                return None
            out.data_time = field.value
    if slot.aligned and (out.data_time == NULL or (out.data_us // 1000000 + 28800) % slot.aligned != 0):
        return None
    return slot


cdef Arrival _clean(bytes buffer, Py_ssize_t at, Py_ssize_t size, Py_ssize_t tail):
    cdef const uint8_t *raw = <const uint8_t *>PyBytes_AS_STRING(buffer) + at
    cdef const uint8_t *p = raw + 6
    cdef Clean found
    cdef _Slot slot
    cdef Arrival arrival
    if not wire_upper(raw + size - 4):
        return None
    slot = _examine(p, size - 10, &found)
    if slot is None:
        return None
    arrival = Arrival.__new__(Arrival)
    if size + tail == PyBytes_GET_SIZE(buffer):
        arrival.raw = buffer
    else:
        arrival.raw = PyBytes_FromStringAndSize(<const char *>raw, size + tail)
    arrival.size = size
    arrival.head = slot.head
    arrival.qn = PyUnicode_DecodeASCII(<const char *>p + 3, found.qn_size, NULL) if found.qn_size else _nothing
    if found.data_time != NULL:
        arrival.data_time = PyUnicode_DecodeASCII(<const char *>found.data_time, 14, NULL)
    if slot.before is not None:
        arrival.reply = _reply(slot.before, p + 3, found.qn_size, slot.after)
    return arrival


cdef object _judge(object frame, bint tail):
    """The arrival of ``frame`` by the pure twin's judgement; the frame itself where it is not clean."""
    cdef Arrival arrival
    found = _judged(frame)
    if found is None:
        return frame
    arrival = Arrival.__new__(Arrival)
    arrival.head, arrival.qn, arrival.data_time, arrival.reply, arrival._message = found
    arrival.raw = frame.raw + b"\r\n" if tail else frame.raw
    arrival.size = len(frame.raw)
    arrival._frame = frame
    return arrival


cdef list _receive(bytes buffer, Py_ssize_t ceiling, int policy, bint final, Py_ssize_t *used):
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(buffer)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(buffer), at = 0, found, behind
    cdef bint tail
    cdef list events = []
    scan = None
    while at < size:
        found = wire_ordinary(start + at, size - at, ceiling)
        if found > 0:
            behind = at + found
            tail = behind + 1 < size and start[behind] == 13 and start[behind + 1] == 10
            event = _clean(buffer, at, found, 2 * tail)
            if event is None:
                event = _judge(_frame(start + at, found), tail)
        elif start[at] == 13 and at + 1 < size and start[at + 1] == 10:
            events.append(_crlf)
            at += 2
            continue
        else:
            if scan is None:
                scan = _scan_of(buffer, crc)
            event = _next_event(buffer, at, ceiling, policy, final, scan)
            if event is None:
                break
            if type(event) is _frame_type and not event.problems:
                behind = at + PyBytes_GET_SIZE(event.raw)
                tail = behind + 1 < size and start[behind] == 13 and start[behind + 1] == 10
                event = _judge(event, tail)
        events.append(event)
        at += PyBytes_GET_SIZE((<Arrival>event).raw) if type(event) is Arrival else PyBytes_GET_SIZE(event.raw)
    used[0] = at
    return events


@cython.final
cdef class Feed:
    """One connection's bytes; see ``arrivals.Feed``, the pure twin."""

    cdef readonly bytes pending
    cdef Py_ssize_t _ceiling
    cdef int _lengths

    def __init__(self, *, Py_ssize_t ceiling=CEILING, int lengths=EXPLAINED):
        self.pending = b""
        self._ceiling = ceiling
        self._lengths = lengths

    def receive(self, data):
        return self._advance(self.pending + data if self.pending else bytes(data), False)

    def expire(self):
        return self._advance(self.pending, True)

    cdef list _advance(self, bytes buffer, bint final):
        cdef Py_ssize_t used = 0
        cdef list events = _receive(buffer, self._ceiling, self._lengths, final, &used)
        self.pending = PyBytes_FromStringAndSize(PyBytes_AS_STRING(buffer) + used, PyBytes_GET_SIZE(buffer) - used)
        return events
