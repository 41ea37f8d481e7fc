"""Findings with their facts and receipts, and what people decide about them."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from mingcha.api.access import official, open_moves, person_among, still, viewer
from mingcha.api.shapes import Moment, Named, Page, Paging, Seen, answers, named, page_of
from mingcha.apps.accounts.permissions import Person, require
from mingcha.apps.cases.selectors import cases_visible_to
from mingcha.apps.findings import selectors, services
from mingcha.core.clock import now

router = Router()


class FindingOut(Schema):
    """``outlet``: key, null where none is concerned. ``score``, ``assignee``, ``dismissal`` and ``reason`` are for the
    authorities and null for the parties. ``moves``: what I may do with it now.
    """

    number: str
    kind: str
    source: str
    level: str
    state: str
    outlet: str | None
    organisation: Named | None
    district: str | None
    factor: str
    start: Moment
    end: Moment
    title_zh: str
    title_en: str
    provisional: bool
    detected_at: Moment
    updated_at: Moment
    score: float | None
    assignee: str | None
    dismissal: str | None
    reason: str | None
    moves: list[str]


class FactOut(Schema):
    """``body``: the whole verdict with its receipt, the clue with its hypotheses, or the duty, as recorded."""

    start: Moment
    end: Moment
    level: str
    provisional: bool
    sentence_zh: str
    sentence_en: str
    digest: str
    recorded_at: Moment
    withdrawn_at: Moment | None
    body: dict[str, Any]


class FindingWhole(FindingOut):
    """``facts``: the withdrawn ones too. ``cases``: numbers of those I may see."""

    facts: list[FactOut]
    cases: list[str]


class FindingFilter(Paging):
    state: str = ""
    kind: str = ""
    level: str = ""
    outlet: str = ""


class DismissIn(Seen):
    """``reason``: one of the eight keys; only ``other`` takes a ``text``."""

    reason: str
    text: str = ""


class AssignIn(Seen):
    """``assignee``: a username."""

    assignee: str


class ConfirmIn(Seen):
    text: str = ""


@router.get("/findings", response=answers(Page[FindingOut]))
def finding_list(request: HttpRequest, asked: Query[FindingFilter]) -> dict[str, Any]:
    """The findings I may see, newest first; ``outlet`` is a key like ``USCC/DA001``."""
    user = viewer(request)
    wanted = {name: text for name in ("state", "kind", "level") if (text := getattr(asked, name))}
    found = selectors.findings_visible_to(user).filter(**wanted)
    if asked.outlet:
        uscc, _, code = asked.outlet.partition("/")
        found = found.filter(outlet__discharger__uscc=uscc, outlet__code=code)
    return page_of(found, asked, lambda row: FindingOut(**_finding(user, row)))


@router.get("/findings/{number}", response=answers(FindingWhole))
def finding(request: HttpRequest, number: str) -> FindingWhole:
    user = viewer(request)
    return _whole(user, selectors.finding_get(user, number))


@router.post("/findings/{number}/dismiss", response=answers(FindingWhole, write=True))
def finding_dismiss(request: HttpRequest, number: str, given: DismissIn) -> FindingWhole:
    """Exclude it for one of the eight reasons."""
    user, found = _asked(request, number, "finding.dismiss", given)
    at = now()
    services.finding_dismiss(finding=found, reason=given.reason, text=given.text, by=user, at=at)
    return _whole(user, found)


@router.post("/findings/{number}/undo", response=answers(FindingWhole, write=True))
def finding_undo(request: HttpRequest, number: str, given: Seen) -> FindingWhole:
    """Take a dismissal back."""
    user, found = _asked(request, number, "finding.undo", given)
    services.finding_undo(finding=found, by=user, at=now())
    return _whole(user, found)


@router.post("/findings/{number}/assign", response=answers(FindingWhole, write=True))
def finding_assign(request: HttpRequest, number: str, given: AssignIn) -> FindingWhole:
    """Give it to an official to verify, or to a person of the organisation to explain."""
    user, found = _asked(request, number, "finding.assign", given)
    assignee = person_among(selectors.assignable_to(found), given.assignee)
    services.finding_assign(finding=found, assignee=assignee, by=user, at=now())
    return _whole(user, found)


@router.post("/findings/{number}/confirm", response=answers(FindingWhole, write=True))
def finding_confirm(request: HttpRequest, number: str, given: ConfirmIn) -> FindingWhole:
    """It was so."""
    user, found = _asked(request, number, "finding.confirm", given)
    services.finding_confirm(finding=found, text=given.text, by=user, at=now())
    return _whole(user, found)


def _asked(request: HttpRequest, number: str, action: str, given: Seen) -> tuple[Person, Any]:
    """Who asks, and the finding: seen by them, in the state they saw, and theirs to move.

    Raises:
        NotFound, NotAllowed, StaleState.
    """
    user = viewer(request)
    found = selectors.finding_get(user, number)
    require(user, action)
    still(found, given.seen)
    return user, found


def _finding(user: Person, row: Any) -> dict[str, Any]:
    inside = official(user)
    return {
        "number": row.number,
        "kind": row.kind,
        "source": row.source,
        "level": row.level,
        "state": row.state,
        "outlet": row.outlet and row.outlet.key,
        "organisation": named(row.organisation),
        "district": row.district and row.district.code,
        "factor": row.factor,
        "start": row.start,
        "end": row.end,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "provisional": row.provisional,
        "detected_at": row.detected_at,
        "updated_at": row.updated_at,
        "score": row.score if inside else None,
        "assignee": row.assignee.username if inside and row.assignee else None,
        "dismissal": row.dismissal if inside else None,
        "reason": row.reason if inside else None,
        "moves": open_moves(user, row, "finding"),
    }


def _whole(user: Person, row: Any) -> FindingWhole:
    facts = [
        FactOut(**{name: getattr(fact, name) for name in FactOut.model_fields})
        for fact in selectors.facts_of(row, withdrawn=True)
    ]
    cases = [case.number for case in cases_visible_to(user).filter(findings=row)]
    return FindingWhole(facts=facts, cases=cases, **_finding(user, row))
