"""What the outlet page shows; every selector is asked with the viewer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language, gettext

from mingcha.apps.accounts.permissions import can
from mingcha.apps.devices import selectors as devices
from mingcha.apps.findings import selectors as findings
from mingcha.apps.maintenance import selectors as maintenance
from mingcha.apps.marking import selectors as marking
from mingcha.apps.marking.values import items as mark_items
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, from_epoch, from_us, now, to_epoch
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.reading import Line
from mingcha.gateway.stats import boards
from mingcha.portals.shared import badges, charts, pictures, stores, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.outlet import query as queries
from mingcha.portals.shared.outlet.query import OutletQuery, SpanForm

ROWS_A_PAGE = 100
COMMANDS_SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One request about one outlet, all looked up: the viewer may see it."""

    outlet: Any
    facts: OutletFacts
    query: OutletQuery
    form: SpanForm
    factors: tuple[str, ...]
    now: datetime


def asked(request: HttpRequest, uscc: str, code: str) -> Asked:
    """Look up the outlet and read the address.

    Raises:
        NotFound: there is no such outlet for the viewer.
    """
    outlet = registry.outlet_get(viewer(request), uscc, code)
    moment = now()
    facts = registry.outlet_facts(outlet.key, beijing_day(moment))
    factors = reading.factors_of(stores.telemetry(), facts)
    query, form = queries.parse(request, factors, moment)
    return Asked(outlet, facts, query, form, tuple(factors), moment)


def line_of(found: Asked) -> Line:
    """The readings the query asks for; converted where the limit is, unless told otherwise."""
    query = found.query
    converted = query.converted
    if converted is None:
        converted = charts.wants_conversion(found.facts, query.factor, query.span)
    return reading.line(
        stores.telemetry(),
        found.facts,
        query.factor,
        query.kind,
        query.span,
        converted=converted,
        as_of=query.as_of,
    )


def chart_of(request: HttpRequest, found: Asked, namespace: str) -> charts.Chart:
    """The chart with its tracks: flags, marks, visits, findings."""
    return charts.build(
        found.facts, line_of(found), found.query.span, found.now, tracks(request, found, namespace)
    )


def tracks(request: HttpRequest, found: Asked, namespace: str) -> list[charts.Track]:
    user, span, outlet = viewer(request), found.query.span, found.outlet
    english = get_language() == "en"
    marks = [
        charts.Item(max(m.start, span.start), min(m.end, span.end), "mark", item_word(m.item))
        for m in marking.marks_of_outlet(user, outlet, span)
        if m.factor in ("", found.query.factor)
    ]
    visits = [
        charts.Item(
            max(v.sign_in_at, span.start), min(v.sign_out_at or v.sign_in_at + timedelta(hours=1), span.end),
            "notice", f"{v.number} {gettext(badges.badge('visit', v.state).word)}", link(namespace, "visit", v.number),
        )
        for v in maintenance.visits_of_outlet(user, outlet, span)
    ]  # fmt: skip
    clues = [
        charts.Item(
            max(f.start, span.start), min(f.end, span.end), badges.badge("level", f.level).tone,
            f"{f.number} {f.title_en if english else f.title_zh}", link(namespace, "finding", f.number),
        )
        for f in findings.findings_of_outlet(user, outlet, span)
        if f.factor in ("", found.query.factor)
    ]  # fmt: skip
    return [
        charts.Track(gettext("企业标记"), _inside(marks)),
        charts.Track(gettext("现场运维"), _inside(visits)),
        charts.Track(gettext("线索发现"), _inside(clues)),
    ]


def item_word(item: str) -> str:
    """What a mark says, in the language of the page."""
    return mark_items().get(item, {}).get("en" if get_language() == "en" else "zh", item)


def _inside(items: Sequence[charts.Item]) -> tuple[charts.Item, ...]:
    return tuple(item for item in items if item.start < item.end)


def link(namespace: str, view: str, *args: object) -> str:
    """The address of an object in this portal; "" where the portal has no such page."""
    try:
        return reverse(f"{namespace}:{view}", args=args)
    except NoReverseMatch:
        return ""


def base_context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """What every tab of the page shows."""
    outlet, query = found.outlet, found.query
    latest = reading.newest(stores.telemetry(), {p.point: found.facts.key for p in found.facts.points}).get(
        found.facts.key, []
    )
    args = (outlet.discharger.uscc, outlet.code)
    address = reverse(f"{namespace}:outlet", args=args)
    return {
        "title": f"{outlet.code} {outlet.name}",
        "outlet": outlet,
        "facts": found.facts,
        "query": query,
        "span_form": found.form,
        "namespace": namespace,
        "outlets_url": link(namespace, "outlets"),
        "link_state": "stopped" if outlet.state == "stopped" else reading.link_state(latest, found.now),
        "newest_at": max((row.time for row in latest), default=None),
        "evidence_url": reverse(f"{namespace}:outlet_evidence", args=args),
        "agency": maintenance.serving_agency(outlet, beijing_day(found.now)),
        "parts": [
            (address + query.address(part=part), word, None, query.part == part)
            for part, word in (("data", gettext("数据")), ("om", gettext("运维")), ("findings", gettext("线索案件")), ("file", gettext("档案")))
        ],
    }  # fmt: skip


