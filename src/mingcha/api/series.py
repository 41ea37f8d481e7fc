"""Several factors of an outlet over years, as columns; whole files of readings; and what was restated."""

from collections.abc import AsyncIterator, Iterator
from enum import StrEnum
from math import isnan
from typing import Any

import numpy as np
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Field, Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import viewer
from mingcha.api.shapes import AskedMoment, Moment, answers
from mingcha.apps.accounts.permissions import Reach, scope
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking import facts as marked
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, from_epoch, now
from mingcha.core.errors import BadInput
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.flow import exchange, reading
from mingcha.flow.gaps import gaps_of

router = Router()
MOST_FACTORS, MOST_POINTS = 8, 100_000
RESTATED_MOST = 200


class Kind(StrEnum):
    REAL = "real"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class File(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"


MEDIA = {File.CSV: "text/csv; charset=utf-8", File.PARQUET: "application/vnd.apache.parquet"}


class GapOut(Schema):
    """``cause``: why nothing valid is there, "" where nobody knows."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    cause: str


class SerieOut(Schema):
    """Parallel columns. ``values``: null where there is no number. ``causes``: empty for what was sent."""

    factor: str
    converted: bool
    total: int
    times: list[Moment]
    values: list[float | None]
    flags: list[str]
    causes: list[str]
    versions: list[int]
    gaps: list[GapOut]


class SeriesOut(Schema):
    """``thinned``: some values were left out; first, least, greatest and last of each column and run of one reason stay."""

    outlet: str
    kind: Kind
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    as_of: Moment | None
    thinned: bool
    series: list[SerieOut]


class SpanAsked(Schema):
    """``factors``: codes with commas between them. ``from`` included, ``to`` not."""

    factors: str
    kind: Kind = Kind.HOUR
    start: AskedMoment = Field(alias="from")
    end: AskedMoment = Field(alias="to")
    as_of: AskedMoment | None = None


class SeriesAsked(SpanAsked):
    converted: bool = Field(False, description="At reference oxygen, where the outlet has such values")
    points: int = Field(
        4000, ge=16, le=MOST_POINTS, description="At most about so many of all factors together"
    )


class FileAsked(SpanAsked):
    form: File = File.CSV


class RestatementOut(Schema):
    """``reason``: late_data, mark, setting, rule or rebuild. ``detail``: examples of values before and after."""

    id: int
    outlet: str
    at: Moment
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    reason: str
    hours_changed: int
    days_changed: int
    months_changed: int
    detail: dict[str, Any]


class RestatementsOut(Schema):
    """Newest first. ``next``: give it as ``before`` for older ones; null where there are none."""

    items: list[RestatementOut]
    next: int | None


class RestatementsAsked(Schema):
    before: int | None = Field(None, ge=1, lt=2**62)
    limit: int = Field(50, ge=1, le=RESTATED_MOST)


@router.get("/outlets/{uscc}/{code}/series", response=answers(SeriesOut), by_alias=True)
def series(request: HttpRequest, uscc: str, code: str, asked: Query[SeriesAsked]) -> dict[str, Any]:
    """Up to eight factors over a span of any length, thinned to what a chart needs."""
    facts, factors, span = _asked(request, uscc, code, asked)
    store, kind = stores.telemetry(), asked.kind.value
    wanted = dict.fromkeys(factors, asked.converted)
    lines = reading.lines(store, facts, wanted, kind, span, as_of=asked.as_of)
    columns = max(4, asked.points // 4 // len(factors))
    shown = [reading.thinned(line, columns) for line in lines]
    return {
        "outlet": facts.key,
        "kind": asked.kind,
        "from": span.start,
        "to": span.end,
        "as_of": asked.as_of,
        "thinned": any(len(places) < len(line) for places, line in zip(shown, lines, strict=True)),
        "series": [
            _serie(line, places.tolist(), gaps_of(store, facts, line, span, now()))
            for line, places in zip(lines, shown, strict=True)
        ],
    }


def _asked(
    request: HttpRequest, uscc: str, code: str, asked: SpanAsked
) -> tuple[OutletFacts, list[str], Span]:
    """The outlet, its factors that are asked for, and the span.

    Raises:
        NotFound: the viewer has no such outlet.
        BadInput: factors or span are none.
    """
    outlet = registry.outlet_get(viewer(request), uscc, code)
    facts = marked.outlet_facts(outlet.key, beijing_day(now()))
    known = reading.factors_of(stores.telemetry(), facts)
    factors = list(dict.fromkeys(part for part in asked.factors.split(",") if part))
    strange = [factor for factor in factors if factor not in known]
    if strange or not 0 < len(factors) <= MOST_FACTORS:
        found, named = ", ".join(strange) or str(len(factors)), ", ".join(known) or say("无", "none")
        zh = f"“{found}”：应为该排放口的 1 至 {MOST_FACTORS} 个因子，用逗号分隔。可选：{named}。请改正。"
        en = (
            f"{found!r}: give 1 to {MOST_FACTORS} factors of the outlet with commas between. It has: {named}."
        )
        raise BadInput({"factors": say(zh, en)})
    if asked.end <= asked.start:
        zh, en = "不晚于 from。应更晚。请改正。", "Not after from. It must be later. Correct it."
        raise BadInput({"to": say(zh, en)})
    return facts, factors, Span(asked.start, asked.end)


def _serie(line: reading.Line, places: list[int], gaps: Any) -> dict[str, Any]:
    return {
        "factor": line.factor,
        "converted": line.converted,
        "total": len(line),
        "times": [from_epoch(int(line.times[place])) for place in places],
        "values": [None if isnan(value) else value for value in np.asarray(line.values)[places].tolist()],
        "flags": [line.flags[place] for place in places],
        "causes": [line.causes[place] for place in places] if line.causes else [],
        "versions": [int(line.versions[place]) for place in places],
        "gaps": [{"from": gap.span.start, "to": gap.span.end, "cause": gap.cause} for gap in gaps],
    }


_FILES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA.values()}


@router.get(
    "/outlets/{uscc}/{code}/readings",
    response=answers(None),
    openapi_extra={"responses": {200: {"description": "The file", "content": _FILES}}},
)
def readings(request: HttpRequest, uscc: str, code: str, asked: Query[FileAsked]) -> StreamingHttpResponse:
    """Every value of a span of any length as a file, in the columns of the exchange data set; ``ts`` is Beijing time."""
    facts, factors, span = _asked(request, uscc, code, asked)
    kind = asked.kind.value
    parts = exchange.tables(stores.telemetry(), facts, factors, kind, span, as_of=asked.as_of)
    parquet = asked.form is File.PARQUET
    chunks = exchange.as_parquet(parts, kind) if parquet else exchange.as_csv(parts, kind)
    body = _in_threads(chunks) if isinstance(request, ASGIRequest) else chunks
    response = StreamingHttpResponse(body, content_type=MEDIA[asked.form])
    name = f"{exchange.TABLES[kind]}-{uscc}-{code}.{asked.form.value}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Under ASGI Django would consume a synchronous iterator whole before it sends anything."""
    take = sync_to_async(_next, thread_sensitive=False)
    while (chunk := await take(chunks)) is not None:
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)


