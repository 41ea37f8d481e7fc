"""Raw frames: the newest with their verdict, and one frame as its station's settings read it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from mingcha.apps.accounts.permissions import Reach, scope
from mingcha.apps.accounts.roles import Role
from mingcha.apps.devices import selectors as devices
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import from_us, now
from mingcha.core.errors import NotFound
from mingcha.gateway.words import word_of
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.frames.forms import FrameFilter
from mingcha.portals.shared import frames, stores
from mingcha.portals.shared.access import viewer
from mingcha.protocol.hj212 import mask

PREVIEW = 120


def _reachable(request: HttpRequest) -> set[str] | None:
    """The MNs whose frames the viewer may see; None means all."""
    user = viewer(request)
    if scope(user).kind is Reach.ALL or user.role == Role.SYSTEM_ADMIN:
        return None
    outlets = registry.outlets_visible_to(user).prefetch_related("dataloggers")
    return {logger.mn for outlet in outlets for logger in outlet.dataloggers.all()}


@for_frames
@require_GET
def frame_list(request: HttpRequest) -> HttpResponse:
    form = FrameFilter(request.GET)
    good = form.is_valid()
    wanted = form.cleaned_data
    found, scanned = frames.recent(
        stores.journal(), now(), mn=wanted.get("mn", "").strip(), verdict=wanted.get("verdict", ""),
        received_only=not wanted.get("answers"), reachable=_reachable(request), places=stores.places(),
    )  # fmt: skip
    rows = [
        {"ref": ref, "at": from_us(e.received_us), "mn": e.mn, "verdict": word_of(e.verdict) or "answer", "size": len(e.raw),
         "text": mask(e.raw)[:PREVIEW].decode("latin-1")}
        for ref, e in found
    ]  # fmt: skip
    context = {
        "title": gettext("报文"),
        "form": form,
        "rows": rows,
        "scanned": scanned,
        "filtered": any(wanted.values()),
    }
    return render(request, "regulator/frames/frames.html", context, status=200 if good else 422)


@for_frames
@require_GET
def frame(request: HttpRequest, ref: str) -> HttpResponse:
    place = frames.parse_ref(ref.rstrip("/"))
    found = frames.frame_view(stores.journal(), place, lambda mn, at: devices.decodings(mn)(mn, at))
    reachable = _reachable(request)
    if reachable is not None and found.mn not in reachable:
        raise NotFound(f"no frame {ref}")
    return render(request, "regulator/frames/frame.html", {"title": str(found.ref), "frame": found})
