"""What is published of one outlet, built from values (WF-14 P3). No person, price or position is in it.

The content is JSON: numbers as decimal text with their unit beside them, moments in Beijing time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from mingcha.apps.registry.models import Outlet
from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.clock import beijing, beijing_day, hour_start
from mingcha.core.errors import BadInput
from mingcha.core.facts import Limit
from mingcha.core.rounding import exact
from mingcha.core.spans import Span
from mingcha.protocol.hj212.factors import lookup

FORMAT = 1
HOURS = 24
# HJ 75-2017 appendix H: what a code says of the hour, and why it is not judged.
CODE_WORDS = {
    HourCode.NORMAL: ("正常", "normal"),
    HourCode.STOPPED: ("停运", "source stopped"),
    HourCode.START: ("启炉", "start-up"),
    HourCode.SHUTDOWN: ("停炉", "shut-down"),
    HourCode.BANKED: ("闷炉", "banked fire"),
    HourCode.CALIBRATION: ("校准", "calibration"),
    HourCode.MAINTENANCE: ("维护", "maintenance"),
    HourCode.FAULT: ("故障", "fault"),
    HourCode.OVER_RANGE: ("超量程", "over range"),
    HourCode.NO_DATA: ("无数据", "no data"),
}


@dataclass(frozen=True, slots=True)
class PublicFactor:
    """How a factor is shown: its names and unit."""

    code: str
    name_zh: str
    name_en: str
    unit: str


@dataclass(frozen=True, slots=True)
class PublicMark:
    """A mark of the discharger over a span of one factor, or of all ("")."""

    factor: str
    span: Span
    zh: str
    en: str
    late: bool = False


def content_for(
    outlet: Outlet,
    hours: Sequence[HourValue],
    limits: Iterable[Limit],
    marks: Iterable[PublicMark],
    versions: Mapping[tuple[str, datetime], int],
    at: datetime,
    *,
    units: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The page of one outlet: its last 24 full hours for each factor that has a limit or a value.

    ``versions``: how often the value of (factor, hour) was computed; 1 or missing means never revised. ``units``: of
    the values by factor, as registered; else those of the limit or of the table of factors.

    Raises:
        BadInput: an hour is another outlet's, or two hours of a factor begin at the same moment.
    """
    last = hour_start(at)
    span = Span(last - timedelta(hours=HOURS), last)
    held = _by_place(outlet, [hour for hour in hours if hour.start in span])
    known_limits, known_marks = list(limits), list(marks)
    shown = {hour.factor for hour in hours} | {limit.factor for limit in known_limits}
    factors = [_public(code, known_limits, units or {}) for code in sorted(shown)]
    return {
        "format": FORMAT,
        "outlet": {"uscc": outlet.discharger.uscc, "discharger": outlet.discharger.name, "code": outlet.code, "name": outlet.name},
        "from": _time(span.start),
        "to": _time(span.end),
        "factors": [
            _factor(factor, span, held, known_limits, known_marks, versions)
            for factor in factors
        ],
    }  # fmt: skip


def _public(code: str, limits: list[Limit], units: Mapping[str, str]) -> PublicFactor:
    """How a factor is called; a code nobody knows is shown as it is."""
    known = lookup(code)
    limit = next((lim for lim in limits if lim.factor == code), None)
    unit = units.get(code) or (limit.unit if limit else "") or (known.unit if known else "")
    return PublicFactor(code, known.name_zh if known else code, known.name_en if known else code, unit)


def _by_place(outlet: Outlet, hours: Iterable[HourValue]) -> dict[tuple[str, datetime], HourValue]:
    held: dict[tuple[str, datetime], HourValue] = {}
    for hour in hours:
        if hour.outlet != outlet.key:
            raise BadInput(
                {"hours": f"an hour of {hour.outlet} was handed in for {outlet.key}; hand in this outlet's"}
            )
        if (hour.factor, hour.start) in held:
            raise BadInput(
                {"hours": f"{hour.factor} has two values at {hour.start}; hand in the current one"}
            )
        held[hour.factor, hour.start] = hour
    return held


