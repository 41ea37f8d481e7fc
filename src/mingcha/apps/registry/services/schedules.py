"""Schedules: in which hours data are due of a batch discharger or of an analyser that several outlets share."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.registry.models import Outlet, Schedule
from mingcha.apps.registry.services import dated
from mingcha.apps.registry.services.changes import Stretch, facts_changed, held_by
from mingcha.apps.registry.values import checked, factor_problem, listed_problem
from mingcha.core.causes import Cause

CAUSES = (Cause.NO_DISCHARGE.value, Cause.OFF_SCHEDULE.value)
HOURS, WEEKDAYS = range(24), range(7)


@transaction.atomic
def schedule_set(
    *,
    outlet: Outlet,
    hours: Collection[int],
    weekdays: Collection[int],
    cause: str,
    valid_from: datetime,
    document: str,
    why: str,
    at: datetime,
    factor: str = "",
    valid_to: datetime | None = None,
    replaces: Schedule | None = None,
    by: User | None = None,
) -> Schedule:
    """Let data of ``factor`` ("" = all) be due in these Beijing ``hours`` of these ``weekdays`` only.

    ``cause`` says why the other hours are not: the discharger is between its batches, or the analyser measures
    another outlet. ``replaces`` as for point settings.

    Raises:
        BadInput: by field. StaleState: ``replaces`` was undone already.
    """
    require(by, "schedule.set")
    checked(
        {
            "factor": factor_problem(factor) if factor else "",
            "hours": _choice_problem("小时", hours, HOURS),
            "weekdays": _choice_problem("星期", weekdays, WEEKDAYS),
            "cause": listed_problem(cause, CAUSES),
            "valid_from": dated.start_problem(outlet, valid_from),
            "valid_to": dated.span_problem(valid_from, valid_to),
            **dated.reason_problems(document, why),
            **_replaced_problem(outlet, factor, replaces),
        }
    )
    if len(set(hours)) == len(HOURS) and len(set(weekdays)) == len(WEEKDAYS) and valid_to is None:
        checked({"hours": _every_hour_problem(outlet, factor, valid_from, replaces)})
    before = _held(replaces) if replaces is not None else []
    if replaces is not None:
        dated.undo(replaces, Schedule.objects.all(), why=why, by=by, at=at)
    checked({"valid_from": dated.taken_problem(_begins(outlet, factor, valid_from), valid_from)})
    made = Schedule.objects.create(
        outlet=outlet, factor=factor, hours=sorted(set(hours)), weekdays=sorted(set(weekdays)), cause=cause,
        valid_from=valid_from, valid_to=valid_to, document=document.strip(), why=why.strip(), set_by=by, set_at=at,
    )  # fmt: skip
    detail = {
        "outlet": outlet.key, "factor": factor, "hours": made.hours, "weekdays": made.weekdays, "cause": cause,
        "valid_from": valid_from, "valid_to": valid_to, "document": made.document, "why": made.why,
        "replaces": replaces and replaces.pk,
    }  # fmt: skip
    audit_record(by=by, action="schedule.set", subject=made, at=at, detail=detail)
    _tell(made, [*before, *_held(made)], "schedule.set", by, at)
    return made


@transaction.atomic
def schedule_undo(*, schedule: Schedule, why: str, at: datetime, by: User | None = None) -> Schedule:
    """Take a schedule out of force: what lies below it holds again, or every hour is due.

    Raises:
        BadInput: no reason. StaleState: it was undone already.
    """
    require(by, "schedule.set")
    before = _held(schedule)
    undone = dated.undo(schedule, Schedule.objects.all(), why=why, by=by, at=at)
    detail = {"outlet": undone.outlet.key, "factor": undone.factor, "why": undone.undone_why}
    audit_record(by=by, action="schedule.undone", subject=undone, at=at, detail=detail)
    _tell(undone, before, "schedule.undone", by, at)
    return undone


def _choice_problem(name: str, given: Collection[int], known: range) -> str:
    strange = sorted(set(given) - set(known))
    if strange:
        return f"{name} {strange} 超出范围。应为 {known[0]}–{known[-1]}。请改正。(out of range)"
    return "" if given else f"{name}未选。至少选一项；全部不排放请用停运标记。(choose at least one)"


def _every_hour_problem(outlet: Outlet, factor: str, start: datetime, replaces: Schedule | None) -> str:
    """A schedule of all hours says something only where it ends an earlier one."""
    earlier = Schedule.objects.filter(outlet=outlet, factor=factor, undone_at=None, valid_from__lt=start)
    if replaces is not None:
        earlier = earlier.exclude(pk=replaces.pk)
    if earlier.exists():
        return ""
    return (
        "选了全部小时和星期，与没有时间表相同。请只选应有数据的小时。(this is what holds without a schedule)"
    )


def _replaced_problem(outlet: Outlet, factor: str, replaces: Schedule | None) -> dict[str, str]:
    if replaces is None or (replaces.outlet_id == outlet.pk and replaces.factor == factor):
        return {}
    return {"factor": "更正的是另一因子的时间表，因子应相同。请另设。(the same factor is expected)"}


def _begins(outlet: Outlet, factor: str, start: datetime) -> Schedule | None:
    return Schedule.objects.filter(outlet=outlet, factor=factor, valid_from=start, undone_at=None).first()


def _held(row: Schedule) -> list[Stretch]:
    rows = list(Schedule.objects.filter(outlet=row.outlet_id, factor=row.factor, undone_at=None))
    return next((held_by(one, rows) for one in rows if one.pk == row.pk), [])


def _tell(row: Schedule, spans: list[Stretch], cause: str, by: User | None, at: datetime) -> None:
    facts_changed(outlet=row.outlet, spans=dict.fromkeys(spans), reason="setting", cause=cause, by=by, at=at)
