"""Several gateway processes on one port, each with its own journal; a dead one is started again."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from rig import Peer, frame
from test_gateway_watch import asked, ended, mingcha, records, said, samples

from mingcha.cli.gateway import Register, held_port, names_of
from mingcha.core.errors import LocalError
from mingcha.gateway import Station
from mingcha.gateway.caps import CAP, POLICY, Caps, Policy, settings_from
from mingcha.gateway.stats import statuses
from mingcha.store.journal import Direction, JournalReader

__all__ = ["records"]
UNKNOWN = "E" * 24


async def called(port: int, count: int) -> None:
    """So many connections, each with a frame that is kept (in quarantine)."""
    for number in range(count):
        peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
        await peer.send(frame(mn=UNKNOWN, number=number))
        peer.writer.write_eof()
        assert await peer.closed()


def kept(folder: Path) -> dict[str, int]:
    reader = JournalReader(folder / "journal")
    return {
        name: sum(entry.direction is Direction.IN for _, entry in reader.entries(gateway=name))
        for name in reader.gateways()
    }


def until(condition: object, *, within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def pid_of(folder: Path, name: str) -> int:
    return int((folder / "journal" / f"{name}.lock").read_text())


def test_workers_share_the_port_and_a_dead_one_comes_back(records: Path) -> None:
    options = ["gateway", "--port", "0", "--workers", "2", "--metrics-port", "0"]
    process, lines = mingcha(records, *options, MINGCHA_GATEWAY_WORKERS="2", MINGCHA_METRICS_PORT="1"), []
    try:
        watch = int(said(process, r"127.0.0.1:(\d+)/metrics", lines)[1])
        port = int(said(process, r"g[01] listens on 127.0.0.1:(\d+)", lines)[1])
        assert int(said(process, r"g[01] listens on 127.0.0.1:(\d+)", lines)[1]) == port
        asyncio.run(called(port, 40))
        assert sum(kept(records).values()) == 40
        assert all(kept(records).values()), "the kernel gave all connections to one"
        until(lambda: sum(s["frames"] for s in statuses(records).values()) == 40)
        found = samples(asked(watch, "/metrics")[1])
        assert found["mingcha_frames_total", "g0"] + found["mingcha_frames_total", "g1"] == 40
        assert asked(watch, "/health/ready")[0] == 200
        first = pid_of(records, "g0")
        os.kill(first, signal.SIGKILL)
        asyncio.run(called(port, 10))
        until(lambda: pid_of(records, "g0") != first)
        said(process, r"g0 listens on", lines)
        asyncio.run(called(port, 10))
        assert sum(kept(records).values()) >= 50
    finally:
        text = ended(process, lines)
    assert process.returncode == 0
    assert "starting again" in text
    assert JournalReader(records / "journal").verify().problems == ()


def test_names_count_on_from_the_first() -> None:
    assert names_of("g0", 3) == ["g0", "g1", "g2"]
    assert names_of("east9", 2) == ["east9", "east10"]
    with pytest.raises(LocalError, match="a name that ends in a number"):
        names_of("east", 2)


def test_a_port_is_held_for_the_workers_and_takes_nothing_itself() -> None:
    with held_port("127.0.0.1", 0) as held, held_port("127.0.0.1", held.getsockname()[1]) as other:
        assert other.getsockname() == held.getsockname()


def test_a_station_that_did_not_change_stays_the_same_object() -> None:
    rows = [{"mn": "A", "password": "1"}, {"mn": "B", "password": "1"}]
    register = Register(lambda: [Station(**row, outlet="o") for row in rows])
    register.refresh()
    a, b = register("A"), register("B")
    rows[1] = {"mn": "B", "password": "2"}
    register.refresh()
    assert register("A") is a
    assert register("B") is not b
    assert register("C") is None


def test_bounds_and_policy_are_set_by_the_environment_and_nonsense_is_named() -> None:
    caps = settings_from(
        Caps, CAP, {"MINGCHA_CAP_IDLE_S": "60.5", "MINGCHA_CAP_CONNECTIONS": " 7 ", "MINGCHA_CAP_SWEEP_S": ""}
    )
    assert (caps.idle_s, caps.connections, caps.sweep_s) == (60.5, 7, 1.0)
    policy = settings_from(Policy, POLICY, {"MINGCHA_POLICY_SET_TIME": "0", "MINGCHA_POLICY_RECOUNT": "0"})
    assert (policy.set_time, policy.recount) == (False, 0)
    for name, text, expected in (
        ("MINGCHA_CAP_CONNECTIONS", "many", "a whole number over 0"), ("MINGCHA_CAP_CONNECTIONS", "0", "a whole number"),
        ("MINGCHA_CAP_IDLE_S", "nan", "a number over 0"), ("MINGCHA_CAP_IDLE_S", "-1", "a number over 0"),
    ):  # fmt: skip
        with pytest.raises(LocalError, match=f"{name}: found '{text}'; expected {expected}"):
            settings_from(Caps, CAP, {name: text})
    with pytest.raises(LocalError, match="expected 0 or 1"):
        settings_from(Policy, POLICY, {"MINGCHA_POLICY_SET_TIME": "yes"})
