"""Contracts, tasks, and the tables of moves."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from work_world import MORNING, task

from mingcha.apps.maintenance.models import Task, Visit
from mingcha.apps.maintenance.selectors import (
    serving_agency,
)
from mingcha.apps.maintenance.services import (
    contract_end,
    contract_sign,
    task_assign,
    task_cancel,
)
from mingcha.apps.maintenance.services.moves import visit_move
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed
from mingcha.core.moves import states

# Tables: every pair that is there works, every other is illegal


MOVES = sorted({move for _, move in Visit.NEXT})


@pytest.mark.parametrize("state", states(Visit.NEXT))
@pytest.mark.parametrize("move", MOVES)
def test_the_table_of_visits_is_the_truth(world, state, move):
    visit = world.sign_in()
    Visit.objects.filter(pk=visit.pk).update(state=state)
    visit.refresh_from_db()
    if (state, move) in Visit.NEXT:
        assert (
            visit_move(visit, move, by=None, at=MORNING, action="visit.test").state == Visit.NEXT[state, move]
        )
    else:
        with pytest.raises(IllegalMove):
            visit_move(visit, move, by=None, at=MORNING, action="visit.test")
        visit.refresh_from_db()
        assert visit.state == state


@pytest.mark.parametrize("state", states(Task.NEXT))
def test_tasks_are_assigned_cancelled_and_begun_as_the_table_says(world, state):
    admin, technician = world.person("agency_admin"), world.person("technician")

    def begun(moved):
        world.sign_in(task=moved, outlet=None, activity="")

    deeds = {
        "assign": lambda moved: task_assign(task=moved, assignee=technician, by=admin, at=MORNING),
        "cancel": lambda moved: task_cancel(task=moved, reason="停产", by=admin, at=MORNING),
        "start": begun,
    }
    for move, deed in deeds.items():
        with transaction.atomic():
            moved = task(world)
            Task.objects.filter(pk=moved.pk).update(state=state)
            moved.refresh_from_db()
            if (state, move) in Task.NEXT:
                deed(moved)
                moved.refresh_from_db()
                assert moved.state == Task.NEXT[state, move]
            elif move != "start" or state not in Task.VISITED:
                with pytest.raises(IllegalMove):
                    deed(moved)
            transaction.set_rollback(True)


# Contracts


def test_one_agency_answers_for_an_outlet_on_a_day(world):
    how = {"discharger": world.discharger, "at": MORNING}
    with pytest.raises(BadInput, match=r"DW001.*HT-1"):
        contract_sign(
            agency=world.rival,
            outlets=[world.water],
            number="HT-3",
            start=date(2026, 12, 31),
            end=date(2027, 12, 31),
            **how,
        )
    contract_sign(
        agency=world.rival,
        outlets=[world.water],
        number="HT-3",
        start=date(2027, 1, 1),
        end=date(2027, 12, 31),
        **how,
    )
    assert serving_agency(world.water, date(2026, 12, 31)) == world.agency
    assert serving_agency(world.water, date(2027, 1, 1)) == world.rival
    assert serving_agency(world.water, date(2028, 1, 1)) is None


def test_a_contract_ended_early_leaves_its_days_to_another(world):
    contract_end(contract=world.contract, on=date(2026, 6, 1), at=MORNING)
    assert serving_agency(world.water, date(2026, 5, 31)) == world.agency
    assert serving_agency(world.water, date(2026, 6, 1)) is None
    contract_sign(
        agency=world.rival,
        discharger=world.discharger,
        outlets=[world.water],
        number="HT-3",
        start=date(2026, 6, 1),
        end=date(2026, 12, 31),
        at=MORNING,
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": " "}, "number"),
        ({"number": "HT-1"}, "number"),
        ({"end": date(2026, 12, 31)}, "end"),
        ({"outlets": []}, "outlets"),
    ],
)
def test_a_contract_with_bad_values_says_which(world, changes, field):
    how = {
        "agency": world.rival, "discharger": world.discharger, "outlets": [world.water], "number": "HT-9",
        "start": date(2027, 1, 1), "end": date(2027, 12, 31), "at": MORNING,
    }  # fmt: skip
    with pytest.raises(BadInput) as caught:
        contract_sign(**(how | changes))
    assert field in caught.value.problems


def test_a_contract_with_another_dischargers_outlet_is_refused(world):
    with pytest.raises(BadInput, match="应属于"):
        contract_sign(
            agency=world.agency,
            discharger=world.discharger,
            outlets=[world.strange_gas],
            number="HT-9",
            start=date(2027, 1, 1),
            end=date(2027, 12, 31),
            at=MORNING,
        )


@pytest.mark.parametrize(
    "name", ["strange_discharger_admin", "rival_agency_admin", "far_district_regulator", "technician"]
)
def test_a_contract_is_signed_by_its_parties(world, name):
    with pytest.raises(NotAllowed):
        contract_end(contract=world.contract, on=date(2026, 6, 1), by=world.person(name), at=MORNING)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"activity": "verification"}, "activity"),
        ({"window_end": MORNING - timedelta(hours=2)}, "window_end"),
        (
            {
                "window_start": datetime(2027, 1, 1, tzinfo=UTC),
                "window_end": datetime(2027, 1, 2, tzinfo=UTC),
            },
            "window_start",
        ),
    ],
)
def test_a_task_lies_in_its_contract(world, changes, field):
    with pytest.raises(BadInput) as caught:
        task(world, **changes)
    assert field in caught.value.problems


def test_a_task_is_planned_and_given_within_the_agency(world):
    with pytest.raises(BadInput, match="不含"):
        task(world, outlet=world.strange_gas)
    with pytest.raises(NotAllowed):
        task(world, by=world.person("rival_agency_admin"))
    with pytest.raises(NotAllowed):
        task_assign(
            task=task(world),
            assignee=world.person("rival_technician"),
            by=world.person("agency_admin"),
            at=MORNING,
        )
    with pytest.raises(NotAllowed):
        task_assign(
            task=task(world),
            assignee=world.person("agency_admin"),
            by=world.person("agency_admin"),
            at=MORNING,
        )
