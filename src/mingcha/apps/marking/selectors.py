"""Reading marks. The viewer comes first."""

from datetime import datetime

from django.db.models import QuerySet

from mingcha.apps.accounts.permissions import Reach, Viewer, scope
from mingcha.apps.maintenance.reach import reach
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking import lock
from mingcha.apps.marking.models import ACCEPTED, CORRECTED, WITHDRAWN, CodeConfirmation, Mark
from mingcha.apps.marking.values import items
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.selectors import outlets_visible_to
from mingcha.core.errors import NotFound
from mingcha.core.spans import Span


def marks_visible_to(user: Viewer) -> QuerySet[Mark]:
    """Marks of the outlets the viewer sees; an agency sees those of the outlets it serves today."""
    found = Mark.objects.select_related("outlet__discharger", "author", "decided_by")
    if scope(user).kind is Reach.AGENCY:
        return found.filter(outlet__in=outlets_visible_to(user))
    return found.filter(reach(user, discharger="outlet__discharger"))


def mark_get(user: Viewer, mark_id: int) -> Mark:
    """One mark.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = marks_visible_to(user).filter(pk=mark_id).first()
    if found is None:
        raise NotFound(say(f"没有编号为 {mark_id} 的标记。", f"There is no mark {mark_id}."))
    return found


def marks_of_outlet(user: Viewer, outlet: Outlet, span: Span) -> QuerySet[Mark]:
    """Marks in force that touch the span, for the chart."""
    found = marks_visible_to(user).filter(outlet=outlet, start__lt=span.end, end__gt=span.start)
    return found.exclude(state__in=(WITHDRAWN, CORRECTED))


def item_name(item: str) -> str:
    """What a mark's item is called, in the language of the page."""
    words = items().get(item)
    return say(words["zh"], words["en"]) if words else item


def marks_in_force(outlet: Outlet, span: Span) -> list[Mark]:
    """For workers: the same without a viewer. A late mark counts once it is accepted (WF-10.7)."""
    found = Mark.objects.filter(outlet=outlet, start__lt=span.end, end__gt=span.start)
    return [m for m in found.exclude(state__in=(WITHDRAWN, CORRECTED)) if not m.late or m.state == ACCEPTED]


def confirmations_visible_to(user: Viewer) -> QuerySet[CodeConfirmation]:
    """Quarterly confirmations of codes of the outlets the viewer sees, newest quarter first."""
    found = CodeConfirmation.objects.select_related(
        "outlet__discharger__district", "confirmed_by", "reopened_by"
    )
    return found.filter(outlet__in=outlets_visible_to(user))


def confirmation_get(user: Viewer, uscc: str, code: str, year: int, quarter: int) -> CodeConfirmation:
    """One confirmation.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = confirmations_visible_to(user).filter(outlet__discharger__uscc=uscc, outlet__code=code)
    row = found.filter(year=year, quarter=quarter).first()
    if row is None:
        raise NotFound(
            say(
                f"{uscc}/{code} 没有 {year} 年第 {quarter} 季度的确认。",
                f"No confirmation of {uscc}/{code} {year} Q{quarter}.",
            )
        )
    return row


def is_locked(row: CodeConfirmation, at: datetime) -> bool:
    """Whether the codes of the quarter can no longer be marked."""
    return lock.lock_of((row.year, row.quarter), row, at) is not None


def is_late(row: CodeConfirmation, at: datetime) -> bool:
    """Whether it was first confirmed after its term, or was not and the term is over."""
    first = datetime.fromisoformat(row.earlier[0]["confirmed_at"]) if row.earlier else row.confirmed_at
    return (first or at) > row.due_at
