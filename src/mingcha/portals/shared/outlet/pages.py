"""The frame of the outlet page: who asks for what, its head and its tabs. Every selector is asked with the viewer."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from mingcha.apps.maintenance import selectors as maintenance
from mingcha.apps.marking import facts as marked
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, now
from mingcha.core.facts import OutletFacts
from mingcha.flow import reading
from mingcha.portals.shared import charts, stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.outlet import query as queries
from mingcha.portals.shared.outlet.query import OutletQuery, SpanForm

ROWS_A_PAGE = 100


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One request about one outlet, all looked up: the viewer may see it."""

    outlet: Any
    facts: OutletFacts
    query: OutletQuery
    form: SpanForm
    factors: tuple[str, ...]
    now: datetime


def asked(request: HttpRequest, uscc: str, code: str) -> Asked:
    """Look up the outlet and read the address.

    Raises:
        NotFound: there is no such outlet for the viewer.
    """
    outlet = registry.outlet_get(viewer(request), uscc, code)
    moment = now()
    facts = marked.outlet_facts(outlet.key, beijing_day(moment))
    factors = reading.factors_of(stores.telemetry(), facts)
    query, form = queries.parse(request, factors, moment, unit_of=partial(charts.unit_of, facts))
    return Asked(outlet, facts, query, form, tuple(factors), moment)


def link(namespace: str, view: str, *args: object) -> str:
    """The address of an object in this portal; "" where the portal has no such page."""
    try:
        return reverse(f"{namespace}:{view}", args=args)
    except NoReverseMatch:
        return ""


def base_context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """What every tab of the page shows."""
    outlet, query = found.outlet, found.query
    latest = reading.newest(stores.telemetry(), {p.point: found.facts.key for p in found.facts.points}).get(
        found.facts.key, []
    )
    args = (outlet.discharger.uscc, outlet.code)
    return {
        "title": f"{outlet.code} {outlet.name}",
        "outlet": outlet,
        "facts": found.facts,
        "query": query,
        "span_form": found.form,
        "namespace": namespace,
        "outlets_url": link(namespace, "outlets"),
        "link_state": "stopped" if outlet.state == "stopped" else reading.link_state(latest, found.now),
        "newest_at": max((row.time for row in latest), default=None),
        "evidence_url": reverse(f"{namespace}:outlet_evidence", args=args),
        "agency": maintenance.serving_agency(outlet, beijing_day(found.now)),
    }


def page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10**6 else 1
