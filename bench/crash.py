"""Target R1: kill -9 of gateway, projector and worker at random moments loses no acknowledged frame and doubles nothing.

``python bench/crash.py [--quick]`` or ``run()``; MINGCHA_KILLS says how often (1,000; ``--quick`` 10).
The parts are the commands of `mingcha serve`, killed each at its own random moments while loggers send. Afterwards: every frame for which
a logger got 9014 is in the journal, the journal verifies, each frame sent is one reading with its value in one version, and a
rebuild from the journal alone has equal digests. A fourth part of SQLite has no process: a kill of its users is its own.
"""

import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _crash_load import FACTORS, LIVE, RECORD, START, Logger
from _processes import HERE, machine

KILLS, QUICK_KILLS = 1000, 10
STATIONS = 6
LEAST_S, MOST_S = 0.02, 1.8  # a part lives so long; the shortest die while they start
DRAIN_S, WORK_S = 60.0, 600.0
FIELDS = {LIVE: "Rtd", RECORD: "Avg"}
SRC = HERE.parent / "src"


def run(*, quick: bool = False, kills: int | None = None) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    times = kills or int(os.environ.get("MINGCHA_KILLS") or (QUICK_KILLS if quick else KILLS))
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(Crash(Path(name), times).run())


class Crash:
    """One data folder, its parts and its loggers."""

    def __init__(self, folder: Path, kills: int) -> None:
        self.folder = folder
        self.kills = kills
        self.chance = random.Random(int(os.environ.get("MINGCHA_SEED") or 1))
        self.killed: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()  # by themselves, which none should
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            self.port = held.getsockname()[1]
        gateway = ["gateway", "--port", str(self.port), "--name", "g0"]
        self.parts = {"gateway": gateway, "projector": ["worker", "--only", "projector"], "worker": ["worker", "--only", "jobs"]}  # fmt: skip
        self.loggers = [Logger(number, self.port) for number in range(STATIONS)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MINGCHA_")}
        self.environment = {
            **kept, "MINGCHA_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "mingcha.site.settings", "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": f"{SRC}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "MINGCHA_LOG_LEVEL": "ERROR",
        }  # fmt: skip

    async def run(self) -> dict[str, Any]:
        began = time.monotonic()
        command = [sys.executable, str(HERE / "_crash_parts.py"), str(self.folder)]
        self.nursery = subprocess.Popen(  # noqa: ASYNC220  nothing else runs yet
            command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self._line()
            await self._gone(self._start(["make", str(STATIONS)]), 60.0)
            await self._kill_all()
            killing_s = time.monotonic() - began
            await self._finish()
        finally:
            assert self.nursery.stdin is not None
            self.nursery.stdin.close()
            self.nursery.wait(10)
        return self._result(round(killing_s, 1), round(time.monotonic() - began, 1))

    # --- killing -----------------------------------------------------------------------------------

    async def _kill_all(self) -> None:
        enough = asyncio.Event()
        talking = [asyncio.create_task(logger.run(enough)) for logger in self.loggers]
        await asyncio.gather(*(self._kill_part(name) for name in self.parts))
        survivor = self._start(self.parts["gateway"])
        enough.set()
        async with asyncio.timeout(DRAIN_S):
            await asyncio.gather(*talking)
        await self._gone(survivor, 10.0, kill=True)

    async def _kill_part(self, name: str) -> None:
        """Start and kill one part until all kills of all parts are done."""
        while self.killed.total() < self.kills:
            number = self._start(self.parts[name])
            await asyncio.sleep(self.chance.uniform(LEAST_S, MOST_S))
            if not alive(number):
                self.ended[name] += 1
                continue
            self.killed[name] += 1
            await self._gone(number, 10.0, kill=True)

    async def _finish(self) -> None:
        """Let projector and worker come to the end of what there is, undisturbed."""
        for name in ("projector", "worker"):
            number = self._start(self.parts[name])
            async with asyncio.timeout(WORK_S):
                while not self._idle(name):  # noqa: ASYNC110  another process tells nobody
                    await asyncio.sleep(0.2)
            await self._gone(number, 10.0, kill=True)

    def _idle(self, name: str) -> bool:
        from mingcha.store.journal import JournalReader
        from mingcha.store.telemetry import Telemetry

        with closing(Telemetry(self.folder / "readings.sqlite3")) as telemetry:
            if name == "worker":
                return not telemetry.dirty(1)
            head = JournalReader(self.folder / "journal").head("g0")
            at = telemetry.positions().get("g0")
            return (
                head is not None and at is not None and (at.journal, at.block) == (head.journal, head.block)
            )

    def _start(self, arguments: list[str]) -> int:
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(json.dumps(arguments) + "\n")
        self.nursery.stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        assert self.nursery.stdout is not None
        text = self.nursery.stdout.readline()
        if not text:
            raise RuntimeError("the process that starts the parts has ended; its error is above")
        return text

    async def _gone(self, number: int, within: float, *, kill: bool = False) -> None:
        if kill and alive(number):
            os.kill(number, signal.SIGKILL)
        async with asyncio.timeout(within):
            while alive(number):  # noqa: ASYNC110  nor does a dead one
                await asyncio.sleep(0.002)

    # --- what is left ------------------------------------------------------------------------------

    def _result(self, killing_s: float, took_s: float) -> dict[str, Any]:
        acked, lost = self._acked(), self._acked() - self._journalled()
        wrong, doubled, readings = self._readings()
        verified = self._mingcha("journal", "verify", "--json")
        rebuilt = self._mingcha("rebuild", "--json")
        facts, twice = self._facts()
        values = {
            "kills": self.killed.total(), "killed": dict(self.killed), "ended_by_themselves": dict(self.ended),
            "sent": sum(len(one.sent) for one in self.loggers), "acked": len(acked), "resent": sum(one.resent for one in self.loggers),
            "connections": sum(one.connections for one in self.loggers), "lost": len(lost), "readings": readings,
            "readings_wrong": wrong, "readings_doubled": doubled, "findings": facts, "findings_doubled": twice,
            "journal_verifies": verified.returncode == 0, "rebuild_equal": rebuilt.returncode == 0,
            "killing_s": killing_s, "seconds": took_s,
        }  # fmt: skip
        for done, name in ((verified, "journal verify"), (rebuilt, "rebuild")):
            if done.returncode:
                values[name] = (done.stderr or done.stdout)[-600:]
        sound = verified.returncode == 0 == rebuilt.returncode
        proven = len(acked) >= 10 * self.kills and facts > 0 and len(self.killed) == len(self.parts)
        return {
            "id": "R1", "values": values, "target": "0 acked frames lost, 0 effects doubled after kill -9 at random moments",
            "met": sound and proven and not (lost or wrong or doubled or twice) and self.killed.total() >= self.kills,
            "machine": machine(),
            "method": f"{STATIONS} loggers that resend; gateway, projector and worker killed after {LEAST_S}–{MOST_S} s each, all at "
            "once; forked from a process that has loaded the modules; SQLite on this disk",
        }  # fmt: skip

    def _acked(self) -> set[tuple[str, str, Any]]:
        return {(one.mn, *key) for one in self.loggers for key in one.acked}

    def _journalled(self) -> set[tuple[str, str, Any]]:
        from mingcha.core.clock import parse_digits
        from mingcha.protocol import hj212
        from mingcha.store.journal import Direction, JournalReader

        found = set()
        for _, entry in JournalReader(self.folder / "journal").entries():
            if entry.direction is Direction.IN and (frame := hj212.frame_of(entry.raw)) is not None:
                message = hj212.decode(frame)
                found.add((message.mn, message.cn, parse_digits(message.field("DataTime") or "")))
        return found

    def _readings(self) -> tuple[int, int, int]:
        """(missing or with another value, in more than one version or never sent, all)."""
        from mingcha.core.clock import from_epoch, now
        from mingcha.core.spans import Span
        from mingcha.store.telemetry import Telemetry

        wrong = doubled = total = 0
        with closing(Telemetry(self.folder / "readings.sqlite3")) as telemetry:
            for logger in self.loggers:
                for kind, field in FIELDS.items():
                    found = telemetry.series(
                        f"{logger.mn}/31", kind, FACTORS[kind], Span(START, now()), field=field
                    )
                    sent = {moment: value for (cn, moment), value in logger.sent.items() if cn == kind}
                    kept = dict(zip(map(from_epoch, found.times.tolist()), found.texts, strict=True))
                    total += len(kept)
                    wrong += sum(kept.get(moment) != value for moment, value in sent.items())
                    doubled += int((found.versions > 1).sum()) + len(kept.keys() - sent.keys())
        return wrong, doubled, total

    def _facts(self) -> tuple[int, int]:
        """(facts in force, keys of which more than one is in force)."""
        alive_facts = "FROM findings_fact WHERE withdrawn_at IS NULL"
        with closing(sqlite3.connect(self.folder / "records.sqlite3")) as db:
            count = db.execute(f"SELECT count(*) {alive_facts}").fetchone()[0]
            twice = db.execute(
                f"SELECT count(*) FROM (SELECT key {alive_facts} GROUP BY key HAVING count(*) > 1)"
            ).fetchone()[0]
        return count, twice

    def _mingcha(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "mingcha", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv), ensure_ascii=False))
