"""Verdicts, clues and late duties become findings; restated data take them back; people decide."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from work_world import MORNING, World, clue, judged, later, record

from mingcha.apps.audit.selectors import timeline, verify_chain
from mingcha.apps.duties.services import duties_expire, duty_waive
from mingcha.apps.findings.models import Fact, Finding
from mingcha.apps.findings.selectors import (
    facts_of,
    judging_span,
)
from mingcha.apps.findings.services import (
    finding_assign,
    finding_confirm,
    finding_dismiss,
    finding_record_clues,
    finding_record_late_duty,
    finding_record_verdicts,
    finding_withdraw_duty,
)
from mingcha.apps.maintenance.services import visit_submit
from mingcha.core.clues import Clue
from mingcha.core.spans import Span, merged
from mingcha.core.verdicts import Level

DAY = timedelta(hours=24)


def spans() -> list[tuple[float, float, str]]:
    """Findings not gone, in hours after the morning."""
    rows = Finding.objects.exclude(state__in=("merged", "withdrawn")).order_by("start")
    return [
        ((f.start - MORNING) / timedelta(hours=1), (f.end - MORNING) / timedelta(hours=1), f.level)
        for f in rows
    ]


# Recording and merging


def test_hours_within_a_day_are_one_finding_and_beyond_it_two(world):
    record(judged(world, 0), judged(world, 25), judged(world, 51))
    assert spans() == [(0, 26, "general"), (51, 52, "general")]
    assert sorted(Finding.objects.values_list("number", flat=True)) == ["F-2026-000001", "F-2026-000002"]


def test_a_gap_of_exactly_a_day_still_joins(world):
    record(judged(world, 0), judged(world, 25))
    assert len(spans()) == 1
    record(judged(world, 50.0001))
    assert len(spans()) == 2


def test_factors_rules_and_outlets_are_kept_apart(world):
    other_rule = replace(judged(world, 0), rule="other.rule")
    other_outlet = replace(judged(world, 0), outlet=world.strange_gas.key)
    record(judged(world, 0), judged(world, 0, factor="a21003"), other_rule, other_outlet)
    assert Finding.objects.count() == 4
    assert {f.organisation_id for f in Finding.objects.all()} == {world.discharger.pk, world.stranger.pk}


def test_the_same_fact_comes_once(world):
    record(judged(world, 0))
    events = len(timeline("finding", Finding.objects.get().pk))
    record(judged(world, 0), at=later(hours=9))
    assert Fact.objects.count() == 1
    assert len(timeline("finding", Finding.objects.get().pk)) == events


def test_a_fact_between_two_findings_makes_them_one_the_older(world):
    record(judged(world, 0))
    record(judged(world, 40))
    first, second = Finding.objects.order_by("pk")
    record(judged(world, 20, level=Level.URGENT))
    first.refresh_from_db()
    second.refresh_from_db()
    assert spans() == [(0, 41, "urgent")]
    assert (second.state, second.merged_into, first.facts.count()) == ("merged", first, 3)


def test_what_is_assigned_takes_up_what_is_not(world):
    record(judged(world, 0))
    record(judged(world, 40))
    second = Finding.objects.order_by("pk").last()
    finding_assign(
        finding=second,
        assignee=world.person("near_enforcement"),
        by=world.person("near_district_regulator"),
        at=MORNING,
    )
    record(judged(world, 20))
    second.refresh_from_db()
    assert (second.state, second.start) == ("assigned", MORNING)


def test_the_receipt_is_kept_whole(world):
    record(judged(world, 0, value=123.5))
    body = Fact.objects.get().body
    assert body["verdict"]["values"] == {"value": 123.5}
    assert body["receipt"]["inputs"] == {"value": 123.5}


# Restated data


def test_restated_hours_replace_the_old_fact_in_the_same_finding(world):
    record(judged(world, 0, value=1.0))
    record(judged(world, 0, value=2.0, level=Level.SERIOUS), at=later(hours=5))
    finding = Finding.objects.get()
    old, new = finding.facts.order_by("id")
    assert (old.withdrawn_at, new.withdrawn_at, finding.level) == (later(hours=5), None, "serious")
    assert [f.pk for f in facts_of(finding)] == [new.pk]
    assert finding.title_zh == "二氧化硫SO2 2.0 超过限值"


def test_a_finding_whose_ground_is_gone_is_withdrawn(world):
    record(judged(world, 0), judged(world, 1))
    record(judged(world, 0, level=None), at=later(hours=5))
    assert spans() == [(1, 2, "general")]
    record(judged(world, 1, level=None), at=later(hours=6))
    finding = Finding.objects.get()
    assert (finding.state, finding.facts.count()) == ("withdrawn", 2)
    assert timeline("finding", finding.pk).last().action == "finding.withdrawn"
    assert verify_chain() == []


def test_where_only_exceedances_are_handed_in_the_span_says_what_was_judged(world):
    record(judged(world, 0), judged(world, 5))
    finding_record_verdicts(
        judgements=[], at=later(hours=9), outlet=world.gas.key, span=Span(MORNING, later(hours=3))
    )
    assert spans() == [(5, 6, "general")]


def test_a_row_of_hours_that_grew_shorter_gives_way(world):
    record(judged(world, 10, hours=3))
    finding = Finding.objects.get()
    record(judged(world, 11, hours=2), at=later(hours=20))
    assert spans() == [(11, 13, "general")]
    assert Finding.objects.get().pk == finding.pk


def test_what_came_back_is_the_same_fact_again(world):
    record(judged(world, 0))
    record(judged(world, 0, level=None), at=later(hours=1))
    record(judged(world, 0), at=later(hours=2))
    fact = Fact.objects.get()
    assert (fact.withdrawn_at, fact.finding.state) == (None, "detected")
    assert sorted(Finding.objects.values_list("state", flat=True)) == ["detected", "withdrawn"]


@pytest.mark.parametrize("decide", ["dismiss", "confirm"])
def test_a_finding_people_judged_keeps_its_state(world, decide):
    record(judged(world, 0))
    finding = Finding.objects.get()
    by = world.person("near_district_regulator")
    if decide == "dismiss":
        finding_dismiss(finding=finding, reason="marked", by=by, at=MORNING)
    else:
        finding_confirm(finding=finding, by=by, at=MORNING)
    record(judged(world, 0, level=None), at=later(hours=1))
    assert Finding.objects.get().state == finding.state


def test_new_facts_beside_a_judged_finding_are_a_new_one(world):
    record(judged(world, 0))
    finding_confirm(finding=Finding.objects.get(), by=world.person("near_enforcement"), at=MORNING)
    record(judged(world, 2))
    assert sorted(Finding.objects.values_list("state", flat=True)) == ["confirmed", "detected"]


def test_what_was_dismissed_stays_so_unless_it_became_graver(world):
    record(judged(world, 0))
    finding_dismiss(
        finding=Finding.objects.get(), reason="marked", by=world.person("near_district_regulator"), at=MORNING
    )
    record(judged(world, 0, value=1.1), at=later(hours=1))
    assert Finding.objects.count() == 1
    record(judged(world, 0, value=9.0, level=Level.URGENT), at=later(hours=2))
    assert sorted(Finding.objects.values_list("state", flat=True)) == ["detected", "dismissed"]


def test_the_span_to_judge_again_holds_whole_rows(world):
    record(judged(world, 10, hours=3), judged(world, 13, hours=2), judged(world, 20))
    found = judging_span(world.gas.key, Span(later(hours=14), later(hours=16)))
    assert found == Span(later(hours=10), later(hours=16))


# Merging does not depend on the order of arrival

POINTS = st.lists(
    st.tuples(st.integers(0, 120), st.integers(1, 5), st.sampled_from(list(Level))),
    min_size=1,
    max_size=9,
    unique_by=lambda p: p[0],
)


def naive(points: list[tuple[int, int, Level]]) -> list[tuple[float, float, str]]:
    """The same rule said plainly: spans a day or less apart are one, at the gravest level inside."""
    order = list(Level)
    out = []
    for span in merged([Span(later(hours=h), later(hours=h + n)) for h, n, _ in points], gap=DAY):
        inside = [level for h, _, level in points if span.start <= later(hours=h) < span.end]
        hours = ((span.start - MORNING) / timedelta(hours=1), (span.end - MORNING) / timedelta(hours=1))
        out.append((*hours, max(inside, key=order.index).value))
    return out


@hypothesis_settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # rolled back below
@given(points=POINTS, data=st.data())
def test_the_order_of_arrival_does_not_change_the_findings(world, points, data):
    # Clues may overlap freely: each is a fact of its own, by its start.
    shuffled = data.draw(st.permutations(points))
    cuts = data.draw(st.integers(1, len(points)))
    with transaction.atomic():
        for part in (shuffled[:cuts], shuffled[cuts:]):
            for hour, hours, level in part:
                item = replace(clue(world, hour, hours=hours), level=level, start=later(hours=hour))
                book_one(item)
        assert spans() == naive(points)
        transaction.set_rollback(True)


def book_one(item: Clue) -> None:
    """One clue, without taking the place of overlapping ones: here only merging is in question."""
    from mingcha.apps.findings.services.merging import Book
    from mingcha.apps.findings.values import from_clue

    book = Book(MORNING)
    book.record(from_clue(item))
    book.close()


@hypothesis_settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # rolled back below
@given(
    rounds=st.lists(
        st.dictionaries(st.integers(0, 60), st.sampled_from([None, *Level]), max_size=6),
        min_size=1,
        max_size=4,
    )
)
def test_after_any_restating_exactly_what_was_said_last_is_alive(world, rounds):
    with transaction.atomic():
        last: dict[int, Level | None] = {}
        for number, said in enumerate(rounds):
            record(
                *(judged(world, hour, level=level) for hour, level in said.items()),
                at=later(days=10, hours=number),
            )
            last |= said
        alive = {
            (f.start - MORNING) / timedelta(hours=1): f.level for f in Fact.objects.filter(withdrawn_at=None)
        }
        assert alive == {hour: level.value for hour, level in last.items() if level is not None}
        for finding in Finding.objects.filter(state="detected"):
            facts = list(facts_of(finding))
            assert (finding.start, finding.end) == (min(f.start for f in facts), max(f.end for f in facts))
        transaction.set_rollback(True)


# Clues


def test_a_clue_keeps_its_score_and_hypotheses(world):
    finding_record_clues(clues=[clue(world, 0)], at=MORNING)
    finding = Finding.objects.get()
    assert (finding.kind, finding.score, finding.title_zh) == ("clue", 0.8, "疑似恒值")
    assert "hypotheses" in Fact.objects.get().body["clue"]


def test_a_clue_not_seen_again_is_withdrawn(world):
    finding_record_clues(clues=[clue(world, 0)], at=MORNING)
    span = Span(later(hours=-5), later(hours=20))
    finding_record_clues(clues=[], at=later(hours=20), outlet=world.gas.key, span=span, detectors=["another"])
    assert Finding.objects.get().state == "detected"
    finding_record_clues(clues=[], at=later(hours=20), outlet=world.gas.key, span=span)
    assert Finding.objects.get().state == "withdrawn"


def test_a_window_that_moves_on_does_not_shorten_a_clue(world):
    finding_record_clues(clues=[clue(world, 0, hours=10)], at=MORNING)
    window = Span(later(hours=4), later(hours=40))
    finding_record_clues(
        clues=[clue(world, 4, hours=6)], at=later(hours=40), outlet=world.gas.key, span=window
    )
    assert spans() == [(0, 10, "general")]
    assert Fact.objects.count() == 1


def test_a_clue_that_grew_is_restated(world):
    for hours in (6, 7, 8):
        window = Span(later(hours=-5), later(hours=hours))
        finding_record_clues(
            clues=[clue(world, 0, hours=hours)], at=later(hours=hours), outlet=world.gas.key, span=window
        )
    assert spans() == [(0, 8, "general")]
    assert Fact.objects.filter(withdrawn_at=None).count() == 1


# Late duties


def late_duty(world: World):
    visit = world.fill(world.sign_in())
    visit_submit(visit=visit, by=world.person("technician"), at=later(minutes=40))
    return duties_expire(at=later(days=1))[0]


def test_a_late_duty_is_a_finding_about_who_owed_it_at_the_outlet(world):
    duty = late_duty(world)
    finding = finding_record_late_duty(duty=duty, at=later(days=1))
    assert finding_record_late_duty(duty=duty, at=later(days=2)).pk == finding.pk
    assert (finding.kind, finding.organisation, finding.outlet, finding.source) == (
        "duty",
        world.discharger,
        world.water,
        "visit_confirmation",
    )
    assert finding.title_zh.startswith("逾期未完成：确认运维记录")


def test_a_waived_duty_takes_its_finding_back(world):
    duty = late_duty(world)
    finding_record_late_duty(duty=duty, at=later(days=1))
    duty_waive(duty=duty, by=world.person("near_district_regulator"), reason="停电", at=later(days=2))
    finding_withdraw_duty(duty=duty, at=later(days=2))
    assert Finding.objects.get().state == "withdrawn"
