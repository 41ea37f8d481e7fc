from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max

from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.maintenance import guards
from mingcha.apps.maintenance.flags import copy_flags, sign_in_flags, sign_out_flags, station_distance
from mingcha.apps.maintenance.forms import form_check, form_get
from mingcha.apps.maintenance.models import COMPLETE, OPEN, SUBMITTED, Record, Task, Visit
from mingcha.apps.maintenance.selectors import asked_for, confirm_due, latest_records, serving_agency
from mingcha.apps.maintenance.services.moves import (
    duty_begin,
    duty_done,
    duty_end,
    duty_follow,
    task_finish,
    visit_move,
    with_flags,
)
from mingcha.apps.maintenance.services.tasks import task_move
from mingcha.apps.maintenance.values import activity_get
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing, beijing_day
from mingcha.core.errors import BadInput, IllegalMove, StaleState
from mingcha.core.moves import step
from mingcha.core.numbers import take_number

DIGITS = 6  # V-2026-000123


@transaction.atomic
def visit_sign_in(
    *,
    technician: User,
    at: datetime,
    task: Task | None = None,
    outlet: Outlet | None = None,
    activity: str = "",
    device_at: datetime | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    accuracy_m: float | None = None,
    photo_sha256: str = "",
    reason: str = "",
) -> Visit:
    """Sign in at a station: for a ``task``, or unplanned at an ``outlet`` for an ``activity``.

    ``reason``: why there is no position, or one outside the fence; kept in the audit.

    Sent twice, it gives the same open visit. What looks odd becomes a flag and blocks nothing (WF-8.1).

    Raises:
        NotAllowed: no technician of the agency that answers for the outlet.
        BadInput: no running contract, or the activity does not exist for the outlet.
        IllegalMove: the task is done or cancelled.
    """
    outlet, activity = _where(task, outlet, activity)
    agency = _agency(outlet, technician, at)
    guards.technician_of(technician, agency)
    guards.agency_may_work(agency)
    guards.contract_running(outlet, agency, beijing_day(at))
    found = Visit.objects.filter(technician=technician, outlet=outlet, activity=activity, state=OPEN).first()
    if found is not None:
        return found
    distance = station_distance(outlet, latitude, longitude)
    visit = Visit(
        task=task,
        outlet=outlet,
        agency=agency,
        technician=technician,
        activity=activity,
        opened_at=at,
        sign_in_at=at,
        sign_in_device_at=device_at,
        sign_in_latitude=latitude,
        sign_in_longitude=longitude,
        sign_in_accuracy_m=accuracy_m,
        sign_in_distance_m=distance,
        sign_in_photo=photo_sha256,
    )
    visit.flags = sign_in_flags(visit)
    _number(visit)
    _start(task, visit, technician, at)
    detail = {
        "number": visit.number,
        "outlet": outlet.key,
        "activity": activity,
        "flags": visit.flags,
        "distance_m": distance,
        "reason": reason.strip(),
    }
    audit_record(by=technician, action="visit.signed_in", subject=visit, at=at, detail=detail)
    return visit


@transaction.atomic
def visit_submit(*, visit: Visit, by: User, at: datetime) -> Visit:
    """Hand in the records: every form the activity asks for is complete (WF-8.5).

    Raises:
        BadInput: what is missing or wrong, by ``form`` or ``form.field``.
        NotAllowed, IllegalMove, StaleState.
    """
    guards.works_on(visit, by, "visit.submit")
    guards.signed_in(visit, by)
    step(Visit.NEXT, visit.state, "submit")
    records = latest_records(visit)
    problems = _incomplete(visit, records, at)
    if problems:
        raise BadInput(problems)
    visit.records.filter(pk__in=[record.pk for record in records.values()]).update(submitted=True)
    flags = with_flags(visit, *copy_flags(visit, records, at))
    detail = {"records": {form: record.digest for form, record in records.items()}}
    visit_move(
        visit,
        "submit",
        by=by,
        at=at,
        action="visit.submitted",
        detail=detail,
        submitted_at=at,
        flags=flags,
        remark="",
    )
    duty_begin(visit, anchor_at=at, at=at)
    return visit


