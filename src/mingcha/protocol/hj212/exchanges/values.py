"""Values of people and programs to the text of CP and back, each kind in one place.

Times are aware datetimes, ISO 8601 with a zone, or 14 (17) digits on the Beijing clock; results give ISO 8601
with +08:00. Everything that comes back is plain: it can be stored as JSON.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from mingcha.core.clock import beijing, format_digits, parse_digits
from mingcha.core.errors import BadInput
from mingcha.core.packets import number
from mingcha.protocol.hj212.exchanges.catalogue import Command, Parameter
from mingcha.protocol.hj212.message import Message

_SEPARATORS = frozenset(";,=&#\r\n")
_FACTOR = re.compile(r"[A-Za-z0-9]{1,6}")
_INFO = re.compile(r"i[0-9A-Za-z]{5}")
_PASSWORD = re.compile(
    r"[^\x00-\x20;,=&#\x7f-\U0010ffff]+"
)  # the standard names no characters; separators cannot be
_KEY = re.compile(r"[0-9A-Za-z]{16}")


def written(command: Command, edition: str, values: Mapping[str, object]) -> str:
    """The text of CP for ``values``.

    Raises:
        BadInput: a value is missing, unknown or out of range; one sentence for each.
    """
    known = {p.name: p for p in command.parameters_in(edition)}
    problems = {name: _unknown(name, known) for name in values if name not in known}
    texts: dict[str, list[tuple[str, str]]] = {}
    for name, parameter in known.items():
        try:
            texts[name] = _written(parameter, edition, values.get(name))
        except BadInput as error:
            problems.update(error.problems)
    problems.update(_span_problems(values, problems))
    if problems:
        raise BadInput(problems)
    plain = {name: pairs[0][1] for name, pairs in texts.items() if pairs}
    pairs = [(field.format(**plain), text) for found in texts.values() for field, text in found]
    return _joined(pairs)


def asked(command: Command, edition: str, message: Message) -> dict[str, object]:
    """What a request asks, for the logger that carries it out: times as aware moments, numbers as int, lists as lists.

    Raises:
        BadInput: a value is missing or does not fit.
    """
    found: dict[str, object] = {}
    problems: dict[str, str] = {}
    for parameter in command.parameters_in(edition):
        wire = parameter.field[edition].format(info=message.field("InfoId") or "")
        given = _given(parameter, wire, message)
        try:
            _written(parameter, edition, given)
        except BadInput as error:
            problems.update(error.problems)
        if given is not None:
            found[parameter.name] = _as_meant(parameter, given)
    if problems:
        raise BadInput(problems)
    return found


def fields_text(command: Command, edition: str, values: Mapping[str, object]) -> list[str]:
    """The items of CP that give ``values`` as an answer: the inverse of a result of kind ``fields``.

    Raises:
        BadInput: a value does not fit its field.
    """
    return [
        f"{field}={text}"
        for parameter in command.fields
        if values.get(parameter.name) is not None and parameter.field.get(edition)
        for field, text in _written(parameter, edition, values[parameter.name])
    ]


def _given(parameter: Parameter, wire: str, message: Message) -> object:
    if parameter.kind == "limits":
        return limits_of(message)
    if parameter.kind in ("hours", "factors"):
        return [text for item in message.cp for text in _all(item.get(wire))] or None
    text = message.field(wire)
    if text is None:  # the standard itself prints Ctime and CTime, Overtime and OverTime
        text = next((value for name, value in message.fields if name.lower() == wire.lower()), None)
    return text


def _all(found: str | Sequence[str] | None) -> Sequence[str]:
    if found is None:
        return ()
    return (found,) if isinstance(found, str) else found


def limits_of(message: Message) -> list[dict[str, str]]:
    """``101-LowValue=1.1,101-UpValue=9.9`` as rows of factor, low and high."""
    rows: dict[str, dict[str, str]] = {}
    for name, text in message.fields:
        code, _, sub = name.partition("-")
        if sub in ("LowValue", "UpValue"):
            rows.setdefault(code, {"factor": code})["low" if sub == "LowValue" else "high"] = text
    return list(rows.values())


def _as_meant(parameter: Parameter, given: object) -> object:
    if parameter.kind in ("time", "time_ms"):
        return moment_of(given)
    if parameter.kind == "int" or (parameter.kind == "choice" and parameter.unit):
        return _whole(str(given))
    return given


def read_value(parameter: Parameter, text: str) -> object:
    """A field's text as a plain value; the text itself where it is not of its kind."""
    read = _READERS.get(parameter.kind)
    found = read(text) if read is not None else text
    return text if found is None else found


