"""Addresses of the outlet page for one portal: ``*outlet_paths("agency", guard)`` in its ``urls.py``.

Names: ``outlet``, ``outlet_data``, ``outlet_evidence``, ``outlet_export``, ``outlet_download``, ``outlet_report``,
``outlet_emissions``, all with (uscc, code).
"""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from mingcha.core.clock import from_epoch
from mingcha.core.errors import BadInput
from mingcha.portals.shared import chart_data, charts, exports, words
from mingcha.portals.shared.access import View
from mingcha.portals.shared.outlet import data, downloads, emission_files, evidence, pages, reports, tabs

PREFIX = "outlets/<str:uscc>/<str:code>/"


def outlet_paths(namespace: str, guard: Callable[[View], View]) -> list[URLPattern]:
    """The seven addresses; ``guard`` is the portal's ``open_to(…)``."""
    views: list[tuple[str, str, Callable[..., HttpResponseBase]]] = [
        ("", "outlet", outlet_page), ("data/", "outlet_data", chart_json), ("evidence/", "outlet_evidence", evidence_page),
        ("export/", "outlet_export", export_file), ("download/", "outlet_download", download_file),
        ("report/", "outlet_report", report_file), ("emissions/", "outlet_emissions", emissions_file),
    ]  # fmt: skip
    return [
        path(PREFIX + tail, guard(require_GET(partial(view, namespace=namespace))), name=name)
        for tail, name, view in views
    ]


def outlet_page(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponse:
    found = pages.asked(request, uscc, code)
    context = pages.base_context(request, found, namespace) | tabs.context(request, found, namespace)
    return render(request, "shared/outlet/outlet.html", context, status=200 if found.form.is_valid() else 422)


def chart_json(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponse:
    found = pages.asked(request, uscc, code)
    return JsonResponse(chart_data.as_json(data.chart_of(request, found, namespace)))


def evidence_page(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponse:
    found = pages.asked(request, uscc, code)
    context = evidence.context(request, found, namespace)
    whole = request.headers.get("HX-Request") != "true"
    return render(
        request, "shared/outlet/evidence_page.html" if whole else "shared/outlet/evidence.html", context
    )


def download_file(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponseBase:
    """The readings in the columns of the exchange data set; what cannot be given is said in plain text."""
    found = pages.asked(request, uscc, code)
    try:
        return downloads.download(request, found)
    except BadInput as error:
        return _refused(error)


def report_file(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponse:
    """A report (R-75-13) as Excel or PDF; what cannot be given is said in plain text."""
    found = pages.asked(request, uscc, code)
    try:
        return reports.report_file(request, found)
    except BadInput as error:
        return _refused(error)


def _refused(error: BadInput) -> HttpResponse:
    text = "\n".join(error.problems.values())
    return HttpResponse(text, status=422, content_type="text/plain; charset=utf-8")


def emissions_file(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponse:
    """Totals, what stands in, every hour or day, or the comparison, as CSV or Excel."""
    found = pages.asked(request, uscc, code)
    try:
        return emission_files.download(request, found)
    except BadInput as error:
        text = "\n".join(error.problems.values())
        return HttpResponse(text, status=422, content_type="text/plain; charset=utf-8")


def export_file(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponse:
    """The table of the page, whole, as CSV (``form=csv``) or Excel (``form=xlsx``)."""
    found = pages.asked(request, uscc, code)
    chart = data.plain_chart(found, data.lines_of(found))
    head = [gettext("时间"), gettext("因子"), gettext("名称"), gettext("值"), gettext("单位"), gettext("标识"),
            gettext("收到的文本"), gettext("版本数"), gettext("报文"), gettext("原因")]  # fmt: skip
    rows = [row for curve in chart.curves for row in _lines(curve)]
    query = found.query
    title = f"{uscc}-{code}-{'-'.join(query.factors)}-{query.kind}"
    if request.GET.get("form") == "xlsx":
        notes = [
            f"{found.outlet.discharger.name} {found.outlet.code} {found.outlet.name}", charts.summary(chart),
            words.span_text(query.span.start, query.span.end),
            *(charts.limit_text(s.limit) for curve in chart.curves for s in curve.steps),
            gettext("数据未经审核，可能修订。"),
        ]  # fmt: skip
        return exports.as_xlsx(title, head, rows, notes)
    return exports.as_csv(title, head, rows)


def _lines(curve: charts.Curve) -> list[tuple[exports.Cell, ...]]:
    line, name = curve.line, words.factor_name(curve.line.factor)
    causes = line.causes or [""] * len(line)
    return [
        (from_epoch(int(line.times[i])), line.factor, name, None if line.values[i] != line.values[i] else float(line.values[i]),
         curve.unit, line.flags[i], line.texts[i], line.versions[i], str(line.refs[i] or ""), causes[i])
        for i in range(len(line))
    ]  # fmt: skip
