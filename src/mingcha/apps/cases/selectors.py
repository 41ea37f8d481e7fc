"""Reading cases. The viewer comes first."""

from datetime import datetime

from django.db.models import Q, QuerySet

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import ACTIONS, Reach, Viewer, scope
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.selectors import timeline as audit_timeline
from mingcha.apps.cases.models import CLOSED, Case
from mingcha.apps.cases.values import Line, action_words
from mingcha.apps.findings.models import CONFIRMED, Finding
from mingcha.apps.findings.selectors import facts_of
from mingcha.apps.maintenance.reach import reach
from mingcha.apps.maintenance.words import say
from mingcha.core.errors import NotFound


def cases_visible_to(user: Viewer) -> QuerySet[Case]:
    found = Case.objects.select_related(
        "discharger", "agency", "outlet__discharger", "district", "assignee", "opened_by"
    )
    return found.filter(reach(user, discharger="discharger", agency="agency", district="district"))


def case_get(user: Viewer, number: str) -> Case:
    """One case.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = cases_visible_to(user).filter(number=number).first()
    if found is None:
        raise NotFound(say(f"没有编号为 {number} 的案件。", f"There is no case {number}."))
    return found


def case_by_number(number: str) -> Case:
    """For workers: without a viewer.

    Raises:
        NotFound: there is none.
    """
    found = Case.objects.select_related("discharger", "agency", "outlet").filter(number=number).first()
    if found is None:
        raise NotFound(f"there is no case {number}; numbers look like C-2026-0042")
    return found


def case_by_id(case_id: int | str) -> Case:
    """For workers, who know the subject of an audit row.

    Raises:
        NotFound: there is none.
    """
    found = Case.objects.select_related("discharger", "agency", "outlet").filter(pk=case_id).first()
    if found is None:
        raise NotFound(f"there is no case with id {case_id}")
    return found


def held_from() -> dict[str, datetime]:
    """For workers: outlet key → from when its frames are evidence of a finding that is open or in an open case.

    A finding about a whole unit counts for all outlets of that discharger.
    """
    going_on = [state for state in Case.STATES if state != CLOSED]
    live = Finding.objects.filter(Q(state__in=(*Finding.OPEN, CONFIRMED)) | Q(cases__state__in=going_on))
    found: dict[str, datetime] = {}
    for finding in live.select_related("outlet__discharger").distinct():
        about = (
            [finding.outlet] if finding.outlet else finding.organisation.outlets.select_related("discharger")
        )
        for outlet in about:
            found[outlet.key] = min(finding.start, found.get(outlet.key, finding.start))
    return found


def counts_open(user: Viewer) -> dict[str, int]:
    """How many cases in each state that is not closed."""
    mine = cases_visible_to(user).exclude(state=CLOSED)
    return {state: mine.filter(state=state).count() for state in Case.STATES if state != CLOSED}


def assignable_to(case: Case) -> QuerySet[User]:
    """Officials who may take the case: of the city, or of its district."""
    area = Q(district=None) | Q(district=case.district)
    return User.objects.filter(area, role__in=ACTIONS["case.note"], is_active=True).order_by("username")


def timeline(case: Case, *, user: Viewer | None = None) -> list[Line]:
    """What happened, oldest first: moves, notes, and the facts of its findings.

    A ``user`` of the parties does not see the notes of the investigators.
    """
    inside = user is None or scope(user).kind in (Reach.ALL, Reach.DISTRICT)
    lines = [_move(event, "") for event in audit_timeline("case", case.pk) if event.action != "case.noted"]
    if inside:
        lines += [
            Line(n.at, "note", str(n.author), n.text, n.text) for n in case.notes.select_related("author")
        ]
    for finding in case.findings.all():
        lines += [_move(event, finding.number) for event in audit_timeline("finding", finding.pk)]
        lines += [
            Line(fact.recorded_at, "fact", "", fact.sentence_zh, fact.sentence_en, finding.number)
            for fact in facts_of(finding, withdrawn=True)
        ]
    return sorted(lines, key=lambda line: line.at)


def _move(event: AuditEvent, finding: str) -> Line:
    words = action_words().get(event.action, {"zh": event.action, "en": event.action})
    told = [str(event.detail[key]) for key in ("to", "reason", "text", "why") if event.detail.get(key)]
    tail = f"：{'；'.join(told)}" if told else ""
    return Line(
        event.at,
        "move",
        str(event.by) if event.by else "",
        words["zh"] + tail,
        words["en"] + tail.replace("：", ": "),
        finding,
    )