@transaction.atomic
def visit_review(*, visit: Visit, by: User, decision: str, at: datetime, comment: str = "") -> Visit:
    """The agency's second pair of eyes: ``decision`` is ``approve`` or ``return``; a return needs a comment.

    Raises:
        BadInput, NotAllowed, IllegalMove, StaleState.
    """
    guards.may_review(visit, by)
    if decision not in ("approve", "return"):
        raise BadInput(
            {
                "decision": say(
                    f"没有“{decision}”这种结论。请选通过或退回。",
                    f"There is no decision {decision!r}. Choose approve or return.",
                )
            }
        )
    if decision == "return":
        remark = guards.reason_given(comment, "comment")
        return _reopen(visit, "return", by=by, at=at, action="visit.returned", remark=remark)
    guards.in_order(visit, at)
    visit_move(
        visit,
        "approve",
        by=by,
        at=at,
        action="visit.approved",
        detail={"comment": comment.strip()},
        reviewed_at=at,
        reviewed_by=by,
    )
    return _completed(visit, by=by, at=at)


@transaction.atomic
def visit_confirm(*, visit: Visit, by: User, at: datetime) -> Visit:
    """The discharger agrees that it was so (SH-9.2); late for three days, then no more.

    Raises:
        BadInput, NotAllowed, IllegalMove, StaleState.
    """
    guards.may_confirm(visit, by, "visit.confirm")
    step(Visit.NEXT, visit.state, "confirm")
    guards.still_confirmable(visit, at)
    late = at >= confirm_due(visit)
    flags = with_flags(visit, "unconfirmed") if late else visit.flags
    visit_move(
        visit,
        "confirm",
        by=by,
        at=at,
        action="visit.confirmed",
        detail={"late": late},
        confirmed_at=at,
        confirmed_by=by,
        flags=flags,
    )
    duty_done(visit, by=by, at=at)
    return _completed(visit, by=by, at=at)


@transaction.atomic
def visit_withdraw(*, visit: Visit, by: User, at: datetime) -> Visit:
    """Take a confirmation back within ten minutes, while the visit is not complete.

    Raises:
        BadInput, NotAllowed, IllegalMove, StaleState.
    """
    guards.may_confirm(visit, by, "visit.withdraw")
    step(Visit.NEXT, visit.state, "withdraw")
    guards.still_withdrawable(visit, at)
    visit_move(
        visit, "withdraw", by=by, at=at, action="visit.withdrawn", confirmed_at=None, confirmed_by=None
    )
    duty_begin(visit, anchor_at=max(visit.submitted_at or at, visit.sign_out_at or visit.sign_in_at), at=at)
    return visit


@transaction.atomic
def visit_reject(*, visit: Visit, by: User, reason: str, at: datetime) -> Visit:
    """The discharger disagrees, with a reason; the records stay, and corrections become new versions.

    Raises:
        BadInput, NotAllowed, IllegalMove, StaleState.
    """
    guards.may_confirm(visit, by, "visit.reject")
    return _reopen(
        visit, "reject", by=by, at=at, action="visit.rejected", remark=guards.reason_given(reason, "reason")
    )


@transaction.atomic
def visit_sign_out(
    *,
    visit: Visit,
    by: User,
    at: datetime,
    latitude: float | None = None,
    longitude: float | None = None,
    reason: str = "",
) -> Visit:
    """Leave the station: an event of its own, from submitted on (WF-8). ``reason``: as at sign-in.

    Raises:
        IllegalMove: nothing is submitted yet, or the visit is signed out already.
        BadInput: it would be before the sign-in. NotAllowed, StaleState.
    """
    guards.works_on(visit, by, "visit.sign_out")
    guards.signed_in(visit, by)
    _leaves(visit, at)
    flags = with_flags(visit, *sign_out_flags(visit, at))
    hit = Visit.objects.filter(pk=visit.pk, state=visit.state, sign_out_at=None).update(
        sign_out_at=at, sign_out_latitude=latitude, sign_out_longitude=longitude, flags=flags
    )
    if not hit:
        raise StaleState(f"visit {visit.number} is no longer {visit.state}; load it again")
    audit_record(
        by=by,
        action="visit.signed_out",
        subject=visit,
        at=at,
        detail={"number": visit.number, "flags": flags, "reason": reason.strip()},
    )
    visit.refresh_from_db()
    duty_follow(visit, anchor_at=max(at, visit.submitted_at or at), at=at)
    return visit


def _where(task: Task | None, outlet: Outlet | None, activity: str) -> tuple[Outlet, str]:
    """Where what is done; a task says both."""
    if task is not None:
        if (outlet and outlet.pk != task.outlet_id) or (activity and activity != task.activity):
            raise BadInput(
                {
                    "task": say(
                        "任务与所选排放口或活动不符。请从任务签到。",
                        "The task is for another outlet or activity. Sign in from the task.",
                    )
                }
            )
        return task.outlet, task.activity
    if outlet is None:
        raise BadInput(
            {"outlet": say("未选排放口。请选任务或排放口。", "No outlet. Choose a task or an outlet.")}
        )
    if activity_get(activity).asks(outlet.medium, outlet.principle) is None:
        raise BadInput(
            {
                "activity": say(
                    f"{activity} 不适用于 {outlet}。请选适用的活动。",
                    f"{activity} does not exist for {outlet}. Choose another.",
                )
            }
        )
    return outlet, activity


