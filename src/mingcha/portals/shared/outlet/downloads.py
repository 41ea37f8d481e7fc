"""Readings of any span as a file in the columns of the exchange data set, written while it is read."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext

from mingcha.core.clock import BEIJING
from mingcha.core.errors import BadInput
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.flow import exchange
from mingcha.portals.shared import exports, stores
from mingcha.portals.shared.outlet.pages import Asked
from mingcha.portals.shared.outlet.query import clock
from mingcha.portals.shared.streams import streamed

FORMS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
SHEET_ROWS = 1_048_575  # of an Excel sheet, its head not counted


def download(request: HttpRequest, found: Asked) -> HttpResponseBase:
    """``form``: csv, parquet or xlsx; factors, kind and span as of the page, but of any length.

    Raises:
        BadInput: the span or form is none, or there are more rows than a sheet holds.
    """
    form, query = request.GET.get("form", "csv"), found.query
    if form not in (*FORMS, "xlsx"):
        raise BadInput(
            {"form": gettext("没有格式“%(form)s”。可选：csv、xlsx、parquet。请改正。") % {"form": form}}
        )
    span = asked_span(request, query.span)
    factors = found.factors if request.GET.get("all") == "1" else query.factors
    parts = exchange.tables(stores.telemetry(), found.facts, factors, query.kind, span, as_of=query.as_of)
    name = f"{exchange.TABLES[query.kind]}-{found.facts.key.replace('/', '-')}-{span.start:%Y%m%d}-{span.end:%Y%m%d}"
    if form == "xlsx":
        return _sheet(name, found.facts, parts, query.kind, factors)
    make = exchange.as_parquet if form == "parquet" else exchange.as_csv
    return streamed(request, make(parts, query.kind), FORMS[form], f"{name}.{form}")


def asked_span(request: HttpRequest, usual: Span) -> Span:
    """``from`` and ``to`` of the address, else the span of the page.

    Raises:
        BadInput: they are no times, or not in order.
    """
    texts = request.GET.get("from", ""), request.GET.get("to", "")
    if not all(texts):
        return usual
    start, end = _moment("from", texts[0]), _moment("to", texts[1])
    if end <= start:
        found = {"end": clock(end), "start": clock(start)}
        raise BadInput({"to": gettext("止于 %(end)s，不晚于起 %(start)s。请改正止时间。") % found})
    return Span(start, end)


def _moment(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput({name: gettext("不是时间。请写成 2026-11-23T14:05 的样子。")}) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=BEIJING)


def _sheet(
    name: str, facts: OutletFacts, parts: Iterator[Any], kind: str, factors: Sequence[str]
) -> HttpResponseBase:
    rows = list(itertools.islice(_rows(parts), SHEET_ROWS + 1))
    if len(rows) > SHEET_ROWS:
        raise BadInput(
            {
                "form": gettext("超过 Excel 一张表的 %(n)d 行。请缩短时段，或下载 CSV、Parquet。")
                % {"n": SHEET_ROWS}
            }
        )
    notes = [facts.name, ", ".join(factors), gettext("数据未经审核，可能修订。")]
    return exports.as_xlsx(name, exchange.schema(kind).names, rows, notes)


def _rows(parts: Iterator[Any]) -> Iterator[list[Any]]:
    for part in parts:
        columns = [column.to_pylist() for column in part.columns]
        for row in zip(*columns, strict=True):
            yield [_utc(cell) if isinstance(cell, datetime) else cell for cell in row]


def _utc(local: datetime) -> datetime:
    """The moment of a Beijing wall clock: sheets turn moments into Beijing themselves."""
    return local.replace(tzinfo=BEIJING)
