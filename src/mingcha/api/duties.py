"""Deadlines."""

from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import Moment, Named, Number, Page, Paging, answers, named, page_of
from mingcha.apps.duties import selectors

router = Router()


class DutyOut(Schema):
    """``counted_days``: the days that were counted from ``anchor_at`` to ``due_at``. ``provisional``: the calendar
    of these days is not final. ``reason``: of a waiver or cancellation.
    """

    id: int
    kind: str
    clause: str
    sureness: str
    organisation: Named | None
    subject_kind: str
    subject_id: str
    title_zh: str
    title_en: str
    anchor_at: Moment
    due_at: Moment
    counted_days: list[str]
    provisional: bool
    state: str
    met_at: Moment | None
    reason: str


class DutyFilter(Paging):
    state: str = ""
    kind: str = ""


@router.get("/duties", response=answers(Page[DutyOut]))
def duty_list(request: HttpRequest, asked: Query[DutyFilter]) -> dict[str, Any]:
    """Duties of my organisation or area, the next due first."""
    found = selectors.duties_visible_to(viewer(request))
    if asked.state:
        found = found.filter(state=asked.state)
    if asked.kind:
        found = found.filter(kind=asked.kind)
    return page_of(found, asked, _duty)


@router.get("/duties/{duty_id}", response=answers(DutyOut))
def duty(request: HttpRequest, duty_id: Path[Number]) -> DutyOut:
    return _duty(selectors.duty_get(viewer(request), duty_id))


def _duty(row: Any) -> DutyOut:
    return DutyOut(
        id=row.pk,
        kind=row.kind,
        clause=row.clause,
        sureness=row.sureness,
        organisation=named(row.organisation),
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        title_zh=row.title_zh,
        title_en=row.title_en,
        anchor_at=row.anchor_at,
        due_at=row.due_at,
        counted_days=[str(day) for day in row.counted_days],
        provisional=row.provisional,
        state=row.state,
        met_at=row.met_at,
        reason=row.reason,
    )
