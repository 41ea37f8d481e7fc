"""`mingcha forward` as `serve` starts it: targets, keys and names of the register, the journal of the data folder."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from mingcha.core.clock import format_digits, now, to_us
from mingcha.gateway.forwarder import status_read
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry, Journal

ROOT = Path(__file__).resolve().parents[2]
MN = "0100000000000000000000A1"
MAKE = """
import sys, django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from mingcha.apps.devices import services
from mingcha.core.clock import now
from mingcha.cli.serve import Targets
call_command("migrate", interactive=False, verbosity=0)
asked = Targets()
print(asked())
at = now() - timedelta(minutes=1)
found = services.target_set(
    name="city", host="127.0.0.1", port=int(sys.argv[1]), edition="2025", password="999999", by=None, at=at, since=at
)
services.target_switch(target=found, on=True, by=None, at=at)
asked._next = 0.0
print(asked())
"""


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ, "MINGCHA_DATA": str(folder), "PYTHONPATH": str(ROOT / "src"),
        "DJANGO_SETTINGS_MODULE": "mingcha.site.settings",
    }  # fmt: skip


def acked(folder: Path) -> int:
    status = status_read(folder, "city")
    return 0 if status is None else int(status["acked"])


async def play(folder: Path) -> tuple[list[hj212.Message], list[str]]:
    """Give a host, a target that names it, a frame and the process; what the host heard and the register said."""
    heard: list[hj212.Message] = []
    got = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = hj212.Splitter()
        while data := await reader.read(4096):
            for event in splitter.receive(data):
                assert isinstance(event, hj212.Frame | hj212.Skipped)
                if isinstance(event, hj212.Frame):
                    message = hj212.decode(event)
                    heard.append(message)
                    writer.write(hj212.answer(message) or b"")
                    got.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", MAKE, str(port)], env=environment(folder), capture_output=True, text=True
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    moment = now()
    raw = hj212.encode(
        edition="2017", qn=format_digits(moment, milliseconds=True), st="31", cn="2011", pw="123456", mn=MN, flag=5,
        cp=f"DataTime={format_digits(moment)};a21026-Rtd=3.10,a21026-Flag=N",
    )  # fmt: skip
    with Journal(folder / "journal") as journal:
        journal.append([Entry(Direction.IN, to_us(moment), "10.0.0.1:1", MN, "accepted", raw)])
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mingcha", "forward", env=environment(folder)
    )
    try:
        async with asyncio.timeout(45):
            await got.wait()
            while not acked(folder):  # the answer is on its way
                await asyncio.sleep(0.05)
    finally:
        child.terminate()
        assert await child.wait() == 0
    server.close()
    return heard, made.stdout.split()


def test_a_target_of_the_register_gets_what_came_in_and_says_how_far_it_is(tmp_path: Path) -> None:
    heard, wanted = asyncio.run(play(tmp_path))
    assert wanted == ["False", "True"], "serve starts forwarding only where there are targets"
    [message] = heard
    assert (message.edition, message.pw, message.mn, message.cn) == ("2025", "999999", MN, "2011")
    done = subprocess.run(
        [sys.executable, "-m", "mingcha", "forward", "--status", "--json"],
        env=environment(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    [status] = json.loads(done.stdout)
    assert (status["key"], status["state"], status["acked"], status["aside"]) == ("city", "stopped", 1, 0)
    assert status["positions"]["g0"].endswith("/1/0")
