"""Cases: what people make of findings."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from mingcha.api.access import official, open_moves, person_among, still, viewer
from mingcha.api.shapes import Moment, Named, Page, Paging, Seen, answers, named, page_of
from mingcha.apps.accounts.permissions import Person, require
from mingcha.apps.cases import selectors, services
from mingcha.apps.findings.selectors import finding_get, findings_visible_to
from mingcha.core.clock import now

router = Router()
FINDINGS_MAX = 100  # taken up by one case at once


class CaseOut(Schema):
    """``due_at``: until when it is to be verified (WF-12). ``assignee``: for the authorities, null for the parties."""

    number: str
    title_zh: str
    title_en: str
    level: str
    state: str
    discharger: Named | None
    agency: Named | None
    outlet: str | None
    district: str | None
    due_at: Moment | None
    opened_at: Moment
    closed_at: Moment | None
    conclusion: str
    responsible: str
    summary: str
    assignee: str | None
    moves: list[str]


class LineOut(Schema):
    """One line of the timeline. ``kind``: move, note or fact; ``who``: "" where the system acted."""

    at: Moment
    kind: str
    who: str
    text_zh: str
    text_en: str
    finding: str


class CaseWhole(CaseOut):
    """The parties do not see the notes of the investigators."""

    findings: list[str]
    timeline: list[LineOut]


class CaseFilter(Paging):
    state: str = ""


class OpenIn(Schema):
    """Numbers of findings about one organisation."""

    findings: list[str] = Field(min_length=1, max_length=FINDINGS_MAX)


class AssignIn(Seen):
    """``assignee``: a username."""

    assignee: str


class NoteIn(Seen):
    text: str


class CloseIn(Seen):
    """``conclusion``: confirmed, rectified or unfounded. ``responsible``: discharger, agency or none."""

    conclusion: str
    responsible: str
    summary: str


@router.get("/cases", response=answers(Page[CaseOut]))
def case_list(request: HttpRequest, asked: Query[CaseFilter]) -> dict[str, Any]:
    """The cases I may see, newest first."""
    user = viewer(request)
    found = selectors.cases_visible_to(user)
    return page_of(
        found.filter(state=asked.state) if asked.state else found,
        asked,
        lambda row: CaseOut(**_case(user, row)),
    )


@router.get("/cases/{number}", response=answers(CaseWhole))
def case(request: HttpRequest, number: str) -> CaseWhole:
    user = viewer(request)
    return _whole(user, selectors.case_get(user, number))


@router.post("/cases", response=answers(CaseWhole, write=True))
def case_open(request: HttpRequest, given: OpenIn) -> CaseWhole:
    """Open a case from findings about one organisation; the gravest gives title, level and term."""
    user = viewer(request)
    found = [finding_get(user, number) for number in dict.fromkeys(given.findings)]
    require(user, "case.open")
    return _whole(user, services.case_open(findings=found, by=user, at=now()))


@router.post("/cases/{number}/assign", response=answers(CaseWhole, write=True))
def case_assign(request: HttpRequest, number: str, given: AssignIn) -> CaseWhole:
    """Give it to an official of its area."""
    user, found = _asked(request, number, "case.assign", given)
    assignee = person_among(selectors.assignable_to(found), given.assignee)
    services.case_assign(case=found, assignee=assignee, by=user, at=now())
    return _whole(user, found)


@router.post("/cases/{number}/note", response=answers(CaseWhole, write=True))
def case_note(request: HttpRequest, number: str, given: NoteIn) -> CaseWhole:
    """Write a line into its timeline."""
    user, found = _asked(request, number, "case.note", given)
    services.case_note(case=found, text=given.text, by=user, at=now())
    return _whole(user, found)


@router.post("/cases/{number}/close", response=answers(CaseWhole, write=True))
def case_close(request: HttpRequest, number: str, given: CloseIn) -> CaseWhole:
    """Close it with what was found and who answers for it."""
    user, found = _asked(request, number, "case.close", given)
    services.case_close(
        case=found,
        conclusion=given.conclusion,
        responsible=given.responsible,
        summary=given.summary,
        by=user,
        at=now(),
    )
    return _whole(user, found)


def _asked(request: HttpRequest, number: str, action: str, given: Seen) -> tuple[Person, Any]:
    """Who asks, and the case: seen by them, in the state they saw, and theirs to move.

    Raises:
        NotFound, NotAllowed, StaleState.
    """
    user = viewer(request)
    found = selectors.case_get(user, number)
    require(user, action)
    still(found, given.seen)
    return user, found


def _case(user: Person, row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "level": row.level,
        "state": row.state,
        "discharger": named(row.discharger),
        "agency": named(row.agency),
        "outlet": row.outlet and row.outlet.key,
        "district": row.district and row.district.code,
        "due_at": row.due_at,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "conclusion": row.conclusion,
        "responsible": row.responsible,
        "summary": row.summary,
        "assignee": row.assignee.username if official(user) and row.assignee else None,
        "moves": open_moves(user, row, "case"),
    }


def _whole(user: Person, row: Any) -> CaseWhole:
    lines = [
        LineOut(**{name: getattr(line, name) for name in LineOut.model_fields})
        for line in selectors.timeline(row, user=user)
    ]
    findings = [found.number for found in findings_visible_to(user).filter(cases=row)]
    return CaseWhole(findings=findings, timeline=lines, **_case(user, row))
