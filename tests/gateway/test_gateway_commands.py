"""`mingcha gateway` and `mingcha simulate` as processes: one receives, the other sends."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mingcha.gateway import uptime
from mingcha.gateway.stats import status_read
from mingcha.store.journal import JournalReader

MINGCHA = [sys.executable, "-c", "from mingcha.cli.main import main; main()"]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "MINGCHA_DATA": str(folder)}


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*MINGCHA, *arguments],
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    done = run(found, "migrate")
    assert done.returncode == 0, done.stderr
    return found


def test_the_two_commands_speak_and_ctrl_c_ends_the_gateway_in_order(folder: Path) -> None:
    command = [*MINGCHA, "gateway", "--port", "0"]
    gateway = subprocess.Popen(command, env=environment(folder), stderr=subprocess.PIPE, text=True)
    too_long = threading.Timer(40, gateway.kill)
    try:
        assert gateway.stderr is not None
        too_long.start()
        said = gateway.stderr.readline()
        port = re.search(r":(\d+),", said)
        assert port is not None, said + gateway.stderr.read()
        sent = run(
            folder,
            "simulate",
            "--loggers",
            "4",
            "--port",
            port[1],
            "--interval",
            "0.2",
            "--duration",
            "1",
            "--json",
        )
        done = json.loads(sent.stdout)
        assert done["sent"] >= 12
        assert done["acked"] == 0  # nobody is registered: kept in quarantine, not answered
        assert sent.returncode == 1
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(10) == 0
    finally:
        too_long.cancel()
        gateway.kill()
        gateway.wait()
        if gateway.stderr:
            gateway.stderr.close()
    entries = [entry for _, entry in JournalReader(folder / "journal").entries()]
    assert {entry.verdict for entry in entries} == {"quarantine"}
    assert len(entries) == done["sent"]
    status = status_read(folder / "gateway-g0.status.json")
    assert status is not None
    assert status["verdicts"] == {"quarantine": len(entries)}
    assert [row.event for row in uptime.rows_of(folder / uptime.NAME)][-1] == uptime.STOP


def test_simulate_writes_the_stations_a_register_needs(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "stations.json"
    assert run(folder, "simulate", "--loggers", "3", "--seed", "5", "--stations", str(path)).returncode == 0
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert [len(row["mn"]) for row in rows] == [14, 24, 24]
    assert {row["st"] for row in rows} <= {"31", "32"}


@pytest.mark.parametrize("arguments", [("--faults", "gremlin"), ("--edition", "2099")])
def test_simulate_names_what_it_does_not_know_and_ends_with_2(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    done = run(folder, "simulate", "--loggers", "1", "--duration", "0.1", *arguments)
    assert done.returncode == 2
    assert arguments[1] in done.stderr
    assert "2025" in done.stderr or "garbage" in done.stderr
