from datetime import datetime

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.selectors import assignable_to
from mingcha.apps.findings.services.moves import finding_move
from mingcha.apps.findings.values import REASONS, reasons
from mingcha.apps.maintenance.words import say
from mingcha.core.errors import BadInput, NotAllowed


@transaction.atomic
def finding_dismiss(*, finding: Finding, reason: str, by: User, at: datetime, text: str = "") -> Finding:
    """Exclude a finding for one of the eight reasons (``values.REASONS``); only "other" takes a text.

    Raises:
        BadInput: no such reason, or its text is missing.
        NotAllowed, IllegalMove, StaleState.
    """
    require(by, "finding.dismiss")
    if reason not in REASONS:
        named = "、".join(words["zh"] for words in reasons().values())
        raise BadInput(
            {
                "reason": say(
                    f"未选排除理由。应为：{named}。请选一项。",
                    f"No reason chosen. Choose one of {', '.join(REASONS)}.",
                )
            }
        )
    text = text.strip()
    if reasons()[reason].get("words"):
        if not text:
            raise BadInput(
                {
                    "text": say(
                        "选了“其他”而未说明。应写明原因。请填写。", "“Other” needs words. Say what it was."
                    )
                }
            )
    elif text:
        raise BadInput(
            {
                "text": say(
                    "只有“其他”需要文字。请清空文字或改选“其他”。",
                    "Only “other” takes words. Clear them or choose “other”.",
                )
            }
        )
    return finding_move(
        finding,
        "dismiss",
        by=by,
        at=at,
        action="finding.dismissed",
        detail={"reason": reason, "text": text},
        dismissal=reason,
        reason=text,
    )


@transaction.atomic
def finding_undo(*, finding: Finding, by: User, at: datetime) -> Finding:
    """Take a dismissal back.

    Raises:
        NotAllowed, IllegalMove, StaleState.
    """
    require(by, "finding.undo")
    detail = {"reason": finding.dismissal, "text": finding.reason}
    return finding_move(
        finding, "undo", by=by, at=at, action="finding.undone", detail=detail, dismissal="", reason=""
    )


@transaction.atomic
def finding_assign(*, finding: Finding, assignee: User, by: User, at: datetime) -> Finding:
    """Give a finding to an official to verify, or to the discharger's or agency's people to explain.

    Raises:
        NotAllowed: ``assignee`` is neither. IllegalMove, StaleState.
    """
    require(by, "finding.assign")
    if not assignable_to(finding).filter(pk=assignee.pk).exists():
        raise NotAllowed(
            say(f"{assignee} 不能处理该线索。", f"{assignee} cannot take this finding."),
            needs=say(
                "辖区内的监管、执法人员，或该单位的人员",
                "an official of the area, or a person of the organisation",
            ),
        )
    return finding_move(
        finding,
        "assign",
        by=by,
        at=at,
        action="finding.assigned",
        detail={"to": assignee.username},
        assignee=assignee,
    )


@transaction.atomic
def finding_confirm(*, finding: Finding, by: User, at: datetime, text: str = "") -> Finding:
    """It was so.

    Raises:
        NotAllowed, IllegalMove, StaleState.
    """
    require(by, "finding.confirm")
    return finding_move(
        finding,
        "confirm",
        by=by,
        at=at,
        action="finding.confirmed",
        detail={"text": text.strip()},
        reason=text.strip(),
    )


@transaction.atomic
def finding_clear(*, finding: Finding, by: User, at: datetime, text: str) -> Finding:
    """It was not so: a false alarm, with what verification found.

    Raises:
        BadInput: no text. NotAllowed, IllegalMove, StaleState.
    """
    require(by, "finding.clear")
    if not text.strip():
        raise BadInput(
            {
                "text": say(
                    "核实结果未填。请写明为何是误报。", "No result given. Say why it was a false alarm."
                )
            }
        )
    return finding_move(
        finding,
        "clear",
        by=by,
        at=at,
        action="finding.cleared",
        detail={"text": text.strip()},
        reason=text.strip(),
    )


@transaction.atomic
def finding_take_up(*, finding: Finding, case_number: str, by: User, at: datetime) -> Finding:
    """A case takes the finding up; called by ``cases``, which has asked for the permission.

    Raises:
        IllegalMove, StaleState.
    """
    return finding_move(
        finding, "take_up", by=by, at=at, action="finding.taken_up", detail={"case": case_number}
    )
