"""``mingcha seal`` and what the doctor says of history."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packet_makers import DAY
from test_history_sealing import fill

from mingcha.core.clock import now
from mingcha.core.errors import BadInput
from mingcha.store.telemetry import Telemetry
from mingcha.workers import sealing

ROOT = Path(__file__).resolve().parents[2]


def mingcha(folder, *words, **env):
    command = [sys.executable, "-m", "mingcha", *words]
    given = {**os.environ, "MINGCHA_DATA": str(folder), "PYTHONPATH": str(ROOT / "src"), **env}
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


@pytest.fixture
def data(tmp_path):
    store = Telemetry(tmp_path / "readings.sqlite3")
    fill(store, days=2)
    store.close()
    return tmp_path


def test_seal_says_what_it_did_and_the_doctor_finds_the_files(data):
    done = mingcha(data, "seal", "--before", f"{DAY:%Y}-12-24", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["rows"], said["waiting"]) == (2 * 48 + 2 * 48, [])
    checks = {one["name"]: one for one in json.loads(mingcha(data, "doctor", "--json").stdout)["checks"]}
    assert checks["history"]["ok"], checks["history"]
    assert "partitions" in checks["history"]["found"]
    for path in (data / "history").rglob("*.parquet"):
        path.unlink()
    checks = {one["name"]: one for one in json.loads(mingcha(data, "doctor", "--json").stdout)["checks"]}
    assert not checks["history"]["ok"]
    assert "rebuild" in checks["history"]["remedy"]


def test_days_that_are_not_old_enough_stay(data):
    plain = mingcha(data, "seal", MINGCHA_HISTORY_DAYS="36500")
    assert plain.returncode == 0, plain.stderr
    assert "0 rows of 0 partitions" in plain.stdout
    assert mingcha(data, "seal", MINGCHA_HISTORY_DAYS="0").returncode == 2


def test_what_is_due_is_counted_in_whole_utc_days(monkeypatch):
    monkeypatch.delenv("MINGCHA_HISTORY_DAYS", raising=False)
    assert sealing.due_before(datetime(2026, 11, 24, 5, tzinfo=UTC)) == datetime(2026, 11, 10, tzinfo=UTC)
    monkeypatch.setenv("MINGCHA_HISTORY_DAYS", "1")
    assert sealing.due_before(datetime(2026, 11, 24, 5, tzinfo=UTC)) == datetime(2026, 11, 23, tzinfo=UTC)
    monkeypatch.setenv("MINGCHA_HISTORY_DAYS", "two")
    with pytest.raises(BadInput, match="MINGCHA_HISTORY_DAYS"):
        sealing.due_before(datetime(2026, 11, 24, tzinfo=UTC))


def test_the_worker_seals_in_a_process_of_its_own(data, monkeypatch):
    monkeypatch.setenv("MINGCHA_DATA", str(data))
    monkeypatch.setenv("MINGCHA_HISTORY_DAYS", "1")
    work = sealing.Sealing()
    work.step()
    assert work.running()
    work.step()  # one at a time
    work._child.wait(120)
    work.look()
    assert not work.running()
    store = Telemetry(data / "readings.sqlite3")
    found = store.sealed_until()
    store.close()
    assert (found is not None) == (DAY.replace(tzinfo=UTC) < sealing.due_before(now()))
