"""修订 across the outlets a viewer sees, newest first."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from mingcha.apps.accounts.permissions import Reach, scope
from mingcha.apps.registry import selectors as registry
from mingcha.portals.shared import stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.outlet.revisions import SHOWN, before_of, listed

READ = 500  # restatements looked through at once
LOOKS = 20  # such reads for one page: a small area in a large province ends with "earlier"


def revisions_page(request: HttpRequest, *, namespace: str) -> HttpResponse:
    user = viewer(request)
    outlets = {outlet.key: outlet for outlet in registry.outlets_visible_to(user)}
    everything = scope(user).kind is Reach.ALL
    held, older = _page(outlets, everything, before_of(request))
    rows = listed(held)
    context = {
        "title": gettext("修订"), "namespace": namespace, "older": older,
        "rows": [(row, outlets.get(row.outlet)) for row in rows],
    }  # fmt: skip
    return render(request, "shared/rates/revisions.html", context)


def _page(outlets: Mapping[str, Any], everything: bool, before: int | None) -> tuple[list[Any], int | None]:
    """One page of restatements, and the id before which to read on."""
    found: list[Any] = []
    last = before
    for one in _walk(before):
        if one is None:
            return found, last
        last = one.id
        if everything or one.outlet in outlets:
            found.append(one)
        if len(found) == SHOWN:
            return found, last
    return found, None


def _walk(before: int | None) -> Iterator[Any]:
    """Restatements of all outlets, newest first; None where enough was looked through."""
    for _ in range(LOOKS):
        held = stores.telemetry().restatements(None, None, limit=READ, before_id=before)
        yield from held
        if len(held) < READ:
            return
        before = held[-1].id
    yield None
