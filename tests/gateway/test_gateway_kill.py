"""kill -9 under load at random moments: no acknowledged frame is lost. MINGCHA_KILLS says how often."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

from rig import MN, Peer, entries_of

from mingcha.protocol import hj212
from mingcha.store.journal import Direction, JournalReader

KILLS = int(os.environ.get("MINGCHA_KILLS", "5"))
SCRIPT = Path(__file__).with_name("gateway_process.py")
CONNECTIONS = 12
BURST = 8


def numbered(run: int, connection: int, number: int) -> bytes:
    """A frame whose QN names run, connection and number, and no other frame."""
    qn = f"2026{run % 12 + 1:02d}{run // 12 + 1:02d}{connection:02d}{number // 60_000 % 60:02d}{number % 60_000:05d}"
    return hj212.encode(
        edition="2017", qn=qn, st="31", cn="2011", pw="123456", mn=MN, flag=5,
        cp="DataTime=20261101000000;a21026-Rtd=3.10,a21026-Flag=N",
    )  # fmt: skip


async def pour(port: int, run: int, connection: int, acked: set[str]) -> None:
    """Send bursts and note what was acknowledged, until the line breaks."""
    peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
    number = 0
    try:
        while True:
            await peer.send(b"".join(numbered(run, connection, number + n) for n in range(BURST)))
            number += BURST
            acked.update(message.qn for message in await peer.answers(BURST))
    except (OSError, AssertionError):
        pass  # killed: what was acknowledged is in ``acked``
    finally:
        acked.update(message.qn for message in peer.heard)
        peer.writer.close()


async def one_run(folder: Path, run: int, chance: random.Random) -> set[str]:
    process = subprocess.Popen([sys.executable, str(SCRIPT), str(folder)], stdout=subprocess.PIPE, text=True)
    acked: set[str] = set()
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        tasks = [asyncio.create_task(pour(port, run, n, acked)) for n in range(CONNECTIONS)]
        await asyncio.sleep(chance.uniform(0.02, 0.4))
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    await asyncio.gather(*tasks)
    return acked


def test_kill_9_under_load_loses_no_acknowledged_frame(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    acked: set[str] = set()
    for run in range(KILLS):
        acked |= asyncio.run(one_run(tmp_path, run, chance))
    report = JournalReader(tmp_path / "journal").verify()
    assert report.problems == ()
    kept = {
        hj212.decode(frame).qn
        for _, entry in entries_of(tmp_path)
        if entry.direction is Direction.IN and (frame := hj212.frame_of(entry.raw)) is not None
    }
    assert len(acked) > KILLS * 10, "hardly anything was acknowledged: the test proved nothing"
    assert acked <= kept, f"{len(acked - kept)} of {len(acked)} acknowledged frames are lost"
