"""What the gateway promises: nothing is answered before it is durable, and no bad byte costs a good frame."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rig import MN, MN_2005, PW, QUICK, Peer, anybody, frame, known, running

from mingcha.core.clock import format_digits, from_us
from mingcha.core.refs import FrameRef
from mingcha.gateway import Policy, Station, uptime
from mingcha.gateway.intake import ClockGlance
from mingcha.gateway.stats import status_read
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry, Journal, JournalFailed, JournalReader


class HeldJournal:
    """A real journal whose commits wait until ``release`` is set."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.release = threading.Event()
        self.reached = threading.Event()

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        self.reached.set()
        assert self.release.wait(10)
        return self.journal.append(entries)


class FullDisk:
    """A journal that fails while ``full``, as it does when the disk is."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.full = True

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        if self.full:
            raise JournalFailed("database or disk is full")
        return self.journal.append(entries)


def test_no_answer_leaves_before_the_commit_that_holds_the_frame(tmp_path: Path) -> None:
    async def scene() -> None:
        with Journal(tmp_path / "journal") as real:
            held = HeldJournal(real)
            async with running(tmp_path, journal=held) as rig:
                peer = await rig.peer()
                await peer.send(frame())
                assert await asyncio.to_thread(held.reached.wait, 5)
                assert await peer.silent()
                assert rig.received() == []
                held.release.set()
                assert (await peer.answers(1))[0].cn == "9014"
                assert [e.direction for e in rig.entries()] == [Direction.IN, Direction.OUT]

    asyncio.run(scene())


def test_the_answer_stands_in_the_block_of_its_frame_as_it_was_sent(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer = await rig.peer()
            reply = await peer.ask(frame())
            found = list(JournalReader(tmp_path / "journal").entries())
            assert [(ref.block, entry.direction) for ref, entry in found] == [
                (1, Direction.IN),
                (1, Direction.OUT),
            ]
            assert found[1][1].raw == reply.raw + b"\r\n"
            assert found[1][1].mn == MN

    asyncio.run(scene())


def test_what_waits_while_one_block_is_written_becomes_one_next_block(tmp_path: Path) -> None:
    async def scene() -> None:
        with Journal(tmp_path / "journal") as real:
            held = HeldJournal(real)
            async with running(tmp_path, journal=held) as rig:
                peer = await rig.peer()
                await peer.send(frame(number=0))
                assert await asyncio.to_thread(held.reached.wait, 5)
                for number in range(1, 40):
                    await peer.send(frame(number=number))
                await asyncio.sleep(0.1)
                held.release.set()
                await peer.answers(40)
                assert rig.gateway.counters.commits == 2

    asyncio.run(scene())


def test_a_full_disk_answers_nothing_closes_loudly_and_heals_when_there_is_room(tmp_path: Path) -> None:
    async def scene() -> None:
        with Journal(tmp_path / "journal") as real:
            disk = FullDisk(real)
            async with running(tmp_path, journal=disk) as rig:
                peer = await rig.peer()
                await peer.send(frame())
                assert await peer.closed()
                assert peer.heard == []
                assert [name for name, _ in rig.events] == ["journal_failed"]
                assert "disk is full" in rig.gateway.stats()["journal_error"]
                disk.full = False
                again = await rig.peer()
                assert (await again.ask(frame())).cn == "9014"
                assert rig.gateway.stats()["journal_error"] == ""

    asyncio.run(scene())


@pytest.mark.parametrize(("edition", "mn"), [("2005", MN_2005), ("2017", MN), ("2025", MN)])
def test_the_answer_speaks_the_edition_of_the_sender(edition: str, mn: str, tmp_path: Path) -> None:
    async def scene() -> hj212.Message:
        async with running(tmp_path) as rig:
            return await (await rig.peer()).ask(frame(edition=edition, mn=mn))

    assert asyncio.run(scene()).edition == edition


BAD = {
    "garbage": b"\x00\xff\x01hello\r\n",
    "half a head": b"##01",
    "half a frame": frame()[:80],
    "wrong crc": frame()[:-6] + b"0001\r\n",
    "too long": b"##9999" + frame()[6:],
    "length in letters": b"##abcd" + frame()[6:],
    "a head in a head": b"##0100##0100",
    "blanks": b"\r\n \r\n\xef\xbb\xbf",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_bytes_never_cost_the_next_good_frame(bad: bytes, tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer = await rig.peer()
            good = frame(number=7)
            reply = await peer.ask(bad + good + frame(number=8))
            assert reply.qn == hj212.decode(hj212.frame_of(good)).qn
            assert (await peer.answers(1))[0].cn == "9014"

    asyncio.run(scene())


def test_half_frames_and_several_frames_in_one_segment_are_cut_right(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer = await rig.peer()
            stream = b"".join(frame(number=n) for n in range(5))
            for at in range(0, len(stream), 97):
                await peer.send(stream[at : at + 97])
                await asyncio.sleep(0.002)
            assert len(await peer.answers(5)) == 5
            assert b"".join(e.raw for e in rig.received()) == stream

    asyncio.run(scene())


def test_an_unknown_mn_is_kept_in_quarantine_and_not_answered(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, known(Station(MN, PW, "outlet"))) as rig:
            peer = await rig.peer()
            await peer.send(frame(mn="0" * 24))
            assert await peer.silent()
            assert rig.received()[0].verdict == "quarantine"
            assert [name for name, _ in rig.events] == ["quarantine"]
            assert (await peer.ask(frame())).mn == MN

    asyncio.run(scene())


def test_an_unknown_mn_is_answered_where_the_setting_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, known(), policy=Policy(ack_unknown=True)) as rig:
            assert (await (await rig.peer()).ask(frame())).cn == "9014"
            assert rig.received()[0].verdict == "quarantine"

    asyncio.run(scene())


@pytest.mark.parametrize("refuse", [False, True])
def test_a_wrong_password_is_reported_or_refused_by_the_stations_setting(
    refuse: bool, tmp_path: Path
) -> None:
    async def scene() -> None:
        station = Station(MN, "654321", "outlet", reject_bad_password=refuse)
        async with running(tmp_path, known(station)) as rig:
            peer = await rig.peer()
            await peer.send(frame())
            if refuse:
                assert await peer.silent()
            else:
                assert (await peer.answers(1))[0].cn == "9014"
            assert rig.received()[0].verdict == ("rejected:pw_wrong" if refuse else "deviating:pw_wrong")

    asyncio.run(scene())


NAMED = {
    "unknown factor": (frame(cp="DataTime={t};zz9999-Rtd=1,zz9999-Flag=N"), "factor_unknown"),
    "no number": (frame(cp="DataTime={t};a21026-Rtd=NaN,a21026-Flag=N"), "value_not_number"),
    "unexpected ST": (frame(st="32"), "st_unexpected"),
    "future": (frame(ahead=7200), "future"),
}


@pytest.mark.parametrize(("raw", "code"), NAMED.values(), ids=NAMED.keys())
def test_odd_content_is_answered_kept_and_named(raw: bytes, code: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, known(Station(MN, PW, "outlet", ("31",)))) as rig:
            body = raw[6:-6].replace(b"{t}", hj212.decode(hj212.frame_of(raw)).qn[:14].encode())
            await (await rig.peer()).ask(hj212.wrap(body))
            assert code in rig.received()[0].verdict.partition(":")[2].split(",")
            assert rig.gateway.stats()["problems"][code] == 1

    asyncio.run(scene())


def test_the_same_frame_again_is_answered_again_and_kept_again(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer, raw = await rig.peer(), frame()
            assert (await peer.ask(raw)).raw == (await peer.ask(raw)).raw
            assert [e.raw for e in rig.received()] == [raw, raw]

    asyncio.run(scene())


def test_stopping_keeps_and_answers_what_came_in(tmp_path: Path) -> None:
    async def scene() -> None:
        peers: list[Peer] = []
        async with running(tmp_path) as rig:
            for number in range(20):
                peers.append(await rig.peer())
                await peers[-1].send(frame(number=number) + b"##00")
            await rig.settled(lambda: rig.gateway.counters.frames == 20)
        assert all([await peer.closed() for peer in peers])
        assert sum(len(peer.heard) for peer in peers) == 20
        halves = [e for e in rig.received() if e.raw.startswith(b"##00") and len(e.raw) == 4]
        assert len(halves) == 20

    asyncio.run(scene())


def test_status_and_uptime_files_tell_what_the_web_shows(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer = await rig.peer()
            await peer.ask(frame())
            path = tmp_path / "gateway-g0.status.json"
            await rig.settled(lambda: (status_read(path) or {}).get("frames") == 1)
            status = status_read(path)
            assert status is not None
            assert status["verdicts"] == {"accepted": 1}
            assert status["connections"] == 1
            assert status["stations"] == 1
            assert list(rig.gateway.counters.last_seen_us) == [MN]

    asyncio.run(scene())
    events = [row.event for row in uptime.rows_of(tmp_path / uptime.NAME)]
    assert events == [uptime.START, uptime.STOP]


def test_an_outage_reaches_from_the_last_sign_of_life_to_the_next_start(tmp_path: Path) -> None:
    up = uptime.Uptime(tmp_path, "g0")
    for event, at_us in [
        ("start", 0),
        ("beat", 30),
        ("beat", 60),
        ("start", 500),
        ("beat", 530),
        ("start", 900),
    ]:
        up.write(event, at_us * 1_000_000)
    found = uptime.outages(up.path, "g0")
    assert [(span.start.timestamp(), span.end.timestamp()) for span in found] == [(60, 500), (530, 900)]
    assert [row.at_us // 1_000_000 for row in uptime.rows_of(up.path)] == [0, 60, 500, 530, 900]


def test_a_uptime_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / uptime.NAME
    path.write_text('{"gateway": "g0", "event": "start", "at_us": 1}\n{"gateway": "g0", "ev')
    assert [row.event for row in uptime.rows_of(path)] == ["start"]


def test_the_caps_of_the_tests_differ_from_the_real_ones_in_times_only() -> None:
    assert replace(QUICK, sweep_s=1.0, half_frame_s=30.0) == type(QUICK)()
    assert anybody(MN).password == ""


@settings(max_examples=200, deadline=None)
@given(
    ahead_ms=st.integers(-400_000, 400_000), data_ahead_s=st.integers(-90_000, 90_000), us=st.integers(0, 999_999),
    cn=st.sampled_from(["2011", "2051", "2061", "1013"]), edition=st.sampled_from(["2005", "2017", "2025"]),
)  # fmt: skip
def test_the_glance_at_the_clock_never_hides_what_the_closer_look_finds(
    ahead_ms: int, data_ahead_s: int, us: int, cn: str, edition: str
) -> None:
    received_us = 1_795_459_000_000_000 + us
    qn = format_digits(from_us(received_us + ahead_ms * 1000), milliseconds=True)
    data = format_digits(from_us(received_us + data_ahead_s * 1_000_000))
    raw = hj212.encode(
        edition=edition, qn=qn, st="31", cn=cn, pw=PW, mn=MN, flag=hj212.editions.version_bits(edition),
        cp=f"DataTime={data};a21026-Rtd=1,a21026-Flag=N",
    )  # fmt: skip
    message = hj212.decode(hj212.frame_of(raw))
    if ClockGlance(late_s=3600).plain(message.cn, message.qn, message.field("DataTime"), received_us):
        assert hj212.check_times(message, from_us(received_us)) == ()


def test_a_burst_is_answered_frame_by_frame_in_one_entry(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as rig:
            peer = await rig.peer()
            await peer.send(b"".join(frame(number=n) for n in range(5)))
            heard = await peer.answers(5)
            assert len({m.qn for m in heard}) == 5
            assert b"".join(e.raw for e in rig.sent()) == b"".join(m.raw + b"\r\n" for m in heard)

    asyncio.run(scene())
