from datetime import datetime, timedelta

from django.db import transaction

from mingcha.apps.audit.services import audit_record
from mingcha.apps.maintenance.models import OPEN, REVIEWED, SUBMITTED, Visit
from mingcha.apps.maintenance.selectors import confirm_due
from mingcha.apps.maintenance.services.moves import task_drop, task_finish, visit_move, with_flags
from mingcha.apps.maintenance.values import settings
from mingcha.core.clock import beijing_day


@transaction.atomic
def visits_time_out(*, at: datetime) -> list[Visit]:
    """What the clock does to visits (WF-8); return those it changed.

    Open for 24 hours without a sign-out: closed by the timer. Not confirmed at the end of the due day: flagged;
    three days later: unconfirmed for good.
    """
    day = beijing_day(at)
    abandoned = at - timedelta(hours=settings()["auto_close_h"].whole(day))
    grace = timedelta(days=settings()["confirm_grace_days"].whole(day))
    opened = Visit.objects.filter(state=OPEN, sign_out_at=None, opened_at__lte=abandoned)
    changed = [_close(visit, at) for visit in opened.order_by("id")]
    waiting = Visit.objects.filter(state__in=(SUBMITTED, REVIEWED)).select_related("task").order_by("id")
    for visit in waiting:
        due = confirm_due(visit)
        if at >= due + grace:
            changed.append(_give_up(visit, at))
        elif at >= due and "unconfirmed" not in visit.flags:
            changed.append(_flag(visit, at))
    return changed


def _close(visit: Visit, at: datetime) -> Visit:
    flags = with_flags(visit, "no_sign_out")
    visit_move(visit, "time_out", by=None, at=at, action="visit.auto_closed", flags=flags)
    task_drop(visit, at=at)
    return visit


def _give_up(visit: Visit, at: datetime) -> Visit:
    flags = with_flags(visit, "unconfirmed")
    visit_move(visit, "time_out", by=None, at=at, action="visit.unconfirmed", flags=flags)
    task_finish(visit, by=None, at=at)
    return visit


def _flag(visit: Visit, at: datetime) -> Visit:
    visit.flags = with_flags(visit, "unconfirmed")
    visit.save(update_fields=["flags"])
    audit_record(
        by=None,
        action="visit.flagged",
        subject=visit,
        at=at,
        detail={"number": visit.number, "flag": "unconfirmed"},
    )
    return visit
