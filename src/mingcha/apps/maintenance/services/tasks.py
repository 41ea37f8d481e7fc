from datetime import datetime
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.maintenance.guards import reason_given, technician_of
from mingcha.apps.maintenance.models import ASSIGNED, PLANNED, Contract, Task
from mingcha.apps.maintenance.values import activity_get
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing_day
from mingcha.core.errors import BadInput, NotAllowed, StaleState
from mingcha.core.moves import step


@transaction.atomic
def task_plan(
    *,
    contract: Contract,
    outlet: Outlet,
    activity: str,
    window_start: datetime,
    window_end: datetime,
    at: datetime,
    clause: str = "",
    by: User | None = None,
) -> Task:
    """Plan one piece of work; ``window_end`` is not part of the window.

    Raises:
        NotAllowed: ``by`` is not of the contract's agency.
        BadInput: the contract does not cover the outlet or the window, or the activity does not exist there.
    """
    require(by, "task.plan")
    _of_agency(by, contract)
    problems = _problems(contract, outlet, activity, window_start, window_end)
    if problems:
        raise BadInput(problems)
    task = Task.objects.create(
        contract=contract, outlet=outlet, activity=activity, clause=clause,
        window_start=window_start, window_end=window_end,
    )  # fmt: skip
    detail = {"outlet": outlet.key, "activity": activity, "from": window_start, "to": window_end}
    audit_record(by=by, action="task.planned", subject=task, at=at, detail=detail)
    return task


@transaction.atomic
def task_assign(*, task: Task, assignee: User, at: datetime, by: User | None = None) -> Task:
    """Give ``task`` to a technician of the agency; again to another is allowed until it is begun.

    Raises:
        NotAllowed: ``by`` may not, or ``assignee`` is no technician of the agency.
        IllegalMove, StaleState: it is begun, done, missed or cancelled.
    """
    require(by, "task.assign")
    _of_agency(by, task.contract)
    technician_of(assignee, task.contract.agency)
    return task_move(
        task,
        "assign",
        by=by,
        at=at,
        action="task.assigned",
        detail={"to": assignee.username},
        assignee=assignee,
    )


@transaction.atomic
def task_cancel(*, task: Task, reason: str, at: datetime, by: User | None = None) -> Task:
    """Take ``task`` out of the plan, with a reason.

    Raises:
        NotAllowed: ``by`` may not. BadInput: no reason. IllegalMove, StaleState: it is begun or over.
    """
    require(by, "task.cancel")
    _of_agency(by, task.contract)
    return task_move(
        task,
        "cancel",
        by=by,
        at=at,
        action="task.cancelled",
        detail={"reason": reason_given(reason, "reason")},
    )


@transaction.atomic
def tasks_expire(*, at: datetime) -> list[Task]:
    """Miss every task whose window closed before it was begun; return those (WF-7)."""
    over = Task.objects.filter(state__in=(PLANNED, ASSIGNED), window_end__lte=at).order_by("window_end", "id")
    return [
        task_move(task, "miss", by=None, at=at, action="task.missed", detail={"window_end": task.window_end})
        for task in over
    ]


def task_move(
    task: Task,
    move: str,
    *,
    by: User | None,
    at: datetime,
    action: str,
    detail: dict[str, Any],
    **changes: Any,
) -> Task:
    after = step(Task.NEXT, task.state, move)
    if not Task.objects.filter(pk=task.pk, state=task.state).update(state=after, **changes):
        raise StaleState(f"task {task.pk} is no longer {task.state}; load it again")
    audit_record(by=by, action=action, subject=task, at=at, detail=detail)
    task.refresh_from_db()
    return task


def _of_agency(by: User | None, contract: Contract) -> None:
    if by is not None and by.organisation_id != contract.agency_id:
        raise NotAllowed(
            say(
                f"您不属于 {contract.agency.name}，不能安排其任务。",
                f"You are not of {contract.agency.name}.",
            ),
            needs=say(f"{contract.agency.name} 的人员", f"a person of {contract.agency.name}"),
        )


def _problems(
    contract: Contract, outlet: Outlet, activity: str, window_start: datetime, window_end: datetime
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not contract.outlets.filter(pk=outlet.pk).exists():
        problems["outlet"] = say(
            f"合同 {contract.number} 不含 {outlet}。请选合同内的排放口。",
            f"Contract {contract.number} does not cover {outlet}. Choose one of its outlets.",
        )
    if activity_get(activity).asks(outlet.medium, outlet.principle) is None:
        problems["activity"] = say(
            f"{activity} 不适用于 {outlet}。请选适用的活动。",
            f"{activity} does not exist for {outlet}. Choose another.",
        )
    if window_end <= window_start:
        problems["window_end"] = say(
            "截止不晚于开始。请改截止时间。", "The window ends before it begins. Correct its end."
        )
    elif not contract.start <= beijing_day(window_start) <= (contract.ended_early_on or contract.end):
        problems["window_start"] = say(
            f"开始时间不在合同期 {contract.start} 至 {contract.end} 内。请改时间。",
            f"The window begins outside the contract, {contract.start} to {contract.end}. Change it.",
        )
    return problems
