"""Visits as the discharger, the agency and the phone list and show them."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from mingcha.apps.accounts.permissions import Viewer
from mingcha.apps.audit import selectors as audit
from mingcha.apps.maintenance import selectors
from mingcha.core.errors import NotFound
from mingcha.portals.shared import badges, records, stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import page_of

# What waits for whom, WF-8: the states in which confirming, or reviewing, is the next move.
TO_CONFIRM = ("submitted", "reviewed")
TO_REVIEW = ("submitted", "confirmed")
STATES = ("open", "submitted", "reviewed", "confirmed", "complete", "auto_closed", "unconfirmed")
PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"))


def waiting_for_confirmation(user: Viewer) -> Any:
    """Visits that wait for the discharger, the oldest first."""
    return selectors.visits_visible_to(user).filter(state__in=TO_CONFIRM).order_by("submitted_at")


def waiting_for_review(user: Viewer) -> Any:
    """Visits that wait for the agency's reviewer, the oldest first."""
    return selectors.visits_visible_to(user).filter(state__in=TO_REVIEW).order_by("submitted_at")


def visit_list(request: HttpRequest) -> dict[str, Any]:
    """The list page: visits of one state (``?state=``) or all, newest first."""
    rows = selectors.visits_visible_to(viewer(request))
    state = request.GET.get("state", "")
    if state in STATES:
        rows = rows.filter(state=state)
    words = [(name, badges.badge("visit", name).word) for name in STATES]
    return {"page": page_of(request, rows), "state": state, "states": words}


def visit_page(request: HttpRequest, number: str) -> dict[str, Any]:
    """One visit with its records as filled in, its flags in words, its deadline and its history.

    Raises:
        NotFound: there is none of this number that the viewer may see.
    """
    user = viewer(request)
    visit = selectors.visit_get(user, number)
    return {
        "title": visit.number,
        "visit": visit,
        "flags": selectors.flags_in_words(visit),
        "records": records.shown_records(user, visit),
        "timeline": audit.timeline("visit", visit.pk),
        "duty": selectors.duties_of_visit(visit).last(),
    }


def photo(request: HttpRequest, number: str, digest: str) -> HttpResponse:
    """A picture of the visit, taken at sign-in or in a record; its bytes are checked against the digest.

    Raises:
        NotFound: no such visit for the viewer, or no such picture in what the viewer may read of it.
    """
    user = viewer(request)
    visit = selectors.visit_get(user, number)
    if digest not in {visit.sign_in_photo, *records.pictures_of(records.shown_records(user, visit))} - {""}:
        raise NotFound(f"visit {number} has no picture {digest[:64]}")
    data = stores.blobs().get(digest)
    kind = next((name for head, name in PICTURES if data.startswith(head)), "application/octet-stream")
    return HttpResponse(data, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})
