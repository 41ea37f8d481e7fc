"""Transmission, valid and effective rate with their counts, and how complete the days of an outlet are."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import viewer
from mingcha.api.shapes import Page, Paging, answers
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, day_end, day_start, now
from mingcha.core.errors import BadInput
from mingcha.core.spans import Span
from mingcha.flow import rates as rates_of
from mingcha.stats.rates import Counts, Edition, rates

router = Router()
LONGEST_DAYS = 1830
YEARS = range(1990, 2101)


class By(StrEnum):
    OUTLET = "outlet"
    DISCHARGER = "discharger"
    DISTRICT = "district"
    MONTH = "month"
    DAY = "day"
    FACTOR = "factor"


class CountsOut(Schema):
    """Hours of outlet × factor. ``first_…``: as known at the first cut. ``own_downtime``: of those due, lost by us."""

    due: int
    received: int
    valid: int
    first_received: int
    first_valid: int
    own_downtime: int


class EditionOut(Schema):
    """Per cent with two decimals as text; null where there is nothing to divide by."""

    transmission: str | None
    valid: str | None
    effective: str | None


class RateOut(Schema):
    """``key``: of the outlet, discharger, district, month, day or factor. ``causes``: hours by cause."""

    key: str
    counts: CountsOut
    complete: EditionOut
    first: EditionOut
    causes: dict[str, int]


class RatesAsked(Paging):
    """``first_day`` and ``last_day``: Beijing days, both included."""

    by: By = By.OUTLET
    first_day: date | None = None
    last_day: date | None = None
    outlet: str = ""


class DayOut(Schema):
    day: date
    factor: str
    hours: int
    counts: CountsOut
    causes: dict[str, int]


class CompletenessOut(Schema):
    """A row a day and factor; days of which nothing was computed have none."""

    outlet: str
    days: list[DayOut]


class DaysAsked(Schema):
    """Beijing days, both included."""

    first_day: date
    last_day: date


@router.get("/rates", response=answers(Page[RateOut]))
def rate_list(request: HttpRequest, asked: Query[RatesAsked]) -> dict[str, Any]:
    """By outlet, discharger, district, month, day or factor, of the outlets I may see; without days the last thirty.

    Counts are summed, never averaged. ``outlet``: of this one only.
    """
    outlets = list(registry.outlets_visible_to(viewer(request)))
    outlets = [row for row in outlets if asked.outlet in ("", row.key)]
    span = _span(asked.first_day, asked.last_day)
    rows = _rows(outlets, asked.by, span) if outlets else []
    part = rows[asked.offset : asked.offset + asked.limit]
    return {"total": len(rows), "limit": asked.limit, "offset": asked.offset, "items": part}


def _rows(outlets: list[Any], by: By, span: Span) -> list[dict[str, Any]]:
    store, keys = stores.telemetry(), [outlet.key for outlet in outlets]
    if by in (By.DISCHARGER, By.DISTRICT):
        groups = {outlet.key: _group(outlet, by) for outlet in outlets}
        held = {
            row.group or "": row for row in rates_of.rates_of(store, keys, span, by=("group",), groups=groups)
        }
        names = list(dict.fromkeys(groups.values()))
    else:
        read = rates_of.rates_of(store, keys, span, by=(by.value,))
        held = {_key(row, by): row for row in read}
        names = keys if by is By.OUTLET else sorted(str(key) for key in held)
    return [_rate(name, held.get(name)) for name in names]


def _key(row: Any, by: By) -> str:
    found = getattr(row, by.value)
    return f"{found:%Y-%m}" if by is By.MONTH else str(found)


def _group(outlet: Any, by: By) -> str:
    if by is By.DISCHARGER:
        return str(outlet.discharger.uscc)
    return outlet.discharger.district.code if outlet.discharger.district else ""


def _rate(key: str, row: Any) -> dict[str, Any]:
    counts: Counts = row.counts if row is not None else Counts()
    return {
        "key": key,
        "counts": _counts(counts),
        "complete": _edition(counts, Edition.COMPLETE),
        "first": _edition(counts, Edition.FIRST),
        "causes": dict(row.causes) if row is not None else {},
    }


def _edition(counts: Counts, edition: Edition) -> dict[str, str | None]:
    found = rates(counts, edition=edition)
    named = {"transmission": found.tr, "valid": found.vr, "effective": found.etr}
    return {name: None if rate is None else str(rate) for name, rate in named.items()}


def _counts(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in CountsOut.model_fields}


def _span(first: date | None, last: date | None) -> Span:
    """Whole Beijing days.

    Raises:
        BadInput: the last is before the first, or there are too many.
    """
    end = last or (first + timedelta(days=29) if first else beijing_day(now()))
    start = first or end - timedelta(days=29)
    if end < start or (end - start).days > LONGEST_DAYS or {start.year, end.year} - set(YEARS):
        zh = f"{start} 至 {end}：应为先后两天，至多相隔 {LONGEST_DAYS} 天。请改正。"
        en = f"{start} to {end}: give a first and a last day, at most {LONGEST_DAYS} apart. Correct it."
        raise BadInput({"last_day": say(zh, en)})
    return Span(day_start(start), day_end(end))


@router.get("/outlets/{uscc}/{code}/completeness", response=answers(CompletenessOut))
def completeness(request: HttpRequest, uscc: str, code: str, asked: Query[DaysAsked]) -> dict[str, Any]:
    """Due, received and valid hours of each day and factor, and what was lost to what."""
    outlet = registry.outlet_get(viewer(request), uscc, code)
    span = _span(asked.first_day, asked.last_day)
    found = rates_of.completeness(stores.telemetry(), outlet.key, span)
    days = [
        {"day": day, "factor": factor, "hours": cell.hours, "counts": _counts(cell.counts), "causes": dict(cell.causes)}
        for (day, factor), cell in sorted(found.cells.items())
    ]  # fmt: skip
    return {"outlet": outlet.key, "days": days}
