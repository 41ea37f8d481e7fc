"""Target R2 through real sockets: whoever does what, good loggers are answered and memory stays bounded."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rig import MN, QUICK, Peer, Rig, frame, running

from mingcha.gateway import Policy
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, JournalReader

SCRIPT = Path(__file__).with_name("gateway_process.py")
PATIENCE_S = 20  # on a busy machine of two cores, which the attackers share; a logger repeats after 10
SLOW = 200  # peers that drip
DEAF = 20  # peers that send and never read
# Each of them may have `unacked_bytes` waiting for the disk, as entries and answers four times that, and 256 kB read at
# once and as much written in the loop's own buffers; one block is at work beside them. They send twice that in one go.
GROWTH_KB = (DEAF * (4 * QUICK.unacked_bytes + 2 * 256 * 1024) + 40 * 1024 * 1024) // 1024


async def good(rig: Rig, count: int = 20) -> None:
    """A logger that behaves is answered, frame by frame."""
    peer = await rig.peer()
    for number in range(count):
        await peer.send(frame(number=number))
        assert (await peer.answers(1, within=PATIENCE_S))[0].cn == "9014"
    peer.writer.close()


async def pour(writer: asyncio.StreamWriter, data: bytes, times: int) -> None:
    """Write until it is refused."""
    with suppress(ConnectionError):
        for _ in range(times):
            writer.write(data)
            await writer.drain()


def played(folder: Path, scene: Callable[[Rig], Awaitable[None]], **caps: float) -> None:
    async def play() -> None:
        async with running(folder, caps=replace(QUICK, **caps)) as rig:
            await scene(rig)

    asyncio.run(play())


def test_slow_peers_cost_a_place_and_no_logger_its_answer(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        peers = await asyncio.gather(*(rig.peer() for _ in range(SLOW)))
        raw = frame()
        for at in range(0, 60, 12):
            for peer in peers:
                peer.writer.write(raw[at : at + 12])
            await good(rig, 3)
        await rig.settled(lambda: rig.gateway.counters.problems["half_frame"] >= SLOW, within=PATIENCE_S)
        assert rig.gateway.stats()["half_frame_bytes"] == 0
        await good(rig)
        ended = await asyncio.gather(*(peer.closed(within=10) for peer in peers))
        assert all(ended)
        assert rig.gateway.counters.closed["idle"] == SLOW

    played(tmp_path, scene, idle_s=2.0)


def test_floods_of_garbage_end_at_their_bound_and_no_logger_waits_for_them(tmp_path: Path) -> None:
    chance = random.Random(7)

    async def scene(rig: Rig) -> None:
        peers = await asyncio.gather(*(rig.peer() for _ in range(12)))
        noise = [
            chance.randbytes(4096),
            b"#" * 4096,
            b"##" * 2048,
            b"##9999" * 700,
            b"##0100QN=" * 450,
            b"\r\n" * 2048,
        ]
        floods = [asyncio.create_task(pour(p.writer, noise[n % 6], 2000)) for n, p in enumerate(peers)]
        await good(rig)
        assert all(await asyncio.gather(*(peer.closed(within=20) for peer in peers)))
        await asyncio.gather(*floods)
        closed = rig.gateway.counters.closed
        assert closed["garbage"] + closed["rejected_bytes"] == 12
        await good(rig)

    played(tmp_path, scene, rejected_bytes=200_000)


def test_a_storm_of_reconnections_is_weathered(tmp_path: Path) -> None:
    async def once(rig: Rig, number: int) -> None:
        with suppress(ConnectionError, AssertionError):
            peer = await rig.peer()
            if number % 3 == 0:
                await peer.ask(frame(number=number))
            elif number % 3 == 1:
                await peer.send(frame()[: number % 90])
            peer.writer.transport.abort()

    async def scene(rig: Rig) -> None:
        for wave in range(6):
            await asyncio.gather(*(once(rig, wave * 100 + n) for n in range(100)))
            await good(rig, 2)
        await rig.settled(lambda: rig.gateway.stats()["connections"] == 0)
        assert rig.gateway.counters.opened == 6 * 101
        assert rig.gateway.stats()["half_frame_bytes"] == 0

    played(tmp_path, scene)


def test_who_does_not_read_is_not_read_from_and_closed_in_time(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        peer = await rig.peer()
        peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
        flood = asyncio.create_task(pour(peer.writer, frame() * 100, 3000))
        await rig.settled(lambda: any(c.stalled_since for c in rig.gateway._connections), within=20)
        frames = rig.gateway.counters.frames
        await good(rig)
        await asyncio.sleep(0.2)
        assert rig.gateway.counters.frames < frames + 200 + 20, "it is still read from"
        await rig.settled(lambda: rig.gateway.counters.closed["stalled"] == 1)
        flood.cancel()
        await good(rig)

    played(tmp_path, scene, stalled_s=1.0, write_buffer_bytes=16_384)


def test_a_segment_over_the_ceiling_is_refused_and_the_next_frame_is_not(tmp_path: Path) -> None:
    long = hj212.wrap(frame()[6:-8] + b";a21026-Min=1" * 90 + b"&&")
    assert len(long) > 1024

    async def scene(rig: Rig) -> None:
        peer = await rig.peer()
        behind = frame(number=3)
        assert (await peer.ask(long + behind)).qn == behind.split(b"QN=")[1][:17].decode()
        verdicts = [e.verdict for e in rig.received()]
        assert verdicts[0] == "rejected:length_ceiling"
        assert verdicts[-1] == "accepted"

    played(tmp_path, scene, frame_bytes=1024)


def test_no_block_is_larger_than_its_bound(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        peers = await asyncio.gather(*(rig.peer() for _ in range(40)))
        for peer in peers:
            peer.writer.write(frame() * 10)
        for peer in peers:
            await peer.answers(10)

    played(tmp_path, scene, batch_entries=32)
    counts = [block.count for block in JournalReader(tmp_path / "journal").blocks()]
    assert max(counts) < 32 + 11, "one read may lie over the bound, no more"
    assert sum(counts) == 400 + 40


def test_a_new_station_is_told_of_once_however_often_it_calls(tmp_path: Path) -> None:
    async def play() -> None:
        async with running(
            tmp_path, lambda mn: None, caps=replace(QUICK, connections=50), policy=Policy()
        ) as rig:
            peer = await rig.peer()
            for number in range(200):
                peer.writer.write(frame(mn=f"{number:024X}") * 2)
            await rig.settled(lambda: rig.gateway.counters.entries == 400)
            assert len(rig.gateway._strangers) == 50
            assert rig.gateway.counters.seen == {}

    asyncio.run(play())


def resident_kb(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(row.split()[1] for row in text.splitlines() if row.startswith("RssAnon")))


async def attack(port: int) -> None:
    """Everything at once, from many sides, with a good logger in the middle."""

    async def line() -> Peer:
        return Peer(*await asyncio.open_connection("127.0.0.1", port))

    slow = [await line() for _ in range(300)]
    for peer in slow:
        peer.writer.write(b"##1600" + b"x" * 1500)
    deaf = [await line() for _ in range(DEAF)]
    for peer in deaf:
        peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
    loud = [await line() for _ in range(20)]
    tasks = [asyncio.create_task(pour(p.writer, frame() * 50, 800)) for p in deaf]
    tasks += [asyncio.create_task(pour(p.writer, b"\xff#" * 8192, 400)) for p in loud]
    logger = await line()
    for number in range(40):
        await logger.send(frame(number=number))
        assert (await logger.answers(1, within=PATIENCE_S))[0].cn == "9014"
    for task in tasks:
        task.cancel()
    for peer in (*slow, *deaf, *loud, logger):
        peer.writer.transport.abort()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_bounded_under_all_of_it_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        before = resident_kb(process.pid)
        asyncio.run(attack(port))
        grown = resident_kb(process.pid) - before
        asyncio.run(attack(port))
        again = resident_kb(process.pid) - before
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    assert grown < GROWTH_KB, f"{grown} kB"
    assert again < GROWTH_KB, f"{grown}, then {again} kB: it grows with what is sent"
    report = JournalReader(tmp_path / "journal").verify()
    assert report.problems == ()
    good_frames = [
        entry for _, entry in JournalReader(tmp_path / "journal").entries()
        if entry.direction is Direction.IN and entry.mn == MN
    ]  # fmt: skip
    assert len(good_frames) >= 80
