"""People decide on findings: dismissed, taken back, assigned, confirmed, cleared."""

from dataclasses import replace

import pytest
from work_world import MORNING, judged, later, record

from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.selectors import (
    counts_by,
    findings_of_outlet,
    precision,
)
from mingcha.apps.findings.services import (
    finding_assign,
    finding_clear,
    finding_confirm,
    finding_dismiss,
    finding_take_up,
    finding_undo,
)
from mingcha.apps.findings.services.moves import finding_move
from mingcha.apps.findings.values import REASONS, reasons
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed
from mingcha.core.moves import states
from mingcha.core.spans import Span
from mingcha.core.verdicts import Level


@pytest.fixture
def finding(world):
    record(judged(world, 0))
    return Finding.objects.get()


def test_there_are_eight_reasons_and_each_has_words():
    assert len(REASONS) == 8
    assert all(words["zh"] and words["en"] for words in reasons().values())


@pytest.mark.parametrize("reason", REASONS)
def test_a_finding_is_dismissed_for_a_reason_and_taken_back(world, finding, reason):
    by = world.person("near_district_regulator")
    finding_dismiss(
        finding=finding, reason=reason, text="检修" if reason == "other" else "", by=by, at=MORNING
    )
    assert (finding.state, finding.dismissal) == ("dismissed", reason)
    finding_undo(finding=finding, by=by, at=MORNING)
    assert (finding.state, finding.dismissal, finding.reason) == ("detected", "", "")


@pytest.mark.parametrize(("reason", "text"), [("", ""), ("because", ""), ("other", " "), ("marked", "words")])
def test_a_dismissal_without_its_reason_is_refused(world, finding, reason, text):
    with pytest.raises(BadInput):
        finding_dismiss(
            finding=finding, reason=reason, text=text, by=world.person("near_district_regulator"), at=MORNING
        )


def test_a_false_alarm_says_why(world, finding):
    by = world.person("near_district_regulator")
    finding_assign(finding=finding, assignee=by, by=by, at=MORNING)
    with pytest.raises(BadInput):
        finding_clear(finding=finding, text=" ", by=by, at=MORNING)
    assert finding_clear(finding=finding, text="仪器分辨率", by=by, at=MORNING).state == "false_alarm"


@pytest.mark.parametrize(
    "name", ["far_enforcement", "strange_discharger_officer", "rival_technician", "laboratory"]
)
def test_a_finding_is_not_given_to_strangers(world, finding, name):
    with pytest.raises(NotAllowed):
        finding_assign(
            finding=finding,
            assignee=world.person(name),
            by=world.person("near_district_regulator"),
            at=MORNING,
        )


@pytest.mark.parametrize(
    "name", ["discharger_admin", "technician", "city_auditor", "laboratory", "city_system_admin"]
)
def test_who_may_not_decide_may_not(world, finding, name):
    by = world.person(name)
    for deed in (
        lambda: finding_dismiss(finding=finding, reason="marked", by=by, at=MORNING),
        lambda: finding_confirm(finding=finding, by=by, at=MORNING),
        lambda: finding_undo(finding=finding, by=by, at=MORNING),
        lambda: finding_assign(finding=finding, assignee=by, by=by, at=MORNING),
        lambda: finding_clear(finding=finding, text="x", by=by, at=MORNING),
    ):
        with pytest.raises(NotAllowed):
            deed()


@pytest.mark.parametrize("state", states(Finding.NEXT))
@pytest.mark.parametrize("move", sorted({move for _, move in Finding.NEXT}))
def test_the_table_of_findings_is_the_truth(world, finding, state, move):
    Finding.objects.filter(pk=finding.pk).update(state=state)
    finding.refresh_from_db()
    if (state, move) in Finding.NEXT:
        assert (
            finding_move(finding, move, by=None, at=MORNING, action="finding.test").state
            == Finding.NEXT[state, move]
        )
    else:
        with pytest.raises(IllegalMove):
            finding_move(finding, move, by=None, at=MORNING, action="finding.test")


def test_precision_counts_what_people_judged(world):
    assert precision("hj75.hour_limit").ratio is None
    record(*(judged(world, hour * 100) for hour in range(5)))
    by = world.person("city_city_regulator")
    one, two, three, four, _ = Finding.objects.order_by("start")
    finding_confirm(finding=one, by=by, at=MORNING)
    finding_dismiss(finding=two, reason="stopped", by=by, at=MORNING)
    finding_assign(finding=three, assignee=by, by=by, at=MORNING)
    finding_clear(finding=three, text="误报", by=by, at=MORNING)
    finding_take_up(finding=four, case_number="C-2026-0001", by=by, at=MORNING)
    found = precision("hj75.hour_limit")
    assert (found.confirmed, found.refused, found.ratio) == (1, 2, 1 / 3)


def test_counts_are_of_open_findings_the_viewer_sees(world):
    record(judged(world, 0), judged(world, 100, level=Level.URGENT))
    record(replace(judged(world, 0), outlet=world.strange_gas.key))
    assert counts_by(world.person("near_enforcement")) == {
        "kind": {"rule": 2}, "level": {"general": 1, "urgent": 1}, "state": {"detected": 2}, "district": {"310115": 2},
    }  # fmt: skip
    assert counts_by(world.person("city_auditor"))["kind"] == {"rule": 3}


def test_the_chart_shows_what_touches_its_span_and_is_not_gone(world):
    record(judged(world, 0), judged(world, 100))
    user = world.person("discharger_officer")
    assert findings_of_outlet(user, world.gas, Span(later(hours=1), later(hours=50))).count() == 0
    assert findings_of_outlet(user, world.gas, Span(MORNING, later(hours=50))).count() == 1
