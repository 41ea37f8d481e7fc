"""Every deviation seen in real traffic: its name, a frame that shows it, what follows, its counter and its setting.

``codes/deviations.csv`` holds what our guide to the protocol lists in §12.5, row by row, with what we do with it;
``EXAMPLES`` holds a stream for each row. ``tests/protocol/test_deviations.py`` reads each stream in both back ends,
tolerant and strict, and demands the row. ``docs/deviations.md`` is made from this.
"""

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mingcha.protocol.hj212.crc import modbus, swapped
from mingcha.protocol.hj212.decoding import PLAIN, Decoding, reread
from mingcha.protocol.hj212.describe import tail_problems
from mingcha.protocol.hj212.dialect import SETTINGS, STRICT, Dialect
from mingcha.protocol.hj212.encode import wrap
from mingcha.protocol.hj212.events import Rejected, Skipped
from mingcha.protocol.hj212.message import decode
from mingcha.protocol.hj212.splitter import Splitter
from mingcha.protocol.hj212.verdicts import KINDS, Effect, FrameVerdict

_TABLE = Path(__file__).with_name("codes") / "deviations.csv"
TAIL = b"\r\n"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One row of the guide. ``code``: the problem it is counted as, "" where it is none. ``tolerant``, ``strict``:
    the verdict. ``settings``: a dialect that takes it all the same, as JSON text; "" where ``allowed`` does.
    """

    area: str
    words: str
    example: str
    code: str
    settings: str
    tolerant: FrameVerdict
    strict: FrameVerdict
    note: str


@cache
def table() -> tuple[Deviation, ...]:
    """All rows, in the order of the guide."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Deviation(
                area=row["area"],
                words=row["words"],
                example=row["example"],
                code=row["code"],
                settings=row["settings"],
                tolerant=FrameVerdict(row["tolerant"]),
                strict=FrameVerdict(row["strict"]),
                note=row["note"],
            )
            for row in csv.DictReader(file)
        )


def counter(code: str) -> str:
    """Under which name the gateway counts a deviation, on ``/metrics`` and in its status (``problems``)."""
    return f'mingcha_problems_total{{code="{code}"}}'


def setting(code: str) -> str:
    """The setting of a station's dialect that decides about a deviation; "" where none does."""
    if code.startswith("crc_") and code[len("crc_") :] in SETTINGS["crc"].choices:
        return "crc"
    if code in ("length", "length_digits"):
        return "lengths"
    if code == "ciphertext_as_text":
        return "ciphertext"
    if code in SETTINGS["refused"].choices:
        return "lengths, refused, allowed" if code.startswith("length_") else "refused, allowed"
    return ""


def admitting(row: Deviation) -> Dialect:
    """A strict dialect that takes this deviation by its setting."""
    given: dict[str, Any] = json.loads(row.settings) if row.settings else {}
    if not given and row.code in SETTINGS["allowed"].choices:
        given = {"allowed": [row.code]}
    return Dialect.from_json({"mode": STRICT, **given})


def judged(
    stream: bytes, decoding: Decoding = PLAIN, backend: ModuleType | None = None
) -> tuple[FrameVerdict, tuple[str, ...]]:
    """Verdict and problem codes of the first frame in ``stream``, with what stands behind it."""
    splitter = Splitter(backend=backend)
    events = [*splitter.receive(stream), *splitter.expire()]
    first = next(event for event in events if not isinstance(event, Skipped))
    found = reread(first, decoding)
    if isinstance(found, Rejected):
        return FrameVerdict.REJECTED, (found.problem.code,)
    message = decode(found, dialect=decoding.dialect, backend=backend)
    place = events.index(first)
    behind = tail_problems(events[place + 1] if place + 1 < len(events) else None)
    if found.raw.endswith(TAIL):
        behind = ()
    verdict = message.verdict
    if behind and verdict is FrameVerdict.ACCEPTED:
        verdict = FrameVerdict.DEVIATING
    return verdict, tuple(problem.code for problem in message.problems + behind)


# --- a stream for each row ---------------------------------------------------------------------------

_HEAD = {
    "QN": "20260301080530250",
    "ST": "32",
    "CN": "2011",
    "PW": "123456",
    "MN": "010000A8900016F000169DC0",
    "Flag": "5",
}
_CP = "DataTime=20260301080500;w01018-Rtd=36.4,w01018-Flag=N"
_NOISE = "DataTime=20260301080500;LA-Rtd=50.1,LA-Flag=N"


