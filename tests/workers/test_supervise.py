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
