"""What both portals show of a quarter: hours by code, capture rate, what changed since it was confirmed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mingcha.apps.marking import quarters, selectors
from mingcha.apps.marking.codes import NONE, SHOWN, Figures
from mingcha.core.clock import now
from mingcha.core.spans import Span
from mingcha.portals.shared import exports, stores, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import page_of

DIFFERENCES_SHOWN = 200
LOW_CAPTURE = Decimal(90)  # %: below it other substitution applies (R-75-12.3)
CODE_WORDS = {
    "N": _("正常"), "F": _("停运"), "St": _("启炉"), "Sd": _("停炉"), "B": _("闷炉"), "C": _("校准"), "M": _("维护"),
    "D": _("故障"), "T": _("超量程"), "Md": _("无数据"), NONE: _("无小时值"),
}  # fmt: skip
STATES = (
    ("", _("全部")), ("open", _("待确认")), ("late", _("逾期未确认")), ("confirmed", _("已确认")),
    ("reopened", _("已重新开放")),
)  # fmt: skip


class CodesFilter(forms.Form):
    state = forms.ChoiceField(label=_("状态"), required=False, choices=STATES)
    quarter = forms.RegexField(
        r"^20[0-9]{2}-[1-4]$", label=_("季度"), required=False, widget=forms.TextInput({"placeholder": "2026-3"}),
        error_messages={"invalid": _("季度应如 2026-3：年份、连字符、1 至 4。请改正。")},
    )  # fmt: skip


def list_context(request: HttpRequest, link: str) -> dict[str, Any]:
    """The list with its filter; ``link``: name of the page of one quarter."""
    form, moment = CodesFilter(request.GET), now()
    found = selectors.confirmations_visible_to(viewer(request))
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted.get("quarter"):
        year, quarter = map(int, wanted["quarter"].split("-"))
        found = found.filter(year=year, quarter=quarter)
    state = wanted.get("state", "")
    if state == "late":
        found = found.filter(state="open", due_at__lt=moment)
    elif state:
        found = found.filter(state=state)
    page = page_of(request, found)
    return {
        "title": gettext("季度确认"), "form": form, "page": page, "filtered": any(wanted.values()), "link": link,
        "rows": [_row(row, moment) for row in page.object_list],
        "status": 200 if form.is_valid() else 422,
        "export": f"?{request.GET.urlencode()}&form=csv" if request.GET else "?form=csv",
        "found": found,
    }  # fmt: skip


def _row(row: Any, moment: datetime) -> dict[str, Any]:
    rates = [one["capture"] for one in row.figures.get("factors", {}).values() if one["capture"] is not None]
    return {
        "row": row,
        "late": selectors.is_late(row, moment),
        "lowest": min(map(Decimal, rates), default=None),
        "changed": updated_since(row),
    }


def updated_since(row: Any) -> bool:
    """Whether values of a confirmed quarter were restated afterwards; which codes changed, its page says."""
    if row.confirmed_at is None:
        return False
    newest = stores.telemetry().restatements(row.outlet.key, Span(row.start, row.end), limit=1)
    return bool(newest) and newest[0].at > row.confirmed_at


def as_file(found: Any) -> HttpResponse:
    """The whole filter as a file, one line a quarter and factor."""
    moment = now()
    head = [
        gettext("企业"), gettext("排放口"), gettext("年份"), gettext("季度"), gettext("状态"), gettext("期限"), gettext("确认人"),
        gettext("确认时间"), gettext("逾期"), gettext("因子"), gettext("捕集率 (%)"), *SHOWN,
    ]  # fmt: skip
    lines = [
        [
            row.outlet.discharger.name, row.outlet.code, row.year, row.quarter, row.get_state_display(), row.due_at,
            row.confirmed_by.name if row.confirmed_by else "", row.confirmed_at,
            gettext("是") if selectors.is_late(row, moment) else gettext("否"), factor, one.get("capture"),
            *(one.get("counts", {}).get(code, 0) for code in SHOWN),
        ]
        for row in found
        for factor, one in (row.figures.get("factors") or {"": {}}).items()
    ]  # fmt: skip
    return exports.as_csv("quarters", head, lines)


def quarter_context(row: Any, figures: Figures) -> dict[str, Any]:
    """One quarter: what was confirmed beside what is computed now."""
    moment = now()
    confirmed = row.figures.get("factors", {})
    factors = [
        {
            "factor": factor,
            "name": words.factor_name(factor),
            "counts": [(one["counts"].get(code, 0), CODE_WORDS[code], code) for code in _codes(figures)],
            "capture": one["capture"],
            "low": one["capture"] is not None and Decimal(one["capture"]) < LOW_CAPTURE,
            "confirmed": confirmed.get(factor, {}).get("capture"),
        }
        for factor, one in figures["factors"].items()
    ]
    changes = quarters.changed_since(row, figures)
    return {
        "title": gettext("%(year)d 年第 %(quarter)d 季度") % {"year": row.year, "quarter": row.quarter},
        "row": row, "outlet": row.outlet, "span": Span(row.start, row.end), "figures": figures, "factors": factors,
        "codes": [(code, CODE_WORDS[code]) for code in _codes(figures)],
        "changes": [_change(one) for one in changes[:DIFFERENCES_SHOWN]], "more_changes": max(0, len(changes) - DIFFERENCES_SHOWN),
        "late": selectors.is_late(row, moment), "locked": selectors.is_locked(row, moment), "now": moment,
        "over": moment >= row.end,
    }  # fmt: skip


def _codes(figures: Figures) -> list[str]:
    """The codes that occur, in the order of the standard."""
    there = {code for one in figures["factors"].values() for code in one["counts"]}
    return [code for code in SHOWN if code in there]


def _change(one: Any) -> dict[str, Any]:
    hours = int((one.end - one.start).total_seconds() // 3600)
    return {
        "name": words.factor_name(one.factor), "start": one.start, "end": one.end, "hours": hours,
        "before": f"{CODE_WORDS[one.before]} {one.before}", "after": f"{CODE_WORDS[one.after]} {one.after}",
    }  # fmt: skip