def _factor(
    factor: PublicFactor,
    span: Span,
    held: dict[tuple[str, datetime], HourValue],
    limits: list[Limit],
    marks: list[PublicMark],
    versions: Mapping[tuple[str, datetime], int],
) -> dict[str, Any]:
    rows = []
    for start in span.steps(timedelta(hours=1)):
        limit = _limit(limits, factor.code, start)
        marked = [
            m
            for m in marks
            if m.factor in ("", factor.code) and m.span.overlaps(Span(start, start + timedelta(hours=1)))
        ]
        rows.append(
            _hour(start, held.get((factor.code, start)), limit, marked, versions.get((factor.code, start), 1))
        )
    now = _limit(limits, factor.code, span.end - timedelta(hours=1))
    return {
        "code": factor.code,
        "name_zh": factor.name_zh,
        "name_en": factor.name_en,
        "unit": factor.unit,
        "limit": None if now is None else _limit_words(now),
        "hours": rows,
        "revised": sum(1 for row in rows if row["revisions"]),
    }


def _hour(
    start: datetime, hour: HourValue | None, limit: Limit | None, marks: list[PublicMark], versions: int
) -> dict[str, Any]:
    code = HourCode.NO_DATA if hour is None else hour.code
    shown = None if hour is None else judged_value(hour, limit)
    verdict, verdict_zh, verdict_en = verdict_words(code, shown, limit)
    return {
        "start": _time(start),
        "code": code.value,
        "code_zh": CODE_WORDS[code][0],
        "code_en": CODE_WORDS[code][1],
        "value": None if shown is None else _text(shown),
        "converted": bool(hour and limit and limit.reference_o2 is not None),
        "verdict": verdict,
        "verdict_zh": verdict_zh,
        "verdict_en": verdict_en,
        "marks_zh": [mark.zh + ("（逾期标记）" if mark.late else "") for mark in marks],
        "marks_en": [mark.en + (" (late)" if mark.late else "") for mark in marks],
        "revisions": max(0, versions - 1),
    }


def judged_value(hour: HourValue, limit: Limit | None) -> Decimal | None:
    """The value compared with the limit: converted where the limit names a reference oxygen (R-75-C.6)."""
    value = hour.converted if limit is not None and limit.reference_o2 is not None else hour.mean
    return None if value is None or not hour.valid else exact(value)


def verdict_words(code: HourCode, value: Decimal | None, limit: Limit | None) -> tuple[str, str, str]:
    """The verdict of an hour and its words in Chinese and English.

    Three answers where an hourly limit is in force; missing data are never a pass. ``no_limit`` where none is:
    there is nothing to judge by the hour. The whole value is compared (GB/T 8170 §4.3).
    """
    if limit is None:
        return "no_limit", "无小时限值", "no hourly limit"
    if code is not HourCode.NORMAL:
        return "not_judged", f"未判定（因{CODE_WORDS[code][0]}）", f"not judged ({CODE_WORDS[code][1]})"
    if value is None:
        why = (
            ("无折算值", "no converted value")
            if limit.reference_o2 is not None
            else ("无有效值", "no valid value")
        )
        return "not_judged", f"未判定（因{why[0]}）", f"not judged ({why[1]})"
    return ("met", "达标", "met") if value <= limit.value else ("exceeded", "超标", "exceeded")


def _limit(limits: list[Limit], factor: str, start: datetime) -> Limit | None:
    day = beijing_day(start)
    held = [lim for lim in limits if lim.factor == factor and lim.averaging == "hour" and lim.holds_on(day)]
    return min(held, key=lambda lim: lim.value, default=None)


def _limit_words(limit: Limit) -> dict[str, Any]:
    return {
        "value": _text(limit.value),
        "unit": limit.unit,
        "cite": f"{limit.document} {limit.clause}".strip(),
        "sureness": limit.sureness.value,
        "reference_o2": None if limit.reference_o2 is None else _text(limit.reference_o2),
    }


def _text(value: Decimal) -> str:
    """Decimal text without exponent; measured values with at most four decimals."""
    if value != value.to_integral_value():
        value = round(value, 4)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(moment: datetime) -> str:
    return beijing(moment).isoformat(timespec="minutes")
