"""What of an outlet is asked for: factor, resolution, span, as known when. All of it lives in the address."""

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

SPANS = {"today": _("今天"), "24h": _("24 时"), "7d": _("7 天"), "30d": _("30 天"), "own": _("自定义")}
LENGTHS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
USUAL = {"real": "24h", "minute": "24h", "hour": "7d", "day": "30d"}
LONGEST = {"real": 7, "minute": 93, "hour": 400, "day": 4000}  # days a page reads at once
VIEWS = ("chart", "table")
PARTS = ("data", "om", "findings", "file")
CLOCK = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class OutletQuery:
    """``preset``: key of SPANS. ``as_of``: None means what is known now. ``part``: the tab."""

    factor: str
    kind: str
    preset: str
    span: Span
    converted: bool | None
    as_of: datetime | None
    view: str
    part: str

    def address(self, **changes: Any) -> str:
        """The query string of this page with ``changes``; what is usual is left out."""
        other = replace(self, **changes)
        if "kind" in changes and "preset" not in changes and self.preset != "own":
            other = replace(other, preset=USUAL[other.kind])
        values = {"f": other.factor, "k": other.kind, "s": other.preset}
        if other.preset == "own":
            values |= {
                "from": beijing(other.span.start).strftime(CLOCK),
                "to": beijing(other.span.end).strftime(CLOCK),
            }
        if other.converted is not None:
            values["v"] = "converted" if other.converted else "measured"
        if other.as_of is not None:
            values["asof"] = beijing(other.as_of).strftime(CLOCK)
        if other.view != "chart":
            values["view"] = other.view
        if other.part != "data":
            values["t"] = other.part
        return "?" + urlencode(values)


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


def parse(request: HttpRequest, factors: list[str], now: datetime) -> tuple[OutletQuery, SpanForm]:
    """The query of the address; what is unknown becomes the usual. The form tells what was wrong."""
    data = request.GET
    kind = data.get("k", "hour") if data.get("k", "hour") in KINDS else "hour"
    preset = data.get("s", "") if data.get("s", "") in SPANS else USUAL[kind]
    form = SpanForm(data, kind, now)
    good = form.is_valid()
    asked = data.get("f", "")
    own = preset == "own" and good
    query = OutletQuery(
        factor=asked if asked in factors else (factors[0] if factors else ""),
        kind=kind,
        preset=preset if preset != "own" or own else USUAL[kind],
        span=Span(_aware(form.cleaned_data["start"]), _aware(form.cleaned_data["end"])) if own
        else preset_span(preset if preset != "own" else USUAL[kind], kind, now),
        converted={"converted": True, "measured": False}.get(data.get("v", "")),
        as_of=_aware(form.cleaned_data["asof"]) if good and form.cleaned_data.get("asof") else None,
        view=data.get("view", "chart") if data.get("view", "chart") in VIEWS else "chart",
        part=data.get("t", "data") if data.get("t", "data") in PARTS else "data",
    )  # fmt: skip
    return query, form


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=BEIJING)


def preset_span(preset: str, kind: str, now: datetime) -> Span:
    """The span of a preset, up to now; readings of a single day reach back longer where the step is a day."""
    if preset == "today":
        return Span(day_start(beijing_day(now)), now)
    length = LENGTHS[preset]
    if kind == "day":
        start = day_start(beijing_day(now - max(length, timedelta(days=7))))
        return Span(start, now)
    return Span(now - length, now)
