"""SM4 keys of 2025 loggers: proposed by one person, approved by another, read by nobody."""

from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from mingcha.api.access import open_moves, still, viewer
from mingcha.api.shapes import AskedMoment, Moment, Number, Page, Paging, Seen, answers, page_of
from mingcha.apps.accounts.permissions import Person, require
from mingcha.apps.devices import selectors, services
from mingcha.core.clock import now

router = Router()


class KeyOut(Schema):
    """A key without its material. ``imported``: the logger had it already. ``due_at`` of a key in force: when it must be changed."""

    id: int
    mn: str
    outlet: str
    state: str
    imported: bool
    proposed_by: str
    proposed_at: Moment
    approved_by: str | None
    approved_at: Moment | None
    in_force_from: Moment | None
    ended_at: Moment | None
    due_at: Moment | None
    why: str
    moves: list[str]


class KeyFilter(Paging):
    mn: str = ""
    state: str = ""


class ProposeIn(Schema):
    """``key``: one the logger has already, since ``valid_from``; without it a new one is made and sent when approved."""

    mn: str
    key: str = ""
    valid_from: AskedMoment | None = None
    why: str = ""


class RejectIn(Seen):
    why: str


@router.get("/keys", response=answers(Page[KeyOut]))
def key_list(request: HttpRequest, asked: Query[KeyFilter]) -> dict[str, Any]:
    """Keys of the stations I may see, newest first."""
    user = viewer(request)
    found = selectors.keys_visible_to(user)
    if asked.mn:
        found = found.filter(datalogger__mn=asked.mn)
    if asked.state:
        found = found.filter(state=asked.state)
    return page_of(found, asked, lambda row: key_out(user, row))


@router.post("/keys", response=answers(KeyOut, write=True))
def key_propose(request: HttpRequest, given: ProposeIn) -> KeyOut:
    """Propose a key; another person approves it."""
    user = viewer(request)
    logger = selectors.station_get(user, given.mn)
    require(user, "key.propose")
    made = services.key_propose(datalogger=logger, by=user, at=now(), **given.model_dump(exclude={"mn"}))
    return key_out(user, made)


@router.post("/keys/{key_id}/approve", response=answers(KeyOut, write=True))
def key_approve(request: HttpRequest, key_id: Path[Number], given: Seen) -> KeyOut:
    """Approve what another person proposed; it is sent to the logger."""
    user, row = _asked(request, key_id, "key.approve", given)
    return key_out(user, services.key_approve(key=row, by=user, at=now()))


@router.post("/keys/{key_id}/send", response=answers(KeyOut, write=True))
def key_send(request: HttpRequest, key_id: Path[Number], given: Seen) -> KeyOut:
    """Send it again to a logger that did not take it, or lost it."""
    user, row = _asked(request, key_id, "key.send", given)
    services.key_send(key=row, by=user, at=now())
    return key_out(user, row)


@router.post("/keys/{key_id}/reject", response=answers(KeyOut, write=True))
def key_reject(request: HttpRequest, key_id: Path[Number], given: RejectIn) -> KeyOut:
    """Take back a key that is not in force."""
    user, row = _asked(request, key_id, "key.reject", given)
    return key_out(user, services.key_reject(key=row, why=given.why, by=user, at=now()))


def _asked(request: HttpRequest, key_id: int, action: str, given: Seen) -> tuple[Person, Any]:
    """Whoever may not see keys at all learns nothing of one: not even that it is not there."""
    user = viewer(request)
    row = selectors.key_get(user, key_id)
    require(user, action)
    still(row, given.seen)
    return user, row


def key_out(user: Person, row: Any) -> KeyOut:
    return KeyOut(
        id=row.pk, mn=row.datalogger.mn, outlet=row.datalogger.outlet.key, state=row.state,
        imported=row.imported, proposed_by=row.proposed_by.username, proposed_at=row.proposed_at,
        approved_by=row.approved_by and row.approved_by.username, approved_at=row.approved_at,
        in_force_from=row.in_force_from, ended_at=row.ended_at, due_at=selectors.key_due(row), why=row.why,
        moves=open_moves(user, row, "key"),
    )  # fmt: skip
