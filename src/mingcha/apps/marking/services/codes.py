"""The quarterly confirmation of hour codes (R-75-12.1.3): opened, confirmed, reopened.

The discharger's word is on figures it saw: their digest comes back with the confirmation. A confirmation locks the
quarter, an authority may reopen it with a reason; what was confirmed before stays in ``earlier``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.services import audit_record
from mingcha.apps.duties.models import LATE, RUNNING, Duty
from mingcha.apps.duties.services import duty_meet, duty_open
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking import lock
from mingcha.apps.marking.codes import quarter_span
from mingcha.apps.marking.models import CodeConfirmation
from mingcha.apps.marking.services.own import own
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing
from mingcha.core.errors import BadInput, StaleState
from mingcha.core.facts import Medium
from mingcha.core.moves import step

TEXT_MAX = 500
SUBJECT = "codeconfirmation"


@transaction.atomic
def codes_open(
    *, outlet: Outlet, year: int, quarter: int, at: datetime, duty: bool = True, by: User | None = None
) -> CodeConfirmation:
    """Open a quarter that has ended for confirmation; asked again, the same row comes back.

    ``duty``: with its deadline; a quarter that ended before the platform knew the outlet has none.

    Raises:
        BadInput: the quarter has not ended, or no codes have to be confirmed in it.
    """
    span = quarter_span(year, quarter)
    if not lock.confirmed_by_law(outlet, (year, quarter)):
        text = say(
            f"{outlet} 的 {year} 年第 {quarter} 季度不需要确认。应为 HJ 75-2017 实施后的废气排放口。请改选。",
            f"{year} Q{quarter} of {outlet} needs no confirmation: only gas outlets since HJ 75-2017 do.",
        )
        raise BadInput({"outlet": text})
    if at < span.end:
        text = say(
            f"{year} 年第 {quarter} 季度尚未结束。应在季度结束后确认。请届时再试。",
            f"{year} Q{quarter} has not ended. Codes are confirmed after it. Come back then.",
        )
        raise BadInput({"quarter": text})
    row, made = CodeConfirmation.objects.get_or_create(
        outlet=outlet, year=year, quarter=quarter,
        defaults={"start": span.start, "end": span.end, "due_at": lock.due_at(year, quarter), "opened_at": at},
    )  # fmt: skip
    if made:
        audit_record(by=by, action="codes.opened", subject=row, at=at, detail=_about(row))
        if duty:
            _open_duty(row, at)
    return row


def _open_duty(row: CodeConfirmation, at: datetime) -> None:
    duty_open(
        kind=lock.KIND, organisation=row.outlet.discharger, subject_kind=SUBJECT, subject_id=row.pk,
        anchor_at=lock.anchor_of(row.year, row.quarter), at=at,
        title_zh=f"确认{row.outlet.name} {row.year} 年第 {row.quarter} 季度的小时状态码",
        title_en=f"Confirm the hour codes of {row.outlet.code}, {row.year} Q{row.quarter}",
        link=f"/discharger/codes/{row.outlet.discharger.uscc}/{row.outlet.code}/{row.year}/{row.quarter}/",
    )  # fmt: skip


def codes_open_due(*, at: datetime) -> int:
    """For the worker: open the quarter that ended last for every gas outlet known before its end; give how many.

    Each outlet is opened by itself, so that one that fails keeps no other waiting.
    """
    year, quarter = lock.last_ended(at)
    span = quarter_span(year, quarter)
    states = (Outlet.State.PLANNED, Outlet.State.RETIRED)
    outlets = Outlet.objects.filter(medium=Medium.GAS, dataloggers__installed_at__lt=span.end)
    outlets = outlets.exclude(state__in=states).exclude(
        code_confirmations__year=year, code_confirmations__quarter=quarter
    )
    known = AuditEvent.objects.filter(
        action="outlet.registered", subject_kind="outlet", at__lt=span.end
    ).values_list("subject_id", flat=True)
    early = {int(pk) for pk in known}
    waiting = [o for o in outlets.select_related("discharger").distinct() if o.pk in early]
    waiting = [o for o in waiting if lock.confirmed_by_law(o, (year, quarter))]
    for outlet in waiting:
        codes_open(outlet=outlet, year=year, quarter=quarter, at=at)
    return len(waiting)


@transaction.atomic
def codes_confirm(
    *,
    confirmation: CodeConfirmation,
    figures: Mapping[str, Any],
    seen: str,
    by: User,
    at: datetime,
    comment: str = "",
) -> CodeConfirmation:
    """The discharger confirms the codes of a quarter. ``figures``: as computed now; ``seen``: digest of what it saw.

    Raises:
        NotAllowed: ``by`` is not of the discharger. BadInput, IllegalMove.
        StaleState: the codes changed since they were shown, or somebody confirmed first.
    """
    require(by, "codes.confirm")
    own(by, confirmation.outlet)
    _fits("comment", comment)
    if not figures.get("factors"):
        text = say(
            "本季度没有任何因子。应先登记监测仪器。请联系主管部门。",
            "There is no factor in this quarter. Instruments must be registered first. Ask the authority.",
        )
        raise BadInput({"": text})
    if figures["digest"] != seen:
        raise StaleState(f"codes of {confirmation.pk} changed since they were shown; look at them again")
    after = step(CodeConfirmation.NEXT, confirmation.state, "confirm")
    _move(
        confirmation, after, figures=dict(figures), confirmed_by=by, confirmed_at=at, comment=comment.strip()
    )
    captures = {factor: one["capture"] for factor, one in figures["factors"].items()}
    detail = _about(confirmation) | {
        "digest": figures["digest"], "captures": captures, "late": at > confirmation.due_at,
        "comment": confirmation.comment,
    }  # fmt: skip
    audit_record(by=by, action="codes.confirmed", subject=confirmation, at=at, detail=detail)
    _meet(confirmation, at, by)
    return confirmation


def _meet(row: CodeConfirmation, at: datetime, by: User) -> None:
    """What the quarter's duty asked for is done; there is none where the platform knew the outlet too late."""
    duty = Duty.objects.filter(kind=lock.KIND, subject_kind=SUBJECT, subject_id=str(row.pk)).first()
    if duty is not None and duty.state in (RUNNING, LATE):
        duty_meet(kind=lock.KIND, subject_kind=SUBJECT, subject_id=row.pk, at=at, by=by)


