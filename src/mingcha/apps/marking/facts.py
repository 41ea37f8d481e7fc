"""The facts of an outlet with its marks: what everything that computes or judges an outlet is built on.

The register knows nothing of marks, which are of a room above it; so they are added here. Workers, commands, pages and
the API call these two, and so a rebuild sees what the live computation saw.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.devices.selectors import units_in_force
from mingcha.apps.marking.models import ACCEPTED, CORRECTED, WITHDRAWN, Mark
from mingcha.apps.marking.values import item_rows
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import day_end
from mingcha.core.facts import MarkSpan, OutletFacts


def outlet_facts(key: str, day: date) -> OutletFacts:
    """What is known of the outlet ``USCC/DA001``: all of all time; ``day`` orders the settings as in the register.

    Raises:
        NotFound: there is none.
    """
    facts = registry.outlet_facts(key, day)
    return _whole([facts], mark_spans([key]), units_in_force(day_end(day), _mns([facts])))[0]


def all_outlet_facts(at: datetime) -> list[OutletFacts]:
    """The facts of every outlet in use; eight queries however many there are."""
    return _whole(registry.all_outlet_facts(at), mark_spans(None), units_in_force(at, None))


def mark_spans(outlets: Collection[str] | None) -> dict[str, tuple[MarkSpan, ...]]:
    """The marks that have effect, by key of the outlet; None: of all outlets.

    A mark that was withdrawn or corrected has none; a late one has it once an authority accepted it, and is known from
    then on (R-MK-3).
    """
    found = Mark.objects.exclude(state__in=(WITHDRAWN, CORRECTED)).order_by("start", "id")
    if outlets is not None:
        found = found.filter(
            outlet__discharger__uscc__in={key.partition("/")[0] for key in outlets},
            outlet__code__in={key.partition("/")[2] for key in outlets},
        )
    rows = found.values_list(
        "outlet__discharger__uscc", "outlet__code", "factor", "start", "end", "item", "late", "state",
        "submitted_at", "decided_at",
    )  # fmt: skip
    spans: dict[str, list[MarkSpan]] = defaultdict(list)
    for uscc, code, factor, start, end, item, late, state, submitted, decided in rows:
        if late and state != ACCEPTED:
            continue
        known = decided if late and decided is not None else submitted
        spans[f"{uscc}/{code}"].append(_span(factor, start, end, item, known))
    return {key: tuple(marks) for key, marks in spans.items()}


def _span(factor: str, start: datetime, end: datetime, item: str, known: datetime) -> MarkSpan:
    row = item_rows()[item]
    return MarkSpan(factor, start, end, row.code, row.cause, row.due, known)


def _mns(outlets: Iterable[OutletFacts]) -> list[str]:
    return [point.point.partition("/")[0] for facts in outlets for point in facts.points]


def _whole(
    outlets: Iterable[OutletFacts],
    marks: dict[str, tuple[MarkSpan, ...]],
    units: dict[str, tuple[tuple[str, str], ...]],
) -> list[OutletFacts]:
    """``units``: by MN; of several data loggers the newest speaks for the outlet."""
    made = []
    for facts in outlets:
        own = next((units[mn] for mn in reversed(_mns([facts])) if mn in units), ())
        made.append(replace(facts, marks=marks.get(facts.key, ()), units=own))
    return made


# What facts are made of: a deed that changes them stands here (a test compares with what the services record).
CHANGING = frozenset(
    {
        "outlet.registered", "discharger.registered", "datalogger.installed", "datalogger.removed",
        "instrument.installed", "limit.set", "point_setting.set", "point_setting.undone", "schedule.set",
        "schedule.undone", "mark.submitted", "mark.accepted", "mark.withdrawn", "mark.corrected", "setting.set",
    }
)  # fmt: skip


def stamp() -> int:
    """The newest audited deed; to be taken before the facts are read."""
    return AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def changed_after(event: int) -> bool:
    """Whether the facts of any outlet may be others than at ``event``: only the deeds since then are looked at."""
    return AuditEvent.objects.filter(id__gt=event, action__in=CHANGING).exists()
