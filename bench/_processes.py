"""Start the processes of a bench and end them, whatever happens."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import cpu_count
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@contextmanager
def process(script: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """A Python script of this folder; its stdin is closed at the end, then it is killed."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        assert child.stdout is not None
        child.stdout.close()


def line(child: "subprocess.Popen[str]") -> str:
    """The next line it prints.

    Raises:
        RuntimeError: it ended without one.
    """
    assert child.stdout is not None
    text = child.stdout.readline()
    if not text:
        raise RuntimeError(f"{child.args} ended without a result; its error is above")
    return text


@contextmanager
def server(folder: Path, kind: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    with process("_server.py", folder, kind) as child:
        yield child, int(line(child))


def load(port: int, mode: str, *numbers: int) -> dict[str, Any]:
    with process("_load.py", port, mode, *numbers) as child:
        found: dict[str, Any] = json.loads(line(child))
        return found


def resident_kb(pid: int) -> int:
    """Anonymous memory of a process: what it holds itself, without shared libraries."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(row.split()[1] for row in text.splitlines() if row.startswith("RssAnon")))


def machine() -> str:
    return f"{platform.machine()}, {cpu_count()} cores, Python {platform.python_version()}"
