"""The tab with the chart and the table."""

from collections.abc import Sequence
from datetime import timedelta
from math import isnan
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from mingcha.core.clock import from_epoch
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.gaps import gaps_of
from mingcha.flow.reading import Line
from mingcha.portals.shared import causes, charts, pictures, stores, words
from mingcha.portals.shared.outlet import overlays
from mingcha.portals.shared.outlet import query as queries
from mingcha.portals.shared.outlet.pages import ROWS_A_PAGE, Asked, page_number
from mingcha.portals.shared.outlet.query import OutletQuery


def lines_of(found: Asked) -> list[Line]:
    """The readings the query asks for; converted where the limit is, unless told otherwise."""
    query = found.query
    asked = {
        factor: charts.wants_conversion(found.facts, factor, query.span)
        if query.converted is None
        else query.converted
        for factor in query.factors
    }
    return reading.lines(stores.telemetry(), found.facts, asked, query.kind, query.span, as_of=query.as_of)


def chart_of(
    request: HttpRequest, found: Asked, namespace: str, lines: Sequence[Line] | None = None
) -> charts.Chart:
    """The chart with its overlays; an outlet without factors has an empty line."""
    held = list(lines if lines is not None else lines_of(found)) or [reading.empty_line("", found.query.kind)]
    return plain_chart(found, held, overlays.tracks(request, found, namespace, held))


def plain_chart(found: Asked, lines: Sequence[Line], tracks: Sequence[charts.Track] = ()) -> charts.Chart:
    """The chart of ``lines`` with the causes of their gaps."""
    query = found.query
    store = stores.telemetry()
    gaps = {line.factor: gaps_of(store, found.facts, line, query.span, found.now) for line in lines}
    return charts.build(
        found.facts,
        lines,
        query.span,
        found.now,
        gaps=gaps,
        tracks=tracks,
        fit=query.fit,
        hidden=query.hidden,
    )


def context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    query = found.query
    chart = chart_of(request, found, namespace)
    args = (found.outlet.discharger.uscc, found.outlet.code)
    pages = max(1, -(-_moments(chart) // ROWS_A_PAGE))
    return {
        "chart": chart,
        "picture": {
            "svg": pictures.draw(chart),
            "summary": charts.summary(chart),
            "data_url": reverse(f"{namespace}:outlet_data", args=args) + query.address(),
        },
        "limits": [(c.name, charts.limit_text(s.limit), s.limit.sureness.value) for c in chart.curves for s in c.steps],
        "legend": pictures.legend(chart),
        "table": rows(chart, page_number(request)),
        "moments": _moments(chart),
        "pages": pages,
        "page_number": page_number(request),
        "export_url": reverse(f"{namespace}:outlet_export", args=args) + query.address(),
        "download_url": reverse(f"{namespace}:outlet_download", args=args),
        "table_url": query.address(view="chart" if query.view == "table" else "table"),
        **choices(found),
    }  # fmt: skip


def choices(found: Asked) -> dict[str, Any]:
    """What the tool bar offers, each as an address."""
    query = found.query
    convertible = any(charts.wants_conversion(found.facts, f, query.span) for f in query.factors)
    return {
        "factors": [
            (f, words.factor_name(f), query.address(factor=f, others=()), f in query.factors) for f in found.factors
        ],
        "kinds": [(charts.kind_word(k), query.address(kind=k, **_respanned(query, k, found)), k == query.kind) for k in reading.KINDS],
        "spans": [(word, _preset(query, key, found), key == query.preset) for key, word in queries.SPANS.items() if key != "own"],
        "shifts": shifts(query, found),
        "values": [
            (gettext("折算"), query.address(converted=True), query.converted is not False),
            (gettext("实测"), query.address(converted=False), query.converted is False),
        ] if convertible else [],
        "fits": [
            (gettext("从 0 起"), query.address(fit=False), not query.fit), (gettext("贴合"), query.address(fit=True), query.fit),
        ],
        "overlays": [
            (word, query.address(hidden=query.hidden ^ {name}), name not in query.hidden)
            for name, word in queries.OVERLAYS.items()
        ],
        "dropped": [words.factor_name(name) for name in query.dropped],
        "most_factors": charts.MOST_FACTORS,
    }  # fmt: skip


def _preset(query: OutletQuery, preset: str, found: Asked) -> str:
    kind = queries.fitting(query.kind, preset)
    return query.address(kind=kind, preset=preset, span=queries.preset_span(preset, kind, found.now))


def _respanned(query: OutletQuery, kind: str, found: Asked) -> dict[str, Any]:
    """The same span where that kind is read as long, else its usual one."""
    if query.span.length <= timedelta(days=queries.LONGEST[kind]) and kind not in queries.SHORTEST:
        return {"preset": query.preset, "span": query.span}
    preset = query.preset if queries.fitting(kind, query.preset) == kind and query.preset != "own" else ""
    preset = preset or queries.USUAL[kind]
    return {"preset": preset, "span": queries.preset_span(preset, kind, found.now)}


def shifts(query: OutletQuery, found: Asked) -> list[tuple[str, str, str]]:
    """Addresses of the span before and after this one."""
    length = query.span.length
    before = Span(query.span.start - length, query.span.start)
    rows = [("chevron-left", gettext("前一段"), query.address(preset="own", span=before))]
    if query.span.end < found.now - timedelta(minutes=1):
        after = Span(query.span.end, min(query.span.end + length, found.now))
        rows.append(("chevron-right", gettext("后一段"), query.address(preset="own", span=after)))
    return rows


def _moments(chart: charts.Chart) -> int:
    """How many rows the table has: a moment of any factor is one."""
    if len(chart.curves) == 1:
        return len(chart.line)
    return len({moment for curve in chart.curves for moment in curve.line.times.tolist()})


def rows(chart: charts.Chart, page: int) -> list[dict[str, Any]]:
    """One page of the table, newest first; a cell for each factor."""
    places = [{moment: i for i, moment in enumerate(c.line.times.tolist())} for c in chart.curves]
    moments = sorted({moment for held in places for moment in held}, reverse=True)
    shown = moments[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    return [
        {
            "moment": from_epoch(moment), "epoch": moment,
            "cells": [_cell(c, held.get(moment)) for c, held in zip(chart.curves, places, strict=True)],
        }
        for moment in shown
    ]  # fmt: skip


def _cell(curve: charts.Curve, place: int | None) -> dict[str, Any]:
    line = curve.line
    cell: dict[str, Any] = {"factor": line.factor, "unit": curve.unit, "name": curve.name}
    if place is None:
        return cell | {"absent": True}
    moment, value = from_epoch(int(line.times[place])), float(line.values[place])
    limits = (s.limit.value for s in curve.steps if s.start <= moment < s.end)
    cause = line.causes[place] if line.causes else ""
    return cell | {
        "value": None if isnan(value) else value,
        "text": line.texts[place],
        "flag": line.flags[place],
        "limit": next(limits, None) if curve.judged else None,
        "versions": line.versions[place],
        "late": place in line.late,
        "cause": causes.cause_word(cause) if cause else "",
    }
