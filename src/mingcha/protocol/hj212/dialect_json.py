"""Settings of a dialect from and to JSON, each kind with its check and its sentence: Chinese (English)."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from mingcha.core.errors import BadInput
from mingcha.protocol.hj212.editions import EDITIONS, data_flags

_CN = re.compile(r"[0-9]{4}")
_CN_PATTERN = re.compile(r"[0-9]{4}|[0-9]{1,3}\*")
_LETTER = re.compile(r"[A-Za-z]{1,4}")
_FORMAT = re.compile(r"N[0-9]{1,2}(?:\.[0-9]{1,2})?")
_NAME = re.compile(r"[0-9A-Za-z_#]{1,20}")
# A safe part of regular expressions: characters and classes, each at most repeated a counted number of times; few
# counts may vary, so that no text takes long.
_PATTERN = re.compile(r"(?:(?:[0-9A-Za-z_-]|\[[0-9A-Za-z_-]+\])(?:\{[0-9]{1,2}(?:,[0-9]{1,2})?\})?){1,40}")
_VARYING_MAX = 2
_MANY = 12
_CODES_ZH = "可由站点设置决定的偏差（docs/deviations.md）"
_CODES = "the deviations that a station's settings decide (docs/deviations.md)"
_TEXT_MAX = 20  # characters of a unit or an RF value


class Setting(Protocol):
    """What a check needs to know of a setting (``dialect.Setting``)."""

    @property
    def kind(self) -> str: ...
    @property
    def choices(self) -> tuple[str | int, ...]: ...
    @property
    def least(self) -> int: ...
    @property
    def most(self) -> int: ...
    @property
    def unit(self) -> str: ...


def plain(value: Any) -> Any:
    """A setting as JSON knows it."""
    if isinstance(value, frozenset):
        return sorted(value)
    return dict(value) if isinstance(value, tuple) else value


def values(data: str | Mapping[str, Any], settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The settings given in ``data``, checked.

    Raises:
        BadInput: problems by setting; "" where the whole is no JSON object.
    """
    given = _object(data)
    problems: dict[str, str] = {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        setting = settings.get(name)
        if setting is None:
            known = ", ".join(settings)
            problems[str(name)] = (
                f"没有这一项，应为 {known} 之一 (there is no such setting; expected one of {known})"
            )
            continue
        try:
            found[name] = _KINDS[setting.kind](setting, value)
        except ValueError as error:
            problems[name] = str(error)
    both = sorted(found.get("refused", frozenset()) & found.get("allowed", frozenset()))
    if both:
        named = ", ".join(both)
        problems["allowed"] = (
            f"{named} 不能既拒收又允许，请去掉一处 ({named} cannot be refused and allowed at once; remove it from one)"
        )
    if problems:
        raise BadInput(problems)
    return found


def _object(data: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(data, str):
        try:
            data = json.loads(data, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            text = f"不是 JSON，应为各项设置的对象 (this is no JSON: {error}; expected an object of settings)"
            raise BadInput({"": text}) from None
    if not isinstance(data, Mapping):
        kind = type(data).__name__
        raise BadInput(
            {"": f"应为各项设置的对象，现为 {kind} (found {kind}; expected an object of settings)"}
        )
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    if twice:
        raise BadInput(dict.fromkeys(twice, "出现两次，请保留一项 (is given twice; keep one)"))
    return dict(pairs)


def _bad(value: Any, zh: str, en: str) -> ValueError:
    found = json.dumps(value, ensure_ascii=False, default=str)[:80]
    return ValueError(f"现为 {found}，应为{zh} (found {found}; expected {en})")


def _choice(setting: Setting, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int) or value not in setting.choices:
        known = ", ".join(map(str, setting.choices))
        raise _bad(value, f" {known} 之一", f"one of {known}")
    return value


def _number(setting: Setting, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not setting.least <= value <= setting.most:
        zh = f" {setting.least} 至 {setting.most} {setting.unit}".rstrip() + " 的整数"
        raise _bad(
            value, zh, f"a whole number from {setting.least} to {setting.most} {setting.unit}".rstrip()
        )
    return value


def _listed(value: Any) -> list[str]:
    if not isinstance(value, list | tuple | frozenset | set) or not all(
        isinstance(one, str) for one in value
    ):
        raise _bad(value, "文字的列表", "a list of texts")
    return list(value)


def _among(setting: Setting, value: Any) -> frozenset[str]:
    found = _listed(value)
    strange = sorted(set(found) - set(setting.choices))
    if strange:
        few, known = len(setting.choices) < _MANY, ", ".join(map(str, setting.choices))
        raise _bad(
            strange,
            f"下列名称：{known if few else _CODES_ZH}",
            f"only names among {known if few else _CODES}",
        )
    return frozenset(found)


def _matching(pattern: re.Pattern[str], zh: str, en: str) -> Callable[[Setting, Any], frozenset[str]]:
    def check(_: Setting, value: Any) -> frozenset[str]:
        found = _listed(value)
        for one in found:
            if not pattern.fullmatch(one):
                raise _bad(one, zh, en)
        return frozenset(found)

    return check


def _text(pattern: re.Pattern[str], zh: str, en: str) -> Callable[[Setting, Any], str]:
    def check(_: Setting, value: Any) -> str:
        if not isinstance(value, str) or (value and not pattern.fullmatch(value)):
            raise _bad(value, f"{zh}，或留空", f"{en}, or an empty text")
        return value

    return check


def _pattern(_: Setting, value: Any) -> str:
    fits = (
        isinstance(value, str)
        and (not value or _PATTERN.fullmatch(value))
        and value.count(",") <= _VARYING_MAX
    )
    if not fits or not _compiles(value):
        zh = "字符和字符类，可带次数，例如 A110000_[0-9]{4}，或留空"
        raise _bad(
            value, zh, "characters and classes with counts, such as A110000_[0-9]{4}, or an empty text"
        )
    return str(value)


def _compiles(pattern: str) -> bool:
    """A class such as ``[z-a]`` and a count such as ``{4,2}`` have the form but no meaning."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _bad(value, "名称到值的对象", "an object from names to values")
    return value


def _letters(_: Setting, value: Any) -> tuple[tuple[str, str], ...]:
    for letter, other in _mapping(value).items():
        known = isinstance(other, str) and any(other in data_flags(edition) for edition in EDITIONS)
        if not _LETTER.fullmatch(letter) or not known:
            zh = " 1–4 个字母，对应某一版本的数据标记，例如 N 或 D"
            raise _bad(
                {letter: other}, zh, "1 to 4 letters, each with a data flag of an edition, such as N or D"
            )
    return tuple(sorted(value.items()))


def _pairs(form: re.Pattern[str], zh: str, en: str) -> Callable[[Setting, Any], tuple[tuple[str, str], ...]]:
    def check(_: Setting, value: Any) -> tuple[tuple[str, str], ...]:
        for name, text in _mapping(value).items():
            if not _NAME.fullmatch(name) or not isinstance(text, str) or not form.fullmatch(text):
                raise _bad({name: text}, f"因子编码对应{zh}", f"a factor code with {en}")
        return tuple(sorted(value.items()))

    return check


_KINDS: dict[str, Callable[[Setting, Any], Any]] = {
    "choice": _choice,
    "number": _number,
    "choices": _among,
    "codes": _among,
    "patterns": _matching(_CN_PATTERN, "四位数字，或一至三位数字加 *", "four digits, or one to three and *"),
    "texts": _matching(re.compile(r"[0-9A-Za-z]{1,4}"), " 1–4 个字母或数字", "1 to 4 letters or digits"),
    "cn": _text(_CN, "四位数字", "four digits"),
    "pattern": _pattern,
    "letters": _letters,
    "pairs": _pairs(
        re.compile(rf"[^;,=&#\s]{{1,{_TEXT_MAX}}}"), "不含分隔符的文字", "a text without separators"
    ),
    "formats": _pairs(_FORMAT, "格式，例如 N4.1", "a format such as N4.1"),
}
