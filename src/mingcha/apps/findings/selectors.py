"""Reading findings and their facts. The viewer comes first (WF-2.1)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import ACTIONS, Reach, Viewer, scope
from mingcha.apps.accounts.roles import AGENCY_ROLES, DISCHARGER_ROLES
from mingcha.apps.findings.models import (
    CONFIRMED,
    DISMISSED,
    FALSE_ALARM,
    IN_CASE,
    MERGED,
    WITHDRAWN,
    Fact,
    Finding,
)
from mingcha.apps.findings.values import settings
from mingcha.apps.maintenance.reach import NOBODY
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing_day
from mingcha.core.errors import NotFound
from mingcha.core.spans import Span

GONE = (WITHDRAWN, MERGED)


@dataclass(frozen=True, slots=True)
class Precision:
    """How often a source was right, of what people have judged. ``ratio`` is None where nothing was."""

    source: str
    confirmed: int
    refused: int

    @property
    def ratio(self) -> float | None:
        judged = self.confirmed + self.refused
        return self.confirmed / judged if judged else None


def findings_visible_to(user: Viewer, *, day: datetime | None = None) -> QuerySet[Finding]:
    """Findings within the viewer's area, or about or given to its organisation.

    A discharger sees a clue only when it is in a case or given to it to explain, unless the setting
    ``clue_to_discharger`` says otherwise.
    """
    found = Finding.objects.select_related("outlet__discharger", "organisation", "district", "assignee")
    return found.filter(_reach(user, day))


def finding_get(user: Viewer, number: str) -> Finding:
    """One finding.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = findings_visible_to(user).filter(number=number).first()
    if found is None:
        raise NotFound(say(f"没有编号为 {number} 的线索。", f"There is no finding {number}."))
    return found


def findings_of_outlet(user: Viewer, outlet: Outlet, span: Span) -> QuerySet[Finding]:
    """Findings of the outlet that touch the span, for its chart; withdrawn and merged ones are left out."""
    inside = Q(start__lt=span.end, end__gt=span.start)
    return findings_visible_to(user).filter(inside, outlet=outlet).exclude(state__in=GONE)


def facts_of(finding: Finding, *, withdrawn: bool = False) -> QuerySet[Fact]:
    """The living facts of a finding the caller may see, by start; with the withdrawn ones where asked."""
    facts = finding.facts.order_by("start", "id")
    return facts if withdrawn else facts.filter(withdrawn_at=None)


def finding_by_number(number: str) -> Finding:
    """For workers and the command line: without a viewer.

    Raises:
        NotFound: there is none.
    """
    finding = (
        Finding.objects.select_related("outlet__discharger", "organisation").filter(number=number).first()
    )
    if finding is None:
        raise NotFound(f"there is no finding {number}; numbers look like F-2026-000123")
    return finding


def facts_of_finding(finding: Finding) -> list[Fact]:
    """For ``mingcha explain``: all facts, the withdrawn ones too."""
    return list(facts_of(finding, withdrawn=True))


def counts_by(user: Viewer) -> dict[str, dict[str, int]]:
    """How many open findings by kind, level, state and district code; each with what it opens."""
    mine = findings_visible_to(user).filter(state__in=Finding.OPEN).order_by()
    columns = {"kind": "kind", "level": "level", "state": "state", "district": "district__code"}
    return {
        name: {
            row[column] or "": row["n"] for row in mine.values(column).annotate(n=Count("pk", distinct=True))
        }
        for name, column in columns.items()
    }


def precision(source: str) -> Precision:
    """Of the findings of a rule or detector that people judged: how many were so."""
    judged = Finding.objects.filter(source=source)
    true = Q(state=CONFIRMED) | Q(state=IN_CASE, cases__conclusion__in=("confirmed", "rectified"))
    false = Q(state__in=(DISMISSED, FALSE_ALARM)) | Q(state=IN_CASE, cases__conclusion="unfounded")
    return Precision(source, judged.filter(true).distinct().count(), judged.filter(false).distinct().count())


def judging_span(outlet: str, span: Span) -> Span:
    """``span`` widened over every living rule fact of the outlet that overlaps or touches it.

    Judge this much again, so that a row of hours that was one fact is seen whole.
    """
    return _widened(outlet, span, Finding.Kind.RULE)


def screening_span(outlet: str, span: Span) -> Span:
    """``span`` widened over every living clue of the outlet that overlaps or touches it, so that it can grow."""
    return _widened(outlet, span, Finding.Kind.CLUE)


def _widened(outlet: str, span: Span, kind: str) -> Span:
    uscc, _, code = outlet.partition("/")
    facts = Fact.objects.filter(
        finding__outlet__discharger__uscc=uscc,
        finding__outlet__code=code,
        finding__kind=kind,
        withdrawn_at=None,
    )
    while True:
        wide = span
        for start, end in facts.filter(start__lte=span.end, end__gte=span.start).values_list("start", "end"):
            wide = wide.joined(Span(start, end))
        if wide == span:
            return span
        span = wide


def assignable_to(finding: Finding) -> QuerySet[User]:
    """Officials of the area who may verify, and the people of the organisation it is about."""
    officials = Q(role__in=ACTIONS["finding.confirm"]) & (Q(district=None) | Q(district=finding.district))
    own = Q(organisation=finding.organisation, role__in=DISCHARGER_ROLES | AGENCY_ROLES)
    return User.objects.filter(officials | own, is_active=True).order_by("username")


def _reach(user: Viewer, day: datetime | None) -> Q:
    found = scope(user)
    if found.kind is Reach.ALL:
        return Q()
    if found.kind is Reach.DISTRICT:
        return Q(district=found.district_id)
    if found.kind not in (Reach.DISCHARGER, Reach.AGENCY):
        return NOBODY
    given = Q(assignee__organisation=found.organisation_id)
    if found.kind is Reach.AGENCY:
        taken_up = Q(
            pk__in=Finding.cases.through.objects.filter(case__agency=found.organisation_id).values(
                "finding_id"
            )
        )
        return Q(organisation=found.organisation_id) | given | taken_up
    about = Q(organisation=found.organisation_id) | Q(outlet__discharger=found.organisation_id)
    if _clues_shown(day):
        return about | given
    proven = ~Q(kind=Finding.Kind.CLUE) | Q(state=IN_CASE)
    return (about & proven) | given


def _clues_shown(day: datetime | None) -> bool:
    values = settings()["clue_to_discharger"]
    return values.on(beijing_day(day) if day else values.values[-1][0]) == "1"
