"""The hourly mean of a gas factor against the outlet's limit: R-75-C.6, R-EX-2, R-EX-4, R-EX-5."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mingcha.core.facts import Limit
from mingcha.core.rounding import round_to
from mingcha.core.verdicts import Level, Result
from mingcha.rules.engine.declare import Input, Outcome, Said, rule
from mingcha.rules.engine.law import Law

# Hour codes of HJ 75 appendix H that leave an hour unjudged (R-EX-4), by the reason they give.
WHY_NOT = {
    "F": "stopped",
    "St": "start_stop",
    "Sd": "start_stop",
    "B": "start_stop",
    "C": "equipment_marked",
    "M": "equipment_marked",
    "D": "equipment_marked",
    "T": "over_range",
    "Md": "no_data",
}

INPUTS = (
    Input("factor", "text", "code of the factor, HJ 212"),
    Input("start", "time", "start of the hour"),
    Input("unit", "text", "unit of mean and converted value"),
    Input("code", "text", "code of the hour, HJ 75 appendix H"),
    Input("valid_minutes", "integer", "valid minutes of the hour"),
    Input("mean", "number", "measured hourly mean, dry standard state", required=False),
    Input("converted", "number", "hourly mean at reference oxygen, R-75-C.6", required=False),
    Input("limit", "limit", "the outlet's hourly limit in force", required=False),
)

OUTCOMES = (
    Outcome("met", Result.MET, None, "达标：{shown} {unit}，限值 {limit} {unit}", "Met: {shown} {unit}, limit {limit} {unit}"),
    Outcome(
        "near_limit", Result.MET, Level.NOTICE,
        "达标，接近限值：{shown} {unit}，达到限值 {limit} {unit} 的 {near_share} 倍以上",
        "Met, near the limit: {shown} {unit} is at least {near_share} of the limit {limit} {unit}",
    ),
    Outcome(
        "exceeded", Result.EXCEEDED, Level.GENERAL,
        "小时均值超标：{shown} {unit}，限值 {limit} {unit}，超标倍数 {multiple}",
        "Hourly mean exceeds: {shown} {unit}, limit {limit} {unit}, multiple {multiple}",
    ),
    Outcome(
        "far_exceeded", Result.EXCEEDED, Level.URGENT,
        "小时均值严重超标：{shown} {unit}，超过限值 {limit} {unit} 的 {urgent_multiple} 倍，超标倍数 {multiple}",
        "Hourly mean far exceeds: {shown} {unit} is over {urgent_multiple} × the limit {limit} {unit}, multiple {multiple}",
    ),
    Outcome("no_limit", Result.NOT_JUDGED, None, "未判定：该排放口该因子没有小时限值", "Not judged: the outlet has no hourly limit for this factor"),
    Outcome(
        "limit_not_in_force", Result.NOT_JUDGED, None,
        "未判定：限值 {document} {clause} 在 {day} 不在有效期内",
        "Not judged: the limit of {document} {clause} is not in force on {day}",
    ),
    Outcome(
        "other_averaging", Result.NOT_JUDGED, None,
        "未判定：限值按 {averaging} 平均，不用于小时均值",
        "Not judged: the limit is averaged by {averaging}, not by hour",
    ),
    Outcome(
        "other_unit", Result.NOT_JUDGED, None,
        "未判定：数据单位 {unit} 与限值单位 {limit_unit} 不一致",
        "Not judged: the value is in {unit}, the limit in {limit_unit}",
    ),
    Outcome("stopped", Result.NOT_JUDGED, None, "未判定：停运小时（{code}）", "Not judged: source stopped ({code})"),
    Outcome("start_stop", Result.NOT_JUDGED, None, "未判定：启炉、停炉或闷炉小时（{code}）", "Not judged: start-up, shut-down or banked fire ({code})"),
    Outcome("equipment_marked", Result.NOT_JUDGED, None, "未判定：校准、维护或故障小时（{code}）", "Not judged: calibration, maintenance or fault ({code})"),
    Outcome("over_range", Result.NOT_JUDGED, None, "未判定：超量程小时（{code}），另行核查", "Not judged: over range ({code}), to be checked on its own"),
    Outcome("no_data", Result.NOT_JUDGED, None, "未判定：小时数据无效或缺失（{code}）", "Not judged: hour invalid or missing ({code})"),
    Outcome("unknown_code", Result.NOT_JUDGED, None, "未判定：小时标记 {code} 不属于 HJ 75 附录 H", "Not judged: hour code {code} is not one of HJ 75 appendix H"),
    Outcome(
        "too_few_minutes", Result.NOT_JUDGED, None,
        "未判定：有效分钟 {valid_minutes}，少于 {min_valid_minutes}",
        "Not judged: {valid_minutes} valid minutes, fewer than {min_valid_minutes}",
    ),
    Outcome("no_value", Result.NOT_JUDGED, None, "未判定：没有小时均值", "Not judged: there is no hourly mean"),
    Outcome(
        "not_convertible", Result.NOT_JUDGED, None,
        "未判定：无法折算到基准含氧量 {reference_o2}%（含氧量缺失或不可用）",
        "Not judged: not convertible to {reference_o2} % reference oxygen (oxygen missing or unusable)",
    ),
)  # fmt: skip


@rule(
    id="hj75.hour_limit",
    title_zh="烟气小时均值与限值",
    title_en="Hourly mean of flue gas against the limit",
    cite="HJ 75-2017 附录C.6",
    clause="R-75-C.6",
    subject="gas_hour",
    inputs=INPUTS,
    params=("min_valid_minutes", "near_limit_share", "urgent_multiple"),
    outcomes=OUTCOMES,
)
def hour_limit(given: Mapping[str, Any], law: Law) -> Said:
    """The hourly mean, converted where the limit has a reference oxygen, is at most the limit.

    Compared in full digits (GB/T 8170-2008): the limit itself is met. Three exceeding hours in a row
    are one graver matter; that is decided where hours are merged.
    """
    return _limit_unfit(given, law) or _hour_unfit(given, law) or _compared(given, law)


def _limit_unfit(given: Mapping[str, Any], law: Law) -> Said | None:
    limit: Limit | None = given["limit"]
    if limit is None:
        return Said("no_limit")
    if not limit.holds_on(law.day):
        return Said(
            "limit_not_in_force", {"document": limit.document, "clause": limit.clause, "day": law.day}
        )
    if limit.averaging != "hour":
        return Said("other_averaging", {"averaging": limit.averaging})
    if limit.unit != given["unit"]:
        return Said("other_unit", {"unit": given["unit"], "limit_unit": limit.unit})
    return None


def _hour_unfit(given: Mapping[str, Any], law: Law) -> Said | None:
    code, minutes = given["code"], given["valid_minutes"]
    if code != "N":
        return Said(WHY_NOT.get(code, "unknown_code"), {"code": code}, (f"hour code {code}: R-EX-4",))
    if minutes < law["min_valid_minutes"]:
        return Said(
            "too_few_minutes", {"valid_minutes": minutes, "min_valid_minutes": law["min_valid_minutes"]}
        )
    if given["mean"] is None:
        return Said("no_value")
    if given["limit"].reference_o2 is not None and given["converted"] is None:
        return Said("not_convertible", {"reference_o2": given["limit"].reference_o2})
    return None


def _compared(given: Mapping[str, Any], law: Law) -> Said:
    limit: Limit = given["limit"]
    converted = limit.reference_o2 is not None
    value: Decimal = given["converted"] if converted else given["mean"]
    near, urgent = law["near_limit_share"], law["urgent_multiple"]
    values = {
        "value": value,
        "shown": _shown(value, limit.value),
        "unit": limit.unit,
        "limit": limit.value,
        "converted": converted,
        "near_share": near,
        "urgent_multiple": urgent,
        "multiple": None,
    }
    basis = f"at {limit.reference_o2} % oxygen" if converted else "as measured: no reference oxygen is set"
    steps = (
        f"hour code N with {given['valid_minutes']} valid minutes, {law['min_valid_minutes']} needed",
        f"value {value} {limit.unit} {basis}",
        f"limit {limit.value} {limit.unit}: {limit.document} {limit.clause}, since {limit.valid_from}",
    )
    if value > limit.value:
        values["multiple"] = Decimal(f"{value / limit.value - 1:.3g}")
        code = "far_exceeded" if value > urgent * limit.value else "exceeded"
        return Said(code, values, (*steps, f"{value} > {limit.value}"))
    code = "near_limit" if value >= near * limit.value else "met"
    return Said(code, values, (*steps, f"{value} <= {limit.value}"))


def _shown(value: Decimal, limit: Decimal) -> Decimal:
    """``value`` for a sentence: two decimals where they tell the same, full digits where they would not."""
    short = round_to(value, Decimal("0.01"))
    return short if (short > limit) == (value > limit) and short != value else value
