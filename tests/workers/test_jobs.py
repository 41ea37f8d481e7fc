"""What follows an audited action: the table is right, each job runs once in effect, failures come again."""

import ast
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django_tasks import task
from django_tasks_db.models import DBTaskResult
from tests.people import People
from tests.workers.station import AT

import mingcha.apps
from mingcha.apps.audit.models import AuditEvent, Follower
from mingcha.apps.audit.services import audit_record
from mingcha.apps.cases.services import case_assign, case_close, case_open, case_reopen
from mingcha.apps.credit.models import CreditItem
from mingcha.apps.duties.models import Duty
from mingcha.apps.duties.services import duties_expire, duty_open, duty_waive
from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.services import finding_record_verdicts
from mingcha.apps.notices.models import Notice
from mingcha.core.verdicts import Level, Result, Verdict
from mingcha.flow.values import Judgement
from mingcha.workers import jobs, queue
from mingcha.workers.jobs import FOLLOWS
from mingcha.workers.schedule import Entry, Schedule, entries

RAN: list[str] = []


@task()
def fails_twice(subject_id: str, detail: dict[str, object]) -> None:
    RAN.append(subject_id)
    if len(RAN) < 3:
        raise OSError("not yet")


@task()
def fails_always(subject_id: str, detail: dict[str, object]) -> None:
    RAN.append(subject_id)
    raise OSError("never")


def audited_actions() -> set[str]:
    """Every action that a service names, and those a duty's moves make."""
    found = {f"duty.{after}" for after in Duty.NEXT.values()}
    for path in Path(mingcha.apps.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "services" in str(path):
                found.add(node.value)
    return found


def follow() -> None:
    while jobs.dispatch():
        queue.drain()


def states() -> set[str]:
    return set(DBTaskResult.objects.values_list("status", flat=True))


def test_every_action_of_the_table_is_one_that_services_record() -> None:
    assert set(FOLLOWS) - audited_actions() == set()


def test_every_event_is_handed_on_once_and_in_order(region: People) -> None:
    events = AuditEvent.objects.count()
    assert jobs.dispatch() == events
    assert jobs.dispatch() == 0
    audit_record(by=None, action="nothing.follows", subject=("thing", 1), at=AT)
    assert jobs.dispatch() == 1


@pytest.mark.usefixtures("region")
def test_a_worker_that_dies_while_it_hands_on_enqueues_neither_less_nor_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FOLLOWS, "thing.done", [fails_twice])
    jobs.dispatch()
    DBTaskResult.objects.all().delete()  # what follows from making the region
    for n in range(3):
        audit_record(by=None, action="thing.done", subject=("thing", n), at=AT)
    whole, handed = jobs._enqueue, []

    def dies_at_the_second(action: str, subject_id: str, detail: dict[str, object]) -> None:
        handed.append(subject_id)
        if len(handed) == 2:
            raise SystemExit("killed")
        whole(action, subject_id, detail)

    monkeypatch.setattr(jobs, "_enqueue", dies_at_the_second)
    with pytest.raises(SystemExit), transaction.atomic():
        jobs.dispatch()
    assert DBTaskResult.objects.count() == 0
    monkeypatch.setattr(jobs, "_enqueue", whole)
    jobs.dispatch()
    assert [row.args_kwargs["args"][0] for row in DBTaskResult.objects.order_by("enqueued_at")] == [
        "0",
        "1",
        "2",
    ]
    assert Follower.objects.get(name="jobs").last_event == AuditEvent.objects.latest("id").pk


@pytest.mark.usefixtures("region")
def test_a_failed_job_is_tried_again_until_it_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    RAN.clear()
    fails_twice.enqueue("7", {})
    queue.drain()
    assert states() == {"FAILED"}
    for _ in range(2):
        assert queue.retry_failed() == 1
        queue.drain()
    assert (RAN, states()) == (["7"] * 3, {"SUCCESSFUL"})
    assert queue.retry_failed() == 0


@pytest.mark.usefixtures("region")
def test_a_job_that_never_succeeds_stays_failed_for_somebody_to_see() -> None:
    RAN.clear()
    fails_always.enqueue("8", {})
    queue.drain()
    while queue.retry_failed():
        queue.drain()
    assert len(RAN) == queue.MOST_TRIES
    assert queue.given_up() == 1


