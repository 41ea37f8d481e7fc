"""Raw frames: bytes with passwords hidden, what they say, and the proof that they are the ones received."""

import base64
import hashlib
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from mingcha.api import stores
from mingcha.api.access import viewer
from mingcha.api.shapes import Moment, answers
from mingcha.apps.accounts.permissions import Person, Reach, scope
from mingcha.apps.accounts.roles import REGULATOR_ROLES, Role
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import from_us
from mingcha.core.errors import NotAllowed, NotFound
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212 import Frame, Rejected, Splitter, decode, describe, describe_rejected, mask
from mingcha.store.journal import Direction

router = Router()
READERS = REGULATOR_ROLES | {Role.SYSTEM_ADMIN}  # as the regulator's page of frames: ui.md §2, R14


class FrameOut(Schema):
    """``base64`` and ``text``: passwords replaced by as many ``*``; ``sha256`` and ``size`` are of the bytes as
    received. The block was checked against its hash just now. ``described``: null where it is no frame.
    """

    ref: str
    received: Moment
    sent: bool
    mn: str
    verdict: str
    base64: str
    text: str
    size: int
    sha256: str
    block_hash: str
    described: dict[str, Any] | None


@router.get("/frames/{path:ref}", response=answers(FrameOut))
def frame(request: HttpRequest, ref: str) -> FrameOut:
    """One frame of the journal, named like ``g0-20261123/15/3``."""
    user = viewer(request)
    _require_reader(user)
    place, journal = _place(ref), stores.journal()
    entry = journal.read(place)
    if not _reaches(user, entry.mn):
        raise NotFound(f"no frame {ref}")
    shown = mask(entry.raw)
    return FrameOut(
        ref=str(place),
        received=from_us(entry.received_us),
        sent=entry.direction is Direction.OUT,
        mn=entry.mn,
        verdict=entry.verdict or "answer",
        base64=base64.b64encode(shown).decode(),
        text=shown.decode("latin-1"),
        size=len(entry.raw),
        sha256=hashlib.sha256(entry.raw).hexdigest(),
        block_hash=journal.block_hash(place),
        described=described(entry.raw),
    )


def _require_reader(user: Person) -> None:
    if user.role not in READERS:
        needs = "、".join(role.label for role in Role if role in READERS)
        raise NotAllowed(f"frame.view needs one of: {needs}", needs=needs)


def _place(ref: str) -> FrameRef:
    try:
        return FrameRef.parse(ref.rstrip("/"))
    except ValueError as error:
        raise NotFound(str(error)) from None


def _reaches(user: Person, mn: str) -> bool:
    """Whether the frames of ``mn`` are within the reach of ``user``."""
    if scope(user).kind is Reach.ALL or user.role == Role.SYSTEM_ADMIN:
        return True
    return bool(registry.outlets_visible_to(user).filter(dataloggers__mn=mn).exists())


def described(raw: bytes) -> dict[str, Any] | None:
    """What the bytes of one entry say; None where they are no frame."""
    splitter = Splitter()
    for event in [*splitter.receive(raw), *splitter.expire()]:
        if isinstance(event, Frame):
            return describe(decode(event))
        if isinstance(event, Rejected):
            return describe_rejected(event)
    return None
