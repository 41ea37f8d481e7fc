"""The demonstration, prepared whole: a day of history instead of a week, so that it is quick."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mingcha.apps.disclosure.selectors import outlets_public
from mingcha.apps.findings.models import Fact
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import now
from mingcha.store.journal import JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers.demo import past
from mingcha.workers.demo.preparing import prepare
from mingcha.workers.rebuilding import rebuild


@pytest.fixture
def folder(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    monkeypatch.setenv("MINGCHA_DATA", str(tmp_path))
    monkeypatch.setattr(past, "HISTORY_DAYS", 1)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # the real one is slow on purpose
    return tmp_path


def contents(folder: Path) -> tuple[object, ...]:
    telemetry = Telemetry(folder / "readings.sqlite3")
    journal = JournalReader(folder / "journal").verify()
    found = (telemetry.digest(), journal.frames, Fact.objects.count(), outlets_public().count())
    telemetry.close()
    return found


def test_it_fills_everything_and_a_second_time_changes_nothing(folder: Path) -> None:
    heard: dict[str, int] = {}

    def progress(step: str, units: int) -> None:
        heard[step] = heard.get(step, 0) + units

    loaded = prepare(progress)
    assert heard.keys() == {"journal", "readings", "hours"}
    assert len(loaded.outlets) >= 30
    assert outlets_public().count() == Outlet.objects.count()
    telemetry = Telemetry(folder / "readings.sqlite3")
    at = now()
    assert all(span.end > at - timedelta(minutes=10) for _, span in telemetry.dirty(10_000))
    telemetry.close()
    before = contents(folder)
    prepare(progress)
    assert contents(folder) == before
    assert rebuild(folder / "journal", folder / "readings.sqlite3", now(), lambda _: None, keep=False).same