@pytest.mark.usefixtures("region")
def test_a_job_that_a_dead_worker_left_running_is_taken_up_again() -> None:
    RAN.clear()
    RAN.extend(["", ""])
    fails_twice.enqueue("9", {})
    DBTaskResult.objects.get().claim("dead")
    queue.drain()
    assert RAN == ["", ""]
    assert queue.reclaim() == 1
    queue.drain()
    assert RAN == ["", "", "9"]


@pytest.mark.usefixtures("region")
def test_old_successes_are_forgotten_and_failures_are_not() -> None:
    RAN.clear()
    RAN.extend(["", ""])
    fails_twice.enqueue("9", {})
    fails_always.enqueue("8", {})
    queue.drain()
    DBTaskResult.objects.update(finished_at=AT - timedelta(days=60))
    assert queue.forget(AT) == 1
    assert states() == {"FAILED"}


# What each consequence does, run twice


def late_duty(region: People, at: datetime) -> Duty:
    duty_open(
        kind="visit_confirmation", organisation=region.discharger, subject_kind="thing", subject_id="1",
        anchor_at=at - timedelta(days=2), title_zh="确认", title_en="confirm", link="/", at=at - timedelta(days=2),
    )  # fmt: skip
    [duty] = duties_expire(at=at)
    return duty


def run_twice(job: object, subject_id: object) -> None:
    for _ in range(2):
        job.func(str(subject_id), {})  # type: ignore[attr-defined]


def test_a_late_duty_is_one_finding_and_a_waived_one_takes_it_back(region: People) -> None:
    duty = late_duty(region, AT)
    follow()
    run_twice(jobs.finding_from_duty, duty.pk)
    [found] = Finding.objects.all()
    assert (found.kind, found.state) == ("duty", "detected")
    duty_waive(duty=duty, by=region["city_regulator"], reason="停电", at=AT)
    follow()
    run_twice(jobs.finding_follow_duty, duty.pk)
    found.refresh_from_db()
    assert found.state == "withdrawn"


def exceedance(region: People) -> Finding:
    verdict = Verdict(Result.EXCEEDED, "exceeded", "超标", "exceeds", Level.GENERAL, {}, None)
    start = AT - timedelta(hours=3)
    judged = Judgement(
        "hj75.hour_limit", region.outlet.key, "a21002", start, start + timedelta(hours=1), verdict
    )
    [found] = finding_record_verdicts(judgements=[judged], at=AT)
    return found


def test_a_case_tells_its_assignee_once_and_settles_credit_once(region: People) -> None:
    by, officer = region["city_regulator"], region["enforcement"]
    case = case_open(findings=[exceedance(region)], by=by, at=AT)
    case_assign(case=case, assignee=officer, by=by, at=AT)
    follow()
    run_twice(jobs.tell_assignee, case.pk)
    assert Notice.objects.filter(user=officer).count() == 1
    case.refresh_from_db()
    case_close(case=case, by=officer, at=AT, conclusion="confirmed", responsible="agency", summary="属实")
    follow()
    run_twice(jobs.credit_from_case, case.pk)
    assert CreditItem.objects.filter(withdrawn_at=None).count() == 1
    case.refresh_from_db()
    case_reopen(case=case, by=by, at=AT, reason="复核")
    follow()
    run_twice(jobs.credit_take_back, case.pk)
    assert CreditItem.objects.filter(withdrawn_at=None).count() == 0


# The schedule


def test_one_entry_that_fails_does_not_stop_the_others() -> None:
    ran: list[str] = []

    def broken() -> None:
        ran.append("broken")
        raise ZeroDivisionError

    schedule = Schedule([Entry("broken", 0, broken), Entry("good", 0, lambda: ran.append("good"))])
    schedule.step()
    schedule.step()
    assert ran == ["broken", "good", "broken", "good"]


def test_an_entry_runs_at_once_and_then_when_its_period_is_over() -> None:
    ran: list[int] = []
    schedule = Schedule([Entry("hourly", 3600, lambda: ran.append(1))])
    for _ in range(5):
        schedule.step()
    assert ran == [1]


@pytest.mark.usefixtures("db")
def test_every_scheduled_entry_can_run_at_any_time() -> None:
    for one in entries():
        one.run()
        one.run()


def test_a_duty_is_looked_at_often_enough_to_be_late_within_seconds() -> None:
    assert {entry.name: entry.period_s for entry in entries()}["duties"] <= 10
