# Part of _codec.pyx: rows of clean frames written straight into the memory of the columns. The pure twin, and what
# each column says, are in ``rows.py``; the rows of all other events come from ``rows.message_rows``.

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_Resize
from cpython.unicode cimport PyUnicode_AsUTF8AndSize

from mingcha.protocol.hj212 import rows as _rows

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *s, char **endptr, object overflow_exception) except? -1.0

cdef enum:
    COLUMNS_MAX = 17
    # places in rows.FRAMES and rows.FIELDS
    OFFSET = 0, SIZE, VERDICT, MARKS, PROBLEMS, EDITION, ST, CN, MN, FLAG, SUPPLEMENT, QN, QN_AT, DATA_TIME, DATA_AT, FIRST, COUNT
    FRAME = 0, FACTOR, FIELD, TEXT, MANTISSA, SCALE, VALUE, LETTER

cdef dict _WIDTHS = {"int64": 8, "float64": 8, "time": 8, "int32": 4, "text": 4, "word": 4, "int16": 2}  # else 1
cdef dict _CODES = {"int64": b"q", "time": b"q", "int32": b"i", "int16": b"h", "float64": b"d", "text": b"t", "word": b"w"}
cdef int64_t _no_time = _rows.NO_TIME
cdef int8_t _no_scale = _rows.NO_SCALE
cdef uint32_t _batches = 0  # numbers the batches: heads and names remember their places in the words of one
cdef tuple _row_events = (Frame, Rejected)


@cython.final
cdef class _Columns:
    """The columns of one table. Rows are written at ``count``; ``at`` moves when the memory grows."""

    cdef list memory, words
    cdef char codes[COLUMNS_MAX]
    cdef int widths[COLUMNS_MAX]
    cdef char *at[COLUMNS_MAX]
    cdef int columns
    cdef Py_ssize_t count, room
    cdef list texts  # the bytes of a text column; None for another
    cdef char *text_at[COLUMNS_MAX]
    cdef Py_ssize_t text_used[COLUMNS_MAX]
    cdef Py_ssize_t text_room[COLUMNS_MAX]

    def __cinit__(self, columns):
        cdef int k
        self.columns = len(columns)
        self.memory = [bytearray() for _ in columns]
        self.words = [{} if column.kind == "word" else None for column in columns]
        self.texts = [bytearray() if column.kind == "text" else None for column in columns]
        for k, column in enumerate(columns):
            self.widths[k] = _WIDTHS.get(column.kind, 1)
            self.codes[k] = (<bytes>_CODES.get(column.kind, b"b"))[0]
            self.text_used[k] = self.text_room[k] = 0
        self.count = self.room = 0
        self.need(64)
        for k in range(self.columns):
            if self.codes[k] == c"t":
                self.text_need(k, 256)
                (<int32_t *>self.at[k])[0] = 0

    cdef int need(self, Py_ssize_t rows) except -1:
        """Room for so many rows more, and for the offset behind the last text."""
        cdef int k
        if self.count + rows <= self.room:
            return 0
        self.room = max(self.count + rows, 2 * self.room)
        for k in range(self.columns):
            memory = self.memory[k]
            PyByteArray_Resize(memory, (self.room + 1) * self.widths[k])
            self.at[k] = PyByteArray_AS_STRING(memory)
        return 0

    cdef int text_need(self, int k, Py_ssize_t size) except -1:
        if self.text_used[k] + size > self.text_room[k]:
            self.text_room[k] = max(self.text_used[k] + size, 2 * self.text_room[k])
            memory = self.texts[k]
            PyByteArray_Resize(memory, self.text_room[k])
            self.text_at[k] = PyByteArray_AS_STRING(memory)
        return 0

    cdef inline void text(self, int k, const uint8_t *p, Py_ssize_t size) noexcept:
        """The text of this row; there is room."""
        if size:
            memcpy(self.text_at[k] + self.text_used[k], p, size)
        self.text_used[k] += size
        (<int32_t *>self.at[k])[self.count + 1] = <int32_t>self.text_used[k]

    cdef int32_t word(self, int k, object text) except -1:
        """The place of a word in the dictionary of its column."""
        cdef dict words = <dict>self.words[k]
        cdef PyObject *found = PyDict_GetItem(words, text)
        if found != NULL:
            return <object>found
        words[text] = place = len(words)
        return place

    cdef int row(self, tuple values) except -1:
        """Append a row of Python values, in the order of the columns."""
        cdef int k
        cdef Py_ssize_t size, n = self.count
        cdef const char *p
        self.need(1)
        for k in range(self.columns):
            value = values[k]
            if self.codes[k] == c"q":
                (<int64_t *>self.at[k])[n] = value
            elif self.codes[k] == c"i":
                (<int32_t *>self.at[k])[n] = value
            elif self.codes[k] == c"w":
                (<int32_t *>self.at[k])[n] = self.word(k, value)
            elif self.codes[k] == c"h":
                (<int16_t *>self.at[k])[n] = value
            elif self.codes[k] == c"d":
                (<double *>self.at[k])[n] = value
            elif self.codes[k] == c"t":
                p = PyUnicode_AsUTF8AndSize(value, &size)
                self.text_need(k, size)
                self.text(k, <const uint8_t *>p, size)
            else:
                (<int8_t *>self.at[k])[n] = <int8_t><int>value
        self.count += 1
        return 0

    cdef list finish(self):
        """The values of each column, as ``rows.Builder.finish`` gives them."""
        cdef int k
        cdef list out = []
        for k in range(self.columns):
            memory = self.memory[k]
            PyByteArray_Resize(memory, (self.count + (self.codes[k] == c"t")) * self.widths[k])
            if self.codes[k] == c"t":
                text = self.texts[k]
                PyByteArray_Resize(text, self.text_used[k])
                out.append((memory, text))
            elif self.codes[k] == c"w":
                out.append((memory, list(self.words[k])))
            else:
                out.append(memory)
        return out


