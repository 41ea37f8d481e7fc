"""The tests of the apps on a real PostgreSQL server: migrations, constraints, guards, services, the demonstration.

A few of them each time; all with ``MINGCHA_APPS_ON_POSTGRES=1``.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
from tests.store.postgres_server import Server, postgres

__all__ = ["postgres"]

ROOT = Path(__file__).resolve().parents[2]
ALL = ("tests/apps_base", "tests/apps_work")
FEW = (
    "tests/apps_base/test_audit_chain.py",  # the advisory lock, the guards, two processes
    "tests/apps_base/test_demo_region.py",  # loading of the demonstration
    "tests/apps_base/test_demo_failure.py",
    "tests/apps_base/test_duties.py",
    "tests/apps_work/test_work_cases.py",  # numbers that two take at once
    "tests/apps_work/test_work_disclosure.py",  # snapshots that take no change
    "tests/apps_work/test_work_findings.py",  # merging
    "tests/apps_work/test_work_marks.py",
)
_PASSED = re.compile(r"(\d+) passed")


def test_the_apps_work_on_postgresql(postgres: Server) -> None:
    chosen = ALL if os.environ.get("MINGCHA_APPS_ON_POSTGRES") == "1" else FEW
    address = postgres.database()
    with psycopg.connect(address) as link:
        before = databases(link)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *chosen],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = _PASSED.search(done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 100
    with psycopg.connect(
        address
    ) as link:  # the chain test wrote here, the others in a database that is gone again
        row = link.execute("SELECT count(*) FROM audit_auditevent WHERE action = 'test.wrote'").fetchone()
        assert row == (80,)
        assert databases(link) == before


def databases(link: psycopg.Connection[tuple[object, ...]]) -> set[object]:
    return {name for (name,) in link.execute("SELECT datname FROM pg_database").fetchall()}
