"""What a logger answered, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext

from mingcha.core.clock import beijing
from mingcha.portals.regulator.devices import words
from mingcha.portals.shared.live_frames import UNITLESS
from mingcha.portals.shared.words import factor_name, factor_unit
from mingcha.protocol.hj212.exchanges.catalogue import COMMANDS

MOST = 500  # rows of a page; the rest is counted


@dataclass(frozen=True, slots=True)
class Table:
    """``total``: rows there are; ``lines`` may hold fewer."""

    title: str
    heads: tuple[str, ...]
    lines: list[tuple[str, ...]]
    total: int

    @property
    def labelled(self) -> list[list[tuple[str, str]]]:
        """Each line as (head, cell): on a phone a line is a card."""
        return [list(zip(self.heads, line, strict=True)) for line in self.lines]


def tables(command: str, results: Sequence[Mapping[str, Any]]) -> list[Table]:
    """The typed results of one command, one table a kind, in the order they came."""
    kinds = list(dict.fromkeys(str(row.get("kind", "")) for row in results))
    return [
        _table(kind, command, [row for row in results if str(row.get("kind", "")) == kind]) for kind in kinds
    ]


def _table(kind: str, command: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    title, heads, lines = {
        "fields": _fields, "record": _records, "information": _informations, "check": _checks, "serial": _serials,
        "limits": _limits,
    }.get(kind, _others)(command, rows)  # fmt: skip
    return Table(title, heads, lines[:MOST], len(lines))


Made = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def _fields(command: str, rows: Sequence[Mapping[str, Any]]) -> Made:
    known = COMMANDS.get(command)
    named = {p.name: p for p in (*(known.fields if known else ()), *(known.parameters if known else ()))}
    lines: list[tuple[str, ...]] = [
        (
            words.parameter_word(named[name]) if name in named else name,
            _value(value, named[name].unit if name in named else ""),
        )
        for row in rows
        for name, value in row.items()
        if name != "kind"
    ]
    return gettext("返回的值"), (gettext("项目"), gettext("值")), lines


def _records(command: str, rows: Sequence[Mapping[str, Any]]) -> Made:
    lines: list[tuple[str, ...]] = [
        (
            _value(row.get("time")),
            factor_name(factor),
            _readings(values, factor_unit(factor)),
            gettext("补传") if row.get("supplement") else "",
        )
        for row in rows
        for factor, values in dict(row.get("factors") or {}).items()
    ]
    return gettext("数据"), (gettext("数据时间"), gettext("因子"), gettext("数值"), gettext("标记")), lines


def _readings(values: Any, unit: str) -> str:
    given = values.items() if isinstance(values, Mapping) else (("", values),)
    return "  ".join(
        f"{name} {text}" + (f"\N{NO-BREAK SPACE}{unit}" if unit and name not in UNITLESS else "")
        for name, text in given
    ).strip()


def _informations(command: str, rows: Sequence[Mapping[str, Any]]) -> Made:
    lines: list[tuple[str, ...]] = [
        (
            _value(row.get("time")),
            factor_name(str(row.get("factor") or "")),
            str(item.get("code", "")),
            _value(item.get("value")),
        )
        for row in rows
        for item in row.get("items") or ()
    ]
    return (
        gettext("仪器信息"),
        (gettext("数据时间"), gettext("因子"), gettext("信息编码"), gettext("值")),
        lines,
    )


def _checks(command: str, rows: Sequence[Mapping[str, Any]]) -> Made:
    verdicts = {True: gettext("通过"), False: gettext("不通过"), None: "—"}
    lines: list[tuple[str, ...]] = [
        (_value(row.get("time")), factor_name(str(row.get("factor") or "")), _value(row.get("measured"), factor_unit(str(row.get("factor") or ""))),
         _value(row.get("nominal"), factor_unit(str(row.get("factor") or ""))), verdicts.get(row.get("passed"), "—"))
        for row in rows
    ]  # fmt: skip
    heads = (gettext("数据时间"), gettext("因子"), gettext("测得值"), gettext("标准值"), gettext("结果"))
    return gettext("核查"), heads, lines


def _serials(command: str, rows: Sequence[Mapping[str, Any]]) -> Made:
    lines: list[tuple[str, ...]] = [
        (factor_name(str(row.get("factor") or "")), _value(row.get("serial"))) for row in rows
    ]
    return gettext("设备编号"), (gettext("因子"), gettext("编号")), lines


def _limits(command: str, rows: Sequence[Mapping[str, Any]]) -> Made:
    lines: list[tuple[str, ...]] = [
        (factor_name(str(row.get("factor") or "")), _value(row.get("low")), _value(row.get("high")))
        for row in rows
    ]
    return gettext("报警门限"), (gettext("因子"), gettext("下限"), gettext("上限")), lines


def _others(command: str, rows: Sequence[Mapping[str, Any]]) -> Made:
    lines: list[tuple[str, ...]] = [
        (str(name), _value(value)) for row in rows for name, value in row.items() if name != "kind"
    ]
    return gettext("返回的值"), (gettext("项目"), gettext("值")), lines


def _value(value: Any, unit: str = "") -> str:
    """A plain value; times, kept as ISO 8601, on the Beijing clock."""
    if value in (None, ""):
        return "—"
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    text = str(value)
    if "T" in text and text.endswith("+08:00"):
        try:
            return f"{beijing(datetime.fromisoformat(text)):%Y-%m-%d %H:%M:%S}"
        except ValueError:
            return text
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def asked(command: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was asked for, label and value; secrets stand hidden in the row already."""
    known = COMMANDS.get(command)
    named = {p.name: p for p in (known.parameters if known else ())}
    found = []
    for name, value in values.items():
        parameter = named.get(name)
        label = words.parameter_word(parameter) if parameter is not None else name
        text = (
            _several(value)
            if isinstance(value, list | tuple)
            else _value(value, parameter.unit if parameter else "")
        )
        if parameter is not None and parameter.choices:
            text = dict(words.choices_of(parameter)).get(str(value), text)
        found.append((label, text))
    return found


def _several(values: Sequence[Any]) -> str:
    return "; ".join(
        " ".join(map(str, one.values())) if isinstance(one, Mapping) else str(one) for one in values
    )


def title_of(command: str) -> str:
    found = COMMANDS.get(command)
    return command if found is None else found.title_en if get_language() == "en" else found.title_zh
