"""Deadlines are opened, met, expired, waived and cancelled here. One duty per kind and subject.

A duty is in time up to and including its due time. What becomes late is audited as ``duty.late``;
``workers/jobs.py`` says what follows.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.duties.models import RUNNING, Duty
from mingcha.apps.duties.values import calendar, kind_get
from mingcha.core.errors import BadInput, NotFound, StaleState
from mingcha.core.moves import step


@transaction.atomic
def duty_open(
    *,
    kind: str,
    organisation: Organisation,
    subject_kind: str,
    subject_id: str | int,
    anchor_at: datetime,
    title_zh: str,
    at: datetime,
    title_en: str = "",
    link: str = "",
    by: User | None = None,
) -> Duty:
    """Open the duty ``kind`` of ``organisation`` about a subject; asked again, the same one comes back.

    A second call changes nothing, also where it names another anchor: see ``duty_reanchor``.

    Raises:
        NotFound: no such kind.
        BadInput: the organisation is not of the kind that owes this duty.
    """
    known = kind_get(kind)
    found = Duty.objects.filter(kind=kind, subject_kind=subject_kind, subject_id=str(subject_id)).first()
    if found is not None:
        return found
    if organisation.kind != known.who and not _operates_itself(organisation, known.who):
        raise BadInput(
            {"organisation": f"{kind} is owed by a {known.who}, {organisation.uscc} is a {organisation.kind}"}
        )
    duty = Duty.objects.create(
        kind=kind,
        clause=known.cite,
        sureness=known.sureness,
        organisation=organisation,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        title_zh=title_zh,
        title_en=title_en,
        link=link,
        anchor_at=anchor_at,
        created_at=at,
        **_due(kind, anchor_at),
    )
    detail = {"kind": kind, "organisation": organisation.uscc, "anchor_at": anchor_at, "due_at": duty.due_at}
    audit_record(by=by, action="duty.opened", subject=duty, at=at, detail=detail)
    return duty


def _operates_itself(organisation: Organisation, who: str) -> bool:
    """A self-operating discharger owes what an agency owes (WF-2.2)."""
    return who == Organisation.Kind.AGENCY and organisation.kind == Organisation.Kind.DISCHARGER


def _due(kind: str, anchor_at: datetime) -> dict[str, Any]:
    due = kind_get(kind).term.due(anchor_at, calendar())
    counted = [day.isoformat() for day in due.counted]
    return {"due_at": due.at, "counted_days": counted, "provisional": due.provisional}


@transaction.atomic
def duty_reanchor(
    *,
    kind: str,
    subject_kind: str,
    subject_id: str | int,
    anchor_at: datetime,
    at: datetime,
    by: User | None = None,
) -> Duty:
    """Let the term of a running duty run from ``anchor_at`` instead; the old due time stays in the audit.

    A duty that no longer runs stays as it is.

    Raises:
        NotFound: there is no such duty.
        StaleState: somebody moved it meanwhile.
    """
    duty = _duty(kind, subject_kind, subject_id)
    if duty.state != RUNNING or duty.anchor_at == anchor_at:
        return duty
    after = _due(kind, anchor_at)
    if not Duty.objects.filter(pk=duty.pk, state=RUNNING).update(anchor_at=anchor_at, **after):
        raise StaleState(f"duty {duty.pk} is no longer running")
    detail = {
        "anchor_at": {"before": duty.anchor_at, "after": anchor_at},
        "due_at": {"before": duty.due_at, "after": after["due_at"]},
    }
    audit_record(by=by, action="duty.reanchored", subject=duty, at=at, detail=detail)
    duty.refresh_from_db()
    return duty


@transaction.atomic
def duty_meet(
    *, kind: str, subject_kind: str, subject_id: str | int, at: datetime, by: User | None = None
) -> Duty:
    """What was owed is done, in time or late. Done once, it stays done.

    A duty whose time is over and that no worker has expired yet becomes late first.

    Raises:
        NotFound: there is no such duty.
        IllegalMove: it was waived or cancelled.
        StaleState: somebody moved it meanwhile.
    """
    duty = _duty(kind, subject_kind, subject_id)
    if duty.met_at is not None:
        return duty
    if duty.state == RUNNING and at > duty.due_at:
        duty = _expire(duty, at)
    return _move(duty, "meet", by=by, at=at, met_at=at)


@transaction.atomic
def duties_expire(*, at: datetime) -> list[Duty]:
    """Make every running duty whose time is over late; return those."""
    over = Duty.objects.filter(state=RUNNING, due_at__lt=at).order_by("due_at", "id")
    return [_expire(duty, at) for duty in over]


def _expire(duty: Duty, at: datetime) -> Duty:
    return _move(duty, "expire", by=None, at=at)


@transaction.atomic
def duty_waive(*, duty: Duty, by: User, reason: str, at: datetime) -> Duty:
    """An authority gives up a running or late duty, with a reason.

    Raises:
        NotAllowed: the role may not. BadInput: no reason. IllegalMove, StaleState: as always.
    """
    require(by, "duty.waive")
    return _decide(duty, "waive", by=by, reason=reason, at=at)


@transaction.atomic
def duty_cancel(*, duty: Duty, reason: str, at: datetime, by: User | None = None) -> Duty:
    """A running duty has lost its ground; None is the system itself.

    Raises:
        NotAllowed: the role may not. BadInput: no reason. IllegalMove, StaleState: as always.
    """
    require(by, "duty.cancel")
    return _decide(duty, "cancel", by=by, reason=reason, at=at)


def _decide(duty: Duty, move: str, *, by: User | None, reason: str, at: datetime) -> Duty:
    if not reason.strip():
        raise BadInput({"reason": "请填写理由 (a reason is needed)"})
    return _move(duty, move, by=by, at=at, reason=reason.strip(), decided_by=by)


def _move(duty: Duty, move: str, *, by: User | None, at: datetime, **changes: Any) -> Duty:
    after = step(Duty.NEXT, duty.state, move)
    if not Duty.objects.filter(pk=duty.pk, state=duty.state).update(state=after, **changes):
        raise StaleState(f"duty {duty.pk} is no longer {duty.state}; load it again")
    detail = {"kind": duty.kind, "before": duty.state, "after": after, "due_at": duty.due_at}
    if reason := changes.get("reason"):
        detail["reason"] = reason
    audit_record(by=by, action=f"duty.{after}", subject=duty, at=at, detail=detail)
    duty.refresh_from_db()
    return duty


def _duty(kind: str, subject_kind: str, subject_id: str | int) -> Duty:
    found = Duty.objects.filter(kind=kind, subject_kind=subject_kind, subject_id=str(subject_id)).first()
    if found is None:
        raise NotFound(f"no duty {kind} about {subject_kind} {subject_id}")
    return found
