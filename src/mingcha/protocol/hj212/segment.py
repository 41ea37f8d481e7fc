"""The grammar of the data segment, tolerant of what real devices send. HJ 212-2017 §6.3.

    segment  = header "CP=&&" [content] "&&"
    header   = { name "=" value ";" }
    content  = item { ";" item }          item = field { "," field }
    field    = name "=" value             value may be "//" text "//", kept whole

Blanks around names and values are trimmed, an item without ``=`` is dropped, a name that comes twice in one
item gives a list. Each tolerance leaves a mark (``Mark``); the caller names the problem.
This is the pure form; ``_codec.pyx`` states the same grammar for speed.
"""

import re
from enum import IntFlag

from mingcha.protocol.hj212.head import FLAGS

OPEN, CLOSE = b"CP=&&", b"&&"
_LOOSE_OPEN = re.compile(rb"CP[ \t]*=[ \t]*&&")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NUMBER_MAX = 32  # characters, as in core.packets.number
BLANKS = " \t\r\n"

Value = str | list[str]
Item = dict[str, Value]
# fields, marks, where the content of CP begins, QN, ST, CN, PW, MN ("" where missing), Flag
Head = tuple[dict[str, str], int, int, str, str, str, str, str, int | None]

# items, marks, the fields that need a closer look
Body = tuple[tuple[Item, ...], int, tuple[tuple[str, str], ...]]


class Mark(IntFlag):
    """What was tolerated while reading."""

    NONE = 0
    SEPARATOR = 1
    BLANKS = 2
    CLOSING_MISSING = 4
    PARAMETERS_MISSING = 8
    DUPLICATE = 16
    BARE = 32
    ENCODING = 64


def text_of(part: bytes) -> tuple[str, Mark]:
    """UTF-8 as the standard asks, else GBK as devices send, else byte by byte."""
    try:
        return part.decode(), Mark.NONE
    except UnicodeDecodeError:
        pass
    try:
        return part.decode("gb18030"), Mark.ENCODING
    except UnicodeDecodeError:
        return part.decode("latin-1"), Mark.ENCODING


def header(segment: bytes) -> Head:
    """The fields before CP, what they say, and where the content of CP begins (-1: there is no CP)."""
    at = segment.find(OPEN)
    mark, content = Mark.NONE, at + len(OPEN)
    if at < 0:
        loose = _LOOSE_OPEN.search(segment)
        mark, at, content = (
            (Mark.PARAMETERS_MISSING, len(segment), -1)
            if loose is None
            else (Mark.BLANKS, loose.start(), loose.end())
        )
    text, encoding = text_of(segment[:at])
    fields, found = _header_fields(text, opened=content >= 0)
    if content >= 0 and not text.rstrip(BLANKS).endswith(";"):
        found |= Mark.SEPARATOR
    get = fields.get
    flag = FLAGS.get(get("Flag", ""))
    marks = int(mark | encoding | found)
    return (
        fields,
        marks,
        content,
        get("QN", ""),
        get("ST", ""),
        get("CN", ""),
        get("PW", ""),
        get("MN", ""),
        flag,
    )


def _header_fields(text: str, *, opened: bool) -> tuple[dict[str, str], Mark]:
    """``opened``: CP follows, so that one among the fields is a second one."""
    mark = Mark.NONE
    if "," in text:
        mark, text = Mark.SEPARATOR, text.replace(",", ";")
    tokens = text.split(";")
    if not tokens[-1].strip(BLANKS):
        mark |= Mark.BLANKS if tokens.pop() else Mark.NONE
    fields: dict[str, str] = {}
    for token in tokens:
        name, equals, value = token.partition("=")
        trimmed, kept = name.strip(BLANKS), value.strip(BLANKS)
        if trimmed != name or kept != value:
            mark |= Mark.BLANKS
        if not equals:
            mark |= Mark.BARE if trimmed else Mark.SEPARATOR
        elif trimmed in fields or (trimmed == "CP" and opened):
            mark |= Mark.DUPLICATE
        elif trimmed != "CP":
            fields[trimmed] = kept
    return fields, mark


def parameters(segment: bytes, start: int, known: set[str]) -> Body:
    """The items of CP whose content begins at ``start``, the marks, and the fields that need a closer look.

    A field is plain, and left out of the third, if ``known`` has its name and its value is a number, or ``N``
    where the name ends in ``-Flag``.
    """
    end = segment.rfind(CLOSE, start)
    mark = Mark.NONE
    if end < 0:
        mark, end = Mark.CLOSING_MISSING, len(segment)
    elif end + len(CLOSE) != len(segment):
        mark = Mark.BARE
    text, encoding = text_of(segment[start:end])
    reader = _Reader(known)
    if text:
        for fields in _items(text):
            reader.item(fields)
    return tuple(reader.items), int(mark | encoding | reader.mark), tuple(reader.odd)


def _items(text: str) -> list[list[str]]:
    if "=//" not in text:
        return [item.split(",") for item in text.split(";")]
    items: list[list[str]] = [[]]
    at = 0
    while True:
        end = _field_end(text, at)
        items[-1].append(text[at:end])
        if end == len(text):
            return items
        if text[end] == ";":
            items.append([])
        at = end + 1


def _field_end(text: str, at: int) -> int:
    """Where the field that begins at ``at`` ends; text between ``//`` and ``//`` is jumped over."""
    end = at
    while end < len(text) and text[end] not in ";,=":
        end += 1
    if text.startswith("=//", end):
        close = text.find("//", end + 3)
        end = close + 2 if close >= 0 else end
    while end < len(text) and text[end] not in ";,":
        end += 1
    return end


class _Reader:
    """Collects items, marks and the fields that are not plain."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.items: list[Item] = []
        self.odd: list[tuple[str, str]] = []
        self.mark = Mark.NONE
        self.seen: set[str] = set()
        self.factor: str | None = None

    def item(self, fields: list[str]) -> None:
        item: Item = {}
        for field in fields:
            self._field(field, item)
        if item:
            self.items.append(item)

    def _field(self, field: str, item: Item) -> None:
        name, equals, value = field.partition("=")
        trimmed, kept = name.strip(BLANKS), value.strip(BLANKS)
        if trimmed != name or kept != value:
            self.mark |= Mark.BLANKS
        if not equals:
            self.mark |= Mark.BARE if trimmed else Mark.SEPARATOR
            return
        factor = trimmed.partition("-")[0]
        if bool(item) is not (factor == self.factor):  # "," joins one factor's fields, ";" parts factors
            self.mark |= Mark.SEPARATOR
        self.factor = factor
        self._keep(trimmed, kept, item)

    def _keep(self, name: str, value: str, item: Item) -> None:
        if name in self.seen:
            self.mark |= Mark.DUPLICATE
        self.seen.add(name)
        there = item.get(name)
        item[name] = value if there is None else [*([there] if isinstance(there, str) else there), value]
        if name not in self.known or not is_plain(name, value):
            self.odd.append((name, value))


def is_plain(name: str, value: str) -> bool:
    """Whether ``value`` is a number, or the ordinary flag under a name that ends in ``-Flag``."""
    if name.endswith("-Flag"):
        return value == "N"
    return len(value) <= _NUMBER_MAX and _NUMBER.fullmatch(value) is not None
