"""The one table of consequences: audited action → what follows.

A lower app never calls a higher one: its service writes its rows and one audit row, and this table
says what happens then. Each consequence is a job with the id of the subject, and idempotent.
"""

from contextlib import closing
from datetime import datetime
from typing import Any

from django_tasks import task

from mingcha.apps.audit.outbox import hand_on
from mingcha.apps.cases import selectors as cases
from mingcha.apps.credit import services as credit
from mingcha.apps.duties import selectors as duties
from mingcha.apps.findings import services as findings
from mingcha.apps.maintenance import selectors as maintenance
from mingcha.apps.marking import facts as register
from mingcha.apps.notices import services as notices
from mingcha.core.clock import beijing_day, now, to_epoch
from mingcha.core.spans import Span
from mingcha.site import data
from mingcha.workers.projecting import project_waiting
from mingcha.workers.restating import first_day, touched_by


@task()
def finding_from_duty(subject_id: str, detail: dict[str, Any]) -> None:
    """A late duty is a finding (做没做)."""
    findings.finding_record_late_duty(duty=duties.duty_by_id(subject_id), at=now())


@task()
def finding_follow_duty(subject_id: str, detail: dict[str, Any]) -> None:
    """A late duty that was waived takes its finding back."""
    findings.finding_withdraw_duty(duty=duties.duty_by_id(subject_id), at=now())


@task()
def tell_confirmers(subject_id: str, detail: dict[str, Any]) -> None:
    """The discharger's people learn that a visit waits for their confirmation today."""
    visit = maintenance.visit_by_id(subject_id)
    if visit.submitted_at is None:  # withdrawn meanwhile
        return
    notices.notice_send(
        users=maintenance.confirmers_of(visit),
        kind="must",
        cause=f"visit:{visit.pk}:submitted:{to_epoch(visit.submitted_at)}",
        title_zh=f"{visit.outlet.name}的运维记录待确认，请于今日24:00前确认",
        title_en=f"Records of {visit.outlet.name} wait for your confirmation today",
        link=f"/discharger/visits/{visit.number}/",
        at=now(),
    )


@task()
def tell_reviewers(subject_id: str, detail: dict[str, Any]) -> None:
    """The agency's reviewers learn that a visit waits."""
    visit = maintenance.visit_by_id(subject_id)
    if visit.submitted_at is None:  # withdrawn meanwhile
        return
    notices.notice_send(
        users=maintenance.reviewers_of(visit),
        kind="must",
        cause=f"visit:{visit.pk}:review:{to_epoch(visit.submitted_at)}",
        title_zh=f"{visit.outlet.name}的运维记录待审核",
        title_en=f"Records of {visit.outlet.name} wait for review",
        link=f"/agency/visits/{visit.number}/",
        at=now(),
    )


@task()
def tell_assignee(subject_id: str, detail: dict[str, Any]) -> None:
    """Whoever is given a case learns of it."""
    case = cases.case_by_id(subject_id)
    if case.assignee:
        notices.notice_send(
            users=[case.assignee],
            kind="must",
            cause=f"case:{case.pk}:assigned:{case.assignee_id}",
            title_zh=f"案件 {case.number} 已分派给您：{case.title_zh}",
            title_en=f"Case {case.number} is assigned to you: {case.title_en}",
            link=f"/regulator/cases/{case.number}/",
            at=now(),
        )


@task()
def credit_from_case(subject_id: str, detail: dict[str, Any]) -> None:
    """A case closed against an agency becomes a credit item."""
    credit.item_from_case(case_number=cases.case_by_id(subject_id).number, at=now())


@task()
def credit_take_back(subject_id: str, detail: dict[str, Any]) -> None:
    """A reopened case settles nothing."""
    credit.item_withdraw(source_kind="case", source_id=cases.case_by_id(subject_id).number, at=now())


@task()
def project_again(subject_id: str, detail: dict[str, Any]) -> None:
    """A station that was let in, or whose settings or keys were dated back: its kept frames are read again."""
    with closing(data.open_readings()) as telemetry, closing(data.journal_reader()) as reader:
        project_waiting(telemetry, reader, now())


@task()
def restate_touched(subject_id: str, detail: dict[str, Any]) -> None:
    """What is known of an outlet changed for a span: its hours there are computed anew. ``facts.changed``.

    ``detail``: ``outlet``, ``start`` and ``end`` (ISO 8601, None = open), ``reason`` (setting, mark, rule).
    """
    moment = now()
    facts = register.outlet_facts(detail["outlet"], beijing_day(moment))
    with closing(data.open_readings()) as telemetry:
        start, end = (None if text is None else _moment(text) for text in (detail["start"], detail["end"]))
        begin = first_day(telemetry, facts)
        if begin is None:  # nothing was ever heard: there is nothing to compute anew
            return
        span = max(begin, start or begin), min(moment, end or moment)
        if span[0] < span[1]:
            telemetry.touch_for([*touched_by(facts, Span(*span))], detail["reason"])


def _moment(text: str | datetime) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)


FOLLOWS = {
    "facts.changed": [restate_touched],
    "quarantine.adopted": [project_again],
    "rewalk.asked": [project_again],
    "duty.late": [finding_from_duty],
    "duty.waived": [finding_follow_duty],
    "visit.submitted": [tell_confirmers, tell_reviewers],
    "case.assigned": [tell_assignee],
    "case.closed": [credit_from_case],
    "case.reopened": [credit_take_back],
}


def dispatch() -> int:
    """Enqueue what follows the audited actions since the last call; give the number of events read."""
    return hand_on("jobs", lambda event: _enqueue(event.action, event.subject_id, event.detail))


def _enqueue(action: str, subject_id: str, detail: dict[str, Any]) -> None:
    for job in FOLLOWS.get(action, []):
        job.enqueue(subject_id, detail)
