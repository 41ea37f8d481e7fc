"""The rows of ``decode_batch``: what each column says, and the plain way to fill them. See ``columns.py``."""

from array import array
from typing import Any

from mingcha.core.clock import parse_digits, to_us
from mingcha.protocol.hj212 import plain
from mingcha.protocol.hj212.arrow import Column
from mingcha.protocol.hj212.events import Frame, Rejected
from mingcha.protocol.hj212.message import Message, decode

FRAMES = (
    Column("offset", "int64", "where the frame begins in the buffer, in bytes"),
    Column("size", "int32", "bytes of the frame, from ## to the CRC; the whole run where refused"),
    Column("verdict", "word", "accepted, deviating, rejected or partial"),
    Column("marks", "uint8", "bits of what the grammar tolerated, segment.Mark"),
    Column("problems", "word", "codes of all problems, joined by commas"),
    Column("edition", "word", "2005, 2017, 2025"),
    Column("st", "word", "system code"),
    Column("cn", "word", "command code"),
    Column("mn", "word", "station as sent"),
    Column("flag", "int16", "Flag, 0 to 255"),
    Column("supplement", "bool", "RF=1"),
    Column("qn", "text", "request number as sent"),
    Column("qn_at", "time", "QN as a moment, to the millisecond"),
    Column("data_time", "text", "the first DataTime as sent"),
    Column("data_at", "time", "its first 14 digits as a moment"),
    Column("first_field", "int64", "row of the frame's first field in fields"),
    Column("fields", "int32", "number of its rows in fields"),
)
FIELDS = (
    Column("frame", "int32", "row of the frame in frames"),
    Column(
        "factor", "word", "factor code as sent: the name up to its first -; empty for a field without one"
    ),
    Column("field", "word", "what follows the -, or the whole name"),
    Column("text", "text", "the value as sent"),
    Column("mantissa", "int64", "the number without its point; null where over 18 digits or no number"),
    Column("scale", "int8", "digits behind the point: value = mantissa / 10**scale"),
    Column("value", "float64", "the nearest float"),
    Column("flag", "word", "data flag of the factor in this frame"),
)
NO_TIME = -(2**63)  # marks a null until the column is handed over
NO_FLAG, NO_SCALE = -1, -128
_MANTISSA_MAX = 10**18
_HALF = "half_frame"

FrameRow = tuple[int, int, str, int, str, str, str, str, str, int, bool, str, int, str, int]
FieldRow = tuple[str, str, str, int, int, float, str]


def rejected_row(event: Rejected, offset: int) -> FrameRow:
    code = event.problem.code
    verdict = "partial" if code == _HALF else "rejected"
    head = ("", "", "", "", NO_FLAG, False)  # edition, ST, CN, MN, Flag, RF
    return (offset, len(event.raw), verdict, 0, code, *head, "", NO_TIME, "", NO_TIME)


def message_rows(message: Message, offset: int) -> tuple[FrameRow, list[FieldRow]]:
    """All columns of ``frames`` but the last two, and for each field all columns of ``fields`` but the first."""
    data_time = message.field("DataTime") or ""
    problems = ",".join(problem.code for problem in message.problems)
    row = (
        offset, len(message.raw), str(message.verdict), int(message.marks), problems, message.edition or "",
        message.st, message.cn, message.mn, NO_FLAG if message.flag is None else message.flag, message.supplement,
        message.qn, _us(message.qn), data_time, _us(data_time[:14]),
    )  # fmt: skip
    fields = [(name, one) for item in message.cp for name, value in item.items()
              for one in ([value] if isinstance(value, str) else value)]  # fmt: skip
    return row, _field_rows(fields)