def _segment(cp: str = _CP, **changed: str | None) -> bytes:
    fields = {name: text for name, text in (_HEAD | changed).items() if text is not None}
    return f"{';'.join(f'{name}={text}' for name, text in fields.items())};CP=&&{cp}&&".encode()


def _frame(cp: str = _CP, **changed: str | None) -> bytes:
    return wrap(_segment(cp, **changed))


def _value(text: str) -> bytes:
    return _frame(_CP.replace("36.4", text))


def _time(text: str) -> bytes:
    return _frame(_CP.replace("20260301080500", text))


def _length(field: bytes, segment: bytes = b"") -> bytes:
    """A frame with another length field, and a good one behind it."""
    whole = wrap(segment or _segment())
    return b"##" + field + whole[6:] + GOOD


def _crc(value: int) -> bytes:
    return GOOD[:-6] + b"%04X\r\n" % value


def _info(text: bytes) -> bytes:
    cp = "DataTime=20260301080500;PolId=w01018;i11001-Info=//@//"
    return wrap(_segment(cp, CN="3020").replace(b"@", text))


GOOD = _frame()
_BODY = _segment()
_INFO = _info("更换试剂".encode())[6:-6]
_FACTORS = (
    *(f"w{code:05d}" for code in (1001, 1009, 1010, 1012, 1014, 1017, 1018, 1019, 1020, 20111, 20115, 20117)),
    *(
        f"w{code:05d}"
        for code in (20119, 20120, 20122, 20123, 21001, 21003, 21011, 21016, 21017, 21022, 21038)
    ),
    "w22001",
)
_MANY = ";".join(
    ["DataTime=20260301080500", *(f"{code}-Rtd=1.{'0' * 18},{code}-Flag=N" for code in _FACTORS)]
)

