"""A notary killed at any moment, while it signs, changes keys and drops: what stands verifies, and the next goes on."""

import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from signed_world import AT

from mingcha.store.journal import JournalReader, Notary, retention, statements

KILLS = int(os.environ.get("MINGCHA_KILLS", "5"))
KEEPER = """
import sys
from datetime import date, timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from journal_makers import T0, DAY_US, frame
from signed_world import AT
from mingcha.store.journal import Journal, JournalReader, Notary, retention
from mingcha.core.dated import Dated
from mingcha.core.citation import Sureness
data, run, n = Path(sys.argv[1]), int(sys.argv[3]), 0
notary = Notary.in_data(data)
ages = {name: Dated(name, "", "d", "x", Sureness.DEFAULT, ((date(2020, 1, 1), "1"),)) for name in retention.CLASSES}
with Journal(data / "journal") as journal:
    while True:
        journal.append([frame(run * 10**6 + n * 50 + k, T0 + (run * 100 + n // 3) * DAY_US) for k in range(50)])
        if n % 2:
            notary.checkpoint(at=AT + timedelta(days=run, seconds=n))
        if n % 5 == 4:
            notary.rotate(at=AT)
        if n % 7 == 6:
            late = AT + timedelta(days=9999)
            made = retention.plan(JournalReader(data / "journal"), late, ages, retention.Holds())
            retention.carry_out(notary, made, at=AT, by="nobody")
        n += 1
        print(n, flush=True)
"""


def killed_after(data, run, seconds):
    here = str(Path(__file__).parent)
    child = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(data), here, str(run)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline(), "the keeper died by itself"
    time.sleep(seconds)
    child.kill()
    child.communicate()


def test_what_was_stated_stands_whenever_the_notary_is_killed(tmp_path):
    chance = random.Random(os.environ.get("MINGCHA_SEED", "1"))
    stated = []
    for run in range(KILLS):
        killed_after(tmp_path, run, chance.uniform(0, 0.5))
        found = [one.line for one in statements.read(tmp_path / "journal" / statements.FILE)]
        assert found[: len(stated)] == stated
        stated = found
        report = JournalReader(tmp_path / "journal").verify()
        assert report.ok, report.problems
    notary = Notary.in_data(tmp_path)
    assert notary.checkpoint(at=AT + timedelta(days=999))
    retention.finish(tmp_path / "journal")
    assert JournalReader(tmp_path / "journal").verify().ok
