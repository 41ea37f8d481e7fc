"""Addresses of the outlet page for one portal: ``*outlet_paths("agency", guard)`` in its ``urls.py``.

Names: ``outlet``, ``outlet_data``, ``outlet_evidence``, ``outlet_export``, all with (uscc, code).
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from mingcha.core.clock import from_epoch
from mingcha.portals.shared import charts, exports, words
from mingcha.portals.shared.access import View
from mingcha.portals.shared.outlet import evidence, pages

PREFIX = "outlets/<str:uscc>/<str:code>/"


def outlet_paths(namespace: str, guard: Callable[[View], View]) -> list[URLPattern]:
    """The four addresses; ``guard`` is the portal's ``open_to(…)``."""

    @require_GET
    def page(request: HttpRequest, uscc: str, code: str) -> HttpResponse:
        return outlet_page(request, uscc, code, namespace)

    @require_GET
    def data(request: HttpRequest, uscc: str, code: str) -> HttpResponse:
        found = pages.asked(request, uscc, code)
        return JsonResponse(charts.as_json(pages.chart_of(request, found, namespace)))

    @require_GET
    def proof(request: HttpRequest, uscc: str, code: str) -> HttpResponse:
        return evidence_page(request, uscc, code, namespace)

    @require_GET
    def export(request: HttpRequest, uscc: str, code: str) -> HttpResponse:
        return export_file(request, uscc, code)

    views: list[tuple[str, str, View]] = [
        ("", "outlet", page), ("data/", "outlet_data", data),
        ("evidence/", "outlet_evidence", proof), ("export/", "outlet_export", export),
    ]  # fmt: skip
    return [path(PREFIX + tail, guard(view), name=name) for tail, name, view in views]


def outlet_page(request: HttpRequest, uscc: str, code: str, namespace: str) -> HttpResponse:
    found = pages.asked(request, uscc, code)
    context = pages.base_context(request, found, namespace)
    if found.query.part == "data":
        context |= pages.data_context(request, found, namespace)
    else:
        context |= pages.other_context(request, found)
    return render(request, "shared/outlet/outlet.html", context, status=200 if found.form.is_valid() else 422)


def evidence_page(request: HttpRequest, uscc: str, code: str, namespace: str) -> HttpResponse:
    found = pages.asked(request, uscc, code)
    context = evidence.context(request, found, namespace)
    whole = request.headers.get("HX-Request") != "true"
    return render(
        request, "shared/outlet/evidence_page.html" if whole else "shared/outlet/evidence.html", context
    )


def export_file(request: HttpRequest, uscc: str, code: str) -> HttpResponse:
    """The whole filter as CSV (``form=csv``) or Excel (``form=xlsx``)."""
    found = pages.asked(request, uscc, code)
    line, query = pages.line_of(found), found.query
    chart = charts.build(found.facts, line, query.span, found.now)
    head = [gettext("时间"), gettext("因子"), gettext("名称"), gettext("值"), gettext("单位"), gettext("标识"),
            gettext("收到的文本"), gettext("版本数"), gettext("报文")]  # fmt: skip
    name = words.factor_name(line.factor)
    rows = [
        (from_epoch(int(line.times[i])), line.factor, name, None if line.values[i] != line.values[i] else float(line.values[i]),
         chart.unit, line.flags[i], line.texts[i], line.versions[i], str(line.refs[i] or ""))
        for i in range(len(line))
    ]  # fmt: skip
    title = f"{uscc}-{code}-{line.factor}-{query.kind}"
    if request.GET.get("form") == "xlsx":
        notes = [
            f"{found.outlet.discharger.name} {found.outlet.code} {found.outlet.name}", charts.summary(chart),
            words.span_text(query.span.start, query.span.end), *(charts.limit_text(s.limit) for s in chart.steps),
            gettext("数据未经审核，可能修订。"),
        ]  # fmt: skip
        return exports.as_xlsx(title, head, rows, notes)
    return exports.as_csv(title, head, rows)