EXAMPLES: dict[str, bytes] = {
    "crc_lower": GOOD[:-6] + GOOD[-6:].lower(),
    "crc_0000": _crc(0x0000),
    "crc_1234": _crc(0x1234),
    "crc_modbus_low": _crc(swapped(modbus(_BODY))),
    "crc_modbus_high": _crc(modbus(_BODY)),
    "length_off": _length(b"%04d" % (len(_BODY) + 4)),
    "length_0400": _length(b"0400"),
    "length_0139": _length(b"%04d" % (len(_BODY) + 3)),
    "length_three": _length(b"%03d" % len(_BODY)),
    "length_chars": _length(b"%04d" % len(_INFO.decode()), _INFO),
    "length_1623": _frame(_MANY),
    "tail_missing": GOOD[:-2] + GOOD,
    "tail_cr": GOOD[:-2] + b"\r" + GOOD,
    "tail_double": GOOD[:-2] + b"\r\r\n",
    "tail_text": GOOD[:-2] + b"\\r\\n" + GOOD,
    "no_closing": wrap(_BODY[:-2]),
    "semicolon_end": _frame(_CP + ";"),
    "blanks": wrap(_BODY.replace(b";", b" ; ")),
    "two_frames": GOOD + GOOD,
    "half": GOOD[:70],
    "order": wrap(_BODY.replace(b"ST=32;CN=2011;", b"CN=2011;ST=32;")),
    "comma_qn": wrap(_BODY.replace(b";ST=", b",ST=")),
    "comma": _frame(_CP.replace(";", ",")),
    "bare_flag": _frame("DataTime=20260301080500;w01018-Rtd=36.4;w01001-Rtd=7.31;Flag=N"),
    "twice": _frame(_CP + ";w01001-Rtd=7.31,w01001-Rtd=7.32"),
    "cp_joined": wrap(_BODY.replace(b";CP=", b"CP=")),
    "no_qn": _frame(QN=None),
    "no_flag": _frame(Flag=None),
    "st_101": _frame(ST="101"),
    "st_null": _frame(ST="null"),
    "mn_3": _frame(MN="0A1"),
    "mn_empty": _frame(MN=""),
    "mn_null": _frame(MN="null"),
    "mn_uuid": _frame(MN="3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    "mn_underscore": _frame(MN="A110000_0001"),
    "pw_24": _frame(PW="010000A8900016F000169DC0"),
    "pw_empty": _frame(PW=""),
    "pack_zeros": _frame(Flag="7", PNUM="0002", PNO="0001"),
    "pack_swapped": _frame(Flag="7", PNUM="1", PNO="3"),
    "pack_no_bit": _frame(PNUM="2", PNO="1"),
    "pack_none": _frame(Flag="7"),
    "time_ms": _time("20260301080500000"),
    "time_15": _time("202603010805000"),
    "time_cst": _time("20260301080500CST"),
    "qn_14": _frame(QN="20260301080530"),
    "qn_18": _frame(QN="202603010805302500"),
    "minute_odd": _frame("DataTime=20260301080503;w01018-Avg=36.4,w01018-Flag=N", CN="2051"),
    "negative": _frame("DataTime=20260301080500;a01013-Rtd=-0.12,a01013-Flag=N", ST="31"),
    "nan": _value("NaN"),
    "dash": _value("-"),
    "value_empty": _value(""),
    "exponent": _value("1.2E3"),
    "unit": _value("36.4mg/L"),
    "huge": _value("340282346638528859811704183484516925440.00"),
    "zero_d": _frame("DataTime=20260301080500;w01018-Rtd=0,w01018-Flag=D"),
    "sample_time": _frame("DataTime=20260301080500;w01018-SampleTime=,w01018-Rtd=36.4,w01018-Flag=N"),
    "codes_2005": _frame(_CP.replace("w01018", "011")),
    "codes_2017": _frame(QN=None, Flag=None, MN="88888880000001"),
    "vendor_code": _frame(_CP.replace("w01018", "PM10")),
    "la_td": _frame(_NOISE.replace("LA-Rtd", "LA-td"), ST="23"),
    "la_rtd_rtd": _frame(_NOISE.replace("LA-Rtd", "LA-Rtd-Rtd"), ST="23"),
    "lost_letter": _frame(_CP.replace("w01018", "01018")),
    "valid_num": _frame(_CP + ",w01018-ValidNum=10"),
    "total_num": _frame(_CP + ",w01018-TotalNum=10"),
    "ori": _frame(_CP + ",w01018-Ori=36.4"),
    "gbk": _info("更换试剂".encode("gbk")),
    "url": _info(b"%E6%9B%B4%E6%8D%A2"),
    "heartbeat_9014": _frame("", CN="9014", ST="91"),
    "login_9021": _frame("", CN="9021", ST="91"),
    "vendor_2000": _frame(CN="2000"),
}


# --- the page ----------------------------------------------------------------------------------------

_EFFECT = {
    Effect.REJECTS: "rejected",
    Effect.DEVIATES: "taken; refused where strict",
    Effect.NOTES: "taken, counted",
}


def as_markdown() -> str:
    """``docs/deviations.md``."""
    lines = [
        "# Deviations",
        "",
        "Generated from `protocol/hj212/deviations.py` and its tables by `tools/docs.py`.",
        "",
        "Every frame gets a verdict: accepted, deviating (taken, each deviation named and counted) or rejected (kept as",
        "evidence, not answered, not used). What a station's dialect says decides; its settings are below.",
        "",
        "## Seen in real traffic",
        "",
        "| area | what occurs | code | tolerant | strict | setting |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.area} | {row.words} | {f'`{row.code}`' if row.code else 'none'} | {row.tolerant} | {row.strict} |"
        f" {_setting_cell(row)} |"
        for row in table()
    ]
    lines += [
        "", "## All names", "",
        f"The counter of each is `{counter('…')}`.", "",
        "| code | 中文 | meaning | clause | by default | setting |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| `{kind.code}` | {kind.zh} | {kind.en} | {kind.clause} | {_EFFECT[kind.effect]} | {setting(kind.code)} |"
        for kind in KINDS.values()
    ]
    lines += [
        "", "## Settings of a station's dialect", "",
        "| setting | 中文 | meaning | values | default | sureness | source |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| `{one.name}` | {one.zh} | {one.en} | {_values(one.name)} | {_default(one.name)} | {one.sureness} | {one.source} |"
        for one in SETTINGS.values()
    ]
    return "\n".join(lines)


def _setting_cell(row: Deviation) -> str:
    words = f"`{row.settings[1:-1]}`" if row.settings else setting(row.code)
    return "; ".join(part for part in (words, row.note) if part)


def _values(name: str) -> str:
    one = SETTINGS[name]
    if one.kind == "number":
        return f"{one.least} to {one.most} {one.unit}".rstrip()
    return "codes above" if one.kind == "codes" else ", ".join(map(str, one.choices)) or one.kind


def _default(name: str) -> str:
    value = Dialect().to_json()[name]
    return f"`{json.dumps(value, ensure_ascii=False)}`"
