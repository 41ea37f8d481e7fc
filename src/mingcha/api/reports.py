"""The tables of R-75-13 of one outlet: hours of a day, days of a month, months of a quarter or year."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import viewer
from mingcha.api.shapes import AskedMoment, Moment, answers
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking import facts as marked
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, now
from mingcha.core.errors import BadInput
from mingcha.flow import report_periods as periods
from mingcha.flow.report_values import State, content
from mingcha.flow.reports import report

router = Router()


class ReportKind(StrEnum):
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class ExtremesOut(Schema):
    """``count``: rows with a value. ``mean``: their arithmetic mean."""

    count: int
    maximum: float | None
    minimum: float | None
    mean: float | None


class WholeOut(Schema):
    """The day or month value by its own clause. ``count`` of ``of``: valid hours of running ones, valid days of days due."""

    mean: float | None
    converted: float | None
    total: float | None
    count: int
    of: int


class LimitOut(Schema):
    value: str
    unit: str
    document: str
    clause: str
    since: str = Field(alias="from")


class ColumnOut(Schema):
    """One factor. ``total``: sum of the rows, nothing substituted. ``over`` of ``judged`` rows are above their limit."""

    factor: str
    unit: str
    total_unit: str
    measured: ExtremesOut
    converted: ExtremesOut
    total: float | None
    over: int
    judged: int
    whole: WholeOut | None
    limits: list[LimitOut]


class CellOut(Schema):
    """``known``: something was computed. ``count`` of ``of``: valid minutes, hours or days. ``codes``, ``causes``: hours by code and cause."""

    known: bool
    code: str
    count: int
    of: int
    measured: float | None
    converted: float | None
    total: float | None
    minimum: float | None
    maximum: float | None
    cause: str
    limit: str | None
    over: bool | None
    codes: dict[str, int]
    causes: dict[str, int]


class RowOut(Schema):
    """``cells``: in the order of ``columns``."""

    name: str
    cells: list[CellOut]


class ReportOut(Schema):
    """``digest``: SHA-256 of outlet, kind, period, columns and rows as canonical JSON; files of the report carry it too."""

    outlet: str
    kind: ReportKind
    period: str
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    at: Moment
    as_of: Moment | None
    state: State
    missing: int
    digest: str
    columns: list[ColumnOut]
    rows: list[RowOut]


class ReportAsked(Schema):
    period: str = Field(
        description="2026-11-23 for a day, 2026-11 for a month, 2026-Q4 for a quarter, 2026 for a year"
    )
    as_of: AskedMoment | None = None


@router.get("/outlets/{uscc}/{code}/reports/{kind}", response=answers(ReportOut), by_alias=True)
def report_of(
    request: HttpRequest, uscc: str, code: str, kind: ReportKind, asked: Query[ReportAsked]
) -> dict[str, Any]:
    """All factors of the outlet in one period, with extremes, means, sums, counts and codes; full digits."""
    outlet, moment = registry.outlet_get(viewer(request), uscc, code), now()
    period = _period(kind, asked.period)
    facts = marked.outlet_facts(outlet.key, beijing_day(moment))
    return _answer(facts, period, moment, asked.as_of)


def _period(kind: ReportKind, text: str) -> periods.Period:
    """Raises BadInput where ``text`` names no period of this kind."""
    found = periods.Kind(kind.value)
    try:
        return periods.period_of(found, text)
    except ValueError as error:
        like = periods.WRITTEN[found]
        zh, en = (
            f"“{text}”不是这种报表的时段。应像 {like}。请改正。",
            f"{text!r}: not a period of this report. Write it like {like}.",
        )
        raise BadInput({"period": say(zh, en)}) from error


def _answer(facts: Any, period: periods.Period, moment: datetime, as_of: datetime | None) -> dict[str, Any]:
    found = report(stores.telemetry(), facts, period, moment, as_of=as_of)
    return {
        **content(found),
        "from": period.span.start,
        "to": period.span.end,
        "at": found.at,
        "as_of": found.as_of,
        "state": found.state,
        "missing": found.missing,
        "digest": found.digest,
    }
