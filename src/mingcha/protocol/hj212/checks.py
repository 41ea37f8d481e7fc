"""Every check of a message that depends on nothing but its bytes."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from mingcha.core.clock import parse_digits
from mingcha.core.packets import DAY, FURNACE, HOUR, KINDS, MINUTE
from mingcha.protocol.hj212 import commands, factors
from mingcha.protocol.hj212.editions import data_flags
from mingcha.protocol.hj212.events import Problem
from mingcha.protocol.hj212.head import (
    Header,
    edition_of,
    flag_of,
    is_flagged_split,
    is_surface_water,
    pack_of,
)
from mingcha.protocol.hj212.limits import HEADER, PARAMETERS_MAX, SEGMENT_MAX
from mingcha.protocol.hj212.segment import Mark, is_plain
from mingcha.protocol.hj212.verdicts import problem

if TYPE_CHECKING:
    from mingcha.protocol.hj212.message import Message

Found = Iterator[tuple[str, str]]  # (code, what was found)
Findings = tuple[tuple[str, str], ...]

_MARKS = {
    Mark.SEPARATOR: "separator",
    Mark.BLANKS: "blanks",
    Mark.CLOSING_MISSING: "closing_missing",
    Mark.PARAMETERS_MISSING: "parameters_missing",
    Mark.DUPLICATE: "field_duplicate",
    Mark.BARE: "bare_item",
    Mark.ENCODING: "text_encoding",
}
_MN = re.compile(r"[0-9A-F]{24}")
_EXPONENT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
_ORDER = {name: place for place, name in enumerate(HEADER)}
_ALIGNED = {MINUTE: "00", HOUR: "0000", DAY: "000000", FURNACE: "00"}  # how DataTime of an interval ends
_MN_NOT_YET = frozenset({"1001", "1002", "9011", "9012", "9013"})  # 2025: exchanged before MN is given
_PW_MAX = 6
_TIME_MAX = 17  # characters of a DataTime; what follows 14 good digits is ignored up to here
_CONDITIONS_ST = "45"  # values of p-codes may be condition marks
_SMALL = min(PARAMETERS_MAX.values())  # bytes; a shorter segment breaks no limit
_TIMED = frozenset({*KINDS, "2021", "2041"})  # uploads that carry DataTime
_SHOWN = 5  # of many findings with one code, so many are spelled out


def problems_of(message: "Message") -> tuple[Problem, ...]:
    """All problems of the content, one for each code."""
    findings = [*_of_head(message), *_of_body(message)]
    if not findings:
        return ()
    found: dict[str, list[str]] = {}
    for code, text in findings:
        found.setdefault(code, []).append(text)
    return tuple(problem(code, _joined(texts)) for code, texts in found.items())


def _of_head(message: "Message") -> Findings:
    """What is wrong before CP; a station sends the same header again and again, but for QN."""
    names, values, qn = tuple(message.header), [*message.header.values()], message.qn
    if qn:
        values[names.index("QN")] = ""
    findings = _head_findings(names, tuple(values))
    if (qn and not is_time(qn, 17)) or (not qn and message.edition != "2005"):
        return (*findings, ("qn_format", qn[:40]) if qn else ("qn_missing", ""))
    return findings


@lru_cache(maxsize=32_768)
def _head_findings(names: tuple[str, ...], values: tuple[str, ...]) -> Findings:
    header = dict(zip(names, values, strict=True))
    return tuple(finding for check in _HEAD_CHECKS for finding in check(header))


def _of_body(message: "Message") -> list[tuple[str, str]]:
    findings: list[tuple[str, str]] = []
    if message.head_marks or message.body_marks:
        findings += _grammar(message)
    if len(message.segment) > _SMALL:
        findings += _sizes(message)
    if message.cn in _TIMED:
        findings += _data_time(message)
    if message.odd:
        findings += _fields(message)
    if message.cn == commands.DATA_REPLY:
        findings += _reply(message)
    return findings


def _joined(texts: list[str]) -> str:
    texts = list(dict.fromkeys(text for text in texts if text))
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _grammar(message: "Message") -> Found:
    marks = message.marks
    if marks:
        for mark, code in _MARKS.items():
            if mark in marks:
                yield code, ""


def _sizes(message: "Message") -> Found:
    size = len(message.segment)
    if size > SEGMENT_MAX:
        yield "segment_too_long", f"found {size}"
    limit = PARAMETERS_MAX.get(message.edition or "", SEGMENT_MAX)
    if size > limit:
        opening = message.segment.find(b"&&")
        content = size - opening - 4
        if opening >= 0 and content > limit:
            yield "parameters_too_long", f"found {content}, at most {limit}"


def _names(header: Header) -> Found:
    places = [_ORDER.get(name, -1) for name in header]
    if -1 in places:
        yield "header_unknown", ", ".join(name[:20] for name in header if name not in _ORDER)
        places = [place for place in places if place >= 0]
    if places != sorted(places):
        yield "header_order", ", ".join(name for name in header if name in _ORDER)


def _command(header: Header) -> Found:
    cn = header.get("CN", "")
    if not cn:
        yield "cn_missing", ""
    elif not commands.is_known(cn):
        yield "cn_unknown", cn[:20]


def _station(header: Header) -> Found:
    mn, edition = header.get("MN", ""), edition_of(header)
    if not mn:
        if not ("MN" in header and edition == "2025" and header.get("CN") in _MN_NOT_YET):
            yield "mn_missing", ""
    elif edition in ("2017", "2025") and not _MN.fullmatch(mn):
        yield ("mn_case" if _MN.fullmatch(mn.upper()) else "mn_format"), mn[:40]
    if is_surface_water(header):
        yield "surface_water", f"ST=21, Flag={header['Flag']}"


def _access(header: Header) -> Found:
    pw, st = header.get("PW", ""), header.get("ST", "")
    if not pw:
        yield "pw_missing", ""
    elif len(pw) > _PW_MAX:
        yield "pw_format", f"{len(pw)} characters"
    if not st:
        yield "st_missing", ""
    elif st not in commands.system_codes():
        yield "st_unknown", st[:20]


def _flag(header: Header) -> Found:
    if "Flag" not in header:
        if edition_of(header) != "2005":
            yield "flag_missing", ""
    elif flag_of(header) is None:
        yield "flag_format", header["Flag"][:20]
    elif edition_of(header) is None and not is_surface_water(header):
        yield "flag_version", header["Flag"]
    if header.get("RF", "1") != "1":
        yield "rf_value", header["RF"][:20]


def _packs(header: Header) -> Found:
    pnum, pno, pack = header.get("PNUM"), header.get("PNO"), pack_of(header)
    if pnum is None and pno is None:
        if is_flagged_split(header):
            yield "pack_missing", f"Flag={header['Flag']}"
        return
    shown = f"PNUM={pnum}, PNO={pno}"[:60]
    if pnum is None or pno is None:
        yield "pack_missing", shown
    elif pack is None:
        yield "pack_number", shown
    elif (str(pack[0]), str(pack[1])) != (pnum, pno):
        yield "pack_padded", shown
    if not is_flagged_split(header):
        yield "pack_unflagged", shown


_HEAD_CHECKS: tuple[Callable[[Header], Found], ...] = (_names, _command, _station, _access, _flag, _packs)


def _data_time(message: "Message") -> Found:
    text = message.field("DataTime")
    if text is None:
        if message.cn in KINDS and any("-" in name for name, _ in message.fields):
            yield "data_time_missing", ""
        return
    if len(text) > _TIME_MAX or not is_time(text[:14], 14):
        yield "data_time_unusable", text[:40]
        return
    if len(text) != 14:
        yield "data_time_format", text
    if not text[:14].endswith(_ALIGNED.get(message.cn, "")):
        yield "data_time_unaligned", text


def is_time(text: str, size: int) -> bool:
    """Whether ``text`` is a time of ``size`` (14 or 17) digits."""
    if len(text) != size or not (text.isascii() and text.isdigit()):
        return False
    return text[8:10] < "24" and text[10:12] < "60" and text[12:14] < "60" and _is_day(text[:8])


@lru_cache(maxsize=1024)
def _is_day(text: str) -> bool:
    return parse_digits(f"{text}000000") is not None


def _fields(message: "Message") -> Found:
    for name, value in message.odd:
        code, dash, sub = name.partition("-")
        if not dash:
            yield from _single(name)
        else:
            yield from _of_factor(message, code, sub, value)


def _single(name: str) -> Found:
    if name == "Flag":
        yield "data_flag_bare", ""
    elif name not in factors.SINGLE_FIELDS:
        yield "field_unknown", name[:40]


def _of_factor(message: "Message", code: str, sub: str, value: str) -> Found:
    name = f"{code}-{sub}"[:40]
    known = factors.is_known(code)
    if not known:
        yield "factor_unknown", code[:40]
    if sub == "Flag":
        yield from _data_flag(message, name, value)
    elif sub in factors.NUMBER_FIELDS:
        yield from _number(message, name, value)
    elif sub not in factors.TEXT_FIELDS and not sub.startswith("i"):
        yield "field_unknown", name
        return
    elif not value:
        yield "value_empty", name
    if known and sub not in factors.TEXT_FIELDS:
        factors.remember(f"{code}-{sub}")


def _data_flag(message: "Message", name: str, value: str) -> Found:
    letters = data_flags(message.edition or "2017")
    if value in letters:
        return
    if value.upper() in letters or value.capitalize() in letters:
        yield "data_flag_case", f"{name}={value[:8]}"
    else:
        yield "data_flag_unknown", f"{name}={value[:8]}"


def _number(message: "Message", name: str, value: str) -> Found:
    if is_plain(name, value) or (message.st == _CONDITIONS_ST and value.isalpha()):
        return
    if not value:
        yield "value_empty", name
    elif _EXPONENT.fullmatch(value):
        yield "value_exponent", f"{name}={value}"
    else:
        yield "value_not_number", f"{name}={value[:20]}"


def _reply(message: "Message") -> Found:
    if message.cn == commands.DATA_REPLY and message.cp and message.edition != "2005":
        yield "reply_parameters", ", ".join(name for name, _ in message.fields)[:60]
