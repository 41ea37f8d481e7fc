"""Hour values → public snapshots (stage 12). A snapshot that says nothing new is not published again."""

from datetime import datetime, timedelta

from mingcha.apps.disclosure import services as disclosure
from mingcha.core.clock import hour_start
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

SHOWN = timedelta(hours=24)


def publish(telemetry: Telemetry, facts: OutletFacts, at: datetime, *, why: str) -> None:
    """Publish the last 24 closed hours of an outlet."""
    end = hour_start(at)
    span = Span(end - SHOWN, end)
    hours = telemetry.hours(facts.key, span)
    disclosure.outlet_publish(outlet=facts.key, facts=facts, hours=hours, span=span, at=at, why=why)
