"""The host sets the clocks of loggers: 1012 by itself, or after 1013."""

import asyncio
from pathlib import Path

import pytest
from rig import MN, MN_2005, PW, QUICK, frame, running

from mingcha.core.clock import now
from mingcha.gateway import Policy
from mingcha.protocol import hj212
from mingcha.store.journal import Direction

SOON = Policy(overtime_s=0.15, recount=2)


def reply_to(asked: hj212.Message, cn: str, cp: str) -> bytes:
    edition = asked.edition or "2017"
    if edition == "2005":
        return hj212.encode(
            edition="2005", qn="", st="91", cn=cn, pw=PW, mn=asked.mn, flag=None, cp=f"QN={asked.qn};{cp}"
        )
    bits = hj212.editions.version_bits(edition)
    return hj212.encode(edition=edition, qn=asked.qn, st="91", cn=cn, pw=PW, mn=asked.mn, flag=bits, cp=cp)


@pytest.mark.parametrize(("edition", "mn"), [("2005", MN_2005), ("2017", MN), ("2025", MN)])
def test_a_clock_that_is_off_is_set_once(edition: str, mn: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, policy=Policy()) as rig:
            peer = await rig.peer()
            await peer.send(frame(edition=edition, mn=mn, ahead=-900))
            first, asked = await peer.answers(2)
            assert (first.cn, asked.cn, asked.edition, asked.st) == ("9014", "1012", edition, "31")
            assert abs(hj212.drift_s(asked, now()) or 0) < 5
            assert asked.field("SystemTime") == asked.qn[:14]
            await peer.send(reply_to(asked, "9011", "QnRtn=1") + reply_to(asked, "9012", "ExeRtn=1"))
            await rig.settled(lambda: rig.events[-1][0] == "time_set")
            await peer.send(frame(edition=edition, mn=mn, ahead=-900))
            assert [m.cn for m in await peer.answers(1)] == ["9014"]
            assert await peer.silent()
            assert [e.raw for e in rig.sent()][1] == asked.raw + b"\r\n"

    asyncio.run(scene())


@pytest.mark.parametrize(("limit_s", "ahead"), [(300.0, 900), (300.0, -900), (20.0, -40)])
def test_a_clock_that_goes_wrong_on_a_line_that_holds_is_set(
    limit_s: float, ahead: float, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with running(tmp_path, policy=Policy(drift_s=limit_s)) as rig:
            peer = await rig.peer()
            for number in range(3):
                assert (await peer.ask(frame(number=number))).cn == "9014"
            await peer.send(frame(ahead=ahead))
            assert [m.cn for m in await peer.answers(2)] == ["9014", "1012"]

    asyncio.run(scene())


@pytest.mark.parametrize("what", ["small drift", "back-fill", "hour value", "right clock"])
def test_a_clock_is_left_alone_where_nothing_proves_it_wrong(what: str, tmp_path: Path) -> None:
    raw = {
        "small drift": lambda: frame(ahead=-250),
        "back-fill": lambda: frame(ahead=-900, cn="2051"),
        "hour value": lambda: frame(ahead=-3600, cn="2061"),
        "right clock": frame,
    }[what]

    async def scene() -> None:
        async with running(tmp_path, policy=Policy()) as rig:
            peer = await rig.peer()
            assert (await peer.ask(raw())).cn == "9014"
            assert await peer.silent()

    asyncio.run(scene())


def test_a_logger_that_asks_gets_9013_and_then_the_time(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, policy=Policy()) as rig:
            peer = await rig.peer()
            await peer.send(frame(cn="1013", cp=""))
            assert [m.cn for m in await peer.answers(2)] == ["9013", "1012"]

    asyncio.run(scene())


def test_a_request_without_answer_is_repeated_and_then_given_up(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, policy=SOON, caps=QUICK) as rig:
            peer = await rig.peer()
            await peer.send(frame(ahead=-900))
            heard = await peer.answers(4)
            assert [m.cn for m in heard] == ["9014", "1012", "1012", "1012"]
            assert len({m.qn for m in heard[1:]}) == 1
            await rig.settled(lambda: rig.events[-1][0] == "time_not_set")
            assert rig.events[-1][1]["state"] == "lost"
            assert await peer.silent(0.3)

    asyncio.run(scene())


def test_a_refused_request_ends_with_its_reason(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, policy=SOON) as rig:
            peer = await rig.peer()
            await peer.send(frame(ahead=-900))
            _, asked = await peer.answers(2)
            await peer.send(reply_to(asked, "9011", "QnRtn=3"))
            await rig.settled(lambda: rig.events[-1][0] == "time_not_set")
            assert rig.events[-1][1] == {"mn": MN, "state": "refused", "reason": "3"}

    asyncio.run(scene())


def test_a_lost_connection_takes_its_requests_with_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, policy=SOON) as rig:
            peer = await rig.peer()
            await peer.send(frame(ahead=-900))
            await peer.answers(2)
            peer.writer.close()
            await rig.settled(lambda: not rig.gateway.stats()["connections"])
            await asyncio.sleep(0.6)
            assert len([e for e in rig.entries(Direction.OUT) if b"CN=1012" in e.raw]) == 1

    asyncio.run(scene())
