"""Every check of a message that depends on nothing but its bytes and the settings of its station."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from mingcha.core.clock import parse_digits
from mingcha.core.packets import DAY, FURNACE, HOUR, KINDS, MINUTE
from mingcha.protocol.hj212 import checks_of_fields, commands
from mingcha.protocol.hj212.dialect import PLAIN_DIALECT, Dialect
from mingcha.protocol.hj212.events import Problem
from mingcha.protocol.hj212.head import (
    Header,
    edition_of,
    flag_of,
    is_flagged_split,
    is_surface_water,
    pack_of,
)
from mingcha.protocol.hj212.limits import CRC_DIGITS, FURNACE_MIN, HEADER, PARAMETERS_MAX, SEGMENT_MAX
from mingcha.protocol.hj212.readable import Readable
from mingcha.protocol.hj212.segment import OPEN, Mark
from mingcha.protocol.hj212.verdicts import problem

Found = Iterator[tuple[str, str]]  # (code, what was found)
Findings = tuple[tuple[str, str], ...]

_MARKS = {
    Mark.BLANKS: "blanks",
    Mark.CLOSING_MISSING: "closing_missing",
    Mark.PARAMETERS_MISSING: "parameters_missing",
    Mark.DUPLICATE: "field_duplicate",
    Mark.BARE: "bare_item",
    Mark.ENCODING: "text_encoding",
}
_HEX = re.compile(r"[0-9A-F]+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}")
_MN_SIZE = 24  # characters, 2017 and 2025
_MN_SHOWN = 40
_EMPTY_ITEM = re.compile(rb"[;,][ \t]*(?:[;,]|&&|$)|CP=&&[ \t]*[;,]")
_ORDER = {name: place for place, name in enumerate(HEADER)}
_ALIGNED = {MINUTE: "00", HOUR: "0000", DAY: "000000", FURNACE: "00"}  # how DataTime of an interval ends
_MN_NOT_YET = frozenset({"1001", "1002", "9011", "9012", "9013"})  # 2025: exchanged before MN is given
_PW_MAX = 6
_TIME_MAX = 17  # characters of a DataTime; what follows 14 good digits is ignored up to here
_SMALL = min(PARAMETERS_MAX.values())  # bytes; a shorter segment breaks no limit
_TIMED = frozenset({*KINDS, "2021", "2041"})  # uploads that carry DataTime
_SHOWN = 5  # of many findings with one code, so many are spelled out
_STEPPED = frozenset({MINUTE, FURNACE})


def problems_of(message: Readable) -> tuple[Problem, ...]:
    """All problems of the content, one for each code."""
    findings = [*_of_head(message), *_of_body(message)]
    if not findings:
        return ()
    found: dict[str, list[str]] = {}
    for code, text in findings:
        found.setdefault(code, []).append(text)
    return tuple(problem(code, _joined(texts)) for code, texts in found.items())


def _of_head(message: Readable) -> Findings:
    """What is wrong before CP; a station sends the same header again and again, but for QN."""
    names, values, qn = tuple(message.header), [*message.header.values()], message.qn
    if qn:
        values[names.index("QN")] = ""
    findings = _head_findings(
        names, tuple(values), None if message.dialect is PLAIN_DIALECT else message.dialect
    )
    if (qn and not is_time(qn, 17)) or (not qn and message.edition != "2005"):
        return (*findings, ("qn_format", qn[:40]) if qn else ("qn_missing", ""))
    return findings


@lru_cache(maxsize=32_768)
def _head_findings(names: tuple[str, ...], values: tuple[str, ...], own: Dialect | None) -> Findings:
    header, dialect = dict(zip(names, values, strict=True)), own or PLAIN_DIALECT
    return tuple(finding for check in _HEAD_CHECKS for finding in check(header, dialect))


def _of_body(message: Readable) -> list[tuple[str, str]]:
    findings: list[tuple[str, str]] = []
    end = message.frame.raw[-CRC_DIGITS - 2 :]  # two for a tail kept with an admitted frame
    if end != end.upper():
        findings += _crc_case(message)
    if message.head_marks or message.body_marks:
        findings += _grammar(message)
    if len(message.segment) > _SMALL:
        findings += _sizes(message)
    if message.cn in _TIMED:
        findings += _data_time(message)
    if message.odd:
        findings += checks_of_fields.fields(message)
    if message.dialect.formats:
        findings += checks_of_fields.formats(message)
    if message.cn in _ANSWERS:
        findings += _reply(message)
    return findings


def _crc_case(message: Readable) -> Found:
    digits = message.raw.rstrip(b"\r\n ")[-CRC_DIGITS:]
    if digits != digits.upper():
        yield "crc_case", f"found {digits.decode('ascii', 'replace')}"


def _joined(texts: list[str]) -> str:
    texts = list(dict.fromkeys(text for text in texts if text))
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _grammar(message: Readable) -> Found:
    marks = message.marks
    for mark, code in _MARKS.items():
        if mark in marks:
            yield code, ""
    if message.head_marks & Mark.SEPARATOR:
        yield from _head_separators(message) or [("item_empty", "")]
    if message.body_marks & Mark.SEPARATOR:
        yield from _body_separators(message) or [("separator", "")]


def _head_separators(message: Readable) -> list[tuple[str, str]]:
    at = message.content_at
    head = message.segment if at < 0 else message.segment[:at].rpartition(b"CP")[0]
    found = ["header_separator"] if b"," in head else []
    if at >= 0 and head.rstrip()[-1:] not in (b";", b","):
        found.append("cp_unseparated")
    if b";;" in head or head.startswith(b";"):
        found.append("item_empty")
    return [(code, "") for code in found]


def _body_separators(message: Readable) -> list[tuple[str, str]]:
    empty = _EMPTY_ITEM.search(message.segment, max(message.content_at - len(OPEN), 0))
    mixed = checks_of_fields.mixed_separators(message.cp)
    return [(code, "") for code, there in (("item_empty", empty), ("separator", mixed)) if there]


def _sizes(message: Readable) -> Found:
    size = len(message.segment)
    if size > SEGMENT_MAX:
        yield "segment_too_long", f"found {size}"
    limit = PARAMETERS_MAX.get(message.edition or "", SEGMENT_MAX)
    if size > limit:
        opening = message.segment.find(b"&&")
        content = size - opening - 4
        if opening >= 0 and content > limit:
            yield "parameters_too_long", f"found {content}, at most {limit}"


def _names(header: Header, _: Dialect) -> Found:
    places = [_ORDER.get(name, -1) for name in header]
    if -1 in places:
        yield "header_unknown", ", ".join(name[:20] for name in header if name not in _ORDER)
        places = [place for place in places if place >= 0]
    if places != sorted(places):
        yield "header_order", ", ".join(name for name in header if name in _ORDER)


def _command(header: Header, dialect: Dialect) -> Found:
    cn = header.get("CN", "")
    if not cn:
        yield "cn_missing", ""
    elif cn in commands.REGIONAL:
        yield "cn_login", cn
    elif cn in commands.VENDOR:
        yield "cn_vendor", cn
    elif not commands.is_known(cn) and cn != dialect.retained_sample_cn:
        yield "cn_unknown", cn[:20]


def _station(header: Header, dialect: Dialect) -> Found:
    mn, edition = header.get("MN", ""), edition_of(header)
    if not mn:
        if not ("MN" in header and edition == "2025" and header.get("CN") in _MN_NOT_YET):
            yield "mn_missing", ""
    elif dialect.mn_pattern:
        if len(mn) > _MN_SHOWN or not _compiled(dialect.mn_pattern).fullmatch(mn):
            yield "mn_format", f"{mn[:_MN_SHOWN]}; this station's form is {dialect.mn_pattern}"
    elif mn.lower() == "null":
        yield "mn_null", ""
    elif edition in ("2017", "2025") and not (len(mn) == _MN_SIZE and _HEX.fullmatch(mn)):
        yield _mn_code(mn), mn[:_MN_SHOWN]
    if is_surface_water(header):
        yield "surface_water", f"ST=21, Flag={header['Flag']}"


def _mn_code(mn: str) -> str:
    if _UUID.fullmatch(mn):
        return "mn_uuid"
    if _HEX.fullmatch(mn):
        return "mn_length"
    return "mn_case" if len(mn) == _MN_SIZE and _HEX.fullmatch(mn.upper()) else "mn_format"


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _access(header: Header, _: Dialect) -> Found:
    pw, st = header.get("PW", ""), header.get("ST", "")
    if not pw:
        yield "pw_missing", ""
    elif len(pw) > _PW_MAX:
        yield "pw_format", f"{len(pw)} characters"
    if not st:
        yield "st_missing", ""
    elif st not in commands.system_codes():
        yield "st_unknown", st[:20]


def _flag(header: Header, dialect: Dialect) -> Found:
    if "Flag" not in header:
        if edition_of(header) != "2005":
            yield "flag_missing", ""
    elif flag_of(header) is None:
        yield "flag_format", header["Flag"][:20]
    elif edition_of(header) is None and not is_surface_water(header):
        yield "flag_version", header["Flag"]
    if "RF" in header and header["RF"] not in dialect.supplement_values:
        yield "rf_value", header["RF"][:20]


def _packs(header: Header, _: Dialect) -> Found:
    pnum, pno, pack = header.get("PNUM"), header.get("PNO"), pack_of(header)
    if pnum is None and pno is None:
        if is_flagged_split(header):
            yield "pack_missing", f"Flag={header['Flag']}"
        return
    shown = f"PNUM={pnum}, PNO={pno}"[:60]
    if pnum is None or pno is None:
        yield "pack_missing", shown
    elif pack is None:
        yield ("pack_swapped" if pack_of({"PNUM": pno, "PNO": pnum}) else "pack_number"), shown
    elif (str(pack[0]), str(pack[1])) != (pnum, pno):
        yield "pack_padded", shown
    if not is_flagged_split(header):
        yield "pack_unflagged", shown


_HEAD_CHECKS: tuple[Callable[[Header, Dialect], Found], ...] = (
    _names,
    _command,
    _station,
    _access,
    _flag,
    _packs,
)


def _data_time(message: Readable) -> Found:
    text = message.field("DataTime")
    if text is None:
        if message.cn in KINDS and any("-" in name for name, _ in message.fields):
            yield "data_time_missing", ""
        return
    if len(text) > _TIME_MAX or not is_time(text[:14], 14):
        yield "data_time_unusable", text[:40]
        return
    if len(text) != 14:
        yield _time_code(text[14:]), text
    if not _is_aligned(text[:14], message):
        yield "data_time_unaligned", text


def _time_code(rest: str) -> str:
    if rest.isascii() and rest.isdigit():
        return "data_time_ms" if len(rest) == 3 else "data_time_format"
    return "data_time_zone" if rest.strip().isalpha() else "data_time_format"


def _is_aligned(digits: str, message: Readable) -> bool:
    """Whole minutes, hours or days; of minute data also by the station's interval, if that is known."""
    cn = message.cn
    if not digits.endswith(_ALIGNED.get(cn, "")):
        return False
    if cn not in _STEPPED:
        return True
    step = FURNACE_MIN if cn == FURNACE else message.dialect.minute_interval or 1
    return int(digits[10:12]) % step == 0


def is_time(text: str, size: int) -> bool:
    """Whether ``text`` is a time of ``size`` (14 or 17) digits."""
    if len(text) != size or not (text.isascii() and text.isdigit()):
        return False
    return text[8:10] < "24" and text[10:12] < "60" and text[12:14] < "60" and _is_day(text[:8])


@lru_cache(maxsize=1024)
def _is_day(text: str) -> bool:
    return parse_digits(f"{text}000000") is not None


_ANSWERS = frozenset({commands.DATA_REPLY, commands.NOTIFY_REPLY})


def _reply(message: Readable) -> Found:
    """Answers that say more than they should, or that answer nothing: 9014 wants no answer itself."""
    asks = message.cn == commands.DATA_REPLY and message.wants_ack
    if asks or message.field("DataTime") or message.field("SystemTime"):
        yield "reply_heartbeat", f"CN={message.cn}, Flag={message.header.get('Flag', '')}"
    elif message.cn == commands.DATA_REPLY and message.cp and message.edition != "2005":
        yield "reply_parameters", ", ".join(name for name, _ in message.fields)[:60]