def data_context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """The tab with the chart and the table."""
    query = found.query
    chart = chart_of(request, found, namespace)
    args = (found.outlet.discharger.uscc, found.outlet.code)
    return {
        "chart": chart,
        "picture": {
            "svg": pictures.draw(chart),
            "summary": charts.summary(chart),
            "data_url": reverse(f"{namespace}:outlet_data", args=args) + query.address(),
        },
        "factors": [(f, words.factor_name(f), query.address(factor=f), f == query.factor) for f in found.factors],
        "kinds": [(charts.kind_word(k), query.address(kind=k, **_respanned(query, k, found.now)), k == query.kind) for k in reading.KINDS],
        "spans": [
            (word, query.address(preset=key, span=queries.preset_span(key, query.kind, found.now)), key == query.preset)
            for key, word in queries.SPANS.items()
            if key != "own"
        ],
        "shifts": shifts(query, found.now),
        "values": [
            (gettext("折算"), query.address(converted=True), chart.line.converted),
            (gettext("实测"), query.address(converted=False), not chart.line.converted),
        ] if charts.wants_conversion(found.facts, query.factor, query.span) else [],
        "limits": [(charts.limit_text(step.limit), step.limit.sureness.value) for step in chart.steps],
        "table": rows(chart, page_number(request)),
        "pages": max(1, -(-len(chart.line) // ROWS_A_PAGE)),
        "page_number": page_number(request),
        "export_url": reverse(f"{namespace}:outlet_export", args=args) + query.address(),
        "table_url": query.address(view="chart" if query.view == "table" else "table"),
    }  # fmt: skip


def _respanned(query: OutletQuery, kind: str, moment: datetime) -> dict[str, Any]:
    if query.preset == "own":
        return {}
    preset = queries.USUAL[kind]
    return {"preset": preset, "span": queries.preset_span(preset, kind, moment)}


def shifts(query: OutletQuery, moment: datetime) -> list[tuple[str, str, str]]:
    """Addresses of the span before and after this one."""
    length = query.span.length
    before = Span(query.span.start - length, query.span.start)
    found = [("chevron-left", gettext("前一段"), query.address(preset="own", span=before))]
    if query.span.end < moment - timedelta(minutes=1):
        after = Span(query.span.end, min(query.span.end + length, moment))
        found.append(("chevron-right", gettext("后一段"), query.address(preset="own", span=after)))
    return found


def page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10**6 else 1


def rows(chart: charts.Chart, page: int) -> list[dict[str, Any]]:
    """One page of the table, newest first."""
    line = chart.line
    last = len(line) - (page - 1) * ROWS_A_PAGE
    return [_row(chart, i) for i in range(last - 1, max(-1, last - 1 - ROWS_A_PAGE), -1) if i >= 0]


def _row(chart: charts.Chart, index: int) -> dict[str, Any]:
    line = chart.line
    moment = from_epoch(int(line.times[index]))
    value = float(line.values[index])
    limit = (
        next((s.limit.value for s in chart.steps if s.start <= moment < s.end), None)
        if chart.judged
        else None
    )
    return {
        "moment": moment,
        "epoch": to_epoch(moment),
        "value": None if isnan(value) else value,
        "text": line.texts[index],
        "flag": line.flags[index],
        "limit": limit,
        "versions": line.versions[index],
        "over": index in chart.over,
    }


def other_context(request: HttpRequest, found: Asked) -> dict[str, Any]:
    """The tabs without a chart."""
    user, outlet = viewer(request), found.outlet
    ever = Span(from_epoch(0), found.now + timedelta(days=1))
    if found.query.part == "om":
        return {"visits": maintenance.visits_of_outlet(user, outlet, ever)[:ROWS_A_PAGE]}
    if found.query.part == "findings":
        return {"findings": findings.findings_of_outlet(user, outlet, ever)[:ROWS_A_PAGE]}
    seen = boards(stores.data_folder())
    return {
        "limits": registry.limits_of(outlet),
        "instruments": registry.instruments_of(outlet),
        "dataloggers": [(row, _heard(row, seen)) for row in registry.dataloggers_of(outlet)],
        "commands": _commands(user, outlet),
    }


def _heard(logger: Any, seen: Mapping[str, Mapping[str, Any]]) -> datetime | None:
    """When a logger in place last sent a usable frame; None where no gateway heard it since it was started."""
    last = seen.get(logger.mn, {}).get("last_seen_us") if logger.removed_at is None else None
    return from_us(last) if last else None


def _commands(user: Any, outlet: Any) -> list[Any]:
    """The newest commands to the loggers of an outlet, for who may read them."""
    if not can(user, "command.view"):
        return []
    return list(devices.commands_list(user, outlet=outlet.key)[:COMMANDS_SHOWN])
