"""The list of outlets with what they send now. The outlet's own page is shared by three portals."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import now
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.regulator.outlets.forms import OutletFilter
from mingcha.portals.shared import exports
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import page_of
from mingcha.portals.shared.stations import Station, stations

PAGE = 100


@for_regulators
@require_GET
def outlets(request: HttpRequest) -> HttpResponse:
    """The list; with ``form=csv`` the whole filter as a file."""
    form = OutletFilter(request.GET)
    good = form.is_valid()
    wanted = form.cleaned_data
    found = registry.outlets_visible_to(viewer(request))
    if text := wanted.get("q", "").strip():
        named = Q(name__icontains=text) | Q(code__icontains=text) | Q(discharger__name__icontains=text)
        found = found.filter(named | Q(discharger__uscc=text) | Q(dataloggers__mn__icontains=text)).distinct()
    if wanted.get("district"):
        found = found.filter(discharger__district__code=wanted["district"])
    if wanted.get("medium"):
        found = found.filter(medium=wanted["medium"])
    rows = stations(viewer(request), now(), found)
    if wanted.get("link"):
        rows = [row for row in rows if row.link == wanted["link"]]
    if request.GET.get("form") == "csv":
        return _file(rows)
    context = {
        "title": _("在线监控"), "form": form, "page": page_of(request, rows, PAGE), "filtered": any(wanted.values()),
        "export": f"?{request.GET.urlencode()}&form=csv" if request.GET else "?form=csv",
    }  # fmt: skip
    return render(request, "regulator/outlets/outlets.html", context, status=200 if good else 422)


def _file(rows: list[Station]) -> HttpResponse:
    head = [
        _("企业"),
        _("统一社会信用代码"),
        _("排放口"),
        _("名称"),
        _("区县"),
        _("联网"),
        _("最新时间"),
        _("数值"),
    ]
    lines = [
        (r.outlet.discharger.name, r.outlet.discharger.uscc, r.outlet.code, r.outlet.name, str(r.outlet.discharger.district or ""),
         r.link, r.at, "; ".join(f"{v.name} {v.text} {v.unit} {v.flag}" for v in r.values))
        for r in rows
    ]  # fmt: skip
    return exports.as_csv("outlets", head, lines)
