"""Check, compute and judge the values of one record.

Three answers, kept apart: a *problem* is a slip of the pen and keeps the record from being submitted; a
*judgement* (drift, error, band) is a fact of the instrument and never refuses anything; the clean values are
what is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from mingcha.apps.maintenance.forms.judging import judge_level
from mingcha.apps.maintenance.forms.kinds import Refused, is_empty, moment, number, read
from mingcha.apps.maintenance.forms.rules import Rule
from mingcha.apps.maintenance.forms.sheets import Field, Form
from mingcha.apps.maintenance.words import say

ROWS_MAX = 200  # of one table


@dataclass
class Checked:
    """Unpacks as ``values, problems, judgements``.

    ``problems``: by field; in a table by ``table.row.column``, rows from 0. ``judgements``: JSON-able, in order.
    """

    values: dict[str, Any] = dataclass_field(default_factory=dict)
    problems: dict[str, str] = dataclass_field(default_factory=dict)
    judgements: list[dict[str, Any]] = dataclass_field(default_factory=list)

    def __iter__(self) -> Any:
        return iter((self.values, self.problems, self.judgements))


def form_check(
    form: Form, values: Mapping[str, Any], *, partial: bool = False, at: datetime | None = None
) -> Checked:
    """Check ``values`` against ``form``; a ``partial`` draft may lack anything.

    Names the form does not know are refused, so that a record of another form or version is never kept as this
    one. ``at``: the moment against which "not in the future" is judged.
    """
    checked = Checked()
    known = {field.key for field in form.fields}
    for key in values:
        if key not in known:
            checked.problems[str(key)[:64]] = say(
                f"表单没有“{str(key)[:64]}”这一项。应使用当前版本的表单。请刷新后重新填写。",
                f"The form has no field “{str(key)[:64]}”. Use its present version. Reload and fill it in again.",
            )
    _level(checked, form.fields, values, "", partial=partial, at=at)
    return checked


def _level(
    checked: Checked,
    fields: tuple[Field, ...],
    given: Mapping[str, Any],
    prefix: str,
    *,
    partial: bool,
    at: datetime | None,
) -> dict[str, Any]:
    """Check one level: the form itself, or one row of a table (``prefix`` ``rows.0.``)."""
    clean: dict[str, Any] = {} if prefix else checked.values
    for field in fields:
        value = given.get(field.key)
        if is_empty(value) or any(rule.kind in ("computed", "qualifies") for rule in field.rules):
            continue
        if field.type == "table":
            clean[field.key] = _rows(checked, field, value, partial=partial, at=at)
            continue
        try:
            clean[field.key] = read(field, value)
        except Refused as refusal:
            checked.problems[prefix + field.key] = str(refusal)
    checked.judgements += judge_level(fields, clean, prefix)
    for field in fields:
        if prefix + field.key not in checked.problems:
            problem = _problem(field, fields, clean, partial=partial, at=at)
            if problem:
                checked.problems[prefix + field.key] = problem
    return clean


def _rows(
    checked: Checked, field: Field, value: Any, *, partial: bool, at: datetime | None
) -> list[dict[str, Any]]:
    rows = [row for row in value if not _blank(row)] if isinstance(value, list) else None
    if rows is None or not all(isinstance(row, Mapping) for row in rows):
        checked.problems[field.key] = say(
            "不是表格。应逐行填写。请重新填写。", "No table. Expected rows. Fill it in again."
        )
        return []
    if len(rows) > ROWS_MAX:
        checked.problems[field.key] = say(
            f"共 {len(rows)} 行。应不超过 {ROWS_MAX} 行。请分成几张记录表。",
            f"{len(rows)} rows. At most {ROWS_MAX} are kept. Use several records.",
        )
        return []
    for index, row in enumerate(rows):
        unknown = set(row) - {column.key for column in field.columns}
        if unknown:
            checked.problems[f"{field.key}.{index}"] = say(
                f"本行有表单没有的列：{'、'.join(sorted(map(str, unknown)))[:80]}。请刷新后重新填写。",
                f"The row has unknown columns: {', '.join(sorted(map(str, unknown)))[:80]}. Reload and fill it in again.",
            )
    return [
        _level(checked, field.columns, row, f"{field.key}.{index}.", partial=partial, at=at)
        for index, row in enumerate(rows)
    ]


def _blank(row: Any) -> bool:
    return isinstance(row, Mapping) and all(is_empty(value) for value in row.values())


def _problem(
    field: Field, fields: tuple[Field, ...], clean: dict[str, Any], *, partial: bool, at: datetime | None
) -> str:
    """What keeps the value from being accepted, or ""."""
    value = clean.get(field.key)
    if is_empty(value):
        return "" if partial or not _needed(field, fields, clean) else _is_missing(field)
    for rule in field.rules:
        problem = _broken(field, rule, fields, clean, partial=partial, at=at)
        if problem:
            return problem
    return ""


def _needed(field: Field, fields: tuple[Field, ...], clean: dict[str, Any]) -> bool:
    for rule in field.rules:
        if rule.kind == "required_when" and clean.get(rule.other) == rule.word:
            return True
        if rule.kind == "required_when_any" and any(
            clean.get(f.key) == rule.word for f in fields if f.type == "choice"
        ):
            return True
    return field.required and not field.given


def _is_missing(field: Field) -> str:
    verb_zh, verb_en = (
        ("选择", "Choose") if field.type in ("choice", "multi_choice", "boolean") else ("填写", "Fill in")
    )
    return say(
        f"“{field.label_zh}”未填。此项必填。请{verb_zh}{field.label_zh}。",
        f"“{field.label_en}” is empty. It is required. {verb_en} {field.label_en}.",
    )


def _broken(
    field: Field,
    rule: Rule,
    fields: tuple[Field, ...],
    clean: dict[str, Any],
    *,
    partial: bool,
    at: datetime | None,
) -> str:
    value = clean[field.key]
    match rule.kind:
        case "after":
            return _order(field, rule, fields, clean)
        case "more" | "range":
            return _outside(rule, number(value))
        case "count" if isinstance(value, list):
            return _count(rule, len(value), partial=partial)
        case "letters":
            return _letters(rule, len(str(value)), partial=partial)
        case "not_future":
            return _future(value, at)
    return ""


def _order(field: Field, rule: Rule, fields: tuple[Field, ...], clean: dict[str, Any]) -> str:
    mine, other = clean[field.key], clean.get(rule.other)
    pair: tuple[Any, Any] = (
        (moment(mine), moment(other)) if field.type in ("date", "datetime") else (number(mine), number(other))
    )
    if pair[0] is None or pair[1] is None or pair[0] > pair[1] or (rule.word == ">=" and pair[0] == pair[1]):
        return ""
    beside = next(f for f in fields if f.key == rule.other)
    if field.type not in ("date", "datetime"):
        return say(
            f"{field.label_zh} {mine} 不大于{beside.label_zh} {other}。{field.label_zh}应更大。请核对两个数。",
            f"{field.label_en} {mine} is not above {beside.label_en} {other}. It must be. Check both.",
        )
    return say(
        f"{field.label_zh} {_shown(mine)} 早于或等于{beside.label_zh} {_shown(other)}。{field.label_zh}应更晚。请改{field.label_zh}。",
        f"{field.label_en} {_shown(mine)} is not after {beside.label_en} {_shown(other)}. It must be later. Correct it.",
    )


def _shown(value: Any) -> str:
    return str(value)[:16].replace("T", " ")


def _outside(rule: Rule, value: Decimal | None) -> str:
    if value is None:
        return ""
    if rule.kind == "more":
        return "" if value > (rule.low or 0) else say(
            f"填写的是 {value}。应大于 {rule.low}。请核对。", f"Found {value}. It must be above {rule.low}. Check it."
        )  # fmt: skip
    if rule.low is None or rule.high is None or rule.low <= value <= rule.high:
        return ""
    return say(
        f"填写的是 {value}。应在 {rule.low} 至 {rule.high} 之间。请核对。",
        f"Found {value}. It must lie between {rule.low} and {rule.high}. Check it.",
    )


def _count(rule: Rule, found: int, *, partial: bool) -> str:
    if rule.low is not None and found < rule.low and not partial:
        return say(
            f"现有 {found} 项。应至少 {rule.low} 项。请补充。",
            f"{found} given. At least {rule.low} are needed. Add more.",
        )
    if rule.high is not None and found > rule.high:
        return say(
            f"现有 {found} 项。应不超过 {rule.high} 项。请减少。",
            f"{found} given. At most {rule.high} are kept. Remove some.",
        )
    return ""


def _letters(rule: Rule, found: int, *, partial: bool) -> str:
    if rule.low is not None and found < rule.low and not partial:
        return say(
            f"已填 {found} 字。应至少 {rule.low} 字。请写得更具体。",
            f"{found} characters. At least {rule.low} are needed. Say more.",
        )
    if rule.high is not None and found > rule.high:
        return say(
            f"已填 {found} 字。应不超过 {rule.high} 字。请缩短。",
            f"{found} characters. At most {rule.high} are kept. Shorten it.",
        )
    return ""


def _future(value: Any, at: datetime | None) -> str:
    found = moment(value)
    if at is None or found is None or found <= at + timedelta(minutes=5):
        return ""
    return say(
        f"填写的是 {_shown(value)}，晚于现在。应不晚于现在。请改时间。",
        f"Found {_shown(value)}, which is later than now. It must not be. Correct the time.",
    )
