"""The small loop: a visit from sign-in to closed, its guards and timers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from work_world import DUE, MORNING, later, submitted, task

from mingcha.apps.audit.selectors import timeline, verify_chain
from mingcha.apps.maintenance.models import Record, Visit
from mingcha.apps.maintenance.selectors import (
    activities_for,
    confirmers_of,
    duties_of_visit,
    reviewers_of,
)
from mingcha.apps.maintenance.services import (
    task_assign,
    tasks_expire,
    visit_confirm,
    visit_reject,
    visit_review,
    visit_sign_out,
    visit_submit,
    visit_withdraw,
    visits_time_out,
)
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed, StaleState

# The whole loop


def test_a_visit_is_recorded_confirmed_reviewed_and_closed(world):
    planned = task(world)
    task_assign(
        task=planned, assignee=world.person("technician"), by=world.person("agency_admin"), at=MORNING
    )
    visit = world.sign_in(task=planned, outlet=None, activity="")
    assert (visit.number, visit.state, visit.flags) == ("V-2026-000001", "open", [])
    planned.refresh_from_db()
    assert planned.state == "in_progress"
    world.fill(visit)
    visit_submit(visit=visit, by=world.person("technician"), at=later(minutes=40))
    duty = duties_of_visit(visit).get()
    assert (duty.state, duty.due_at, duty.organisation) == ("running", DUE, world.discharger)
    visit_sign_out(visit=visit, by=world.person("technician"), at=later(minutes=45))
    visit_confirm(visit=visit, by=world.person("discharger_confirmer"), at=later(hours=2))
    assert visit.state == "confirmed"
    visit_review(visit=visit, by=world.person("agency_reviewer"), decision="approve", at=later(hours=3))
    assert (visit.state, visit.closed) == ("complete", True)
    duty.refresh_from_db()
    planned.refresh_from_db()
    assert (duty.state, planned.state) == ("met", "done")
    told = [event.action for event in timeline("visit", visit.pk)]
    assert told == [
        "visit.signed_in",
        "visit.submitted",
        "visit.signed_out",
        "visit.confirmed",
        "visit.approved",
    ]
    assert verify_chain() == []


def test_numbers_follow_each_other_and_begin_anew_each_year(world):
    names = ["technician", "second_technician"]
    first = [world.sign_in(technician=world.person(name)).number for name in names]
    world.contract.end = date(2027, 12, 31)
    world.contract.save()
    silvester = datetime(2026, 12, 31, 16, tzinfo=UTC)  # already 2027 in Beijing
    third = world.sign_in(activity="other", at=silvester, device_at=silvester).number
    assert (first, third) == (["V-2026-000001", "V-2026-000002"], "V-2027-000001")


def test_a_sign_in_sent_twice_is_one_visit(world):
    assert world.sign_in().pk == world.sign_in(at=later(minutes=1)).pk
    assert Visit.objects.count() == 1


# Guards of the sign-in


def test_without_a_running_contract_nobody_signs_in(world):
    with pytest.raises(BadInput, match=r"没有.*有效合同"):
        world.sign_in(
            technician=world.person("rival_technician"),
            outlet=world.water,
            at=datetime(2027, 1, 1, tzinfo=UTC),
        )


def test_the_contract_counts_on_the_beijing_day(world):
    last = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert world.sign_in(at=last).number
    with pytest.raises(BadInput):
        world.sign_in(at=last + timedelta(minutes=1), activity="other")


def test_a_technician_of_another_agency_is_named_who_may(world):
    with pytest.raises(NotAllowed) as caught:
        world.sign_in(technician=world.person("rival_technician"))
    assert "清源运维" in caught.value.needs


@pytest.mark.parametrize(
    "name", ["agency_admin", "agency_reviewer", "discharger_admin", "city_auditor", "laboratory"]
)
def test_only_technicians_sign_in(world, name):
    with pytest.raises(NotAllowed):
        world.sign_in(technician=world.person(name))


def test_a_locked_agency_opens_no_visit(world):
    world.agency.active = False
    world.agency.save()
    with pytest.raises(BadInput, match="不是有效备案的运维机构"):
        world.sign_in()


def test_an_activity_of_the_other_medium_does_not_exist(world):
    with pytest.raises(BadInput, match="不适用"):
        world.sign_in(outlet=world.gas, activity="sample_comparison")
    assert "sample_comparison" not in {a.key for a in activities_for(world.gas)}


def test_a_task_of_another_outlet_is_refused(world):
    with pytest.raises(BadInput, match="不符"):
        world.sign_in(task=task(world), outlet=world.gas, activity="repair")


# Separation of persons (WF-2.5)


def test_technician_reviewer_and_confirmer_are_three_persons(world):
    visit = submitted(world)
    with pytest.raises(NotAllowed):
        visit_review(visit=visit, by=world.person("technician"), decision="approve", at=later(hours=1))
    reviewer = world.person("agency_reviewer")
    Record.objects.create(
        visit=visit,
        form="gas_repair",
        form_digest="",
        version=1,
        values={},
        author=reviewer,
        saved_at=MORNING,
        digest="",
    )
    with pytest.raises(NotAllowed, match=r"WF-2\.5"):
        visit_review(visit=visit, by=reviewer, decision="approve", at=later(hours=1))
    assert reviewers_of(visit) == []
    assert confirmers_of(visit) == [world.person("discharger_confirmer")]


@pytest.mark.parametrize(
    "name",
    [
        "discharger_officer",
        "strange_discharger_confirmer",
        "technician",
        "city_city_regulator",
        "agency_reviewer",
    ],
)
def test_only_the_dischargers_confirmer_confirms_rejects_and_withdraws(world, name):
    visit = submitted(world)
    by = world.person(name)
    with pytest.raises(NotAllowed):
        visit_confirm(visit=visit, by=by, at=later(hours=1))
    with pytest.raises(NotAllowed):
        visit_reject(visit=visit, by=by, reason="不符", at=later(hours=1))
    with pytest.raises(NotAllowed):
        visit_withdraw(visit=visit, by=by, at=later(hours=1))


def test_only_the_agencys_own_reviewer_reviews(world):
    with pytest.raises(NotAllowed):
        visit_review(
            visit=submitted(world),
            by=world.person("rival_agency_reviewer"),
            decision="approve",
            at=later(hours=1),
        )


def test_who_signed_in_submits_and_signs_out_himself(world):
    visit = world.fill(world.sign_in())
    with pytest.raises(NotAllowed):
        visit_submit(visit=visit, by=world.person("second_technician"), at=later(hours=1))
    visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1))
    with pytest.raises(NotAllowed):
        visit_sign_out(visit=visit, by=world.person("second_technician"), at=later(hours=1))


# Sign-out


def test_nobody_signs_out_before_submitting_or_twice_or_before_the_sign_in(world):
    visit = world.fill(world.sign_in())
    technician = world.person("technician")
    with pytest.raises(IllegalMove, match="尚不能签退"):
        visit_sign_out(visit=visit, by=technician, at=later(hours=1))
    visit_submit(visit=visit, by=technician, at=later(hours=1))
    with pytest.raises(BadInput, match=r"签退 09:10 早于签到 09:30。签退应晚于签到。请改签退时间。"):
        visit_sign_out(visit=visit, by=technician, at=later(minutes=-20))
    visit_sign_out(visit=visit, by=technician, at=later(hours=1))
    with pytest.raises(IllegalMove, match="已签退"):
        visit_sign_out(visit=visit, by=technician, at=later(hours=2))


# Timers


def test_an_open_visit_is_closed_after_a_day_and_its_task_is_to_be_done_again(world):
    planned = task(world, window_end=later(days=7))
    task_assign(task=planned, assignee=world.person("technician"), at=MORNING)
    visit = world.sign_in(task=planned, outlet=None, activity="")
    assert visits_time_out(at=later(hours=23, minutes=59)) == []
    assert [v.pk for v in visits_time_out(at=later(hours=24))] == [visit.pk]
    visit.refresh_from_db()
    planned.refresh_from_db()
    assert (visit.state, "no_sign_out" in visit.flags, planned.state) == ("auto_closed", True, "assigned")
    assert visits_time_out(at=later(hours=25)) == []


def test_a_rejected_visit_has_a_day_from_the_rejection(world):
    visit = submitted(world)
    visit_reject(visit=visit, by=world.person("discharger_confirmer"), reason="有误", at=later(hours=20))
    assert visits_time_out(at=later(hours=43)) == []
    assert len(visits_time_out(at=later(hours=44))) == 1


def test_an_unconfirmed_visit_is_flagged_at_midnight_and_final_three_days_later(world):
    visit = submitted(world)
    assert visits_time_out(at=DUE - timedelta(seconds=1)) == []
    assert len(visits_time_out(at=DUE)) == 1
    assert visits_time_out(at=DUE + timedelta(hours=1)) == []
    visit.refresh_from_db()
    assert (visit.state, "unconfirmed" in visit.flags) == ("submitted", True)
    assert len(visits_time_out(at=DUE + timedelta(days=3))) == 1
    visit.refresh_from_db()
    assert visit.state == "unconfirmed"


def test_tasks_whose_window_closed_are_missed_and_stay_missed(world):
    planned = task(world)
    assert tasks_expire(at=later(hours=8) - timedelta(seconds=1)) == []
    assert [t.state for t in tasks_expire(at=later(hours=8))] == ["missed"]
    planned.refresh_from_db()
    visit = world.sign_in(task=planned, outlet=None, activity="", at=later(hours=9), device_at=None)
    world.fill(visit, at=later(hours=9))
    visit_submit(visit=visit, by=world.person("technician"), at=later(hours=10))
    planned.refresh_from_db()
    assert planned.state == "missed"


def test_the_quicker_of_two_wins_and_the_other_is_told(world):
    visit = submitted(world)
    stale = Visit.objects.get(pk=visit.pk)
    visit_confirm(visit=visit, by=world.person("discharger_confirmer"), at=later(hours=1))
    with pytest.raises(StaleState, match="no longer submitted"):
        visit_confirm(visit=stale, by=world.person("discharger_confirmer"), at=later(hours=1))
