"""The list of stations: who speaks which edition with which deviations, as a page and as a file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from mingcha.apps.devices import selectors
from mingcha.apps.devices.selectors import BoardRow
from mingcha.core.clock import now
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.devices import words
from mingcha.portals.regulator.devices.common import link_of, sections, seen
from mingcha.portals.regulator.outlets.forms import ANY, district_choices
from mingcha.portals.shared import exports
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import page_of
from mingcha.portals.shared.live_frames import counted
from mingcha.protocol.hj212.editions import EDITIONS

UNHEARD = "none"
SPOKEN = [ANY, *((e, f"HJ 212-{e}") for e in EDITIONS), (UNHEARD, _("未收到"))]
STATES = [
    ANY, ("online", _("在线")), ("delayed", _("延迟")), ("offline", _("断线")), ("never", _("未联网")),
    ("differs", _("版本与登记不符")), ("deviating", _("有偏差")), ("own", _("有专用设置")),
]  # fmt: skip
SHOWN_DEVIATIONS = 3


class StationFilter(forms.Form):
    q = forms.CharField(label=_("企业、排放口、MN"), required=False, max_length=64)
    edition = forms.ChoiceField(label=_("所用版本"), required=False, choices=SPOKEN)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=STATES)
    district = forms.ChoiceField(label=_("区县"), required=False, choices=district_choices)


@dataclass(frozen=True, slots=True)
class StationRow:
    """A line of the board. ``named``: what differs from the plain dialect, in words."""

    board: BoardRow
    link: str
    named: tuple[str, ...]

    @property
    def top(self) -> list[tuple[object, int]]:
        return [*counted(self.board.deviations)[:SHOWN_DEVIATIONS]]

    @property
    def more(self) -> int:
        return max(0, len(self.board.deviations) - SHOWN_DEVIATIONS)


@for_frames
@require_GET
def device_list(request: HttpRequest) -> HttpResponse:
    """The board; with ``form=csv`` the whole filter as a file."""
    at = now()
    form = StationFilter(request.GET)
    good = form.is_valid()
    wanted = form.cleaned_data
    every = [_row(row, at) for row in selectors.editions_board(viewer(request), at, seen())]
    rows = [row for row in every if _fits(row, wanted)] if good else []
    if request.GET.get("form") == "csv":
        return _file(rows)
    context = {
        "title": gettext("数采仪"), "form": form, "page": page_of(request, rows), "filtered": any(wanted.values()),
        "counts": _counts(every), "total": len(every), "tabs": sections(request, "devices"),
        "export": f"?{request.GET.urlencode()}&form=csv" if request.GET else "?form=csv",
    }  # fmt: skip
    return render(request, "regulator/devices/stations.html", context, status=200 if good else 422)


def _row(row: BoardRow, at: datetime) -> StationRow:
    named = tuple(
        f"{words.setting_word(name)}: {words.setting_value(name, value)}"
        for name, value in row.dialect.items()
    )
    return StationRow(row, link_of(row.last_seen, at), named)


def _fits(row: StationRow, wanted: dict[str, str]) -> bool:
    board, text = row.board, wanted.get("q", "").strip().lower()
    if text and not any(
        text in one.lower() for one in (board.mn, board.outlet, board.outlet_name, board.discharger)
    ):
        return False
    if wanted.get("district") and board.district != wanted["district"]:
        return False
    if (edition := wanted.get("edition")) and (board.spoken or UNHEARD) != edition:
        return False
    return not (state := wanted.get("state")) or _in_state(row, state)


def _in_state(row: StationRow, state: str) -> bool:
    special = {
        "differs": row.board.differs,
        "deviating": bool(row.board.deviations),
        "own": bool(row.board.dialect),
    }
    return special.get(state, row.link == state)


def _counts(rows: Sequence[StationRow]) -> list[tuple[str, str, int]]:
    """(query, word, number) of each edition spoken, then of what asks for attention."""
    spoken = Counter(row.board.spoken or UNHEARD for row in rows)
    found = [(f"?edition={key}", str(word), spoken[key]) for key, word in SPOKEN if key]
    other = (("differs", gettext("版本与登记不符")), ("deviating", gettext("有偏差")))
    return found + [(f"?state={key}", word, sum(_in_state(row, key) for row in rows)) for key, word in other]


def _file(rows: Sequence[StationRow]) -> HttpResponse:
    head = [
        "MN", "ST", gettext("企业"), gettext("排放口"), gettext("名称"), gettext("区县"), gettext("登记版本"), gettext("要求版本"),
        gettext("所用版本"), gettext("联网"), gettext("最近收到"), gettext("报文数"), gettext("偏差"), gettext("专用设置"),
    ]  # fmt: skip
    lines = [
        (b.mn, b.st, b.discharger, b.outlet, b.outlet_name, b.district, b.registered, b.demanded, b.spoken, row.link,
         b.last_seen, b.frames, "; ".join(f"{code} {n}" for code, n in b.deviations.items()), "; ".join(row.named))
        for row in rows for b in (row.board,)
    ]  # fmt: skip
    return exports.as_csv("stations", head, lines)
