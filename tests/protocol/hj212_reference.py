"""HJ 212 as the standard prints it, read slowly and plainly: what the two codecs are compared with.

It knows no tolerance: a frame is of the standard, or it is None. HJ 212-2017 §6.3 and appendix A; the same in 2025.
"""

import re
from functools import cache

UPLOADS = frozenset(
    {"2011", "2021", "2031", "2041", "2051", "2061", "2081"}
)  # both editions, table of commands

_EDGE = r"[^;,= \t\r\n]"  # neither separator nor blank
_NAME = rf"{_EDGE}(?:[^;,=]*{_EDGE})?"
_PLAIN = r"(?:[^;, \t\r\n](?:[^;,]*[^;, \t\r\n])?)?"
_HEADER_FIELD = re.compile(rf"({_NAME})=({_PLAIN});")
_TEXT = r"//.*?//(?:[^;,]*[^;, \t\r\n])?"  # separators inside // // are text; so is what stands behind the last //
_FIELD = re.compile(rf"({_NAME})=(?:{_TEXT}|{_PLAIN})", re.DOTALL)


@cache
def _eight_shifts(register: int) -> int:
    for _ in range(8):
        low = register & 1
        register >>= 1
        if low:
            register ^= 0xA001
    return register


def crc(segment: bytes) -> int:
    """Appendix A: the old low byte is dropped, the high byte meets the next one, eight shifts."""
    register = 0xFFFF
    for byte in segment:
        register = _eight_shifts((register >> 8) ^ byte)
    return register


Item = dict[str, str]


def parse(segment: bytes) -> tuple[Item, list[Item]] | None:
    """Header and items of a segment; None where it is not of the standard's form."""
    try:
        text = segment.decode()
    except UnicodeDecodeError:
        return None
    head, opening, rest = text.partition("CP=&&")
    if not opening or not rest.endswith("&&"):
        return None
    header = _header(head)
    items = _items(rest[:-2])
    return None if header is None or items is None else (header, items)


def _header(text: str) -> Item | None:
    """``name=value;`` once or more, no name twice."""
    header: Item = {}
    at = 0
    while at < len(text):
        field = _HEADER_FIELD.match(text, at)
        if field is None or field[1] in header or field[1] == "CP":
            return None
        header[field[1]] = field[2]
        at = field.end()
    return header or None


def _items(text: str) -> list[Item] | None:
    """Items parted by ``;``, each the fields of one factor parted by ``,``; no name twice."""
    items: list[Item] = []
    names: set[str] = set()
    factor, separator, at = "", ";", 0
    while text:
        field = _FIELD.match(text, at)
        if field is None or field[1] in names:
            return None
        name, value = field[1], field[0][len(field[1]) + 1 :]
        same = bool(items) and name.partition("-")[0] == factor
        if same is not (separator == ","):
            return None
        if separator == ";":
            items.append({})
        items[-1][name] = value
        names.add(name)
        factor = name.partition("-")[0]
        if field.end() == len(text):
            break
        separator, at = text[field.end()], field.end() + 1
        if separator not in ";,":
            return None
    return items


def frames(stream: bytes) -> list[bytes]:
    """Every frame of the standard's form in a stream, ``##`` to the CRC, that holds no other ``##``."""
    found = []
    for start in re.finditer(rb"(?=##([0-9]{4})(?:QN|ST)=)", stream):
        end = start.start() + 6 + int(start[1]) + 4
        raw = stream[start.start() : end]
        segment, digits = raw[6:-4], raw[-4:]
        if end > len(stream) or b"##" in raw[2:] or not re.fullmatch(rb"[0-9A-Fa-f]{4}", digits):
            continue
        if int(digits, 16) == crc(segment) and parse(segment) is not None:
            found.append(raw)
    return found


def ack(header: Item) -> bytes:
    """The answer to an upload of 2017 or 2025 that wants one: CN 9014, same QN, PW and MN, ST 91, nothing in CP."""
    segment = (
        f"QN={header['QN']};ST=91;CN=9014;PW={header['PW']};MN={header['MN']};"
        f"Flag={int(header['Flag']) // 4 * 4};CP=&&&&"
    ).encode()
    return b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))
