"""Start and stop the platform, as a process; put what people would have done on it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
START_S = 240  # loading a week of history on a slow machine
LIVE_S = 120


@dataclass(frozen=True)
class Account:
    username: str
    password: str
    role: str
    organisation: str


@dataclass(frozen=True)
class Platform:
    """``accounts``: those `make run` prints. ``ready_s``: from the command to the first page."""

    url: str
    data: Path
    gateway_port: int
    accounts: tuple[Account, ...]
    ready_s: float

    def account(self, role: str) -> Account:
        """The first account of a role, or the one of that username."""
        return next(one for one in self.accounts if role in (one.role, one.username))

    def live(self) -> dict[str, str]:
        """Run ``living.py`` beside the platform: services alone, with the times people would have acted at."""
        done = subprocess.run(
            [sys.executable, "-c", "import django; django.setup(); import living; living.show()"],
            cwd=HERE, env=self.environment() | {"DJANGO_SETTINGS_MODULE": "mingcha.site.settings"},
            capture_output=True, text=True, timeout=LIVE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        return found

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mingcha", *arguments], env=self.environment(), capture_output=True, text=True,
            timeout=LIVE_S, check=False,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        return environment(self.data, self.gateway_port, int(self.url.rsplit(":", 1)[1]))


def environment(data: Path, gateway: int, web: int) -> dict[str, str]:
    """Of the processes of the platform: nothing of the test's own settings."""
    return {
        **os.environ,
        "MINGCHA_DATA": str(data),
        "MINGCHA_GATEWAY_PORT": str(gateway),
        "MINGCHA_WEB_PORT": str(web),
        "MINGCHA_SECRET_KEY": "",
        "PYTHONUNBUFFERED": "1",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(folder: Path) -> Iterator[Platform]:
    """`mingcha demo` in ``folder``, until it answers; ended with SIGTERM."""
    data = folder / "data"
    prepared = os.environ.get("MINGCHA_BROWSER_DATA")
    shutil.copytree(prepared, data) if prepared else data.mkdir()
    gateway, web = free_port(), free_port()
    log = folder / "demo.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mingcha", "demo"],
            env=environment(data, gateway, web), stdout=out, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{web}"
        ready_s = wait_until_ready(process, url, log)
        yield Platform(url, data, gateway, read_accounts(data), ready_s)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_ready(process: subprocess.Popen[str], url: str, log: Path) -> float:
    began = time.monotonic()
    while time.monotonic() - began < START_S:
        if process.poll() is not None:
            pytest.fail(f"mingcha demo ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return time.monotonic() - began
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"no page after {START_S} s:\n{log.read_text()[-4000:]}")


def read_accounts(data: Path) -> tuple[Account, ...]:
    found = json.loads((data / "demo-accounts.json").read_text(encoding="utf-8"))
    return tuple(Account(**{key: one[key] for key in Account.__annotations__}) for one in found)