@router.get("/outlets/{uscc}/{code}/restatements", response=answers(RestatementsOut), by_alias=True)
def restatements_of(
    request: HttpRequest, uscc: str, code: str, asked: Query[RestatementsAsked]
) -> dict[str, Any]:
    """What of one outlet was computed anew, when and why."""
    outlet = registry.outlet_get(viewer(request), uscc, code)
    held = stores.telemetry().restatements(outlet.key, None, limit=asked.limit + 1, before_id=asked.before)
    last = held[asked.limit - 1].id if len(held) > asked.limit else None
    return {"items": [_restated(one) for one in held[: asked.limit]], "next": last}


@router.get("/restatements", response=answers(RestatementsOut), by_alias=True)
def restatements(request: HttpRequest, asked: Query[RestatementsAsked]) -> dict[str, Any]:
    """The same of all outlets I may see. A page may be shorter than asked for: read on while ``next`` is given."""
    user = viewer(request)
    held = stores.telemetry().restatements(None, None, limit=RESTATED_MOST, before_id=asked.before)
    last = held[-1].id if len(held) == RESTATED_MOST else None
    if scope(user).kind is not Reach.ALL:
        keys = {outlet.key for outlet in registry.outlets_visible_to(user)}
        held = [one for one in held if one.outlet in keys]
    if len(held) > asked.limit:
        held = held[: asked.limit]
        last = held[-1].id
    return {"items": [_restated(one) for one in held], "next": last}


def _restated(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "outlet": one.outlet,
        "at": one.at,
        "from": one.start,
        "to": one.end,
        "reason": one.reason,
        "hours_changed": one.hours_changed,
        "days_changed": one.days_changed,
        "months_changed": one.months_changed,
        "detail": one.detail,
    }
