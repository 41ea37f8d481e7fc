"""Quarterly confirmation of hour codes (R-75-12.1.3): who confirmed what, what changed since, and reopening."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import still, viewer
from mingcha.api.shapes import Moment, Page, Paging, Seen, answers, page_of
from mingcha.apps.accounts.permissions import can, require
from mingcha.apps.marking import quarters, selectors, services
from mingcha.core.clock import now

router = Router()
PLACE = "/outlets/{uscc}/{code}/codes/{year}/{quarter}"


class CodesOut(Schema):
    """``captures``: confirmed capture rate by factor in per cent, as text; None where the source stood all quarter.

    ``late``: first confirmed after ``due_at``, or not at all yet. ``locked``: no mark changes the quarter any more.
    """

    id: int
    outlet: str
    year: int
    quarter: int
    state: str
    due_at: Moment
    late: bool
    locked: bool
    confirmed_by: str | None
    confirmed_at: Moment | None
    comment: str
    digest: str | None
    captures: dict[str, str | None]
    moves: list[str]


class FactorCodes(Schema):
    """``counts``: hours by code of HJ 75; "-" are hours without a value. ``codes``: runs from the first hour on."""

    counts: dict[str, int]
    capture: str | None
    codes: str


class Change(Schema):
    """Hours ``[start, end)`` whose code is another now than when it was confirmed."""

    factor: str
    start: Moment
    end: Moment
    before: str
    after: str


class CodesWhole(CodesOut):
    """``now``: as computed now, with its ``digest_now``. ``earlier``: former confirmations with who reopened them why."""

    hours: int
    digest_now: str
    now: dict[str, FactorCodes]
    changes: list[Change]
    earlier: list[dict[str, Any]]


class CodesFilter(Paging):
    """``late``: only those whose term is over without a confirmation."""

    state: str = ""
    year: int | None = None
    quarter: int | None = None
    late: bool = False


class ConfirmIn(Seen):
    """``digest``: ``digest_now`` of what you looked at; where the codes are others by now, nothing is confirmed (409)."""

    digest: str
    comment: str = ""


class ReopenIn(Seen):
    why: str


@router.get("/codes", response=answers(Page[CodesOut]))
def codes_list(request: HttpRequest, asked: Query[CodesFilter]) -> dict[str, Any]:
    """Quarters of the outlets I may see, the newest first."""
    user = viewer(request)
    found = selectors.confirmations_visible_to(user)
    named = {"state": asked.state or None, "year": asked.year, "quarter": asked.quarter}
    found = found.filter(**{name: value for name, value in named.items() if value is not None})
    if asked.late:
        found = found.filter(state="open", due_at__lt=now())
    return page_of(found, asked, lambda row: CodesOut(**_codes(user, row)))


@router.get(PLACE, response=answers(CodesWhole))
def codes(request: HttpRequest, uscc: str, code: str, year: int, quarter: int) -> CodesWhole:
    user = viewer(request)
    return _whole(user, selectors.confirmation_get(user, uscc, code, year, quarter))


@router.post(f"{PLACE}/confirm", response=answers(CodesWhole, write=True))
def codes_confirm(
    request: HttpRequest, uscc: str, code: str, year: int, quarter: int, given: ConfirmIn
) -> CodesWhole:
    """Confirm the codes of my own outlet's quarter; it is locked from then on."""
    user = viewer(request)
    row = selectors.confirmation_get(user, uscc, code, year, quarter)
    require(user, "codes.confirm")
    still(row, given.seen)
    figures = quarters.figures_now(stores.telemetry(), row.outlet, year, quarter)
    done = services.codes_confirm(
        confirmation=row, figures=figures, seen=given.digest, comment=given.comment, by=user, at=now()
    )
    return _whole(user, done)


@router.post(f"{PLACE}/reopen", response=answers(CodesOut, write=True))
def codes_reopen(
    request: HttpRequest, uscc: str, code: str, year: int, quarter: int, given: ReopenIn
) -> CodesOut:
    """Let a locked quarter be marked and confirmed again."""
    user = viewer(request)
    row = selectors.confirmation_get(user, uscc, code, year, quarter)
    require(user, "codes.reopen")
    still(row, given.seen)
    return CodesOut(**_codes(user, services.codes_reopen(confirmation=row, why=given.why, by=user, at=now())))


def _whole(user: Any, row: Any) -> CodesWhole:
    figures = quarters.figures_now(stores.telemetry(), row.outlet, row.year, row.quarter)
    return CodesWhole(
        hours=figures["hours"],
        digest_now=figures["digest"],
        now={factor: FactorCodes(**one) for factor, one in figures["factors"].items()},
        changes=[_change(one) for one in quarters.changed_since(row, figures)],
        earlier=row.earlier,
        **_codes(user, row),
    )


def _change(one: Any) -> Change:
    return Change(factor=one.factor, start=one.start, end=one.end, before=one.before, after=one.after)


def _codes(user: Any, row: Any) -> dict[str, Any]:
    moment = now()
    locked = selectors.is_locked(row, moment)
    moves = {"confirm": row.state in ("open", "reopened"), "reopen": locked}
    return {
        "id": row.pk, "outlet": row.outlet.key, "year": row.year, "quarter": row.quarter, "state": row.state,
        "due_at": row.due_at, "late": selectors.is_late(row, moment), "locked": locked,
        "confirmed_by": row.confirmed_by and str(row.confirmed_by), "confirmed_at": row.confirmed_at,
        "comment": row.comment, "digest": row.figures.get("digest"),
        "captures": {factor: one["capture"] for factor, one in row.figures.get("factors", {}).items()},
        "moves": [move for move, legal in moves.items() if legal and can(user, f"codes.{move}")],
    }  # fmt: skip
