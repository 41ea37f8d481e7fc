"""Hours that are missing appear: gap finder → queue → gateway → logger → journal → readings, in one process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("host_process.py")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    environment = {
        **os.environ,
        "MINGCHA_DATA": str(tmp_path_factory.mktemp("host")),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "mingcha.site.settings",
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_week_without_hours_is_fetched_from_the_logger(played: dict[str, Any]) -> None:
    assert played["hours"] >= 6 * 24 - 3
    asked = [
        values for command, state, values in played["system"] if command == "get_hours" and state == "done"
    ]
    assert len(asked) <= 5, "neighbouring hours stand in one request"


def test_a_logger_has_one_request_of_the_host_at_a_time(played: dict[str, Any]) -> None:
    assert played["most_open"] == 1


def test_what_a_person_asked_is_done_and_its_results_are_kept(played: dict[str, Any]) -> None:
    states = {name: (state, results) for name, state, _, results in played["asked"]}
    assert {state for state, _ in states.values()} == {"done"}
    assert states["get_time"][1][0]["time"].startswith("20")
    assert states["get_minute_interval"][1] == [{"kind": "fields", "minute_interval_min": "10"}]
