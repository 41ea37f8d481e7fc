from datetime import UTC, datetime

import pytest
from tests.people import People, people

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Beijing


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def folk(db: None, at: datetime) -> People:
    return people(at)
