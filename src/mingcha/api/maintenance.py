"""O&M: visits with their records."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import Moment, Named, Page, Paging, answers, named, page_of
from mingcha.apps.maintenance import selectors

router = Router()


class VisitOut(Schema):
    """``flags``: what is notable of sign-in and records (WF-8.1). ``remark``: why it was last sent back."""

    number: str
    outlet: str
    agency: Named | None
    technician: str
    activity: str
    state: str
    closed: bool
    flags: list[str]
    sign_in_at: Moment
    sign_in_distance_m: float | None
    sign_out_at: Moment | None
    submitted_at: Moment | None
    confirmed_at: Moment | None
    reviewed_at: Moment | None
    remark: str


class RecordOut(Schema):
    """The newest version of one form. ``values`` as stored; ``digest`` is of what was typed and of the form;
    ``judgements`` are computed.
    """

    form: str
    form_digest: str
    version: int
    author: str
    saved_at: Moment
    submitted: bool
    digest: str
    values: dict[str, Any]
    judgements: list[dict[str, Any]]


class VisitWhole(VisitOut):
    records: list[RecordOut]


class VisitFilter(Paging):
    state: str = ""
    outlet: str = ""


@router.get("/visits", response=answers(Page[VisitOut]))
def visit_list(request: HttpRequest, asked: Query[VisitFilter]) -> dict[str, Any]:
    """The visits I may see, newest first; ``outlet`` is a key like ``USCC/DA001``."""
    found = selectors.visits_visible_to(viewer(request))
    if asked.state:
        found = found.filter(state=asked.state)
    if asked.outlet:
        uscc, _, code = asked.outlet.partition("/")
        found = found.filter(outlet__discharger__uscc=uscc, outlet__code=code)
    return page_of(found, asked, lambda row: VisitOut(**_visit(row)))


@router.get("/visits/{number}", response=answers(VisitWhole))
def visit(request: HttpRequest, number: str) -> VisitWhole:
    """One visit with its records; drafts are shown to their own agency only."""
    user = viewer(request)
    found = selectors.visit_get(user, number)
    records = [_record(row) for row in selectors.records_of(user, found)]
    return VisitWhole(records=records, **_visit(found))


def _visit(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "outlet": row.outlet.key,
        "agency": named(row.agency),
        "technician": str(row.technician),
        "activity": row.activity,
        "state": row.state,
        "closed": row.closed,
        "flags": row.flags,
        "sign_in_at": row.sign_in_at,
        "sign_in_distance_m": row.sign_in_distance_m,
        "sign_out_at": row.sign_out_at,
        "submitted_at": row.submitted_at,
        "confirmed_at": row.confirmed_at,
        "reviewed_at": row.reviewed_at,
        "remark": row.remark,
    }


def _record(row: Any) -> RecordOut:
    return RecordOut(
        form=row.form,
        form_digest=row.form_digest,
        version=row.version,
        author=str(row.author),
        saved_at=row.saved_at,
        submitted=row.submitted,
        digest=row.digest,
        values=row.values,
        judgements=row.judgements,
    )
