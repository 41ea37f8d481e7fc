"""对比: one factor of up to six outlets over a span, as chart and table; in per cent of the limit as an option."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from mingcha.apps.marking import facts as marked
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, now
from mingcha.core.errors import NotFound
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.flow import rates, reading
from mingcha.flow.gaps import gaps_of
from mingcha.flow.reading import Line
from mingcha.portals.shared import chart_data, charts, exports, pictures, stores, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import UNPROCESSABLE
from mingcha.portals.shared.outlet import query as queries
from mingcha.portals.shared.outlet.query import SpanForm
from mingcha.portals.shared.rates import table

MOST = 6
FOUND_SHOWN = 20
KINDS = ("hour", "day", "month")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: outlets in the order of their lines."""

    outlets: tuple[Any, ...]
    facts: tuple[OutletFacts, ...]
    factors: tuple[str, ...]
    factor: str
    kind: str
    preset: str
    span: Span
    normal: bool
    q: str
    now: datetime

    def address(self, **changes: Any) -> str:
        other = replace(self, **changes)
        pairs = [("o", outlet.key) for outlet in other.outlets]
        pairs += [("f", other.factor), ("k", other.kind), ("s", other.preset)]
        if other.preset == "own":
            pairs += [("from", queries.clock(other.span.start)), ("to", queries.clock(other.span.end))]
        pairs += [("norm", "1")] if other.normal else []
        pairs += [("q", other.q)] if other.q else []
        return "?" + urlencode(pairs, safe="/:")


def wanted(request: HttpRequest) -> tuple[Wanted, SpanForm]:
    """The query of the address; outlets that are none, or foreign, are "not found".

    Raises:
        NotFound: see above.
    """
    data, moment, user = request.GET, now(), viewer(request)
    keys = list(dict.fromkeys(data.getlist("o")))[:MOST]
    outlets = [registry.outlet_get(user, *_split(key)) for key in keys]
    facts = [marked.outlet_facts(outlet.key, beijing_day(moment)) for outlet in outlets]
    factors = _common(facts)
    kind = data.get("k", "") if data.get("k", "") in KINDS else "hour"
    form = SpanForm(data, kind, moment)
    own = form.is_valid() and data.get("s") == "own"
    preset = data.get("s", "") if data.get("s", "") in queries.LENGTHS else queries.USUAL[kind]
    span = queries.preset_span(preset, kind, moment)
    if own:
        span = Span(queries.aware(form.cleaned_data["start"]), queries.aware(form.cleaned_data["end"]))
    asked = data.get("f", "")
    return Wanted(
        tuple(outlets), tuple(facts), factors, asked if asked in factors else (factors[0] if factors else ""), kind,
        "own" if own else preset, span, data.get("norm") == "1", data.get("q", "").strip()[:64], moment,
    ), form  # fmt: skip


def _split(key: str) -> tuple[str, str]:
    uscc, _, code = key.partition("/")
    return uscc, code


def _common(facts: Sequence[OutletFacts]) -> tuple[str, ...]:
    """Factors that any of the outlets has, those of all of them first."""
    held = [reading.factors_of(stores.telemetry(), one) for one in facts]
    every = dict.fromkeys(factor for factors in held for factor in factors)
    return tuple(sorted(every, key=lambda factor: -sum(factor in factors for factors in held)))


def lines_of(asked: Wanted) -> list[Line]:
    """A line an outlet, converted where its limit is."""
    store = stores.telemetry()
    return [
        reading.line(
            store, facts, asked.factor, asked.kind, asked.span,
            converted=charts.wants_conversion(facts, asked.factor, asked.span),
        )
        for facts in asked.facts
    ]  # fmt: skip


def chart_of(asked: Wanted, lines: Sequence[Line], namespace: str) -> charts.Chart:
    """The lines on one axis: the unit of the first outlet, or per cent of each outlet's own limit."""
    store = stores.telemetry()
    parts = []
    for outlet, facts, line in zip(asked.outlets, asked.facts, lines, strict=True):
        gaps = gaps_of(store, facts, line, asked.span, asked.now)
        evidence = reverse(f"{namespace}:outlet_evidence", args=_split(outlet.key))
        parts.append(charts.Part(f"{outlet.discharger.name} {outlet.code}", facts, line, gaps, evidence))
    return charts.compared(parts, asked.span, asked.now, normal=asked.normal)


