"""kill -9 while sealing: no row is lost, none is there twice. MINGCHA_KILLS says how often at random moments."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sealing_process
from history_worlds import pair, same

from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.history.check import health

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sealing_process.__file__)
KILLS = min(int(os.environ.get("MINGCHA_KILLS", "3")), 200)
LATEST_S = 120
LONGEST_S = 1.5  # somewhat longer than a sealing takes


def process(what, file):
    paths = f"{ROOT / 'src'}{os.pathsep}{SCRIPT.parent}"
    command = [sys.executable, str(SCRIPT), str(what), str(file)]
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True
    )


def plain(folder, parts):
    """What a store holds that was told the same and never sealed."""
    _, store = pair(folder)
    for part in range(parts):
        sealing_process.fill(store, part)
    return store


def compared(file, store):
    with closing(Telemetry(file, buckets=2)) as found:
        assert found.digest() == store.digest()
        assert health(found).broken == []


def test_killed_after_any_step_it_goes_on_where_it_was(tmp_path):
    file = tmp_path / "readings.sqlite3"
    assert process("make", file).wait(LATEST_S) == 0
    store = plain(tmp_path, 1)
    for step in (0, 1, 2, 3):
        child = process(step, file)
        assert child.wait(LATEST_S) == -signal.SIGKILL
        child.stdout.close()
        compared(file, store)
    with closing(Telemetry(file, buckets=2)) as found:
        found.seal(sealing_process.DAY + sealing_process.timedelta(days=sealing_process.DAYS))
        assert found.partitions()
        same(found, store)
    store.close()


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A store that was sealed, opened again by late data and sealed again, killed all the while."""
    folder = tmp_path_factory.mktemp("killed")
    file = folder / "readings.sqlite3"
    assert process("make", file).wait(LATEST_S) == 0
    chance = random.Random(int(os.environ.get("MINGCHA_SEED", "1")))
    store = plain(folder, 1)
    part = 0
    for _ in range(KILLS):
        child = process("slow", file)
        assert child.stdout.readline() == "ready\n"
        with suppress(subprocess.TimeoutExpired):
            child.wait(chance.uniform(0.0, LONGEST_S))
        child.kill()
        finished = child.wait() == 0
        child.stdout.close()
        compared(file, store)
        if finished:  # late data open what is sealed again, so that there is always something to do
            part += 1
            with closing(Telemetry(file, buckets=2)) as other:
                sealing_process.fill(other, part)
            sealing_process.fill(store, part)
    yield file, store
    store.close()


def test_after_many_kills_everything_is_there_once(killed):
    file, store = killed
    deadline = time.monotonic() + LATEST_S
    while True:
        child = process("slow", file)
        if child.communicate()[0].endswith("done\n"):
            break
        assert time.monotonic() < deadline, "sealing does not come to an end"
    with closing(Telemetry(file, buckets=2)) as found:
        same(found, store)
        assert (
            found.days_held(sealing_process.DAY + sealing_process.timedelta(days=sealing_process.DAYS - 1))
            == []
        )
