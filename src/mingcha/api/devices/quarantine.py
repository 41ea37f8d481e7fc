"""Quarantine: loggers that send and are not registered."""

import base64
from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import open_moves, still, viewer
from mingcha.api.devices.stations import StationOut, station_out
from mingcha.api.frames import described
from mingcha.api.shapes import AskedMoment, Moment, Number, Page, Paging, Seen, answers, page_of
from mingcha.apps.accounts.permissions import Person, require
from mingcha.apps.devices import selectors, services
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import from_us, now
from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212 import mask

router = Router()


class QuarantineOut(Schema):
    """``kind``: mn, or hardware (2025: 1001 without MN; ``hardware`` holds i23005 to i23008). ``outlet``: where it was let in."""

    id: int
    kind: str
    mn: str
    hardware: dict[str, Any]
    st: str
    first_seen: Moment
    last_seen: Moment
    frames: int
    state: str
    decided_by: str | None
    decided_at: Moment | None
    reason: str
    outlet: str | None
    moves: list[str]


class SeenFrame(Schema):
    """A frame of who waits; ``base64`` with passwords replaced by as many ``*``."""

    ref: str
    received: Moment
    base64: str
    described: dict[str, Any] | None


class QuarantineWhole(QuarantineOut):
    """``frames_seen``: the newest that were kept by name, newest first."""

    frames_seen: list[SeenFrame]


class QuarantineFilter(Paging):
    """``state``: waiting, adopted, dismissed or "" for all. ``kind``: mn, hardware or "" for both."""

    state: str = "waiting"
    kind: str = ""


class AdoptIn(Seen):
    """``outlet``: its key. ``counts_from``: since when its frames count, without it since the first. ``mn``: what hardware is given.
    ``replaces``: close the logger that is in place. ``password``: null leaves it open.
    """

    outlet: str
    st: str
    edition: str
    counts_from: AskedMoment | None = None
    mn: str = ""
    password: str | None = None
    key: str = ""
    model: str = ""
    replaces: bool = False


class DismissIn(Seen):
    reason: str


@router.get("/quarantine", response=answers(Page[QuarantineOut]))
def quarantine_list(request: HttpRequest, asked: Query[QuarantineFilter]) -> dict[str, Any]:
    """Who sends and is not registered, the latest first."""
    user = viewer(request)
    found = selectors.quarantine_list(user, state=asked.state, kind=asked.kind)
    return page_of(found, asked, lambda row: QuarantineOut(**_quarantine(user, row)))


@router.get("/quarantine/{quarantine_id}", response=answers(QuarantineWhole))
def quarantine(request: HttpRequest, quarantine_id: Path[Number]) -> QuarantineWhole:
    """One of them with its newest frames, decoded."""
    user = viewer(request)
    row = selectors.quarantine_get(user, quarantine_id)
    frames = [found for ref in row.refs if (found := _frame(ref)) is not None]
    return QuarantineWhole(frames_seen=frames, **_quarantine(user, row))


@router.post("/quarantine/{quarantine_id}/adopt", response=answers(StationOut, write=True))
def quarantine_adopt(request: HttpRequest, quarantine_id: Path[Number], given: AdoptIn) -> StationOut:
    """Let it report for an outlet within my reach."""
    user, row = _asked(request, quarantine_id, "adopt", given)
    uscc, _, code = given.outlet.partition("/")
    outlet = registry.outlet_get(user, uscc, code)
    values = given.model_dump(exclude={"seen", "outlet"})
    made = services.quarantine_adopt(quarantine=row, outlet=outlet, by=user, at=now(), **values)
    return station_out(made)


@router.post("/quarantine/{quarantine_id}/dismiss", response=answers(QuarantineOut, write=True))
def quarantine_dismiss(request: HttpRequest, quarantine_id: Path[Number], given: DismissIn) -> QuarantineOut:
    """Say that it is nobody of ours; its frames stay in the journal."""
    user, row = _asked(request, quarantine_id, "dismiss", given)
    done = services.quarantine_dismiss(quarantine=row, reason=given.reason, by=user, at=now())
    return QuarantineOut(**_quarantine(user, done))


@router.post("/quarantine/{quarantine_id}/undo", response=answers(QuarantineOut, write=True))
def quarantine_undo(request: HttpRequest, quarantine_id: Path[Number], given: Seen) -> QuarantineOut:
    """Take a dismissal back."""
    user, row = _asked(request, quarantine_id, "undo", given)
    return QuarantineOut(**_quarantine(user, services.quarantine_undo(quarantine=row, by=user, at=now())))


def _asked(request: HttpRequest, quarantine_id: int, move: str, given: Seen) -> tuple[Person, Any]:
    user = viewer(request)
    row = selectors.quarantine_get(user, quarantine_id)
    require(user, f"quarantine.{move}")
    still(row, given.seen)
    return user, row


def _quarantine(user: Person, row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "mn": row.mn,
        "hardware": row.hardware,
        "st": row.st,
        "first_seen": row.first_seen,
        "last_seen": row.last_seen,
        "frames": row.frames,
        "state": row.state,
        "decided_by": row.decided_by and row.decided_by.username,
        "decided_at": row.decided_at,
        "reason": row.reason,
        "outlet": row.datalogger and row.datalogger.outlet.key,
        "moves": open_moves(user, row, "quarantine"),
    }


def _frame(ref: str) -> SeenFrame | None:
    """A frame by its name; None where the journal has it no more or it cannot be read: the others are still shown."""
    try:
        entry = stores.journal().read(FrameRef.parse(ref))
    except (ValueError, NotFound, BrokenEvidence):
        return None
    return SeenFrame(
        ref=ref,
        received=from_us(entry.received_us),
        base64=base64.b64encode(mask(entry.raw)).decode(),
        described=described(entry.raw),
    )