def compare_page(request: HttpRequest, *, namespace: str) -> HttpResponse:
    asked, form = wanted(request)
    lines = lines_of(asked)
    if asked.outlets and request.GET.get("form") in ("csv", "xlsx"):
        return _file(request.GET["form"], asked, lines)
    chart = chart_of(asked, lines, namespace) if asked.outlets else None
    context = {
        "title": gettext("排放口对比"), "namespace": namespace, "asked": asked, "span_form": form, "most": MOST,
        "chosen": [(o, asked.address(outlets=tuple(x for x in asked.outlets if x.key != o.key))) for o in asked.outlets],
        "found": _found(request, asked), "chart": chart,
        "rows": statistics(asked, lines) if asked.outlets else [],
        "factors": [(f, words.factor_name(f), asked.address(factor=f), f == asked.factor) for f in asked.factors],
        "kinds": [(charts.kind_word(k), asked.address(kind=k, **_respanned(asked, k)), k == asked.kind) for k in KINDS],
        "spans": [
            (word, asked.address(preset=key, span=queries.preset_span(key, asked.kind, asked.now)), key == asked.preset)
            for key, word in queries.SPANS.items() if key in queries.DAYS
        ],
        "norms": [(gettext("数值"), asked.address(normal=False), not asked.normal), (gettext("占限值 %"), asked.address(normal=True), asked.normal)],
        "export": asked.address() + "&form=csv", "sheet": asked.address() + "&form=xlsx",
    }  # fmt: skip
    if chart is not None:
        context["picture"] = {
            "svg": pictures.draw(chart), "summary": charts.summary(chart), "legend": pictures.legend(chart),
            "data_url": reverse(f"{namespace}:compare_data") + asked.address(),
        }  # fmt: skip
    return render(
        request, "shared/rates/compare.html", context, status=200 if form.is_valid() else UNPROCESSABLE
    )


def _respanned(asked: Wanted, kind: str) -> dict[str, Any]:
    if asked.preset == "own" or queries.fitting(kind, asked.preset) != kind:
        return {}
    return {"span": queries.preset_span(asked.preset, kind, asked.now)}


def compare_data(request: HttpRequest, *, namespace: str) -> HttpResponse:
    asked, _ = wanted(request)
    if not asked.outlets:
        raise NotFound("no outlet is asked for; name them as o=USCC/DA001")
    return JsonResponse(chart_data.as_json(chart_of(asked, lines_of(asked), namespace)))


def _found(request: HttpRequest, asked: Wanted) -> list[tuple[Any, str]]:
    """Outlets that fit the words looked for, with the address that adds each."""
    if len(asked.outlets) >= MOST:
        return []
    held = {outlet.key for outlet in asked.outlets}
    fitting = table.matching(registry.outlets_visible_to(viewer(request)), asked.q)
    rows = [outlet for outlet in fitting if outlet.key not in held][:FOUND_SHOWN]
    return [(outlet, asked.address(outlets=(*asked.outlets, outlet))) for outlet in rows]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One outlet of the table, in its own unit. ``limit``: in force at the end of the span."""

    outlet: Any
    unit: str
    factor: str
    values: int
    mean: float | None
    maximum: float | None
    minimum: float | None
    limit: Any
    over: int
    rate: str


def statistics(asked: Wanted, lines: Sequence[Line]) -> list[Statistic]:
    keys = [outlet.key for outlet in asked.outlets]
    held = rates.rates_of(stores.telemetry(), keys, asked.span, by=("outlet", "factor"))
    counts = {one.outlet: one.counts for one in held if one.factor == asked.factor}
    return [
        _statistic(asked, outlet, facts, line, counts.get(outlet.key))
        for outlet, facts, line in zip(asked.outlets, asked.facts, lines, strict=True)
    ]


def _statistic(asked: Wanted, outlet: Any, facts: OutletFacts, line: Line, counts: Any) -> Statistic:
    known = line.values[~np.isnan(line.values)]
    steps = charts.limit_steps(facts, asked.factor, asked.kind, asked.span)
    row = table.row_of("", "", counts, {}) if counts is not None else None
    over = int(charts.above(line, steps).sum()) if line.kind in ("hour", "day") else 0
    mean, high, low = (float(f(known)) if len(known) else None for f in (np.mean, np.max, np.min))
    return Statistic(
        outlet, charts.unit_of(facts, asked.factor), asked.factor, len(known), mean, high, low,
        steps[-1].limit.value if steps else None, over, row.cells[2][0] if row else "—",
    )  # fmt: skip


def _file(form: str, asked: Wanted, lines: Sequence[Line]) -> HttpResponse:
    """A line for each outlet."""
    head = [
        gettext("企业"), gettext("排放口"), gettext("因子"), gettext("单位"), gettext("个数"), gettext("平均"), gettext("最大"),
        gettext("最小"), gettext("限值"), gettext("超过限值"), gettext("有效传输率"),
    ]  # fmt: skip
    rows = [
        (s.outlet.discharger.name, s.outlet.code, s.factor, s.unit, s.values, s.mean, s.maximum, s.minimum,
         None if s.limit is None else float(s.limit), s.over, s.rate)
        for s in statistics(asked, lines)
    ]  # fmt: skip
    name = f"compare-{asked.factor}-{asked.kind}"
    if form == "csv":
        return exports.as_csv(name, head, rows)
    notes = [words.factor_name(asked.factor), words.span_text(asked.span.start, asked.span.end)]
    return exports.as_xlsx(name, head, rows, notes)
