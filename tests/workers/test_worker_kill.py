"""kill -9 of projector and worker at random moments: no effect is lost, none is doubled. MINGCHA_KILLS says how often."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("worker_process.py")
KILLS = min(int(os.environ.get("MINGCHA_KILLS", "3")), 200)
HOURS = 48
DUTIES = 20


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "MINGCHA_DATA": str(folder), "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def mingcha(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mingcha", *arguments]
    return subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=False)


def killed_after(folder: Path, seconds: float) -> bool:
    """Let the worker work so long, then kill it; whether it had finished."""
    command = [sys.executable, str(SCRIPT), "work"]
    child = subprocess.Popen(command, env=environment(folder), stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    with suppress(subprocess.TimeoutExpired):
        child.wait(seconds)
    child.kill()
    return child.communicate()[0] == "done\n"


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose worker was killed again and again and then let finish."""
    folder = tmp_path_factory.mktemp("killed")
    subprocess.run([sys.executable, str(SCRIPT), "make", str(HOURS)], env=environment(folder), check=True)
    chance = random.Random(20261124)
    for _ in range(KILLS):
        killed_after(folder, chance.uniform(0.0, 1.2))
    deadline = time.monotonic() + 120
    while not killed_after(folder, 60):
        assert time.monotonic() < deadline, "the worker does not come to an end"
    return folder


def count(folder: Path, query: str) -> int:
    with closing(sqlite3.connect(folder / "records.sqlite3")) as db:
        return int(db.execute(query).fetchone()[0])


def test_readings_hours_and_days_are_those_of_a_clean_rebuild(worked: Path) -> None:
    done = mingcha(worked, "rebuild", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["same"] is True
    assert said["entries"] == 2 * HOURS * 6


def test_each_effect_is_there_once(worked: Path) -> None:
    assert (
        count(worked, "SELECT count(*) FROM findings_finding WHERE kind = 'rule' AND state = 'detected'") == 1
    )
    living = "SELECT count(*) FROM findings_fact JOIN findings_finding ON findings_finding.id = finding_id WHERE withdrawn_at IS NULL"
    assert count(worked, f"{living} AND kind = 'rule'") == 1
    assert count(worked, f"{living} AND kind = 'duty'") == DUTIES
    assert count(worked, "SELECT count(*) FROM audit_auditevent WHERE action = 'duty.late'") == DUTIES
    jobs = (
        "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE task_path LIKE '%.finding_from_duty'"
    )
    assert count(worked, jobs) == DUTIES
    assert count(worked, "SELECT count(*) - count(DISTINCT content_digest) FROM disclosure_snapshot") == 0


def test_the_walk_of_a_finding_is_printed(worked: Path) -> None:
    with closing(sqlite3.connect(worked / "records.sqlite3")) as db:
        [number] = db.execute("SELECT number FROM findings_finding WHERE kind = 'rule'").fetchone()
    done = mingcha(worked, "explain", number, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"].startswith(number)
    assert done.stdout.count('"frame ') == 18


def test_a_changed_reading_is_found_and_replaced_by_the_command(worked: Path) -> None:
    with closing(sqlite3.connect(worked / "readings.sqlite3")) as db:
        db.execute(
            "UPDATE readings SET body = replace(body, substr(body, 1, 1), '9') WHERE time = (SELECT min(time) FROM readings)"
        )
        db.commit()
    replaced = mingcha(worked, "rebuild", "--replace")
    assert (replaced.returncode, "in place" in replaced.stdout) == (1, True)
    assert mingcha(worked, "rebuild").returncode == 0


def test_the_doctor_sees_that_all_is_well_and_what_is_not(worked: Path) -> None:
    checks = {one["name"]: one for one in json.loads(mingcha(worked, "doctor", "--json").stdout)["checks"]}
    for name in ("records", "journal", "projection", "jobs"):
        assert checks[name]["ok"], checks[name]
    assert "up to date" in checks["projection"]["found"]
    with closing(sqlite3.connect(max((worked / "journal").glob("*.sqlite3")))) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE blocks SET chain = zeroblob(32) WHERE seq = 1")
        db.commit()
    done = mingcha(worked, "doctor", "--json")
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert not checks["journal"]["ok"]
    assert checks["journal"]["remedy"]
