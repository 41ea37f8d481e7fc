"""The pages of the rates: the table, one outlet by day and factor, the lost hours of a day with their causes."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from mingcha.apps.accounts.permissions import Reach, scope
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, day_end, day_start, now, to_epoch
from mingcha.core.errors import NotFound
from mingcha.core.spans import Span
from mingcha.flow import rates
from mingcha.portals.shared import causes, exports, stores, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import UNPROCESSABLE, page_of
from mingcha.portals.shared.outlet.calendar import month_of
from mingcha.portals.shared.rates import table
from mingcha.portals.shared.rates.forms import BY, RatesForm

PAGE = 100
LOST_SHOWN = 2000


def rates_page(request: HttpRequest, *, namespace: str) -> HttpResponse:
    """The table; with ``form=csv`` or ``form=xlsx`` the whole filter as a file."""
    today = beijing_day(now())
    wide = scope(viewer(request)).kind in (Reach.ALL, Reach.DISTRICT)
    form = RatesForm(request.GET, today=today, wide=wide)
    good = form.is_valid()
    found = table.table(form, table.outlets_asked(request, form)) if good else []
    sort = request.GET.get("sort", "name")
    rows = table.ordered(found, sort)
    if good and request.GET.get("form") in ("csv", "xlsx"):
        return _file(request.GET["form"], form, [*rows, table.total(rows)])
    by = (form.cleaned_data.get("by") if good else "") or "outlet"
    page = page_of(request, rows, PAGE)
    context = {
        "title": gettext("有效率与传输率"), "form": form, "by": by, "by_word": BY[by], "namespace": namespace,
        "page": page, "rows": [(row, _drill(request, row, by, form, namespace)) for row in page.object_list],
        "total": table.total(rows) if rows else None, "sort": sort, "sorts": _sorts(sort),
        "filtered": bool(request.GET.get("q") or request.GET.get("district") or request.GET.get("below")),
        "span": form.span() if good else None, "export": _export(request),
    }  # fmt: skip
    return render(request, "shared/rates/rates.html", context, status=200 if good else UNPROCESSABLE)


def _sorts(sort: str) -> dict[str, str]:
    """By column: the order a click on its head asks for."""
    return {name: f"-{name}" if sort == name else name for name in table.SORTS}


def _export(request: HttpRequest) -> str:
    kept = request.GET.copy()
    for name in ("form", "page"):
        kept.pop(name, None)
    return "?" + "&".join(part for part in (kept.urlencode(), "form=csv") if part)


def _drill(request: HttpRequest, row: table.Row, by: str, form: RatesForm, namespace: str) -> str:
    """One step down: district → dischargers → outlets → days; a month → its outlets."""
    if by == "outlet":
        uscc, _, code = row.key.partition("/")
        return reverse(f"{namespace}:rates_outlet", args=(uscc, code)) + f"?month={form.months()[1]:%Y-%m}"
    changes = {
        "district": {"by": "discharger", "district": row.key}, "discharger": {"by": "outlet", "q": row.key},
        "month": {"by": "outlet", "first": row.key, "last": row.key},
    }.get(by)  # fmt: skip
    if changes is None or row.key == "-":
        return ""
    kept = request.GET.copy()
    kept.pop("page", None)
    for name, value in changes.items():
        kept[name] = value
    return f"?{kept.urlencode()}"


def _file(form: str, asked: RatesForm, rows: list[table.Row]) -> HttpResponse:
    first, last = asked.months()
    name = f"rates-{first:%Y%m}-{last:%Y%m}"
    lines = [table.line(row) for row in rows]
    if form == "csv":
        return exports.as_csv(name, table.head(), lines)
    notes = [
        gettext("应收、收到、有效为排放口×因子×小时；合计由计数相加，不取平均。"),
        gettext("即时：首次截止时所知；补全：含补传与标记。"),
        gettext("平台停机的小时仍计入应收，单列。"),
    ]
    return exports.as_xlsx(name, table.head(), lines, notes)


def outlet_rates(request: HttpRequest, uscc: str, code: str, *, namespace: str) -> HttpResponse:
    """One outlet in one month: by factor and by day."""
    outlet = registry.outlet_get(viewer(request), uscc, code)
    today = beijing_day(now())
    month = month_of(request.GET.get("month", ""), today)
    after = (month + timedelta(days=32)).replace(day=1)
    span = Span(day_start(month), max(day_start(month), min(day_start(after), day_end(today))))
    store, key = stores.telemetry(), outlet.key
    factors = [
        table.row_of(one.factor or "", words.factor_name(one.factor or ""), one.counts, one.causes)
        for one in rates.rates_of(store, [key], span, by=("factor",))
    ]
    days = [
        table.row_of(str(one.day), str(one.day), one.counts, one.causes, reverse(f"{namespace}:rates_day", args=(uscc, code, one.day)))
        for one in rates.rates_of(store, [key], span, by=("day",))
    ]  # fmt: skip
    context = {
        "title": gettext("%(month)s 的有效率") % {"month": f"{month:%Y-%m}"}, "outlet": outlet, "namespace": namespace,
        "factors": factors, "days": sorted(days, key=lambda row: row.key), "total": table.total(days),
        "before": f"?month={(month - timedelta(days=1)):%Y-%m}", "after": f"?month={after:%Y-%m}" if after <= today else "",
    }  # fmt: skip
    return render(request, "shared/rates/outlet.html", context)


def outlet_day(request: HttpRequest, uscc: str, code: str, day: str, *, namespace: str) -> HttpResponse:
    """The hours of a day that are not valid, each with its cause and its evidence.

    Raises:
        NotFound: the outlet is none of the viewer's, or the day is none.
    """
    outlet = registry.outlet_get(viewer(request), uscc, code)
    try:
        chosen = date.fromisoformat(day)
    except ValueError as error:
        raise NotFound(f"{day!r} is no day; write it as 2026-11-23") from error
    span = Span(day_start(chosen), day_end(chosen))
    held = rates.lost_hours(stores.telemetry(), outlet.key, span, limit=LOST_SHOWN)
    evidence = reverse(f"{namespace}:outlet_evidence", args=(uscc, code))
    context = {
        "title": f"{outlet.code} {chosen}", "outlet": outlet, "day": chosen, "namespace": namespace,
        "evidence_url": evidence, "month": f"{chosen:%Y-%m}",
        "hours": [_lost(one, evidence) for one in held if _asked(request, one)],
        "before": chosen - timedelta(days=1), "after": chosen + timedelta(days=1) if chosen < beijing_day(now()) else None,
    }  # fmt: skip
    return render(request, "shared/rates/day.html", context)


def _asked(request: HttpRequest, one: Any) -> bool:
    return all(request.GET.get(name, "") in ("", getattr(one, name)) for name in ("cause", "factor"))


def _lost(one: Any, evidence: str) -> dict[str, Any]:
    at = to_epoch(one.start)
    return {
        "hour": one,
        "family": causes.family(one.cause),
        "url": f"{evidence}?f={one.factor}&k=hour&at={at}",
    }