cdef struct Factor:
    uint32_t valued  # the frame in which it has a value last
    uint32_t flagged  # the frame in which it has a flag last
    int32_t letter  # that flag: its place among the words


@cython.final
cdef class Builder:
    """Collects rows; see ``rows.Builder``, the pure twin. One buffer only."""

    cdef _Columns frames, fields
    cdef uint32_t batch, frame
    cdef bytearray factor_memory
    cdef Factor *factors
    cdef Py_ssize_t factor_room
    cdef int32_t letters[256]
    cdef int32_t no_letter, accepted, no_problems

    def __cinit__(self):
        global _batches
        cdef int k
        _batches += 1
        self.batch = _batches
        self.frames, self.fields = _Columns(_rows.FRAMES), _Columns(_rows.FIELDS)
        self.factor_memory, self.factor_room, self.frame = bytearray(), 0, 0
        self.no_letter = -1
        for k in range(256):
            self.letters[k] = -1

    def read(self, bytes buffer not None, Py_ssize_t ceiling, int policy, bint final):
        """Take all rows of ``buffer``; return how many of its bytes they use."""
        cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(buffer)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(buffer), at = 0, found
        # About what ordinary traffic needs, so that memory seldom moves; what is not written costs nothing.
        self.frames.need(size // 256)
        self.fields.need(size // 32)
        self.fields.text_need(TEXT, size // 8)
        scan = None
        while at < size:
            found = wire_ordinary(start + at, size - at, ceiling)
            if found > 0:
                if not self.clean(start + at, found, at):
                    self.slow(_frame(start + at, found), at)
                at += found
            elif start[at] == 13 and at + 1 < size and start[at + 1] == 10:
                at += 2
            else:
                if scan is None:
                    scan = _scan_of(buffer, crc)
                event = _next_event(buffer, at, ceiling, policy, final, scan)
                if event is None:
                    break
                if isinstance(event, _row_events):
                    self.slow(event, at)
                at += PyBytes_GET_SIZE(event.raw)
        return at

    def finish(self):
        """Rows, and for each column its values."""
        return (self.frames.count, self.frames.finish()), (self.fields.count, self.fields.finish())

    cdef int slow(self, object event, Py_ssize_t at) except -1:
        first, number = self.fields.count, self.frames.count
        if type(event) is not _frame_type:
            self.frames.row((*_rows.rejected_row(event, at), first, 0))
            return 0
        message = _arrivals.decoded(event)
        if not message.problems:
            _arrivals.meet(message)
        row, fields = _rows.message_rows(message, at)
        for field in fields:
            self.fields.row((number, *field))
        self.frames.row((*row, first, len(fields)))
        return 0

    cdef bint clean(self, const uint8_t *raw, Py_ssize_t size, Py_ssize_t at) except -1:
        """Append the rows of a clean frame; False, and nothing done, where it is not clean."""
        cdef Clean found
        cdef _Slot slot
        cdef _Columns rows = self.frames
        cdef Py_ssize_t n = rows.count
        if not wire_upper(raw + size - 4):
            return False
        slot = _examine(raw + 6, size - 10, &found)
        if slot is None:
            return False
        if slot.batch != self.batch:
            self.place(slot)
        rows.need(1)
        rows.text_need(QN, 17)
        rows.text_need(DATA_TIME, 14)
        (<int64_t *>rows.at[OFFSET])[n] = at
        (<int32_t *>rows.at[SIZE])[n] = <int32_t>size
        (<int32_t *>rows.at[VERDICT])[n] = self.accepted
        (<uint8_t *>rows.at[MARKS])[n] = 0
        (<int32_t *>rows.at[PROBLEMS])[n] = self.no_problems
        (<int32_t *>rows.at[EDITION])[n] = slot.edition_word
        (<int32_t *>rows.at[ST])[n] = slot.st
        (<int32_t *>rows.at[CN])[n] = slot.cn
        (<int32_t *>rows.at[MN])[n] = slot.mn
        (<int16_t *>rows.at[FLAG])[n] = slot.flag
        (<uint8_t *>rows.at[SUPPLEMENT])[n] = slot.supplement
        rows.text(QN, raw + 9, found.qn_size)
        (<int64_t *>rows.at[QN_AT])[n] = found.qn_us
        rows.text(DATA_TIME, found.data_time, 14 if found.data_time != NULL else 0)
        (<int64_t *>rows.at[DATA_AT])[n] = found.data_us
        (<int64_t *>rows.at[FIRST])[n] = self.fields.count
        (<int32_t *>rows.at[COUNT])[n] = self.clean_fields(&found, <int32_t>n)
        rows.count += 1
        return True

    cdef int place(self, _Slot slot) except -1:
        """Give a head its places among the words of this batch."""
        head = slot.head
        self.accepted = self.frames.word(VERDICT, "accepted")
        self.no_problems = self.frames.word(PROBLEMS, _nothing)
        slot.edition_word = self.frames.word(EDITION, head.edition or _nothing)
        slot.st = self.frames.word(ST, head.st)
        slot.cn = self.frames.word(CN, head.cn)
        slot.mn = self.frames.word(MN, head.mn)
        slot.batch = self.batch
        return 0

    cdef int name(self, wire_name *name) except -1:
        """Give a name its places among the words of this batch; a field gets its own when it has a row."""
        cdef Py_ssize_t room
        name.batch = self.batch
        name.field = -1
        if name.dash == name.size:
            name.factor = -1
            return 0
        name.factor = self.fields.word(FACTOR, PyUnicode_DecodeASCII(<const char *>name.text, name.dash, NULL))
        if name.factor >= self.factor_room:
            room = max(<Py_ssize_t>64, 2 * self.factor_room)
            PyByteArray_Resize(self.factor_memory, room * sizeof(Factor))
            self.factors = <Factor *>PyByteArray_AS_STRING(self.factor_memory)
            memset(self.factors + self.factor_room, 0, (room - self.factor_room) * sizeof(Factor))
            self.factor_room = room
        return 0

    cdef int32_t letter(self, uint8_t letter) except -1:
        if self.letters[letter] < 0:
            self.letters[letter] = self.fields.word(LETTER, chr(letter))
        return self.letters[letter]

    cdef int clean_fields(self, Clean *found, int32_t frame) except -1:
        """Append the rows of the fields; return how many."""
        cdef wire_field *field = found.fields
        cdef wire_field *end = field + found.count
        cdef Py_ssize_t size = 0, first = self.fields.count
        self.frame += 1
        self.fields.need(found.count)
        while field < end:
            if field.name.batch != self.batch:
                self.name(field.name)
            if field.name.factor >= 0:
                if field.name.is_flag:
                    self.factors[field.name.factor].flagged = self.frame
                    self.factors[field.name.factor].letter = self.letter(field.value[0])
                else:
                    self.factors[field.name.factor].valued = self.frame
            size += field.value_size
            field += 1
        self.fields.text_need(TEXT, size)
        field = found.fields
        while field < end:
            if field.value != found.data_time and not (
                field.name.is_flag and self.factors[field.name.factor].valued == self.frame
            ):
                self.field(field, frame)
            field += 1
        return <int>(self.fields.count - first)

    cdef int field(self, wire_field *field, int32_t frame) except -1:
        """Append one row; there is room for it and its text."""
        cdef _Columns rows = self.fields
        cdef wire_name *name = field.name
        cdef Py_ssize_t n = rows.count
        cdef int dash = name.dash + 1 if name.factor >= 0 else 0
        if name.field < 0:
            name.field = rows.word(FIELD, PyUnicode_DecodeASCII(<const char *>name.text + dash, name.size - dash, NULL))
        if name.factor < 0:
            (<int32_t *>rows.at[FACTOR])[n] = rows.word(FACTOR, _nothing)
            (<int32_t *>rows.at[LETTER])[n] = rows.word(LETTER, _nothing)
        else:
            (<int32_t *>rows.at[FACTOR])[n] = name.factor
            if self.factors[name.factor].flagged == self.frame:
                (<int32_t *>rows.at[LETTER])[n] = self.factors[name.factor].letter
            else:
                (<int32_t *>rows.at[LETTER])[n] = rows.word(LETTER, _nothing)
        (<int32_t *>rows.at[FRAME])[n] = frame
        (<int32_t *>rows.at[FIELD])[n] = name.field
        rows.text(TEXT, field.value, field.value_size)
        self.number(field, n)
        rows.count += 1
        return 0

    cdef int number(self, wire_field *field, Py_ssize_t n) except -1:
        cdef _Columns rows = self.fields
        cdef char text[40]
        (<int64_t *>rows.at[MANTISSA])[n] = _no_time
        (<int8_t *>rows.at[SCALE])[n] = _no_scale
        if field.name.is_flag:
            (<double *>rows.at[VALUE])[n] = _nan
            return 0
        if field.number.exact:
            (<int64_t *>rows.at[MANTISSA])[n] = field.number.mantissa
            (<int8_t *>rows.at[SCALE])[n] = field.number.scale
        if not wire_double(&field.number, (<double *>rows.at[VALUE]) + n):
            memcpy(text, field.value, field.value_size)
            text[field.value_size] = 0
            (<double *>rows.at[VALUE])[n] = PyOS_string_to_double(text, NULL, None)
        return 0


cdef double _nan = float("nan")
