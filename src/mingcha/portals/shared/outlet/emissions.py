"""排放量: measured and substituted emissions of a year, quarter or month against the permit, with what stands in and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from mingcha.apps.registry.permits import permits_of
from mingcha.core.clock import beijing_day
from mingcha.core.facts import Medium
from mingcha.core.spans import Span
from mingcha.flow.compared import FieldCompared, compared
from mingcha.flow.emission_hours import Kind
from mingcha.flow.emissions import Emissions, FactorEmission, Run, Total, emissions
from mingcha.flow.furnace import FurnaceDay, furnace_days
from mingcha.flow.permits import YEAR, YEARS, Period
from mingcha.portals.shared import causes, stores, words
from mingcha.portals.shared.outlet.pages import Asked, link

RUNS_SHOWN = 100
COMPARED = timedelta(days=92)
KG_DIGITS, TONNE_DIGITS = 2, 4
KG_A_TONNE = 1000
WHATS = ("totals", "runs", "steps", "compared")  # files


@dataclass(frozen=True, slots=True)
class Row:
    """One factor in words. ``state``: a badge of kind ``amount``."""

    factor: str
    total: Total
    state: str
    permit: str
    whole_permit: str
    share: str
    forecast: str
    captured: tuple[str, ...]
    counted: str
    reasons: tuple[str, ...]
    year_text: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """A stretch that something stands in for, in words."""

    factor: str
    run: Run
    span: Span
    word: str
    kg: str
    total: str
    why: str


def context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """``year=2026`` with ``quarter=4`` or ``month=11`` of the address; without them the quarter that runs."""
    period = asked_period(request, beijing_day(found.now))
    made, span = made_of(found, period), period.span
    runs = [run for one in made.factors for run in run_rows(one, made.medium)]
    runs.sort(key=lambda row: row.run.start, reverse=True)
    beside = compared_span(span, found.now)
    shown = compared(stores.telemetry(), found.facts, beside)
    return {
        "emissions": {
            "made": made, "rows": [row_of(one, made.medium) for one in made.factors], "picker": picker(found, period),
            "runs": runs[:RUNS_SHOWN], "more": len(runs) - RUNS_SHOWN if len(runs) > RUNS_SHOWN else 0,
            "beside": beside,
            "compared": [(one, words.field_name(one.field), unit_of(one)) for one in shown], "furnace": _furnace(found, span), "gas": made.medium is Medium.GAS,
            "computed": made.until > period.whole_year.span.start, "files": files(found, period, namespace),
            "parameters": [(value, plain(value.value), words.unit_text(value.unit)) for value in made.parameters],
        }
    }  # fmt: skip


def compared_span(span: Span, now: datetime) -> Span:
    """The last quarter of a year of ``span`` so far: what a page compares at once; files hold all of it."""
    end = max(span.start, min(span.end, now))
    return Span(max(span.start, end - COMPARED), end)


def asked_period(request: HttpRequest, today: date) -> Period:
    """The period of the address; what is none is the quarter of ``today``."""
    usual = Period(today.year, f"q{(today.month + 2) // 3}")
    year = _number(request.GET.get("year", ""))
    if year not in YEARS:
        return usual
    quarter, month = _number(request.GET.get("quarter", "")), _number(request.GET.get("month", ""))
    if 1 <= quarter <= 4:
        return Period(year, f"q{quarter}")
    return Period(year, f"m{month:02d}" if 1 <= month <= 12 else YEAR)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def made_of(found: Asked, period: Period) -> Emissions:
    permits = permits_of(found.outlet, period.year)
    return emissions(stores.telemetry(), found.facts, period, now=found.now, permits=permits)


def _base(found: Asked) -> str:
    return found.query.address(part="emissions")


def _part(period: Period) -> str:
    """The period as the address holds it."""
    name = {"q": "quarter", "m": "month"}.get(period.name[0])
    return f"year={period.year}" + (f"&{name}={int(period.name[1:])}" if name else "")


def picker(found: Asked, period: Period) -> dict[str, Any]:
    """Links to the year before and after, to its quarters and months; those that have not begun are left out."""
    today, base = beijing_day(found.now), _base(found)
    names = [YEAR, *(f"q{n}" for n in range(1, 5)), *(f"m{n:02d}" for n in range(1, 13))]
    links = [
        (period_word(other), f"{base}&{_part(other)}", other == period)
        for other in (Period(period.year, name) for name in names)
        if other.first <= today
    ]
    return {
        "word": f"{period.year} {period_word(period)}", "year": period.year, "links": links,
        "before": f"{base}&{_part(Period(period.year - 1, period.name))}" if period.year - 1 in YEARS else "",
        "after": f"{base}&{_part(Period(period.year + 1, period.name))}"
        if period.year + 1 in YEARS and Period(period.year + 1, period.name).first <= today else "",
    }  # fmt: skip


def period_word(period: Period) -> str:
    if period.name == YEAR:
        return gettext("全年")
    number = int(period.name[1:])
    return (
        gettext("第 %(n)d 季度") % {"n": number}
        if period.name[0] == "q"
        else gettext("%(n)d 月") % {"n": number}
    )


# --- rows -----------------------------------------------------------------------------------------------


def row_of(one: FactorEmission, medium: Medium) -> Row:
    total = one.total
    months = {(total.period.first.month + n + 2) // 3 for n in range((total.period.days + 27) // 31)}
    captures = [
        gettext("第 %(n)d 季度 %(rate)s") % {"n": quarter, "rate": rate_word(held.rate, held.running - held.invalid, held.running)}
        for (_, quarter), held in sorted(one.captures.items())
        if quarter in months
    ]  # fmt: skip
    if medium is Medium.WATER:
        captures = [words.rate_text(one.valid, one.due)]
    return Row(
        one.factor, total, state_of(total), "" if total.permit is None else plain(total.permit.tonnes),
        "" if total.whole_permit is None else plain(total.whole_permit.tonnes), share_word(total), forecast_word(total), tuple(captures),
        counted_word(total, medium), tuple(reason_word(reason) for reason in notes(one)), year_word(one.year),
    )  # fmt: skip


def rate_word(rate: Any, part: int, whole: int) -> str:
    return "—" if rate is None else f"{rate}%({part}/{whole})"


def state_of(total: Total) -> str:
    """The badge: over the amount, or expected to be, or under it; none without an amount."""
    if total.exceeded is None:
        return "none"
    if total.exceeded:
        return "over"
    ahead, amount = total.forecast, total.permit
    if ahead is None or ahead.high is None or amount is None:
        return "under"
    return "expected" if ahead.high > float(amount.tonnes) * KG_A_TONNE else "under"


def share_word(total: Total) -> str:
    return "" if total.used is None else gettext("已用 %(share).1f%%") % {"share": total.used * 100}


def forecast_word(total: Total) -> str:
    """``12.0–14.5 t``; "" where there is nothing to forecast from or the period is over."""
    ahead = total.forecast
    if ahead is None or ahead.low is None or ahead.high is None or not ahead.days_left:
        return ""
    return f"{tonnes(ahead.low)}–{tonnes(ahead.high)} t"


def year_word(total: Total) -> str:
    """The year so far beside its amount."""
    said = gettext("%(kg)s t") % {"kg": tonnes(total.total_kg)}
    if total.permit is None or total.used is None:
        return said
    amount = plain(total.permit.tonnes)
    return gettext("%(said)s，许可 %(amount)s t，已用 %(share).1f%%") % {"said": said, "amount": amount, "share": total.used * 100}  # fmt: skip


def counted_word(total: Total, medium: Medium) -> str:
    counts = {"due": total.due, "own": total.steps[Kind.MEASURED], "put": total.steps[Kind.SUBSTITUTED],
              "left": total.missing - total.steps[Kind.SUBSTITUTED]}  # fmt: skip
    if medium is Medium.GAS:
        return gettext("运行 %(due)d 时：实测 %(own)d，修约 %(put)d，无值 %(left)d") % counts
    return gettext("排放 %(due)d 日：实测 %(own)d，替代 %(put)d，无值 %(left)d") % counts


def notes(one: FactorEmission) -> Iterator[str]:
    """Why the total cannot support accounting, then what else is to be known of it."""
    yield from one.total.reasons
    if any(run.short_history and run.kg is not None for run in one.runs):
        yield "short_history"
    if any(not run.anchored for run in one.runs):
        yield "uncalibrated"
    if one.part_volume:
        yield "part_volume"
    if one.total.steps[Kind.NO_MEAN]:
        yield "no_mean"


def reason_word(reason: str) -> str:
    return {
        "no_flow": gettext("没有流量，算不出排放量"),
        "missing_too_much": gettext("缺失超过规定的份额，不能用于核算"),
        "nothing_computed": gettext("还没有算出的数据"),
        "no_substitution": gettext("捕集率低于规定下限，标准没有规定修约值"),
        "no_history": gettext("之前没有有效值可回溯"),
        "no_rule": gettext("缺失时段没有可用的修约规则"),
        "short_history": gettext("回溯的有效数据不足规定数，已用全部"),
        "uncalibrated": gettext("没有校准或核查记录，以前的全部有效值都计入回溯"),
        "part_volume": gettext("有的日流量缺小时，水量偏小"),
        "no_mean": gettext("启停炉、焖炉的小时没有均值，不计入"),
    }.get(reason, reason)  # fmt: skip


def run_rows(one: FactorEmission, medium: Medium) -> list[RunRow]:
    step = "kg/h" if medium is Medium.GAS else "kg/d"
    return [
        RunRow(
            one.factor, run, Span(run.start, run.end), gettext("有替代值") if run.kg is not None else reason_word(run.status.value),
            "—" if run.kg is None else f"{kilograms(run.kg)} {step}",
            "—" if run.total_kg is None else f"{kilograms(run.total_kg)} kg", basis_word(run),
        )
        for run in one.runs
    ]  # fmt: skip


def basis_word(run: Run) -> str:
    """Why this value: the table or rule, how far it looked back and what it found."""
    counts = {
        "n": run.look_back,
        "found": run.found,
        "cause": causes.cause_word(run.cause) if run.cause else "",
    }
    if run.basis == "manual":
        return gettext("手工监测数据（R-356-8）")
    if run.run_hours is None:
        return gettext("前 %(n)d 个有效日排放量最大值，找到 %(found)d 个（R-356-8）") % counts
    counts["run"], counts["table"] = run.run_hours, run.basis.removeprefix("table_")
    if not run.look_back:
        return gettext("%(cause)s，连续 %(run)d 时；捕集率低于规定，无修约值（R-75-12.3）") % counts
    return (
        gettext(
            "%(cause)s，连续 %(run)d 时；表 %(table)s，前 %(n)d 个有效小时最大值，找到 %(found)d 个（R-75-12.3）"
        )
        % counts
    )


def plain(number: Decimal) -> str:
    """Every digit, no exponent, no zeros that a table added."""
    return f"{number.normalize():f}"


def kilograms(value: float) -> str:
    return words.number_text(value, KG_DIGITS)


def tonnes(kg: float) -> str:
    return words.number_text(kg / KG_A_TONNE, TONNE_DIGITS)


def _furnace(found: Asked, span: Span) -> dict[str, Any] | None:
    """The days of a furnace; None for an outlet that sends no such temperatures."""
    until = Span(span.start, max(span.start, min(span.end, found.now)))
    days = furnace_days(stores.telemetry(), found.facts, until)
    if not days:
        return None
    law = days[-1].law
    return {
        "days": [(day, furnace_state(day)) for day in days if day.counts.low or day.counts.missing],
        "count": len(days), "low": sum(day.counts.low for day in days), "line": f"{law.line_c:g}", "most": law.max_low_windows,
    }  # fmt: skip


def furnace_state(day: FurnaceDay) -> str:
    return "open" if day.over is None else "over" if day.over else "under"


def unit_of(one: FieldCompared) -> str:
    return words.field_unit(one.factor, one.field)


def files(found: Asked, period: Period, namespace: str) -> dict[str, str]:
    outlet = found.outlet
    address = link(namespace, "outlet_emissions", outlet.discharger.uscc, outlet.code) + f"?{_part(period)}"
    return {
        f"{what}_{form}": f"{address}&what={what}&form={form}" for what in WHATS for form in ("csv", "xlsx")
    }
