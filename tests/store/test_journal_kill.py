"""A writer killed at any moment: what it called durable is there, and the chain is whole."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from journal_makers import T0, frame

from mingcha.core.refs import FrameRef
from mingcha.store.journal import Journal, JournalReader

KILLS = int(os.environ.get("MINGCHA_KILLS", "5"))

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from journal_makers import T0, DAY_US, frame
from mingcha.store.journal import Journal
run, n = int(sys.argv[3]), 0
with Journal(Path(sys.argv[1])) as journal:
    while True:
        size = 1 + n % 7 * 40
        day = T0 + (run * 3 + n // 400) * DAY_US
        for ref in journal.append([frame(run * 10**6 + n + k, day) for k in range(size)]):
            print(ref, flush=False)
        sys.stdout.flush()
        n += size
"""


def killed_after(folder, run, seconds):
    """Refs that the writer printed before it was killed."""
    here = str(Path(__file__).parent)
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), here, str(run)], stdout=subprocess.PIPE, text=True
    )
    first = child.stdout.readline()
    time.sleep(seconds)
    child.kill()
    lines = (first + child.communicate()[0]).splitlines(keepends=True)
    return [FrameRef.parse(line.strip()) for line in lines if line.endswith("\n")]


def test_nothing_called_durable_is_lost_when_the_writer_is_killed(tmp_path):
    chance = random.Random(os.environ.get("MINGCHA_SEED", "1"))
    durable = []
    for run in range(KILLS):
        durable += killed_after(tmp_path, run, chance.uniform(0, 0.3))
        reader = JournalReader(tmp_path)
        report = reader.verify()
        assert report.ok, report.problems
        entries = dict(reader.entries())
        missing = [ref for ref in durable if ref not in entries]
        assert not missing, f"{len(missing)} of {len(durable)} refs are gone, first {missing[0]}"
    with Journal(tmp_path) as journal:
        [ref] = journal.append([frame(1, T0)])
    assert JournalReader(tmp_path).read(ref) == frame(1, T0)
    assert JournalReader(tmp_path).verify().ok


def test_a_file_whose_writer_died_while_its_mode_was_changed_is_read(tmp_path):
    """Retiring a day's file writes a rollback journal; dying there leaves it hot."""
    with Journal(tmp_path) as journal:
        [ref] = journal.append([frame(1, T0)])
    path = tmp_path / f"{ref.journal}.sqlite3"
    hot = path.with_name(path.name + "-journal")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA cache_spill = 1")
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("UPDATE blocks SET payload = zeroblob(100000)")
        copies = path.read_bytes(), hot.read_bytes()
    path.write_bytes(copies[0])
    hot.write_bytes(copies[1])
    assert JournalReader(tmp_path).verify().ok
    assert JournalReader(tmp_path).read(ref) == frame(1, T0)
