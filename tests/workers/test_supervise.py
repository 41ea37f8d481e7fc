"""The supervisor, with real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = """
import sys
from mingcha.workers.supervise import Part, Supervisor
parts = [Part("one", ["--version"]), Part("two", ["worker", "--help"])]
Supervisor(parts, say=lambda text: print(text, flush=True)).run()
print("stopped", flush=True)
"""


def read_until(process: subprocess.Popen[str], word: str, seconds: float) -> str:
    text, deadline = "", time.monotonic() + seconds
    while word not in text and time.monotonic() < deadline:
        assert process.stdout is not None
        text += process.stdout.readline()
    return text


def test_a_part_that_ends_is_started_again_and_a_signal_stops_all(tmp_path: Path) -> None:
    environment = {**os.environ, "MINGCHA_DATA": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, env=environment
    )  # fmt: skip
    try:
        text = read_until(process, "one ended with code 0; starting again in 2 s", 30)
        assert "one ended with code 0; starting again in 1 s" in text
        assert "one ended with code 0; starting again in 2 s" in text
        process.send_signal(signal.SIGTERM)
        assert "stopped" in read_until(process, "stopped", 20)
        assert process.wait(20) == 0
    finally:
        process.kill()


WANTED = """
import sys, threading
from pathlib import Path
from mingcha.workers.supervise import Part, Supervisor
wish = Path(sys.argv[1])
part = Part("some", ["worker", "--only", "projector"], wanted=wish.exists)
supervisor = Supervisor([part], say=lambda text: print(text, flush=True))
def look():
    while True:
        threading.Event().wait(0.1)
        print("running" if part.process else "resting", flush=True)
threading.Thread(target=look, daemon=True).start()
supervisor.run()
"""


def test_a_part_runs_only_while_it_is_wanted(tmp_path: Path) -> None:
    environment = {**os.environ, "MINGCHA_DATA": str(tmp_path / "data")}
    wish = tmp_path / "wish"
    command = [sys.executable, "-c", WANTED, str(wish)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert "resting" in read_until(process, "resting", 30)
        wish.touch()
        assert "running" in read_until(process, "running", 20)
        wish.unlink()
        assert "some is not needed and has ended" in read_until(process, "not needed", 30)
        assert "resting" in read_until(process, "resting", 20)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
