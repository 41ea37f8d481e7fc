"""Bounds: hostile and clumsy peers cost a bounded amount of memory, and no good logger its place."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import QUICK, Peer, Rig, frame, running

from mingcha.core.refs import FrameRef
from mingcha.gateway import Caps
from mingcha.store.journal import Entry, Journal


def test_bytes_without_a_head_close_the_connection_at_the_bound_and_are_kept(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer = await rig.peer()
            peer.writer.write(b"x" * 4096 * 20)
            assert await peer.closed()
            assert rig.gateway.counters.closed["garbage"] == 1
            await rig.settled(lambda: not rig.gateway.stats()["connections"])
            await rig.settled(lambda: not rig.gateway.stats()["queued_bytes"])
            kept = sum(len(e.raw) for e in rig.received())
            assert QUICK.garbage_bytes < kept <= QUICK.garbage_bytes + 2 * 65536

    asyncio.run(scene())


def test_rejected_frames_without_end_close_the_connection_but_a_good_one_clears_the_count(
    tmp_path: Path,
) -> None:
    caps = replace(QUICK, rejected_bytes=2000)
    bad = frame()[:-6] + b"0001\r\n"

    async def scene() -> None:
        async with running(tmp_path, caps=caps) as rig:
            patient = await rig.peer()
            for _ in range(10):
                await patient.ask(bad * 5 + frame())
            hostile = await rig.peer()
            await hostile.send(bad * 40)
            assert await hostile.closed()
            assert rig.gateway.counters.closed["rejected_bytes"] == 1
            assert (await patient.ask(frame())).cn == "9014"

    asyncio.run(scene())


def test_a_half_frame_dripped_byte_by_byte_is_given_up_in_time(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer = await rig.peer()
            for byte in frame()[:120]:
                await peer.send(bytes([byte]))
                await asyncio.sleep(0.004)
            await rig.settled(lambda: rig.gateway.counters.problems["half_frame"] > 0)
            assert (await peer.ask(b"\r\n" + frame())).cn == "9014"

    asyncio.run(scene())


def test_who_sends_no_whole_frame_is_idle_however_much_it_drips(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, caps=replace(QUICK, idle_s=1.5)) as rig:
            drip, good = await rig.peer(), await rig.peer()
            for _ in range(18):
                await asyncio.sleep(0.1)
                drip.writer.write(b"\r")
                await good.ask(frame())
            assert await drip.closed()
            assert rig.gateway.counters.closed["idle"] == 1
            assert (await good.ask(frame())).cn == "9014"

    asyncio.run(scene())


def test_when_full_the_oldest_stranger_makes_room_and_loggers_stay(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, caps=replace(QUICK, connections=3, unproven_s=0.1)) as rig:
            good = await rig.peer()
            await good.ask(frame())
            silent = [await rig.peer(), await rig.peer()]
            await asyncio.sleep(0.15)
            newcomer = await rig.peer()
            assert (await newcomer.ask(frame())).cn == "9014"
            assert await silent[0].closed()
            assert (await good.ask(frame())).cn == "9014"
            assert rig.gateway.counters.closed == {"evicted": 1}

    asyncio.run(scene())


def test_when_full_of_loggers_the_newcomer_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, caps=replace(QUICK, connections=2)) as rig:
            held = [await rig.peer(), await rig.peer()]
            for peer in held:
                await peer.ask(frame())
            assert await (await rig.peer()).closed()
            assert rig.gateway.counters.closed == {"full": 1}
            for peer in held:
                assert (await peer.ask(frame())).cn == "9014"

    asyncio.run(scene())


def test_half_frames_of_all_connections_together_are_bounded(tmp_path: Path) -> None:
    caps = replace(QUICK, pending_bytes=3000, half_frame_s=30.0)

    async def scene() -> None:
        async with running(tmp_path, caps=caps) as rig:
            half = b"##1000" + b"QN=2" * 100
            peers = [await rig.peer() for _ in range(12)]
            for peer in peers:
                await peer.send(half)
            await rig.settled(lambda: rig.gateway.counters.closed["memory"] > 0)
            ended = [await peer.closed(within=0.2) for peer in peers]
            assert ended.count(False) <= 3000 // len(half)
            await rig.settled(lambda: rig.gateway.counters.entries >= ended.count(True))

    asyncio.run(scene())


class Slow:
    """A real journal that takes its time."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.go = threading.Event()

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        assert self.go.wait(20)
        return self.journal.append(entries)


async def _flood(rig: Rig, peers: Sequence[Peer], frames: int) -> list[asyncio.Task[None]]:
    async def pour(peer: Peer) -> None:
        for number in range(frames):
            await peer.send(frame(number=number))

    return [asyncio.create_task(pour(peer)) for peer in peers]


@pytest.mark.parametrize("caps", [
    pytest.param(replace(QUICK, unacked_bytes=20_000), id="of one connection"),
    pytest.param(replace(QUICK, queue_bytes=30_000), id="of all connections"),
])  # fmt: skip
def test_back_pressure_bounds_what_waits_for_the_disk_and_loses_nothing(caps: Caps, tmp_path: Path) -> None:
    frames = 8000  # more than socket buffers hold

    async def scene() -> None:
        with Journal(tmp_path / "journal") as real:
            slow = Slow(real)
            async with running(tmp_path, caps=caps, journal=slow) as rig:
                peer = await rig.peer()
                pouring = await _flood(rig, [peer], frames)
                await asyncio.sleep(0.8)
                waiting = rig.gateway.stats()["queued_bytes"]
                assert 0 < waiting < 20_000 + 30_000 + 300_000  # the bound and one read of the socket
                assert rig.gateway.counters.frames < frames
                slow.go.set()
                await peer.answers(frames, within=20)
                await asyncio.gather(*pouring)
                assert rig.gateway.counters.frames == frames

    asyncio.run(scene())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noise=st.lists(
        st.binary(max_size=200) | st.sampled_from([b"##", b"##00", b"##0100QN=", frame()[:70]]), max_size=6
    )
)
def test_whatever_comes_before_a_good_frame_is_answered(
    noise: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    sent = b"".join(noise) + frame() * 2

    async def scene() -> None:
        async with running(tmp_path_factory.mktemp("noise")) as rig:
            peer = await rig.peer()
            await peer.send(sent)
            peer.writer.write_eof()
            assert await peer.closed()
            await rig.settled(lambda: not rig.gateway.stats()["queued_bytes"])
            assert b"".join(e.raw for e in rig.received()) == sent
            assert len(peer.heard) >= 2

    asyncio.run(scene())


def test_who_does_not_read_its_answers_is_closed_after_a_while(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, caps=replace(QUICK, stalled_s=0.3)) as rig:
            peers = [await rig.peer(), await rig.peer()]
            for peer in peers:
                await peer.ask(frame())
            stalled, slow = list(rig.gateway._connections)
            stalled.pause_writing()  # as asyncio does when the buffer of answers is full
            slow.pause_writing()
            await asyncio.sleep(0.1)
            slow.resume_writing()
            assert await peers[0].closed()
            assert rig.gateway.counters.closed == {"stalled": 1}
            assert (await peers[1].ask(frame())).cn == "9014"

    asyncio.run(scene())
