"""Hour values → public snapshots (stage 12). A snapshot that says nothing new is not published again."""

from datetime import datetime, timedelta

from mingcha.apps.disclosure import selectors
from mingcha.apps.disclosure import services as disclosure
from mingcha.core.errors import NotFound
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

SHOWN = timedelta(hours=24)


def publish(telemetry: Telemetry, facts: OutletFacts, closed: datetime, at: datetime) -> None:
    """Publish the 24 hours up to ``closed``.

    It is a revision where one of these hours was changed since the last version that showed it.
    """
    span = Span(closed - SHOWN, closed)
    numbers = telemetry.hour_numbers(facts.key, span)
    last = _last_published(facts.key)
    revised = last is not None and any(number > 1 and written > last for number, written in numbers.values())
    disclosure.outlet_publish(
        outlet=facts.key,
        facts=facts,
        hours=telemetry.hours(facts.key, span),
        span=span,
        at=at,
        why="revision" if revised else "hour",
        versions={key: number for key, (number, _) in numbers.items()},
    )


def _last_published(outlet: str) -> datetime | None:
    try:
        return selectors.snapshot_latest(*outlet.split("/")).published_at
    except NotFound:
        return None
