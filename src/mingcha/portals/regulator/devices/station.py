"""One station: its frames as they come, decoded, with verdicts and counters."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from mingcha.apps.devices import selectors
from mingcha.core.clock import now
from mingcha.core.errors import BrokenEvidence, LocalError
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.devices.common import station_context
from mingcha.portals.regulator.frames.forms import VERDICTS
from mingcha.portals.regulator.outlets.forms import ANY
from mingcha.portals.shared import frames, live_frames, stores
from mingcha.portals.shared.access import viewer

PERIOD_S = 3  # between looks of a page that stays open


class FrameFilter(forms.Form):
    cn = forms.CharField(label="CN", required=False, max_length=4)
    verdict = forms.ChoiceField(label=_("判定"), required=False, choices=[*VERDICTS, ("answer", _("应答"))])
    direction = forms.ChoiceField(
        label=_("方向"), required=False, choices=[ANY, ("in", _("收到")), ("out", _("发出"))]
    )


@for_frames
@require_GET
def station(request: HttpRequest, mn: str) -> HttpResponse:
    """The newest frames; the page asks for more by itself unless ``paused=1``."""
    at = now()
    logger = selectors.station_get(viewer(request), mn, request.GET.get("st", ""))
    form = FrameFilter(request.GET)
    good = form.is_valid()
    look, broken = _looked(mn, form, "", at) if good else (live_frames.Look([], ""), "")
    context = station_context(request, logger, "frames", at)
    context |= _bar(request, mn, look, len(look.lines), broken)
    context |= {
        "form": form, "lines": look.lines, "filtered": any(form.cleaned_data.values()),
        **_verdicts(mn, form, look, at),
        "problems": live_frames.counted(context["counted"].get("deviations", {})),
    }  # fmt: skip
    return render(request, "regulator/devices/station.html", context, status=200 if good else 422)


@for_frames
@require_GET
def live(request: HttpRequest, mn: str) -> HttpResponse:
    """What came since ``after``: the bar with the next cursor, and the new lines for the top of the list."""
    selectors.station_get(viewer(request), mn)
    form = FrameFilter(request.GET)
    form.is_valid()
    shown = int(text) if (text := request.GET.get("shown", "0")).isascii() and text.isdigit() else 0
    cursor = request.GET.get("after", "")
    if request.GET.get("paused") == "1":
        return render(
            request, "regulator/devices/live.html", _bar(request, mn, live_frames.Look([], ""), shown, "")
        )
    look, broken = _looked(mn, form, cursor, now())
    whole = not cursor or (bool(look.lines) and (shown == 0 or shown + len(look.lines) > live_frames.KEPT))
    if whole and cursor:
        look, broken = _looked(mn, form, "", now())
    number = len(look.lines) if whole else shown + len(look.lines)
    context = _bar(request, mn, look, number, broken, cursor=look.cursor or cursor)
    context |= {"lines": look.lines, "whole": whole, "part": "frames"}
    return render(request, "regulator/devices/live.html", context)


def _verdicts(mn: str, form: FrameFilter, look: live_frames.Look, at: Any) -> dict[str, Any]:
    """Counted over the filter and the last days; before the worker first looked, over the lines of the page."""
    held = stores.places().held(mn) if form.is_valid() else []
    if not held:
        return {"verdicts": live_frames.verdicts(look.lines), "verdict_days": 0}
    days = frames.WINDOW.days
    found = live_frames.verdicts_held(held, _wanted(mn, form), at - frames.WINDOW)
    return {"verdicts": found, "verdict_days": days}


def _wanted(mn: str, form: FrameFilter) -> live_frames.Wanted:
    return live_frames.Wanted(
        mn, **{name: form.cleaned_data.get(name, "") for name in ("cn", "verdict", "direction")}
    )


def _looked(mn: str, form: FrameFilter, cursor: str, at: Any) -> tuple[live_frames.Look, str]:
    """A look and why it failed; a page that stays open tries again by itself."""
    wanted = _wanted(mn, form)
    try:
        decodings = selectors.decodings(mn)
        if cursor:
            return live_frames.next_look(stores.journal(), wanted, decodings, cursor), ""
        return live_frames.first_look(stores.journal(), wanted, decodings, at, stores.places()), ""
    except (BrokenEvidence, LocalError, OSError) as error:
        return live_frames.Look([], cursor), str(error)


def _bar(
    request: HttpRequest, mn: str, look: live_frames.Look, shown: int, broken: str, cursor: str = ""
) -> dict[str, Any]:
    """What the bar over the list needs: the address of the next look, or of beginning again."""
    kept = {name: request.GET[name] for name in ("cn", "verdict", "direction", "st") if request.GET.get(name)}
    paused = request.GET.get("paused") == "1"
    address = reverse("regulator:device_live", args=(mn,))
    going = kept | {"after": cursor or look.cursor, "shown": str(shown)}
    return {
        "paused": paused, "broken": broken, "skipped": look.skipped, "shown": shown, "period": PERIOD_S, "mn": mn,
        "next_url": f"{address}?{urlencode(going)}",
        "pause_url": f"{address}?{urlencode(kept | {'paused': '1', 'shown': str(shown)})}",
        "resume_url": f"{address}?{urlencode(kept)}",
        "plain_pause_url": f"?{urlencode(kept | {'paused': '1'})}",
        "plain_resume_url": f"?{urlencode(kept)}",
    }  # fmt: skip