@transaction.atomic
def codes_reopen(*, confirmation: CodeConfirmation, why: str, by: User, at: datetime) -> CodeConfirmation:
    """An authority lets the codes of a locked quarter be marked and confirmed again.

    Raises:
        BadInput: no reason, or the quarter is not locked. NotAllowed, IllegalMove, StaleState.
    """
    require(by, "codes.reopen")
    if not why.strip():
        text = say("原因未填。应说明为何重新开放。请填写。", "No reason. Say why it is reopened.")
        raise BadInput({"why": text})
    _fits("why", why)
    after = step(CodeConfirmation.NEXT, confirmation.state, "reopen")
    quarter = (confirmation.year, confirmation.quarter)
    if lock.lock_of(quarter, confirmation, at) is None:
        until = f"{beijing(confirmation.due_at):%Y-%m-%d %H:%M}"
        text = say(
            f"该季度尚未锁定（期限 {until}）。无需重新开放。", f"The quarter is not locked yet (due {until})."
        )
        raise BadInput({"why": text})
    earlier = (
        [*confirmation.earlier, _former(confirmation, why, by, at)]
        if confirmation.figures
        else confirmation.earlier
    )
    _move(
        confirmation, after, earlier=earlier, figures={}, confirmed_by=None, confirmed_at=None, comment="",
        reopened_by=by, reopened_at=at, reopened_why=why.strip(),
    )  # fmt: skip
    detail = _about(confirmation) | {"why": confirmation.reopened_why, "confirmed_before": bool(earlier)}
    audit_record(by=by, action="codes.reopened", subject=confirmation, at=at, detail=detail)
    return confirmation


def _former(row: CodeConfirmation, why: str, by: User, at: datetime) -> dict[str, Any]:
    confirmed_at = row.confirmed_at and beijing(row.confirmed_at).isoformat()
    return {
        "figures": row.figures, "confirmed_by": str(row.confirmed_by), "confirmed_at": confirmed_at, "comment": row.comment,
        "reopened_by": str(by), "reopened_at": beijing(at).isoformat(), "why": why.strip(),
    }  # fmt: skip


def _move(row: CodeConfirmation, after: str, **changes: Any) -> None:
    before = row.state
    found = CodeConfirmation.objects.filter(
        pk=row.pk, state=before, confirmed_at=row.confirmed_at, reopened_at=row.reopened_at
    )
    if not found.update(state=after, **changes):
        raise StaleState(f"confirmation {row.pk} is no longer {before}; load it again")
    row.refresh_from_db()


def _about(row: CodeConfirmation) -> dict[str, Any]:
    return {"outlet": row.outlet.key, "year": row.year, "quarter": row.quarter, "state": row.state}


def _fits(field: str, text: str) -> None:
    if len(text) > TEXT_MAX:
        said = say(
            f"有 {len(text)} 字。应不超过 {TEXT_MAX} 字。请缩短。",
            f"{len(text)} characters. At most {TEXT_MAX}. Shorten it.",
        )
        raise BadInput({field: said})
