"""What of an outlet is asked for: factors, resolution, span, as known when. All of it lives in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mingcha.core.clock import BEIJING, beijing, beijing_day, day_start
from mingcha.core.spans import Span
from mingcha.flow.reading import KINDS
from mingcha.portals.shared.charts import MOST_AXES, MOST_FACTORS

SPANS = {
    "today": _("今天"), "24h": _("24 时"), "7d": _("7 天"), "30d": _("月"), "90d": _("季"), "365d": _("年"),
    "5y": _("5 年"), "own": _("自定义"),
}  # fmt: skip
DAYS = {"7d": 7, "30d": 30, "90d": 90, "365d": 365, "5y": 1826}
LENGTHS = {"24h": timedelta(hours=24)} | {key: timedelta(days=days) for key, days in DAYS.items()}
USUAL = {"real": "24h", "minute": "24h", "hour": "7d", "day": "30d", "month": "365d"}
LONGEST = {"real": 31, "minute": 400, "hour": 1900, "day": 8000, "month": 20_000}  # days a page reads at once
SHORTEST = {"day": timedelta(days=7), "month": timedelta(days=62)}  # of a preset: fewer steps are no curve
VIEWS = ("chart", "table")
PARTS = ("data", "calendar", "reports", "emissions", "revisions", "om", "findings", "file")
OVERLAYS = {
    "flags": _("数据标识"), "marks": _("企业标记"), "visits": _("现场运维"), "calibrations": _("校准"),
    "findings": _("线索发现"), "versions": _("修订 ◥"), "late": _("补传 ⟳"), "gaps": _("缺口"),
}  # fmt: skip
CLOCK = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class OutletQuery:
    """``preset``: key of SPANS. ``as_of``: None means what is known now. ``part``: the tab.

    ``factor``: the first of ``factors``, which tables and the drawer are about. ``hidden``: overlays switched off.
    ``fit``: the axes fit the values. ``dropped``: factors asked for that the chart cannot take as well.
    """

    factor: str
    kind: str
    preset: str
    span: Span
    converted: bool | None
    as_of: datetime | None
    view: str
    part: str
    others: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    fit: bool = False
    dropped: tuple[str, ...] = ()

    @property
    def factors(self) -> tuple[str, ...]:
        return (self.factor, *self.others) if self.factor else ()

    def address(self, **changes: Any) -> str:
        """The query string of this page with ``changes``; what is usual is left out."""
        other = replace(self, **changes)
        if "kind" in changes and "preset" not in changes and self.preset != "own":
            other = replace(other, preset=USUAL[other.kind])
        values = {"f": ",".join(other.factors), "k": other.kind, "s": other.preset}
        if other.preset == "own":
            values |= {"from": clock(other.span.start), "to": clock(other.span.end)}
        if other.converted is not None:
            values["v"] = "converted" if other.converted else "measured"
        if other.as_of is not None:
            values["asof"] = clock(other.as_of)
        if other.hidden:
            values["hide"] = ",".join(name for name in OVERLAYS if name in other.hidden)
        if other.fit:
            values["fit"] = "1"
        if other.view != "chart":
            values["view"] = other.view
        if other.part != "data":
            values["t"] = other.part
        return "?" + urlencode(values, safe=",:")


def clock(moment: datetime) -> str:
    """A moment as the address and the fields of a form hold it: Beijing, to the minute."""
    return beijing(moment).strftime(CLOCK)


class SpanForm(forms.Form):
    """The fields for an own span and for ``as of``. Beijing time."""

    start = forms.DateTimeField(label=_("从"), required=False, input_formats=[CLOCK])
    end = forms.DateTimeField(label=_("至"), required=False, input_formats=[CLOCK])
    asof = forms.DateTimeField(label=_("截至"), required=False, input_formats=[CLOCK])

    def __init__(self, data: QueryDict, kind: str, now: datetime) -> None:
        super().__init__(
            {"start": data.get("from", ""), "end": data.get("to", ""), "asof": data.get("asof", "")}
        )
        self.kind, self.now, self.own = kind, now, data.get("s") == "own"
        for field in self.fields.values():
            field.widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=CLOCK)
            field.error_messages["invalid"] = gettext("不是时间。请写成 2026-11-23T14:05 的样子。")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        start, end = values.get("start"), values.get("end")
        if not self.own or self.errors:
            return values
        if start is None or end is None:
            self.add_error(
                "start" if start is None else "end", gettext("自定义时段需要起止时间。请填写后重试。")
            )
        elif end <= start:
            self.add_error("end", gettext("止于 %(end)s，不晚于起 %(start)s。请改正止时间。") % {
                "end": beijing(end).strftime("%m-%d %H:%M"), "start": beijing(start).strftime("%m-%d %H:%M")})  # fmt: skip
        elif end - start > timedelta(days=LONGEST[self.kind]):
            self.add_error(
                "end",
                gettext("这种数据一次最多看 %(n)d 天。请缩短时段，或改看小时值、日值。")
                % {"n": LONGEST[self.kind]},
            )
        return values


def parse(
    request: HttpRequest, factors: Sequence[str], now: datetime, *, unit_of: Callable[[str], str]
) -> tuple[OutletQuery, SpanForm]:
    """The query of the address; what is unknown becomes the usual. The form tells what was wrong."""
    data = request.GET
    kind = data.get("k", "hour") if data.get("k", "hour") in KINDS else "hour"
    preset = data.get("s", "") if data.get("s", "") in SPANS else USUAL[kind]
    form = SpanForm(data, kind, now)
    good = form.is_valid()
    own = preset == "own" and good
    shown = preset if preset != "own" else USUAL[kind]
    kind = kind if own else fitting(kind, shown)
    wanted, dropped = chosen(data, factors, unit_of)
    query = OutletQuery(
        factor=wanted[0] if wanted else "",
        others=wanted[1:],
        dropped=dropped,
        kind=kind,
        preset="own" if own else shown,
        span=Span(aware(form.cleaned_data["start"]), aware(form.cleaned_data["end"])) if own
        else preset_span(shown, kind, now),
        converted={"converted": True, "measured": False}.get(data.get("v", "")),
        as_of=aware(form.cleaned_data["asof"]) if good and form.cleaned_data.get("asof") else None,
        view=data.get("view", "chart") if data.get("view", "chart") in VIEWS else "chart",
        part=data.get("t", "data") if data.get("t", "data") in PARTS else "data",
        hidden=frozenset(",".join(data.getlist("hide")).split(",")) & frozenset(OVERLAYS),
        fit=data.get("fit") == "1",
    )  # fmt: skip
    return query, form


def chosen(
    data: QueryDict, factors: Sequence[str], unit_of: Callable[[str], str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The factors to draw (``f=a,b`` or ``f`` repeated), and those beyond what a chart takes."""
    asked = [name for name in ",".join(data.getlist("f")).split(",") if name in factors]
    taken: list[str] = []
    dropped: list[str] = []
    for name in dict.fromkeys(asked or factors[:1]):
        units = {unit_of(other) for other in [*taken, name]}
        fits = len(taken) < MOST_FACTORS and len(units) <= MOST_AXES
        (taken if fits else dropped).append(name)
    return tuple(taken), tuple(dropped)


def fitting(kind: str, preset: str) -> str:
    """``kind``, or the next coarser one of which a page reads as long a span."""
    length = LENGTHS.get(preset, timedelta(days=1))
    return next(k for k in KINDS[KINDS.index(kind) :] if timedelta(days=LONGEST[k]) >= length)


def aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=BEIJING)


def preset_span(preset: str, kind: str, now: datetime) -> Span:
    """The span of a preset, up to now; days and months reach back to whole ones, and over a few of them."""
    if preset == "today" and kind not in SHORTEST:
        return Span(day_start(beijing_day(now)), now)
    length = LENGTHS.get(preset, timedelta(days=1))
    if kind not in SHORTEST:
        return Span(now - length, now)
    day = beijing_day(now - max(length, SHORTEST[kind]))
    return Span(day_start(day.replace(day=1) if kind == "month" else day), now)
