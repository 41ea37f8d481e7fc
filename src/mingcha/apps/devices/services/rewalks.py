"""Spans of the journal that must be projected again, because what decides their decoding changed."""

from datetime import datetime

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices.models import Rewalk
from mingcha.core.errors import NotFound


def rewalk_ask(
    *, mn: str, start: datetime, end: datetime | None, why: str, by: User | None, at: datetime
) -> Rewalk:
    """Mark ``[start, end)`` of an MN; ``end`` None: to the end of the journal. Called inside a service."""
    made = Rewalk.objects.create(mn=mn, start=start, end=end, why=why, asked_at=at)
    detail = {"mn": mn, "start": start, "end": end, "why": why}
    audit_record(by=by, action="rewalk.asked", subject=made, at=at, detail=detail)
    return made


@transaction.atomic
def rewalk_done(*, rewalk_id: int, at: datetime, frames: int) -> None:
    """The projection has read the span again; a second call changes nothing.

    Raises:
        NotFound: there is no such span.
    """
    if not Rewalk.objects.filter(pk=rewalk_id).exists():
        raise NotFound(f"no span {rewalk_id} is to be read again")
    if Rewalk.objects.filter(pk=rewalk_id, done_at=None).update(done_at=at, frames=frames):
        audit_record(
            by=None, action="rewalk.done", subject=("rewalk", rewalk_id), at=at, detail={"frames": frames}
        )
