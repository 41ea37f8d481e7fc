"""Emissions of an outlet in a year, quarter or month: measured, substituted, permitted, forecast."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import viewer
from mingcha.api.shapes import Moment, Year, answers, exact
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking import facts as marked
from mingcha.apps.registry import selectors as registry
from mingcha.apps.registry.permits import permits_of
from mingcha.core.clock import beijing_day, now
from mingcha.core.errors import BadInput
from mingcha.flow.emissions import FactorEmission, Run, Total
from mingcha.flow.emissions import emissions as emissions_of
from mingcha.flow.permits import YEAR, Period

router = Router()


class ForecastOut(Schema):
    """kg expected at the end of the period: by the mean of the recent days and by that of the year so far."""

    low_kg: float | None
    high_kg: float | None
    days_left: int
    missing_days: int


class TotalOut(Schema):
    """``steps``: hours (gas) or days (water) by what they are. ``permitted_t``: of this outlet; ``discharger_permitted_t``:
    of its whole discharger. ``used``: share, 1 = all. ``reasons``: why the total cannot support accounting.
    """

    first_day: date
    last_day: date
    measured_kg: float
    substituted_kg: float
    total_kg: float
    permitted_t: str | None
    discharger_permitted_t: str | None
    used: float | None
    exceeded: bool | None
    forecast: ForecastOut | None
    steps: dict[str, int]
    usable_for_accounting: bool
    reasons: list[str]


class CaptureOut(Schema):
    """R-75-12.2. ``rate``: per cent with two decimals as text; null where the source never ran. Hours so far."""

    quarter: int
    hours: int
    invalid: int
    stopped: int
    rate: str | None


class RunOut(Schema):
    """``kg``: for each hour (water: day), null where nothing stands in. ``anchored``: the look-back lies before a
    calibration or check on record, or the rule asks for none.
    """

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    run_hours: int | None
    status: str
    kg: float | None
    total_kg: float | None
    basis: str
    look_back: int
    found: int
    short_history: bool
    anchored: bool
    cause: str


class FactorOut(Schema):
    """``year``: of the year so far. ``captures``: of gas, of each quarter of the year."""

    factor: str
    period: TotalOut
    year: TotalOut
    captures: list[CaptureOut]
    runs: list[RunOut]


class ParameterOut(Schema):
    name: str
    value: str
    unit: str
    valid_from: date
    cite: str
    sureness: str


class EmissionsOut(Schema):
    """``until``: up to where values are computed. ``clauses`` and ``parameters``: what it was computed by."""

    outlet: str
    medium: str
    until: Moment
    factors: list[FactorOut]
    clauses: list[str]
    parameters: list[ParameterOut]


class EmissionsAsked(Schema):
    """Of a quarter, of a month, or without both of the year."""

    year: Year
    quarter: int | None = Field(None, ge=1, le=4)
    month: int | None = Field(None, ge=1, le=12)


@router.get("/outlets/{uscc}/{code}/emissions", response=answers(EmissionsOut), by_alias=True)
def emissions(request: HttpRequest, uscc: str, code: str, asked: Query[EmissionsAsked]) -> dict[str, Any]:
    """By factor: kg measured and substituted, the permitted amount and its share, the forecast, and what stands in why."""
    outlet = registry.outlet_get(viewer(request), uscc, code)
    period, moment = _period(asked), now()
    facts = marked.outlet_facts(outlet.key, beijing_day(moment))
    permits = permits_of(outlet, period.year)
    found = emissions_of(stores.telemetry(), facts, period, now=moment, permits=permits)
    return {
        "outlet": found.outlet,
        "medium": found.medium.value,
        "until": found.until,
        "factors": [_factor(one) for one in found.factors],
        "clauses": found.clauses,
        "parameters": [
            {"name": p.name, "value": exact(p.value), "unit": p.unit, "valid_from": p.valid_from, "cite": p.cite, "sureness": p.sureness.value}
            for p in found.parameters
        ],
    }  # fmt: skip


def _period(asked: EmissionsAsked) -> Period:
    """Raises BadInput where a quarter and a month are asked for at once."""
    if asked.quarter is not None and asked.month is not None:
        zh, en = "季度和月只能给一个。请去掉一个。", "Give a quarter or a month, not both. Leave one out."
        raise BadInput({"month": say(zh, en)})
    if asked.quarter is not None:
        return Period(asked.year, f"q{asked.quarter}")
    return Period(asked.year, YEAR if asked.month is None else f"m{asked.month:02d}")


def _factor(one: FactorEmission) -> dict[str, Any]:
    return {
        "factor": one.factor,
        "period": _total(one.total),
        "year": _total(one.year),
        "captures": [
            {"quarter": quarter, "hours": held.hours, "invalid": held.invalid, "stopped": held.stopped, "rate": None if held.rate is None else str(held.rate)}
            for (_, quarter), held in sorted(one.captures.items())
        ],
        "runs": [_run(run) for run in one.runs],
    }  # fmt: skip


def _total(total: Total) -> dict[str, Any]:
    ahead = total.forecast
    return {
        "first_day": total.period.first,
        "last_day": total.period.last,
        "measured_kg": total.measured_kg,
        "substituted_kg": total.substituted_kg,
        "total_kg": total.total_kg,
        "permitted_t": None if total.permit is None else exact(total.permit.tonnes),
        "discharger_permitted_t": None if total.whole_permit is None else exact(total.whole_permit.tonnes),
        "used": total.used,
        "exceeded": total.exceeded,
        "forecast": None
        if ahead is None
        else {"low_kg": ahead.low, "high_kg": ahead.high, "days_left": ahead.days_left, "missing_days": ahead.missing_days},
        "steps": {kind.value: count for kind, count in total.steps.items() if count},
        "usable_for_accounting": total.usable_for_accounting,
        "reasons": list(total.reasons),
    }  # fmt: skip


def _run(run: Run) -> dict[str, Any]:
    names = (
        "run_hours",
        "kg",
        "total_kg",
        "basis",
        "look_back",
        "found",
        "short_history",
        "anchored",
        "cause",
    )
    return {
        "from": run.start,
        "to": run.end,
        "status": run.status.value,
        **{name: getattr(run, name) for name in names},
    }
