"""What all moves of a visit share: the filtered update, the audit row, flags, and the duty to confirm.

The duty D05 opens when records are submitted, with that moment as anchor, and is anchored again at sign-out
while it runs (WF-1.6). A return, rejection or withdrawal ends the round: a running duty is cancelled, and the
next round opens its own (subject ``V-2026-000123/2``).
"""

from datetime import datetime
from typing import Any

from mingcha.apps.accounts.models import User
from mingcha.apps.audit.services import audit_record
from mingcha.apps.duties.models import RUNNING, Duty
from mingcha.apps.duties.services import duty_cancel, duty_meet, duty_open, duty_reanchor
from mingcha.apps.maintenance.models import DONE, IN_PROGRESS, Task, Visit
from mingcha.apps.maintenance.selectors import duties_of_visit
from mingcha.apps.maintenance.services.tasks import task_move
from mingcha.core.errors import StaleState
from mingcha.core.moves import step

D05 = "visit_confirmation"


def visit_move(
    visit: Visit,
    move: str,
    *,
    by: User | None,
    at: datetime,
    action: str,
    detail: dict[str, Any] | None = None,
    **changes: Any,
) -> Visit:
    """Make ``move``; the caller has asked the guards.

    Raises:
        IllegalMove, StaleState.
    """
    before = visit.state
    after = step(Visit.NEXT, before, move)
    if not Visit.objects.filter(pk=visit.pk, state=before).update(state=after, **changes):
        raise StaleState(f"visit {visit.number} is no longer {before}; load it again")
    told = {"number": visit.number, "before": before, "after": after} | (detail or {})
    audit_record(by=by, action=action, subject=visit, at=at, detail=told)
    visit.refresh_from_db()
    return visit


def with_flags(visit: Visit, *flags: str) -> list[str]:
    """The visit's flags and these, each once, in order of first mention."""
    return list(dict.fromkeys([*visit.flags, *flags]))


def task_finish(visit: Visit, *, by: User | None, at: datetime) -> None:
    """The work of a visit that came to its end is done; a missed task stays missed."""
    if visit.task and visit.task.state == IN_PROGRESS:
        visit.task = task_move(
            visit.task, "finish", by=by, at=at, action="task.done", detail={"visit": visit.number}
        )
        assert visit.task.state == DONE


def task_drop(visit: Visit, *, at: datetime) -> None:
    """A visit the timer closed leaves its task to be done, unless another visit is at it."""
    task = visit.task
    others = Visit.objects.filter(task=task, state="open").exclude(pk=visit.pk).exists()
    if task and task.state == IN_PROGRESS and not others and ((task.state, "drop") in Task.NEXT):
        task_move(task, "drop", by=None, at=at, action="task.dropped", detail={"visit": visit.number})


def duty_begin(visit: Visit, *, anchor_at: datetime, at: datetime) -> None:
    """Open the confirmation duty of this round."""
    rounds = duties_of_visit(visit).count()
    duty_open(
        kind=D05,
        organisation=visit.outlet.discharger,
        subject_kind="visit",
        subject_id=f"{visit.number}/{rounds + 1}" if rounds else visit.number,
        anchor_at=anchor_at,
        title_zh=f"确认运维记录 {visit.number}（{visit.outlet}）",
        title_en=f"Confirm the records of visit {visit.number} ({visit.outlet})",
        link=f"/discharger/visits/{visit.number}/",
        at=at,
    )


def duty_follow(visit: Visit, *, anchor_at: datetime, at: datetime) -> None:
    """Let the confirmation duty of this round run from sign-out, while it runs; one that is late stays late."""
    duty = duties_of_visit(visit).last()
    if duty and duty.state == RUNNING:
        duty_reanchor(kind=D05, subject_kind="visit", subject_id=duty.subject_id, anchor_at=anchor_at, at=at)


def duty_done(visit: Visit, *, by: User, at: datetime) -> None:
    """The discharger has confirmed, in time or late; a duty that was waived is not owed any more."""
    duty = duties_of_visit(visit).last()
    if duty and (duty.state, "meet") in Duty.NEXT:
        duty_meet(kind=D05, subject_kind="visit", subject_id=duty.subject_id, at=at, by=by)


def duty_end(visit: Visit, *, reason: str, at: datetime) -> None:
    """The records went back to the technician: nothing is left to confirm in this round.

    A duty whose term is over keeps running into lateness: the answer came too late.
    """
    duty = duties_of_visit(visit).last()
    if duty and duty.state == RUNNING and at <= duty.due_at:
        duty_cancel(duty=duty, reason=reason, at=at)