def _agency(outlet: Outlet, technician: User, at: datetime) -> Organisation:
    """The agency that answers for the outlet today; else the technician's own, for the guards to refuse."""
    agency = serving_agency(outlet, beijing_day(at)) or technician.organisation
    if agency is None:
        require(technician, "visit.sign_in")
        raise BadInput(
            {
                "technician": say(
                    "账号未归属单位。请联系管理员。",
                    "The account has no organisation. Ask the administrator.",
                )
            }
        )
    return agency


def _start(task: Task | None, visit: Visit, by: User, at: datetime) -> None:
    if task is not None and task.state not in Task.VISITED:
        task_move(task, "start", by=by, at=at, action="task.started", detail={"visit": visit.number})


def _number(visit: Visit) -> None:
    prefix = f"V-{beijing(visit.sign_in_at).year}-"

    def last() -> str | None:
        found: str | None = Visit.objects.filter(number__startswith=prefix).aggregate(last=Max("number"))[
            "last"
        ]
        return found

    def take(number: str) -> None:
        visit.number = number
        with transaction.atomic():
            visit.save(force_insert=True)

    take_number(prefix, digits=DIGITS, last=last, take=take, taken=IntegrityError)


def _incomplete(visit: Visit, records: dict[str, Record], at: datetime) -> dict[str, str]:
    asked = asked_for(visit)
    problems = {form_id: _no_record(form_id) for form_id in asked.all if form_id not in records}
    if asked.one and not set(asked.one) & set(records):
        named_zh = "、".join(form_get(form_id).title_zh for form_id in asked.one[:5])
        named_en = ", ".join(form_get(form_id).title_en for form_id in asked.one[:5])
        problems[""] = say(
            f"还没有记录。至少应填一张记录表。请填写其中之一：{named_zh}{'等' if len(asked.one) > 5 else ''}。",
            f"There is no record yet. At least one is needed. Fill in one of: {named_en}.",
        )
    for form_id, record in records.items():
        found = form_check(form_get(form_id), record.values, at=at).problems
        problems |= {f"{form_id}.{key}": sentence for key, sentence in found.items()}
    return problems


def _no_record(form_id: str) -> str:
    form = form_get(form_id)
    return say(
        f"“{form.title_zh}”未填。本次活动要求此表。请填写。",
        f"“{form.title_en}” is missing. This activity asks for it. Fill it in.",
    )


def _reopen(visit: Visit, move: str, *, by: User, at: datetime, action: str, remark: str) -> Visit:
    """Back to the technician; who confirmed or approved before has to do so again."""
    visit_move(
        visit, move, by=by, at=at, action=action, detail={"reason": remark}, remark=remark, opened_at=at,
        confirmed_at=None, confirmed_by=None, reviewed_at=None, reviewed_by=None,
    )  # fmt: skip
    duty_end(visit, reason=remark, at=at)
    return visit


def _completed(visit: Visit, *, by: User, at: datetime) -> Visit:
    if visit.state == COMPLETE:
        task_finish(visit, by=by, at=at)
    return visit


def _leaves(visit: Visit, at: datetime) -> None:
    if visit.state not in Visit.LEAVABLE or visit.sign_out_at is not None:
        raise IllegalMove(
            say(
                f"{visit.number} 现为“{Visit.STATES[visit.state]}”，{'已签退' if visit.sign_out_at else '尚不能签退'}。应在提交记录后签退一次。请先提交记录。",
                f"{visit.number} is {visit.state} and {'signed out' if visit.sign_out_at else 'not to be signed out yet'}; sign out once, from {SUBMITTED} on.",
            )
        )
    if at < visit.sign_in_at - timedelta(seconds=1):
        out_at, in_at = beijing(at).strftime("%H:%M"), beijing(visit.sign_in_at).strftime("%H:%M")
        raise BadInput({"at": say(
            f"签退 {out_at} 早于签到 {in_at}。签退应晚于签到。请改签退时间。",
            f"The sign-out {out_at} is before the sign-in {in_at}. It must be later. Correct the time.",
        )})  # fmt: skip
