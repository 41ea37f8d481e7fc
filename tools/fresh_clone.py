"""Try `make run` as a newcomer: clone the committed tree, run it, wait for live data, stop it, say how long it took.

Needs nothing but git, make and what `make run` itself asks for. Exit code 1 when a step does not come.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_S = 900
LIVE = """
from pathlib import Path
from mingcha.store.telemetry import Telemetry
print(len({row.point for row in Telemetry(Path("var/readings.sqlite3")).latest(kind="2011")}))
"""


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def page(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def live_points(clone: Path) -> int:
    """How many points have a real-time value that the pages can read."""
    if not (clone / "var/readings.sqlite3").exists():
        return 0
    done = subprocess.run(
        [".venv/bin/python", "-c", LIVE], cwd=clone, capture_output=True, text=True, check=False
    )
    return int(done.stdout or 0)


def wait_for(what: str, seen: object, process: subprocess.Popen[bytes], began: float) -> float:
    """Seconds from ``began`` until ``seen()`` is true."""
    while time.monotonic() - began < MOST_S:
        if process.poll() is not None:
            sys.exit(f"`make run` ended with code {process.returncode} before: {what}")
        if seen():  # type: ignore[operator]
            return time.monotonic() - began
        time.sleep(1)
    sys.exit(f"not within {MOST_S} s: {what}")


def main() -> None:
    """Clone, run, wait, stop."""
    with tempfile.TemporaryDirectory(prefix="mingcha-clone-") as folder:
        clone = Path(folder) / "mingcha"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("MINGCHA_", "VIRTUAL_ENV"))}
        environment |= {"MINGCHA_WEB_PORT": port, "MINGCHA_GATEWAY_PORT": free_port()}
        began = time.monotonic()
        process = subprocess.Popen(["make", "run"], cwd=clone, env=environment, start_new_session=True)
        try:
            up = wait_for("the first page", lambda: page(f"http://127.0.0.1:{port}/"), process, began)
            live = wait_for("live values", lambda: live_points(clone) > 0, process, began)
            all_live = wait_for("live values of 30 loggers", lambda: live_points(clone) >= 30, process, began)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)
        seconds = {
            "first page": round(up, 1),
            "first live value": round(live, 1),
            "30 loggers live": round(all_live, 1),
        }
        print(json.dumps({"seconds from `make run` on a fresh clone": seconds}))


if __name__ == "__main__":
    main()