def iso(moment: datetime) -> str:
    """On the Beijing clock, with its offset."""
    return beijing(moment).isoformat()


def time_value(text: str) -> str | None:
    """14 to 17 digits as ISO 8601; None where they are no time."""
    moment = parse_digits(text if len(text) == 17 else text[:14])
    return None if moment is None else iso(moment)


def moment_of(value: object) -> datetime | None:
    """The moment a person or a program meant; None where that is not clear."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else None
    text = str(value).strip()
    if text.isdigit():
        return parse_digits(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _written(parameter: Parameter, edition: str, value: object) -> list[tuple[str, str]]:
    if value is None or value in ("", []):
        if parameter.required:
            zh, en = _expected(parameter)
            text = f"缺少{parameter.label_zh}，应为{zh} ({parameter.label_en} is missing; give {en})"
            raise BadInput({parameter.name: text})
        return []
    field = parameter.field[edition]
    if parameter.kind == "limits":
        return _limits(parameter, value)
    if parameter.kind in ("hours", "factors"):
        return [(field, text) for text in _several(parameter, value)]
    return [(field, _WRITERS[parameter.kind](parameter, value))]


def _joined(pairs: list[tuple[str, str]]) -> str:
    """``;`` between items; the two limits of one factor belong together and are joined by ``,``."""
    text = ""
    for name, value in pairs:
        separator = "," if name.endswith("-UpValue") else ";"
        text += f"{separator if text else ''}{name}={value}"
    return text


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    names = ", ".join(known)
    return f"没有这个值，应为{f' {names}' if names else '空'} (there is no such value; expected {names or 'none at all'})"


def _span_problems(values: Mapping[str, object], problems: Mapping[str, str]) -> dict[str, str]:
    if "begin" in problems or "end" in problems:
        return {}
    begin, end = moment_of(values.get("begin")), moment_of(values.get("end"))
    text = "早于开始时间，两者相同时只取一条 (lies before begin; equal times ask for one record)"
    return {"end": text} if begin and end and end < begin else {}


def _expected(parameter: Parameter) -> tuple[str, str]:
    """In Chinese and in English."""
    if parameter.choices:
        known = ", ".join(parameter.choices)
        return f" {known} 之一", f"one of {known}"
    if parameter.kind == "int":
        span = f"{parameter.least} 至 {parameter.most} {parameter.unit}".strip()
        return (
            f" {span} 的整数",
            f"a whole number from {parameter.least} to {parameter.most} {parameter.unit}".strip(),
        )
    plain = (f"不超过 {parameter.most} 个字符的文字", f"text of at most {parameter.most} characters")
    return _FORMS.get(parameter.kind, plain)


_FORMS: Mapping[str, tuple[str, str]] = {
    "time": ("时间，例如 2026-03-01T08:05:30+08:00 或 20260301080530（北京时间）",
             "a time such as 2026-03-01T08:05:30+08:00 or 20260301080530 (Beijing)"),
    "time_ms": ("时间，例如 2026-03-01T08:05:30.123+08:00 或 20260301080530123（北京时间）",
                "a time such as 2026-03-01T08:05:30.123+08:00 or 20260301080530123 (Beijing)"),
    "hms": ("时分秒，例如 080000", "a time of day such as 080000"),
    "hm": ("时分，例如 0805", "a time of day such as 0805"),
    "hours": ("一天中的小时，例如 4,10,16", "hours of the day such as 4,10,16"),
    "password": (" 1–6 个字母、数字或符号，不含 ; , = & #", "1 to 6 letters, digits or signs other than ; , = & #"),
    "key": (" 16 个字母和数字", "16 letters and digits"),
    "factor": ("因子编码，至多 6 个字母和数字，例如 w01018", "a factor code of up to 6 letters and digits such as w01018"),
    "factors": ("因子编码，例如 w01018,w21003", "factor codes such as w01018,w21003"),
    "info": ("信息编码，例如 i13004", "an information code such as i13004"),
    "limits": (" {factor, low, high} 的列表", "a list of {factor, low, high}"),
}  # fmt: skip


def _refuse(parameter: Parameter, value: object) -> BadInput:
    shown = repr(value)[:60]
    found_zh, found_en = ("所给的值", "what was given") if parameter.secret else (shown, shown)
    zh, en = _expected(parameter)
    return BadInput({parameter.name: f"{found_zh} 不符，应为{zh} ({found_en} does not fit; expected {en})"})


def _int(parameter: Parameter, value: object) -> str:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise _refuse(parameter, value)
    if not (parameter.least or 0) <= int(text) <= (parameter.most or 0):
        raise _refuse(parameter, value)
    return str(int(text))


def _choice(parameter: Parameter, value: object) -> str:
    if str(value) not in parameter.choices:
        raise _refuse(parameter, value)
    return str(value)


def _time(parameter: Parameter, value: object) -> str:
    moment = moment_of(value)
    if moment is None:
        raise _refuse(parameter, value)
    return format_digits(moment, milliseconds=parameter.kind == "time_ms")


def _of_day(parameter: Parameter, value: object) -> str:
    text = str(value).replace(":", "")
    size = 6 if parameter.kind == "hms" else 4
    fits = len(text) == size and text.isascii() and text.isdigit()
    if not fits or text[:2] > "23" or text[2:4] > "59" or text[4:6] > "59":
        raise _refuse(parameter, value)
    return text


def _text(parameter: Parameter, value: object) -> str:
    text = str(value).strip()  # blanks around a value are a deviation
    if (
        not text
        or len(text.encode()) > (parameter.most or 0)
        or _SEPARATORS & set(text)
        or not text.isprintable()
    ):
        raise _refuse(parameter, value)
    return text


def _matching(pattern: re.Pattern[str]) -> Callable[[Parameter, object], str]:
    def write(parameter: Parameter, value: object) -> str:
        text, most = str(value), parameter.most or 6
        if not pattern.fullmatch(text) or len(text) > most:
            raise _refuse(parameter, value)
        return text

    return write


def _several(parameter: Parameter, value: object) -> list[str]:
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    texts = [str(part).strip() for part in parts]
    if parameter.kind == "factors":
        fits = all(_FACTOR.fullmatch(text) for text in texts)
    else:
        fits = all(
            t.isascii() and t.isdigit() and len(t) <= 2 and int(t) <= (parameter.most or 0) for t in texts
        )
    if not texts or not fits or len(texts) > 24:
        raise _refuse(parameter, value)
    return [text.zfill(2) for text in texts] if parameter.kind == "hours" else texts


def _limits(parameter: Parameter, value: object) -> list[tuple[str, str]]:
    """``101-LowValue=1.1,101-UpValue=9.9`` for every factor."""
    pairs: list[tuple[str, str]] = []
    for row in value if isinstance(value, list | tuple) else ():
        factor, low, high = (str(row.get(k, "")) for k in ("factor", "low", "high")) if isinstance(row, dict) else ("",) * 3  # fmt: skip
        least, most = number(low), number(high)
        if not _FACTOR.fullmatch(factor) or least is None or most is None or least > most:
            raise _refuse(parameter, row)
        pairs += [(f"{factor}-LowValue", low), (f"{factor}-UpValue", high)]
    if not pairs:
        raise _refuse(parameter, value)
    return pairs


_WRITERS: Mapping[str, Callable[[Parameter, object], str]] = {
    "int": _int,
    "choice": _choice,
    "time": _time,
    "time_ms": _time,
    "hms": _of_day,
    "hm": _of_day,
    "text": _text,
    "password": _matching(_PASSWORD),
    "key": _matching(_KEY),
    "factor": _matching(_FACTOR),
    "info": _matching(_INFO),
}


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


_READERS: Mapping[str, Callable[[str], object]] = {
    "int": _whole,
    "time": time_value,
    "time_ms": time_value,
}
