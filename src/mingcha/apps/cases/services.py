"""Every write of cases: opened from findings, assigned, noted, closed with a conclusion, reopened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.cases.models import Case, Note
from mingcha.apps.cases.selectors import assignable_to
from mingcha.apps.cases.values import case_due
from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.selectors import findings_visible_to
from mingcha.apps.findings.services import finding_take_up
from mingcha.apps.findings.values import LEVELS, gravest
from mingcha.apps.maintenance.selectors import serving_agency
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing, beijing_day
from mingcha.core.errors import BadInput, NotAllowed, NotFound, StaleState
from mingcha.core.moves import step
from mingcha.core.numbers import take_number

DIGITS = 4  # C-2026-0042
TEXT_MAX = 4000


@transaction.atomic
def case_open(*, findings: Sequence[Finding], by: User, at: datetime) -> Case:
    """Take up findings about one organisation; the gravest gives title, level and term (WF-12).

    Raises:
        BadInput: none given, or of several organisations. NotFound: one is not the viewer's to see.
        NotAllowed, IllegalMove, StaleState.
    """
    require(by, "case.open")
    discharger, outlet = _subject(findings)
    if findings_visible_to(by).filter(pk__in=[f.pk for f in findings]).count() != len(
        {f.pk for f in findings}
    ):
        raise NotFound(
            say("没有所选的线索。请刷新后重新选择。", "There is no such finding. Reload and choose again.")
        )
    worst = max(findings, key=lambda f: (LEVELS.index(f.level), -f.pk))
    level = gravest([f.level for f in findings])
    due = case_due(level, at)
    case = Case(
        title_zh=worst.title_zh, title_en=worst.title_en, level=level, discharger=discharger,
        agency=_agency(findings, outlet), outlet=outlet, district=worst.district,
        due_at=due.at, opened_by=by, opened_at=at,
    )  # fmt: skip
    _number(case)
    case.findings.set(findings)
    for finding in findings:
        finding_take_up(finding=finding, case_number=case.number, by=by, at=at)
    detail = {
        "number": case.number, "findings": [f.number for f in findings], "level": level,
        "due_at": due.at, "counted_days": due.counted, "provisional": due.provisional,
    }  # fmt: skip
    audit_record(by=by, action="case.opened", subject=case, at=at, detail=detail)
    return case


@transaction.atomic
def case_assign(*, case: Case, assignee: User, by: User, at: datetime) -> Case:
    """Give a case to an official of its area.

    Raises:
        NotAllowed: ``assignee`` is none. IllegalMove, StaleState.
    """
    require(by, "case.assign")
    if not assignable_to(case).filter(pk=assignee.pk).exists():
        raise NotAllowed(
            say(f"{assignee} 不能承办该案。", f"{assignee} cannot take this case."),
            needs=say("辖区内的监管或执法人员", "a regulator or enforcement officer of the area"),
        )
    return _move(
        case,
        "assign",
        by=by,
        at=at,
        action="case.assigned",
        detail={"to": assignee.name or assignee.username},
        assignee=assignee,
    )


@transaction.atomic
def case_note(*, case: Case, text: str, by: User, at: datetime) -> Note:
    """Write a line into the timeline.

    Raises:
        BadInput: empty or too long. NotAllowed, IllegalMove, StaleState.
    """
    require(by, "case.note")
    text = _text(text, "text")
    _move(case, "note", by=by, at=at, action="case.noted")
    return Note.objects.create(case=case, author=by, at=at, text=text)


@transaction.atomic
def case_close(
    *, case: Case, conclusion: str, responsible: str, summary: str, by: User, at: datetime
) -> Case:
    """Close a case with what was found and who answers for it.

    Raises:
        BadInput: by field. NotAllowed, IllegalMove, StaleState.
    """
    require(by, "case.close")
    problems = _conclusion_problems(case, conclusion, responsible)
    if problems:
        raise BadInput(problems)
    detail = {"conclusion": conclusion, "responsible": responsible, "number": case.number}
    return _move(
        case, "close", by=by, at=at, action="case.closed", detail=detail, closed_at=at, conclusion=conclusion,
        responsible=responsible, summary=_text(summary, "summary"),
    )  # fmt: skip


@transaction.atomic
def case_reopen(*, case: Case, reason: str, by: User, at: datetime) -> Case:
    """Open a closed case again, with a reason; the former conclusion stays in the audit.

    Raises:
        BadInput: no reason. NotAllowed, IllegalMove, StaleState.
    """
    require(by, "case.reopen")
    detail = {
        "number": case.number, "reason": _text(reason, "reason"), "conclusion": case.conclusion,
        "responsible": case.responsible, "summary": case.summary,
    }  # fmt: skip
    return _move(
        case,
        "reopen",
        by=by,
        at=at,
        action="case.reopened",
        detail=detail,
        closed_at=None,
        conclusion="",
        responsible="",
        summary="",
    )


def _subject(findings: Sequence[Finding]) -> tuple[Organisation, Outlet | None]:
    """The one organisation the findings are about, and the outlet where it is one."""
    owners = {f.outlet.discharger if f.outlet else f.organisation for f in findings}
    if len(owners) != 1:
        raise BadInput(
            {"findings": say(
                f"所选线索涉及 {len(owners)} 家单位。一案应只涉及一家。请分别立案。",
                f"The findings are about {len(owners)} organisations. A case is about one. Open one for each.",
            )}
        )  # fmt: skip
    outlets = {f.outlet for f in findings}
    return owners.pop(), outlets.pop() if len(outlets) == 1 else None


def _agency(findings: Sequence[Finding], outlet: Outlet | None) -> Organisation | None:
    """Who answered for the O&M when it began; where outlets differ, the agency they share."""
    about = [(f.outlet, beijing_day(f.start)) for f in findings if f.outlet]
    serving = {serving_agency(where, day) for where, day in about}
    return serving.pop() if len(serving) == 1 else None


def _number(case: Case) -> None:
    prefix = f"C-{beijing(case.opened_at).year}-"

    def last() -> str | None:
        found: str | None = Case.objects.filter(number__startswith=prefix).aggregate(last=Max("number"))[
            "last"
        ]
        return found

    def take(number: str) -> None:
        case.number = number
        with transaction.atomic():
            case.save(force_insert=True)

    take_number(prefix, digits=DIGITS, last=last, take=take, taken=IntegrityError)


def _move(
    case: Case,
    move: str,
    *,
    by: User,
    at: datetime,
    action: str,
    detail: dict[str, Any] | None = None,
    **changes: Any,
) -> Case:
    before = case.state
    after = step(Case.NEXT, before, move)
    if not Case.objects.filter(pk=case.pk, state=before).update(state=after, **changes):
        raise StaleState(f"case {case.number} is no longer {before}; load it again")
    audit_record(
        by=by, action=action, subject=case, at=at, detail={"before": before, "after": after} | (detail or {})
    )
    case.refresh_from_db()
    return case


def _text(text: str, field: str) -> str:
    text = text.strip()
    if not text:
        raise BadInput({field: say("未填写。此项必填。请填写。", "Empty. It is required. Fill it in.")})
    if len(text) > TEXT_MAX:
        raise BadInput(
            {
                field: say(
                    f"共 {len(text)} 字。应不超过 {TEXT_MAX} 字。请缩短。",
                    f"{len(text)} characters. At most {TEXT_MAX}. Shorten it.",
                )
            }
        )
    return text


def _conclusion_problems(case: Case, conclusion: str, responsible: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    if conclusion not in Case.Conclusion.values:
        named = "、".join(Case.Conclusion.labels)
        problems["conclusion"] = say(
            f"未选结论。应为：{named}。请选一项。",
            f"No conclusion. Choose one of {', '.join(Case.Conclusion.values)}.",
        )
    if responsible not in Case.Responsible.values:
        named = "、".join(Case.Responsible.labels)
        problems["responsible"] = say(
            f"未选责任方。应为：{named}。请选一项。",
            f"No responsible party. Choose one of {', '.join(Case.Responsible.values)}.",
        )
    elif conclusion == Case.Conclusion.UNFOUNDED and responsible != Case.Responsible.NONE:
        problems["responsible"] = say(
            "不属实的案件没有责任方。请选“无”。", "An unfounded case has no responsible party. Choose none."
        )
    elif responsible == Case.Responsible.AGENCY and case.agency is None:
        problems["responsible"] = say(
            "本案没有运维机构。责任方应为排污单位或无。请重新选择。",
            "The case has no agency. Choose the discharger or none.",
        )
    return problems
