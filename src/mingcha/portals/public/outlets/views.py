"""排放数据: outlets by name and district, and each outlet's page out of its immutable snapshot (ui.md §3.14)."""

import csv
import io
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mingcha.apps.accounts.selectors import districts
from mingcha.apps.disclosure import selectors
from mingcha.apps.maintenance.selectors import serving_agency
from mingcha.core.clock import beijing_day, now
from mingcha.core.errors import NotFound
from mingcha.portals.public.outlets import page
from mingcha.portals.public.outlets.forms import SearchForm
from mingcha.portals.shared.form_words import english
from mingcha.portals.shared.forms import page_of

PAGE_SIZE = 30
CSV_COLUMNS = (
    "factor", "name", "hour_start", "value", "unit", "code", "code_meaning", "limit", "limit_source", "verdict",
    "marks", "revisions",
)  # fmt: skip


@require_safe
def outlets(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET, districts=[(d.code, _district(d)) for d in districts()])
    found = _found(form.cleaned_data) if form.is_valid() else selectors.outlets_public()
    shown = page_of(request, found, PAGE_SIZE)
    context = {
        "title": _("排放数据"),
        "form": form,
        "page": shown,
        "rows": [_listed(outlet) for outlet in shown],
        "searching": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "public/outlets/outlets.html", context)


@require_safe
def outlet(request: HttpRequest, uscc: str, code: str, version: int | None = None) -> HttpResponse:
    latest = selectors.snapshot_latest(uscc, code)
    shown = latest if version is None else _version(uscc, code, version)
    content = shown.content
    context = {
        "title": f"{content['outlet']['discharger']} {content['outlet']['code']}",
        "snapshot": shown,
        "content": content,
        "newest": shown.pk == latest.pk,
        "latest": latest,
        "sentence": page.sentence(content),
        "state": page.state(content),
        "factors": page.rows(content),
        "marks": page.marks(content),
        "revised": page.revisions(content),
        "revised_hours": page.revised_hours(content),
        "start": datetime.fromisoformat(content["from"]),
        "end": datetime.fromisoformat(content["to"]),
        "agency": serving_agency(shown.outlet, beijing_day(now())),
    }
    return render(request, "public/outlets/outlet.html", context)


@require_safe
def versions(request: HttpRequest, uscc: str, code: str) -> HttpResponse:
    latest = selectors.snapshot_latest(uscc, code)
    outlet = latest.content["outlet"]
    context = {
        "title": _("已公布的版本"),
        "name": f"{outlet['discharger']} {outlet['code']}",
        "uscc": uscc,
        "code": code,
        "page": page_of(request, selectors.snapshot_versions(uscc, code)),
    }
    return render(request, "public/outlets/versions.html", context)


@require_safe
def as_json(request: HttpRequest, uscc: str, code: str, version: int) -> HttpResponse:
    """The content with what is needed to check it: digests, version, moment."""
    found = _version(uscc, code, version)
    body = {
        "version": found.version,
        "published_at": found.published_at.isoformat(),
        "why": found.why,
        "digest": found.digest,
        "content_digest": found.content_digest,
        "previous": found.previous,
        "notice": _("数据未经审核，可能修订"),
        "content": found.content,
    }
    answer = JsonResponse(body, json_dumps_params={"ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{uscc}-{code}-v{version}.json"'
    return answer


@require_safe
def as_csv(request: HttpRequest, uscc: str, code: str, version: int) -> HttpResponse:
    """One line an hour and factor; UTF-8 with a mark, so that office programs read Chinese."""
    found = _version(uscc, code, version)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for factor in found.content["factors"]:
        writer.writerows(_csv_line(factor, hour) for hour in factor["hours"])
    name = f"{uscc}-{code}-v{version}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _csv_line(factor: dict[str, Any], hour: dict[str, Any]) -> tuple[Any, ...]:
    tail = "_en" if english() else "_zh"
    limit = factor["limit"] or {}
    return (
        factor["code"], factor["name" + tail], hour["start"], hour["value"] or "", factor["unit"], hour["code"],
        hour["code" + tail], limit.get("value", ""), limit.get("cite", ""), hour["verdict" + tail],
        "; ".join(hour["marks" + tail]), hour["revisions"],
    )  # fmt: skip


def _found(asked: dict[str, Any]) -> Any:
    found = selectors.outlets_public()
    if words := asked["q"].strip():
        named = Q(discharger__name__icontains=words) | Q(name__icontains=words)
        found = found.filter(named | Q(code__iexact=words) | Q(discharger__uscc__iexact=words))
    if asked["district"]:
        found = found.filter(discharger__district__code=asked["district"])
    if asked["medium"]:
        found = found.filter(medium=asked["medium"])
    return found


def _listed(outlet: Any) -> dict[str, Any]:
    content = selectors.snapshot_latest(outlet.discharger.uscc, outlet.code).content
    return {"outlet": outlet, "sentence": page.sentence(content), "state": page.state(content)}


def _version(uscc: str, code: str, version: int) -> Any:
    found = selectors.snapshot_versions(uscc, code).filter(version=version).first()
    if found is None:
        raise NotFound(f"{uscc}/{code} has no published version {version}")
    return found


def _district(district: Any) -> str:
    return str(district.name_en if english() and district.name_en else district.name)
