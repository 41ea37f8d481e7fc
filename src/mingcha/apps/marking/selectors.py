"""Reading marks. The viewer comes first."""

from django.db.models import QuerySet

from mingcha.apps.accounts.permissions import Reach, Viewer, scope
from mingcha.apps.maintenance.reach import reach
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking.models import ACCEPTED, CORRECTED, WITHDRAWN, Mark
from mingcha.apps.marking.values import items
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.selectors import outlets_visible_to
from mingcha.core.errors import NotFound
from mingcha.core.spans import Span


def marks_visible_to(user: Viewer) -> QuerySet[Mark]:
    """Marks of the outlets the viewer sees; an agency sees those of the outlets it serves today."""
    found = Mark.objects.select_related("outlet__discharger", "author")
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
