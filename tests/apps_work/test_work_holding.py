"""What retention must not touch: the frames of stations that open findings and cases are about."""

from datetime import timedelta

import pytest
from test_work_cases import closed, opened
from work_world import MORNING, World, judged

from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.services import finding_record_verdicts
from mingcha.apps.registry.models import Datalogger
from mingcha.workers.holding import holds

MN = "31010000000000000000HOLD"


@pytest.fixture
def logger(world: World) -> Datalogger:
    return Datalogger.objects.create(
        outlet=world.gas, mn=MN, st="31", installed_at=MORNING - timedelta(days=900)
    )


def since() -> object:
    return holds().stations.get(MN)


def test_nothing_is_held_where_nothing_is_open(world: World, logger: Datalogger) -> None:
    assert holds().stations == {}


def test_an_open_finding_holds_from_the_day_before(world: World, logger: Datalogger) -> None:
    finding_record_verdicts(judgements=[judged(world, 0)], at=MORNING)
    assert since() == Finding.objects.get().start - timedelta(days=1)


def test_an_open_case_holds_and_a_closed_one_no_longer(world: World, logger: Datalogger) -> None:
    opened(world)
    assert since() == Finding.objects.get().start - timedelta(days=1)


def test_a_closed_case_no_longer_holds(world: World, logger: Datalogger) -> None:
    closed(world)
    assert since() is None
