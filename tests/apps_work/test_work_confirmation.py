"""The discharger confirms, rejects or withdraws, and the duty to do so (WF-1.6, WF-16 D05)."""

from datetime import date, timedelta

import pytest
from work_world import DUE, later, submitted

from mingcha.apps.duties.services import duties_expire, duty_waive
from mingcha.apps.maintenance.selectors import (
    confirm_due,
    duties_of_visit,
)
from mingcha.apps.maintenance.services import (
    visit_confirm,
    visit_reject,
    visit_review,
    visit_sign_out,
    visit_submit,
    visit_withdraw,
)
from mingcha.core.errors import BadInput, IllegalMove


def test_signing_out_on_the_next_day_moves_the_day_of_confirmation(world):
    visit = submitted(world)
    visit_sign_out(visit=visit, by=world.person("technician"), at=later(hours=16))  # 01:30 of the 24th
    duty = duties_of_visit(visit).get()
    assert (duty.due_at, confirm_due(visit)) == (DUE + timedelta(days=1), DUE + timedelta(days=1))


def test_a_sign_out_after_the_term_is_over_moves_nothing(world):
    visit = submitted(world)
    duties_expire(at=DUE + timedelta(hours=1))
    visit_sign_out(visit=visit, by=world.person("technician"), at=DUE + timedelta(hours=2))
    duty = duties_of_visit(visit).get()
    assert (duty.state, duty.due_at) == ("late", DUE)


def test_a_late_confirmation_is_kept_as_late(world):
    visit = submitted(world)
    duties_expire(at=DUE + timedelta(hours=1))
    visit_confirm(visit=visit, by=world.person("discharger_confirmer"), at=DUE + timedelta(hours=2))
    assert "unconfirmed" in visit.flags
    assert duties_of_visit(visit).get().state == "met_late"


def test_a_waived_duty_does_not_hinder_the_confirmation(world):
    visit = submitted(world)
    duty = duties_of_visit(visit).get()
    duty_waive(duty=duty, by=world.person("near_district_regulator"), reason="停电", at=later(hours=2))
    visit_confirm(visit=visit, by=world.person("discharger_confirmer"), at=later(hours=3))
    assert (visit.state, duties_of_visit(visit).get().state) == ("confirmed", "waived")


def test_a_new_round_does_not_revive_the_term_that_is_over(world):
    visit = submitted(world)
    late = DUE + timedelta(hours=1)  # the worker has not yet looked
    visit_reject(visit=visit, by=world.person("discharger_confirmer"), reason="有误", at=late)
    visit_submit(visit=visit, by=world.person("technician"), at=late)
    visit_confirm(visit=visit, by=world.person("discharger_confirmer"), at=late)
    visit_sign_out(visit=visit, by=world.person("technician"), at=late)
    assert [(d.state, d.due_at) for d in duties_of_visit(visit)] == [
        ("running", DUE),
        ("met", DUE + timedelta(days=1)),
    ]


def test_three_days_after_the_due_day_nothing_can_be_confirmed(world):
    visit = submitted(world)
    last = DUE + timedelta(days=3)
    with pytest.raises(BadInput, match="3 天已过"):
        visit_confirm(visit=visit, by=world.person("discharger_confirmer"), at=last)
    assert (
        visit_confirm(
            visit=visit, by=world.person("discharger_confirmer"), at=last - timedelta(seconds=1)
        ).state
        == "confirmed"
    )


def test_a_confirmation_is_withdrawn_within_ten_minutes(world):
    visit = submitted(world)
    confirmer = world.person("discharger_confirmer")
    visit_confirm(visit=visit, by=confirmer, at=later(hours=1))
    with pytest.raises(BadInput, match="10 分钟"):
        visit_withdraw(visit=visit, by=confirmer, at=later(hours=1, minutes=10, seconds=1))
    visit_withdraw(visit=visit, by=confirmer, at=later(hours=1, minutes=10))
    assert (visit.state, visit.confirmed_at, visit.confirmed_by) == ("submitted", None, None)
    assert [(d.state, d.due_at) for d in duties_of_visit(visit)] == [("met", DUE), ("running", DUE)]
    visit_confirm(visit=visit, by=confirmer, at=later(hours=2))
    assert [d.state for d in duties_of_visit(visit)] == ["met", "met"]


def test_a_complete_visit_is_not_withdrawn(world):
    visit = submitted(world)
    visit_review(visit=visit, by=world.person("agency_reviewer"), decision="approve", at=later(hours=1))
    visit_confirm(visit=visit, by=world.person("discharger_confirmer"), at=later(hours=1))
    with pytest.raises(IllegalMove):
        visit_withdraw(visit=visit, by=world.person("discharger_confirmer"), at=later(hours=1))


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_rejection_and_a_return_say_why(world, reason):
    visit = submitted(world)
    with pytest.raises(BadInput, match="原因未填"):
        visit_reject(visit=visit, by=world.person("discharger_confirmer"), reason=reason, at=later(hours=1))
    with pytest.raises(BadInput, match="原因未填"):
        visit_review(
            visit=visit,
            by=world.person("agency_reviewer"),
            decision="return",
            comment=reason,
            at=later(hours=1),
        )
    with pytest.raises(BadInput):
        visit_review(visit=visit, by=world.person("agency_reviewer"), decision="maybe", at=later(hours=1))


def test_a_rejection_ends_the_round_and_the_next_has_its_own_duty(world):
    visit = submitted(world)
    visit_review(visit=visit, by=world.person("agency_reviewer"), decision="approve", at=later(hours=1))
    visit_reject(visit=visit, by=world.person("discharger_confirmer"), reason="记录有误", at=later(hours=2))
    assert (visit.reviewed_by, [d.state for d in duties_of_visit(visit)]) == (None, ["cancelled"])
    next_day = later(days=1)
    visit_submit(visit=visit, by=world.person("technician"), at=next_day)
    assert [(d.subject_id, d.state, d.due_at) for d in duties_of_visit(visit)][1] == (
        f"{visit.number}/2", "running", DUE + timedelta(days=1),
    )  # fmt: skip


def test_a_rejection_after_the_term_leaves_it_late(world):
    visit = submitted(world)
    visit_reject(
        visit=visit, by=world.person("discharger_confirmer"), reason="记录有误", at=DUE + timedelta(hours=1)
    )
    duties_expire(at=DUE + timedelta(hours=2))
    assert [d.state for d in duties_of_visit(visit)] == ["late"]


def test_a_setting_puts_confirmation_before_review(world, monkeypatch):
    from mingcha.apps.maintenance import guards
    from mingcha.core.citation import Sureness
    from mingcha.core.dated import Dated

    chosen = Dated("confirm_before_review", "t", "", "c", Sureness.DEFAULT, ((date(2026, 1, 1), "1"),))
    monkeypatch.setattr(guards, "settings", lambda: {"confirm_before_review": chosen})
    with pytest.raises(BadInput, match="先确认"):
        visit_review(
            visit=submitted(world), by=world.person("agency_reviewer"), decision="approve", at=later(hours=1)
        )
