"""The whole way on PostgreSQL: records and readings in one database, whose server and whose worker are killed.

``MINGCHA_KILLS`` says how often.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from tests.people import MN, OTHER_MN, People
from tests.store.postgres_server import Mortal, Server, postgres
from tests.workers.station import COD, FLOW, HOUR, LATER, START, TEN, Station, risen, stack

from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry
from mingcha.workers.projection import Projector
from mingcha.workers.rebuilding import rebuild
from mingcha.workers.restating import Restater

__all__ = ["postgres"]

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("worker_process.py")
KILLS = min(int(os.environ.get("MINGCHA_KILLS", "4")), 200)
HOURS, DUTIES = 36, 20
NOW = START + 48 * HOUR + LATER


@dataclass
class Place:
    """A data folder whose records and readings lie on a server."""

    folder: Path
    server: Mortal
    address: str

    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "MINGCHA_DATA": str(self.folder), "DATABASE_URL": self.address,
            "MINGCHA_READINGS": self.address, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        }  # fmt: skip

    def mingcha(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mingcha", *arguments]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)

    def worked(self, seconds: float, *, server_too: bool = False) -> bool:
        """Let the worker work so long, then kill it, and the server first where told; whether it had finished."""
        command = [sys.executable, str(SCRIPT), "work"]
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(
                command, env=self.environment(), stdout=subprocess.PIPE, stderr=errors, text=True
            )
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            with suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
            if server_too:
                self.server.kill()
            child.kill()
            finished = child.communicate()[0] == "done\n"
        if server_too:
            self.server.start()
        return finished

    def count(self, query: str) -> int:
        with psycopg.connect(self.address) as link:
            row = link.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A data folder whose worker and server were killed again and again; then the worker was let finish."""
    with tempfile.TemporaryDirectory(prefix="mingcha-pg-") as there:
        server = Mortal(there)
        found = Place(tmp_path_factory.mktemp("way"), server, server.database())
        subprocess.run([sys.executable, str(SCRIPT), "make", str(HOURS)], env=found.environment(), check=True)
        chance = random.Random(os.environ.get("MINGCHA_SEED", "20261124"))
        for number in range(KILLS):
            found.worked(chance.uniform(0.0, 1.2), server_too=number % 2 == 1)
        end = time.monotonic() + 120
        while not found.worked(60):
            assert time.monotonic() < end, "the worker does not come to an end"
        yield found
        server.stop()


