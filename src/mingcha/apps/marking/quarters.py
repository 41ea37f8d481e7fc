"""What there is to confirm of an outlet's quarter, read from the hours in use."""

from mingcha.apps.marking.codes import Difference, Figures, differences, figures_of, quarter_span
from mingcha.apps.marking.facts import outlet_facts
from mingcha.apps.marking.models import CodeConfirmation
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing_day
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry


def figures_now(telemetry: Telemetry, outlet: Outlet, year: int, quarter: int) -> Figures:
    """The codes of every factor that came or was to be measured in the quarter."""
    span = quarter_span(year, quarter)
    facts = outlet_facts(outlet.key, beijing_day(span.start))
    return figures_of(telemetry.hours(outlet.key, span), year, quarter, measured(facts, span))


def measured(facts: OutletFacts, span: Span) -> list[str]:
    """The factors with a setting in some part of ``span`` in which a data logger was there."""
    held = [
        Span(max(point.start, span.start), min(point.end or span.end, span.end))
        for point in facts.points
        if point.start < span.end and (point.end is None or point.end > span.start)
    ]
    return sorted(
        {
            setting.factor
            for setting in facts.settings
            for part in held
            if (setting.start is None or setting.start < part.end)
            and (setting.end is None or setting.end > part.start)
        }
    )


def changed_since(confirmation: CodeConfirmation, now: Figures) -> list[Difference]:
    """Hours whose code is another now than when it was confirmed: late data, or marks after a reopening."""
    if not confirmation.figures or confirmation.figures["digest"] == now["digest"]:
        return []
    return differences(confirmation.figures, now, confirmation.start)
