"""What the platform computes and judges of a record: drift, errors, bands. Never typed, never a reason to refuse.

A band is judged on the value with all its digits; what is kept and shown has at most six decimals.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from mingcha.apps.maintenance.forms.expressions import Expression, NoValue
from mingcha.apps.maintenance.forms.kinds import moment, number
from mingcha.apps.maintenance.forms.rules import Rule
from mingcha.apps.maintenance.forms.sheets import Field
from mingcha.core.rounding import round_to
from mingcha.core.verdicts import Result

Judgement = dict[str, Any]
JUDGED = ("band", "qualifies", "hours")
_STEP = Decimal("0.000001")


def judge_level(fields: Sequence[Field], clean: dict[str, Any], prefix: str) -> list[Judgement]:
    """Compute and judge one level, the form or a row; computed values are put into ``clean``."""
    found: list[Judgement] = []
    exact: dict[str, Decimal] = {}
    for field in fields:
        for rule in field.rules:
            if rule.expression is not None:
                found += _computed(field, rule.expression, clean, exact, prefix)
    for field in fields:
        for rule in field.rules:
            if rule.kind in JUDGED:
                found += _judged(field, rule, clean, exact, prefix)
    return found


def shown(value: Decimal) -> str:
    """At most six decimals, no exponent, no trailing zeros."""
    if value.adjusted() < 20:  # a larger one is no measured value; it keeps its digits
        value = round_to(value, _STEP)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _computed(
    field: Field, expression: Expression, clean: dict[str, Any], exact: dict[str, Decimal], prefix: str
) -> list[Judgement]:
    numbers = {name: found for name in expression.names if (found := number(clean.get(name))) is not None}
    value = expression.value(numbers)
    if isinstance(value, NoValue):
        untouched = value.missing and not numbers
        return (
            [] if untouched else [_judgement(field, prefix, Result.NOT_JUDGED.value, None, *_why_not(value))]
        )
    exact[field.key] = value
    clean[field.key] = shown(value)
    unit = f" {field.unit}" if field.unit else ""
    said = _judgement(
        field, prefix, "computed", clean[field.key],
        f"{field.label_zh} = {clean[field.key]}{unit}", f"{field.label_en} = {clean[field.key]}{unit}",
    )  # fmt: skip
    return [said | {"expression": expression.text}]


def _judged(
    field: Field, rule: Rule, clean: dict[str, Any], exact: Mapping[str, Decimal], prefix: str
) -> list[Judgement]:
    measured = _measured(field, rule, clean, exact)
    if measured is None:
        return []
    met = (rule.low is None or measured >= rule.low) and (rule.high is None or measured <= rule.high)
    if rule.kind == "qualifies":
        clean[field.key] = met
    band = f"{'' if rule.low is None else f'≥ {rule.low}, '}≤ {rule.high}"
    value = shown(measured)
    zh = f"{field.label_zh}：{value}，{'符合' if met else '不符合'}要求（{band}）"
    en = f"{field.label_en}: {value}, {'within' if met else 'outside'} what is asked ({band})"
    result = Result.MET if met else Result.EXCEEDED
    return [_judgement(field, prefix, result.value, value, zh, en)]


def _measured(
    field: Field, rule: Rule, clean: Mapping[str, Any], exact: Mapping[str, Decimal]
) -> Decimal | None:
    if rule.kind == "hours":
        ends, begins = moment(clean.get(field.key)), moment(clean.get(rule.other))
        return Decimal(int((ends - begins).total_seconds())) / 3600 if ends and begins else None
    key = rule.other if rule.kind == "qualifies" else field.key
    return exact.get(key, number(clean.get(key)))


def _why_not(value: NoValue) -> tuple[str, str]:
    if value.missing:
        return f"未计算：缺少 {'、'.join(value.missing)}", f"not computed: {', '.join(value.missing)} missing"
    why = value.impossible
    return (
        f"未计算：算不出（{why}），请核对量程等除数",
        f"not computed ({why}): check range and other divisors",
    )


def _judgement(field: Field, prefix: str, result: str, value: str | None, zh: str, en: str) -> Judgement:
    return {
        "field": prefix + field.key, "result": result, "value": value, "unit": field.unit or "",
        "message_zh": zh, "message_en": en, "rule": field.validation,
    }  # fmt: skip
