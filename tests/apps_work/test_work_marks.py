"""Marks: what the discharger says of its data."""

from datetime import UTC, datetime, timedelta

import pytest
from work_world import MORNING, World, later

from mingcha.apps.marking.models import Mark
from mingcha.apps.marking.selectors import item_name, marks_in_force, marks_of_outlet
from mingcha.apps.marking.services import mark_correct, mark_decide, mark_submit, mark_withdraw
from mingcha.apps.marking.values import items, mark_deadline
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed, StaleState
from mingcha.core.moves import states
from mingcha.core.spans import Span

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)  # 12:00 Beijing of the day after


def mark(world: World, **changes) -> Mark:
    how = {
        "outlet": world.gas, "start": later(hours=-3), "end": later(hours=-2), "item": "calibration", "reason": "每周校准",
        "by": world.person("discharger_officer"), "at": MORNING,
    }  # fmt: skip
    return mark_submit(**(how | changes))


def test_a_day_is_marked_until_noon_of_the_next(world):
    assert mark_deadline(MORNING) == NOON
    assert not mark(world, at=NOON).late
    assert mark(
        world, factor="", start=later(hours=-9), end=later(hours=-8), at=NOON + timedelta(seconds=1)
    ).late


def test_a_late_mark_counts_once_an_authority_accepts_it(world):
    late = mark(world, at=NOON + timedelta(days=1))
    span = Span(later(days=-1), later(days=1))
    assert marks_in_force(world.gas, span) == []
    assert marks_of_outlet(world.person("discharger_officer"), world.gas, span).count() == 1
    mark_decide(
        mark=late, decision="accept", by=world.person("near_district_regulator"), at=NOON + timedelta(days=2)
    )
    assert marks_in_force(world.gas, span) == [late]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"item": "holiday"}, "item"),
        ({"reason": "  "}, "reason"),
        ({"reason": "长" * 1001}, "reason"),
        ({"end": later(hours=-3)}, "end"),
        ({"end": later(hours=-4)}, "end"),
        ({"end": later(seconds=1)}, "end"),
        ({"start": later(days=-40)}, "end"),
    ],
)
def test_a_mark_with_bad_values_says_which(world, changes, field):
    with pytest.raises(BadInput) as caught:
        mark(world, **changes)
    assert set(caught.value.problems) == {field}


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [("a21026", "a21026", True), ("a21026", "a21003", False), ("", "a21026", True), ("a21026", "", True)],
)
def test_a_factor_has_one_mark_at_a_time(world, first, second, overlap):
    mark(world, factor=first)
    how = {"factor": second, "start": later(hours=-2, minutes=-1), "end": later(hours=-1)}
    if overlap:
        with pytest.raises(BadInput, match="重叠"):
            mark(world, **how)
    else:
        mark(world, **how)


def test_marks_may_touch_and_a_withdrawn_one_is_no_hindrance(world):
    first = mark(world)
    mark(world, start=later(hours=-2), end=later(hours=-1))
    mark_withdraw(mark=first, by=world.person("discharger_officer"), at=MORNING)
    mark(world)
    assert Mark.objects.count() == 3


def test_a_question_is_answered_with_a_corrected_mark(world):
    first = mark(world)
    mark_decide(
        mark=first,
        decision="question",
        comment="流量显示在排放",
        by=world.person("near_district_regulator"),
        at=MORNING,
    )
    how = {"start": later(hours=-3), "end": later(hours=-2, minutes=-30), "item": "fault", "reason": "故障"}
    second = mark_correct(mark=first, by=world.person("discharger_officer"), at=MORNING, **how)
    assert (first.state, second.state) == ("corrected", "submitted")
    span = Span(later(days=-1), later(days=1))
    assert marks_in_force(world.gas, span) == [second]


def test_a_correction_with_bad_values_leaves_the_old_mark(world):
    first = mark(world)
    mark_decide(
        mark=first,
        decision="question",
        comment="疑点",
        by=world.person("near_district_regulator"),
        at=MORNING,
    )
    with pytest.raises(BadInput):
        mark_correct(
            mark=first,
            start=MORNING,
            end=MORNING,
            item="fault",
            reason="x",
            by=world.person("discharger_officer"),
            at=MORNING,
        )
    first.refresh_from_db()
    assert first.state == "questioned"


@pytest.mark.parametrize(
    "name", ["strange_discharger_officer", "discharger_confirmer", "agency_admin", "city_auditor"]
)
def test_the_discharger_marks_its_own_data(world, name):
    with pytest.raises(NotAllowed) as caught:
        mark(world, by=world.person(name))
    assert caught.value.needs


def test_a_decision_is_one_of_two_and_a_question_has_words(world):
    by = world.person("near_district_regulator")
    with pytest.raises(BadInput):
        mark_decide(mark=mark(world), decision="perhaps", by=by, at=MORNING)
    with pytest.raises(BadInput):
        mark_decide(mark=Mark.objects.get(), decision="question", by=by, at=MORNING)


@pytest.mark.parametrize("state", states(Mark.NEXT))
def test_the_table_of_marks_is_the_truth(world, state):
    office, officer = world.person("near_district_regulator"), world.person("discharger_officer")
    again = {"start": later(hours=-3), "end": later(hours=-2), "item": "fault", "reason": "故障"}
    deeds = {
        "accept": lambda m: mark_decide(mark=m, decision="accept", by=office, at=MORNING),
        "question": lambda m: mark_decide(mark=m, decision="question", comment="疑点", by=office, at=MORNING),
        "withdraw": lambda m: mark_withdraw(mark=m, by=officer, at=MORNING),
        "correct": lambda m: mark_correct(mark=m, by=officer, at=MORNING, **again),
    }
    assert set(deeds) == {move for _, move in Mark.NEXT}
    for move, deed in deeds.items():
        Mark.objects.all().delete()
        moved = mark(world)
        Mark.objects.filter(pk=moved.pk).update(state=state)
        moved.refresh_from_db()
        if (state, move) in Mark.NEXT:
            deed(moved)
            moved.refresh_from_db()
            assert moved.state == Mark.NEXT[state, move]
        else:
            with pytest.raises(IllegalMove):
                deed(moved)


def test_the_quicker_of_two_wins(world):
    first = mark(world)
    stale = Mark.objects.get()
    mark_withdraw(mark=first, by=world.person("discharger_officer"), at=MORNING)
    with pytest.raises(StaleState):
        mark_decide(mark=stale, decision="accept", by=world.person("near_district_regulator"), at=MORNING)


def test_every_item_has_a_name():
    assert all(item_name(key) == words["zh"] for key, words in items().items())
    assert item_name("gone") == "gone"
