"""Marks: what the discharger says of a span of its data (WF-10)."""

from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from mingcha.api.access import open_moves, still, viewer
from mingcha.api.shapes import AskedMoment, Moment, Number, Page, Paging, Seen, answers, page_of
from mingcha.apps.accounts.permissions import can, require
from mingcha.apps.marking import selectors, services
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import now
from mingcha.core.moves import moves_from

router = Router()


class MarkOut(Schema):
    """``factor``: "" stands for all. ``end`` is not part of it. ``late``: handed in after noon of the next day."""

    id: int
    outlet: str
    factor: str
    start: Moment
    end: Moment
    item: str
    reason: str
    author: str
    submitted_at: Moment
    late: bool
    decided_by: str | None
    decided_at: Moment | None
    state: str
    moves: list[str]


class MarkIn(Schema):
    """``outlet``: its key, ``USCC/DA001``. ``item``: a key of the table of marks: stop, fault …"""

    outlet: str
    factor: str = ""
    start: AskedMoment
    end: AskedMoment
    item: str
    reason: str


class QuestionIn(Seen):
    comment: str


class MarkFilter(Paging):
    state: str = ""


@router.get("/marks", response=answers(Page[MarkOut]))
def mark_list(request: HttpRequest, asked: Query[MarkFilter]) -> dict[str, Any]:
    """Marks of the outlets I may see, newest first."""
    user = viewer(request)
    found = selectors.marks_visible_to(user)
    return page_of(
        found.filter(state=asked.state) if asked.state else found, asked, lambda row: _mark(user, row)
    )


@router.post("/marks", response=answers(MarkOut, write=True))
def mark_submit(request: HttpRequest, given: MarkIn) -> MarkOut:
    """Mark a span of my own outlet's data."""
    user = viewer(request)
    uscc, _, code = given.outlet.partition("/")
    outlet = registry.outlet_get(user, uscc, code)
    require(user, "mark.submit")
    made = services.mark_submit(
        outlet=outlet,
        factor=given.factor,
        start=given.start,
        end=given.end,
        item=given.item,
        reason=given.reason,
        by=user,
        at=now(),
    )
    return _mark(user, made)


@router.post("/marks/{mark_id}/withdraw", response=answers(MarkOut, write=True))
def mark_withdraw(request: HttpRequest, mark_id: Path[Number], given: Seen) -> MarkOut:
    """Take my own mark back; what it said stays readable."""
    user = viewer(request)
    found = selectors.mark_get(user, mark_id)
    require(user, "mark.withdraw")
    still(found, given.seen)
    return _mark(user, services.mark_withdraw(mark=found, by=user, at=now()))


@router.post("/marks/{mark_id}/accept", response=answers(MarkOut, write=True))
def mark_accept(request: HttpRequest, mark_id: Path[Number], given: Seen) -> MarkOut:
    """Accept a mark; a late one counts from then on."""
    return _decide(request, mark_id, "accept", given)


@router.post("/marks/{mark_id}/question", response=answers(MarkOut, write=True))
def mark_question(request: HttpRequest, mark_id: Path[Number], given: QuestionIn) -> MarkOut:
    """Ask the discharger about a mark; ``comment`` says what is doubtful."""
    return _decide(request, mark_id, "question", given, given.comment)


def _decide(request: HttpRequest, mark_id: int, decision: str, given: Seen, comment: str = "") -> MarkOut:
    user = viewer(request)
    found = selectors.mark_get(user, mark_id)
    require(user, "mark.decide")
    still(found, given.seen)
    return _mark(
        user, services.mark_decide(mark=found, decision=decision, comment=comment, by=user, at=now())
    )


def _mark(user: Any, row: Any) -> MarkOut:
    return MarkOut(
        id=row.pk,
        outlet=row.outlet.key,
        factor=row.factor,
        start=row.start,
        end=row.end,
        item=row.item,
        reason=row.reason,
        author=str(row.author),
        submitted_at=row.submitted_at,
        late=row.late,
        decided_by=row.decided_by and str(row.decided_by),
        decided_at=row.decided_at,
        state=row.state,
        moves=[*open_moves(user, row, "mark"), *_decisions(user, row)],
    )


def _decisions(user: Any, row: Any) -> list[str]:
    legal = moves_from(type(row).NEXT, row.state)
    return [move for move in services.DECISIONS if move in legal and can(user, "mark.decide")]