def _field_rows(fields: list[tuple[str, str]]) -> list[FieldRow]:
    flags: dict[str, str] = {}
    valued: set[str] = set()
    bare = ""
    for name, text in fields:
        factor, dash, field = name.partition("-")
        if dash and field == "Flag":
            flags.setdefault(factor, text)
        elif dash:
            valued.add(factor)
        elif name == "Flag":
            bare = bare or text
    rows: list[FieldRow] = []
    timed = False
    for name, text in fields:
        factor, dash, field = name.partition("-")
        if not dash:
            factor, field = "", name
            if name == "DataTime" and not timed:
                timed = True
                continue
        elif field == "Flag" and factor in valued:
            continue
        rows.append((factor, field, text, *_number(text), flags.get(factor, bare) if dash else ""))
    return rows


def _number(text: str) -> tuple[int, int, float]:
    from mingcha.protocol.hj212 import numbers

    number = numbers.parse(text)
    if number is None:
        return NO_TIME, NO_SCALE, float("nan")
    if abs(number.mantissa) < _MANTISSA_MAX:
        return number.mantissa, number.scale, number.value
    return NO_TIME, NO_SCALE, number.value


def _us(text: str) -> int:
    moment = parse_digits(text)
    return NO_TIME if moment is None else to_us(moment)


class Builder:
    """Collects rows: the pure twin of the one in ``_columns.pxi``."""

    def __init__(self) -> None:
        self._frames: list[Any] = [_Store.of(column) for column in FRAMES]
        self._fields: list[Any] = [_Store.of(column) for column in FIELDS]
        self._count = self._field_count = 0

    def read(self, buffer: bytes, ceiling: int, policy: int, final: bool) -> int:
        """Take all rows of ``buffer``; return how many of its bytes they use."""
        events, used = plain.cut(buffer, ceiling, policy, final)
        offset = 0
        for event in events:
            if isinstance(event, Frame):
                self._take(*message_rows(decode(event, backend=plain), offset))
            elif isinstance(event, Rejected):
                self._take(rejected_row(event, offset), [])
            offset += len(event.raw)
        return used

    def _take(self, row: FrameRow, fields: list[FieldRow]) -> None:
        for store, value in zip(self._frames, (*row, self._field_count, len(fields)), strict=True):
            store.append(value)
        for field in fields:
            for store, value in zip(self._fields, (self._count, *field), strict=True):
                store.append(value)
        self._count += 1
        self._field_count += len(fields)

    def finish(self) -> tuple[tuple[int, list[Any]], tuple[int, list[Any]]]:
        """Rows, and for each column its values; of text (offsets, bytes), of words (places, words)."""
        frames = [store.finish() for store in self._frames]
        return (self._count, frames), (self._field_count, [store.finish() for store in self._fields])


class _Store:
    """The values of one column as they come."""

    CODES = {"int64": "q", "int32": "i", "int16": "h", "int8": "b", "uint8": "B", "float64": "d", "bool": "B", "time": "q"}  # fmt: skip

    @staticmethod
    def of(column: Column) -> "_Values | _Texts | _Words":
        if column.kind == "text":
            return _Texts()
        return _Words() if column.kind == "word" else _Values(_Store.CODES[column.kind])


class _Values:
    def __init__(self, code: str) -> None:
        self._code = code
        self._values: list[Any] = []
        self.append = self._values.append

    def finish(self) -> bytearray:
        return bytearray(array(self._code, self._values).tobytes())


class _Texts:
    def __init__(self) -> None:
        self._offsets = [0]
        self._bytes = bytearray()

    def append(self, text: str) -> None:
        self._bytes += text.encode()
        self._offsets.append(len(self._bytes))

    def finish(self) -> tuple[bytearray, bytearray]:
        return bytearray(array("i", self._offsets).tobytes()), self._bytes


class _Words:
    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._places: list[int] = []

    def append(self, text: str) -> None:
        self._places.append(self._words.setdefault(text, len(self._words)))

    def finish(self) -> tuple[bytearray, list[str]]:
        return bytearray(array("i", self._places).tobytes()), list(self._words)
