"""From what a browser or phone sends to plain JSON values, one reader per field type.

Decimals stay text with the digits typed; dates are ``2026-11-23``, moments ``2026-11-23T09:32:00+08:00``
(a moment without zone is Beijing time); photos and files are SHA-256 names of stored blobs.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mingcha.apps.maintenance.forms.sheets import Field
from mingcha.apps.maintenance.words import say
from mingcha.core.clock import BEIJING

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_YES = ("true", "on", "1", "yes", "是")
_NO = ("false", "off", "0", "no", "否")
TEXT_MAX = {"text": 200, "ref": 200, "signature": 200, "longtext": 4000, "auto": 200}
LIST_MAX = 100  # entries; keeps a record readable and a request small


class Refused(Exception):
    """A value is not of the field's type; the message is for the person who typed it."""


def is_empty(value: Any) -> bool:
    """Whether nothing was given. False and zero are values."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def read(field: Field, value: Any) -> Any:
    """The plain value of a field that is not empty and no table.

    Raises:
        Refused: with a sentence for the page.
    """
    return _READERS[field.type](field, value)


def number(value: Any) -> Decimal | None:
    """A clean integer or decimal as Decimal, None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def moment(value: Any) -> datetime | None:
    """A clean date or moment as an aware moment (a date begins at 00:00 Beijing), None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or BEIJING) if found else None


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(_found(value, "应为文字。请填写文字。", "expected text. Type text."))
    text = value.strip()
    limit = TEXT_MAX[field.type]
    if len(text) > limit:
        raise Refused(
            say(
                f"已填 {len(text)} 字。应不超过 {limit} 字。请缩短。",
                f"{len(text)} characters. At most {limit} are kept. Shorten it.",
            )
        )
    if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in text):
        raise Refused(
            say(
                "含有不可见字符。应为普通文字。请重新填写。",
                "Contains control characters. Expected plain text. Type it again.",
            )
        )
    return text


def _integer(_: Field, value: Any) -> int:
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _INTEGER.fullmatch(text):
        raise Refused(_found(value, "应为整数。请填写如 12。", "expected a whole number. Type one like 12."))
    return int(text)


def _decimal(_: Field, value: Any) -> str:
    text = (
        repr(value)
        if isinstance(value, float)
        else str(value).strip()
        if isinstance(value, int | str)
        else ""
    )
    if isinstance(value, bool) or not _DECIMAL.fullmatch(text):
        raise Refused(_found(value, "应为数字。请填写如 12.5。", "expected a number. Type one like 12.5."))
    return text


def _boolean(_: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in (*_YES, *_NO):
        raise Refused(_found(value, "应为是或否。请选一项。", "expected yes or no. Choose one."))
    return text in _YES


def _choice(field: Field, value: Any) -> str:
    if value not in field.choices:
        named = "、".join(field.choices)
        raise Refused(
            _found(
                value,
                f"应为：{named}。请选一项。",
                f"expected one of {', '.join(field.choices)}. Choose one.",
            )
        )
    return str(value)


def _choices(field: Field, value: Any) -> list[str]:
    given = [_choice(field, item) for item in _listed(value)]
    return [choice for choice in field.choices if choice in given]


def _date(_: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        raise Refused(
            _found(value, "应为日期。请填写如 2026-11-23。", "expected a day. Type one like 2026-11-23.")
        ) from None


def _datetime(_: Field, value: Any) -> str:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return found.replace(tzinfo=found.tzinfo or BEIJING).astimezone(BEIJING).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise Refused(
            _found(
                value,
                "应为时间。请填写如 2026-11-23 09:32。",
                "expected a time. Type one like 2026-11-23 09:32.",
            )
        ) from None


def _refs(field: Field, value: Any) -> list[str]:
    items = _listed(value.split(",") if isinstance(value, str) else value)
    return list(dict.fromkeys(str(item).strip() for item in items if str(item).strip()))


def _blob(_: Field, value: Any) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise Refused(
            _found(value, "应为已上传的附件。请重新上传。", "expected an uploaded file. Upload it again.")
        )
    return value


def _blobs(field: Field, value: Any) -> list[str]:
    return list(dict.fromkeys(_blob(field, item) for item in _listed(value)))


def _listed(value: Any) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if len(items) > LIST_MAX:
        raise Refused(
            say(
                f"共 {len(items)} 项。应不超过 {LIST_MAX} 项。请减少。",
                f"{len(items)} entries. At most {LIST_MAX} are kept. Remove some.",
            )
        )
    return items


def _found(value: Any, zh: str, en: str) -> str:
    shown = str(value)[:40]
    return say(f"填写的是“{shown}”。{zh}", f"Found “{shown}”, {en}")


_READERS: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text, "longtext": _text, "ref": _text, "signature": _text, "auto": _text,
    "integer": _integer, "decimal": _decimal, "boolean": _boolean,
    "choice": _choice, "multi_choice": _choices, "date": _date, "datetime": _datetime,
    "ref_list": _refs, "photo": _blob, "file": _blob, "photo_list": _blobs, "file_list": _blobs,
}  # fmt: skip