def test_readings_and_values_are_those_of_a_clean_rebuild(place: Place) -> None:
    done = place.mingcha("rebuild", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["same"] is True
    assert said["entries"] == 2 * HOURS * 6
    assert place.count("SELECT count(*) FROM pg_tables WHERE schemaname LIKE '%rebuild'") == 0


def test_each_effect_is_there_once(place: Place) -> None:
    rules = "SELECT count(*) FROM findings_finding WHERE kind = 'rule' AND state = 'detected'"
    assert place.count(rules) == 1
    living = "SELECT count(*) FROM findings_fact JOIN findings_finding ON findings_finding.id = finding_id WHERE withdrawn_at IS NULL"
    assert place.count(f"{living} AND kind = 'rule'") == 1
    assert place.count(f"{living} AND kind = 'duty'") == DUTIES
    assert place.count("SELECT count(*) FROM audit_auditevent WHERE action = 'duty.late'") == DUTIES
    assert place.count("SELECT count(*) - count(DISTINCT content_digest) FROM disclosure_snapshot") == 0
    jobs = (
        "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE task_path LIKE '%.finding_from_duty'"
    )
    assert place.count(jobs) == DUTIES


def test_what_must_always_hold_is_held_by_the_server(place: Place) -> None:
    """The audit chain takes no change, whoever asks for it."""
    with psycopg.connect(place.address) as link, pytest.raises(psycopg.Error, match="audit"):
        link.execute("UPDATE audit_auditevent SET action = 'nothing'")
    with psycopg.connect(place.address) as link, pytest.raises(psycopg.Error, match="audit"):
        link.execute("DELETE FROM audit_auditevent")


def test_a_changed_reading_is_found_and_replaced_and_the_records_stay(place: Place) -> None:
    before = place.count("SELECT count(*) FROM audit_auditevent")
    with psycopg.connect(place.address) as link:
        link.execute(
            "UPDATE readings SET body = replace(body, left(body, 1), '9') WHERE time = (SELECT min(time) FROM readings)"
        )
    replaced = place.mingcha("rebuild", "--replace")
    assert (replaced.returncode, "in place" in replaced.stdout) == (1, True), replaced.stderr
    assert place.mingcha("rebuild").returncode == 0
    assert place.count("SELECT count(*) FROM audit_auditevent") >= before


def test_the_doctor_names_the_engine_and_says_when_it_cannot_be_reached(place: Place) -> None:
    done = place.mingcha("doctor", "--json")
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    for name in ("records", "readings", "projection", "jobs"):
        assert checks[name]["ok"], checks[name]
    assert checks["readings"]["found"] == "PostgreSQL, 1 gateways projected"
    assert checks["records"]["found"].startswith("PostgreSQL ")
    place.server.kill()
    try:
        done = place.mingcha("doctor", "--json")
    finally:
        place.server.start()
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    for name, setting in (("records", "DATABASE_URL"), ("readings", "MINGCHA_READINGS")):
        assert not checks[name]["ok"]
        assert setting in checks[name]["remedy"]
    assert not checks["projection"]["ok"]


class OnServer(Station):
    """A station whose readings lie on PostgreSQL."""

    def use(self, address: str) -> None:
        self.telemetry.close()
        self.address = address
        self.telemetry = Telemetry(address, self.folder / "history")
        self.projector = Projector(self.reader, self.telemetry)
        self.restater = Restater(self.telemetry)


@pytest.fixture
def gas_there(region: People, tmp_path: Path, postgres: Server) -> Iterator[OnServer]:
    made = OnServer(tmp_path, MN)
    made.use(postgres.fresh())
    yield made
    made.journal.close()
    made.telemetry.close()


def test_both_engines_make_the_same_of_one_journal(gas_there: OnServer, tmp_path: Path) -> None:
    """Live and late frames, a silent stretch and a second outlet; hours, days and months with them."""
    station, rows = gas_there, risen(stack(48), 30, 3, 2.3)
    station.send(rows[: 10 * 6])
    station.run(START + 10 * HOUR + timedelta(minutes=2))
    station.send(rows[20 * 6 :], start=START + 20 * HOUR)
    station.mn = OTHER_MN
    station.send([{COD: 30.0 + n % 7, FLOW: 20.0 + n % 5} for n in range(5 * 6)], start=START + 3 * HOUR)
    station.mn = MN
    for hour in range(30, 50, 4):
        station.run(START + hour * HOUR + timedelta(minutes=2))
    station.send(rows[12 * 6 : 14 * 6], start=START + 12 * HOUR, received=NOW - TEN)
    folder = station.folder / "journal"
    history = str(station.folder / "history")
    there = rebuild(folder, station.address, NOW, lambda _: None, keep=False, history=history)
    here = rebuild(folder, tmp_path / "other.sqlite3", NOW, lambda _: None, keep=False)
    assert there.same
    assert here.before == there.before
    assert there.entries == (10 + 28 + 5 + 2) * 6


def test_readers_on_other_machines_see_whole_batches_while_one_writes(
    gas_there: OnServer, tmp_path: Path
) -> None:
    station, wrong = gas_there, []
    station.send(stack(12))
    moments = 12 * 6

    def watch() -> None:
        with closing(Telemetry(station.address, tmp_path / "elsewhere")) as other:
            seen = 0
            while seen < moments:
                with other.reading():
                    ref = other.positions().get("g0")
                    seen = len(other.times(f"{MN}/31", "2051", Span(START, NOW)))
                    if ref is None and seen:
                        wrong.append(seen)

    watcher = threading.Thread(target=watch)
    watcher.start()
    while station.projector.step(10):
        pass
    watcher.join(60)
    assert not watcher.is_alive()
    assert wrong == []
