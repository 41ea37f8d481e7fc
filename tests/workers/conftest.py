from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.people import MN, OTHER_MN, People, people
from tests.workers.station import AT, Station


@pytest.fixture
def region(db: None) -> People:
    return people(AT)


@pytest.fixture
def gas(region: People, tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path, MN)
    yield made
    made.journal.close()
    made.telemetry.close()


@pytest.fixture
def water(region: People, tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path, OTHER_MN)
    yield made
    made.journal.close()
    made.telemetry.close()
