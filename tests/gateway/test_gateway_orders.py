"""Orders: from the queue to the station and back, whatever happens to connections, queue and gateway."""

import asyncio
import socket
import struct
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from orderbook import (
    CONDUCT,
    NEW,
    OTHER,
    POLICY,
    Book,
    HeldJournal,
    Scene,
    answer_to,
    data_of,
    obey,
    scene,
)
from rig import MN, MN_2005, PW, QUICK, Peer, frame, known

from mingcha.core.clock import now
from mingcha.gateway import Station
from mingcha.gateway.host import Order
from mingcha.gateway.host.asking import Stamp
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import Decoding
from mingcha.store.journal import Journal

SPAN = {"begin": "20261101080000", "end": "20261101090000"}


@pytest.mark.parametrize(("edition", "mn"), [("2005", MN_2005), ("2017", MN), ("2025", MN)])
def test_an_order_is_sent_answered_and_done_with_its_results(edition: str, mn: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer(mn=mn, edition=edition)
            name = s.book.ask(mn, "get_realtime_interval")
            (asked,) = await peer.answers(1)
            assert (asked.cn, asked.edition, asked.st, asked.pw, asked.qn) == (
                "1061", edition, "31", PW, s.book.qns[name],
            )  # fmt: skip
            await obey(peer, asked, data_of(asked, "RtdInterval=60"))
            await s.state(name, "done")
            assert s.book.states[name] == ["queued", "sent", "accepted", "running", "done"]
            (result,) = s.book.last[name].results
            assert result["realtime_interval_s"] == 60
            assert s.book.last[name].qn == asked.qn
            assert asked.raw in b"".join(e.raw for e in s.rig.sent())
            assert {call.partition(" in ")[2] for call in s.book.calls} == {"orders"}

    asyncio.run(play())


@pytest.mark.parametrize(
    ("reply", "cp", "state", "reason"),
    [
        ("9011", "QnRtn=3", "refused", "3"),
        ("9011", "QnRtn=2", "refused", "2"),
        ("9011", "QnRtn=8", "refused", "8"),
        ("9012", "ExeRtn=3", "failed", "3"),
        ("9012", "ExeRtn=5", "failed", "5"),
        ("9012", "ExeRtn=1", "done", "1"),
    ],
)
def test_what_the_logger_answers_is_the_state_and_its_code_the_reason(
    reply: str, cp: str, state: str, reason: str, tmp_path: Path
) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "set_realtime_interval", realtime_interval_s=60)
            (asked,) = await peer.answers(1)
            await peer.send(answer_to(asked, reply, cp))
            await s.state(name, state)
            assert s.book.last[name].reason == reason

    asyncio.run(play())


def test_a_notify_is_done_by_9013(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "stop_realtime")
            (asked,) = await peer.answers(1)
            await peer.send(answer_to(asked, "9013"))
            await s.state(name, "done")

    asyncio.run(play())


def test_history_comes_in_frames_of_their_own_and_no_data_is_an_answer(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            full, empty = s.book.ask(MN, "get_hours", **SPAN), s.book.ask(MN, "get_hours", **SPAN)
            (asked,) = await peer.answers(1)
            hours = [
                data_of(
                    asked, f"DataTime={SPAN[side]};a21026-Avg=3.1,a21026-Flag=N", qn=f"2026110110000000{n}"
                )
                for n, side in enumerate(("begin", "end"))
            ]
            await obey(peer, asked, *hours)
            await s.state(full, "done")
            assert [r["time"][:13] for r in s.book.last[full].results] == ["2026-11-01T08", "2026-11-01T09"]
            (asked,) = await peer.answers(1)
            await obey(peer, asked, code="100")
            await s.state(empty, "done")
            assert (s.book.last[empty].reason, s.book.last[empty].results) == ("100", ())

    asyncio.run(play())


def test_orders_of_a_station_go_one_at_a_time_in_the_order_asked(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            names = [s.book.ask(MN, "set_realtime_interval", realtime_interval_s=60 + n) for n in range(4)]
            peer = await s.peer()
            for n, name in enumerate(names):
                (asked,) = await peer.answers(1)
                assert asked.field("RtdInterval") == str(60 + n)
                assert await peer.silent(0.1), "the next one waits for the result"
                assert s.book.state[name] == "sent"
                await obey(peer, asked)
                await s.state(name, "done")

    asyncio.run(play())


def test_an_order_waits_for_its_station_and_expires_without_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            late, kept = s.book.ask(MN, "start_realtime", within_s=0.1), s.book.ask(OTHER, "start_realtime")
            await asyncio.sleep(0.3)
            assert (s.book.state[late], s.book.state[kept]) == ("queued", "queued")
            first, other = await s.peer(), await s.peer(mn=OTHER)
            (asked,) = await other.answers(1)
            await obey(other, asked)
            await s.state(kept, "done")
            assert await first.silent()
            assert s.book.state[late] == "queued"

    asyncio.run(play())


def test_a_cancelled_order_is_not_sent(tmp_path: Path) -> None:
    class Slow(Book):
        def waiting(self) -> list[Any]:
            found = super().waiting()
            if found and self.state["1"] == "queued":
                self.cancel("1")  # between reading and marking, as a person may
            return found

    async def play() -> None:
        async with scene(tmp_path, Slow()) as s:
            peer = await s.peer()
            gone = s.book.ask(MN, "calibrate", factor="a21026")
            await s.state(gone, "cancelled")
            assert await peer.silent(0.3)
            after = s.book.ask(MN, "start_realtime")
            (asked,) = await peer.answers(1)
            assert asked.cn == "2011"
            await obey(peer, asked)
            await s.state(after, "done")

    asyncio.run(play())


def test_without_answer_it_is_repeated_under_the_same_qn_and_has_timed_out(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "start_realtime")
            heard = await peer.answers(3)
            assert {m.raw for m in heard} == {heard[0].raw}
            await s.state(name, "timed_out")
            assert s.book.last[name].reason == "no_answer"
            assert await peer.silent(0.3)

    asyncio.run(play())


def test_the_link_of_a_station_has_its_own_times(tmp_path: Path) -> None:
    stations = known(Station(MN, PW, "a", overtime_s=0.1, recount=0))

    async def play() -> None:
        async with scene(tmp_path, stations=stations, policy=replace(POLICY, overtime_s=30.0)) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "start_realtime")
            await peer.answers(1)
            await s.state(name, "timed_out")
            assert await peer.silent(0.2)

    asyncio.run(play())


def test_executing_may_take_longer_than_answering_but_not_for_ever(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            calibration = s.book.ask(MN, "calibrate", factor="a21026")
            (asked,) = await peer.answers(1)
            await peer.send(answer_to(asked, "9011", "QnRtn=1"))
            await s.state(calibration, "accepted")
            await asyncio.sleep(0.5)  # longer than a data request may take
            assert s.book.state[calibration] == "accepted"
            await peer.send(answer_to(asked, "9012", "ExeRtn=1"))
            await s.state(calibration, "done")
            silent = s.book.ask(MN, "get_time")
            (asked,) = await peer.answers(1)
            await peer.send(answer_to(asked, "9011", "QnRtn=1"))
            await s.state(silent, "timed_out")
            assert await peer.silent(0.2), "what was accepted is not asked again"

    asyncio.run(play())


def test_an_exchange_that_never_ends_is_ended(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, conduct=replace(CONDUCT, exchange_s=0.6)) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "start_realtime")
            (asked,) = await peer.answers(1)
            await peer.send(answer_to(asked, "9011", "QnRtn=1"))
            for number in range(30):
                await peer.send(frame(number=number, ack=False))
                await asyncio.sleep(0.05)
                if s.book.state[name] == "timed_out":
                    break
            assert s.book.states[name][-1] == "timed_out"

    asyncio.run(play())


def test_values_the_edition_does_not_know_are_refused_unsent(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer(mn=MN_2005, edition="2005")
            wrong = s.book.ask(MN_2005, "get_minute_interval")
            right = s.book.ask(MN_2005, "get_realtime_interval")
            (asked,) = await peer.answers(1)
            assert asked.cn == "1061"
            await s.state(wrong, "refused")
            assert s.book.last[wrong].reason.startswith("bad_values")
            assert "2005" in s.book.last[wrong].reason
            await obey(peer, asked, data_of(asked, "RtdInterval=30"))
            await s.state(right, "done")

    asyncio.run(play())


def test_two_stations_on_one_connection_are_asked_apart(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            await peer.ask(frame(mn=OTHER))
            names = {mn: s.book.ask(mn, "get_time") for mn in (MN, OTHER)}
            asked = {m.mn: m for m in await peer.answers(2)}
            assert set(asked) == {MN, OTHER}
            await peer.send(answer_to(asked[MN], "9011", "QnRtn=2"))
            await s.state(names[MN], "refused")
            assert s.book.state[names[OTHER]] == "sent"
            await obey(peer, asked[OTHER], data_of(asked[OTHER], "SystemTime=20261101080000"))
            await s.state(names[OTHER], "done")

    asyncio.run(play())


def test_a_forwarder_is_not_asked_for_all_its_stations_at_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, caps=replace(QUICK, open_requests=1)) as s:
            peer = await s.peer()
            await peer.ask(frame(mn=OTHER))
            names = [s.book.ask(mn, "set_time") for mn in (MN, OTHER)]
            for name in names:
                (asked,) = await peer.answers(1)
                assert await peer.silent(0.1)
                await obey(peer, asked)
                await s.state(name, "done")

    asyncio.run(play())


def test_a_station_that_moves_in_the_middle_is_followed(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            old = await s.peer()
            name = s.book.ask(MN, "get_time")
            (asked,) = await old.answers(1)
            new = await s.peer()
            (again,) = await new.answers(1)
            assert again.raw == asked.raw, "the repetition goes where the station is"
            await new.send(answer_to(asked, "9011", "QnRtn=1"))
            await s.state(name, "accepted")
            await new.send(data_of(asked, "SystemTime=20261101080000") + answer_to(asked, "9012", "ExeRtn=1"))
            await s.state(name, "done")
            following = s.book.ask(MN, "set_time")
            assert (await new.answers(1))[0].cn == "1012"
            assert await old.silent(0.1)
            assert s.book.state[following] == "sent"

    asyncio.run(play())


def test_a_station_that_comes_back_in_time_is_asked_again_and_one_that_does_not_has_timed_out(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "start_realtime")
            (asked,) = await peer.answers(1)
            peer.writer.close()
            back = await s.peer()
            (again,) = await back.answers(1)
            assert again.raw == asked.raw
            await obey(back, again)
            await s.state(name, "done")
            lost = s.book.ask(MN, "start_realtime")
            await back.answers(1)
            back.writer.close()
            await s.state(lost, "timed_out")
            assert s.book.last[lost].reason == "connection_lost"
            await s.rig.settled(lambda: s.rig.gateway._host.line_of(MN) is None)

    asyncio.run(play())


def test_what_is_under_way_when_the_gateway_stops_has_timed_out(tmp_path: Path) -> None:
    book = Book()

    async def play() -> None:
        async with scene(tmp_path, book) as s:
            peer = await s.peer()
            book.ask(MN, "start_realtime")
            await peer.answers(1)
        assert book.states["1"] == ["queued", "sent", "timed_out"]
        assert book.last["1"].reason == "gateway_stopped"

    asyncio.run(play())


def test_a_gateway_that_died_leaves_no_order_stuck_and_sends_none_twice(tmp_path: Path) -> None:
    book = Book()
    book.ask(MN, "calibrate", factor="a21026")
    with book.lock:
        book._move("1", "sent")  # marked by a gateway that was killed then
        book.queued.clear()

    async def play() -> None:
        async with scene(tmp_path, book) as s:
            peer = await s.peer()
            await s.state("1", "timed_out")
            assert book.begun == 1
            assert await peer.silent(0.2)

    asyncio.run(play())


def test_a_queue_that_is_away_costs_no_frame_and_its_reports_come_later(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "start_realtime")
            (asked,) = await peer.answers(1)
            s.book.away = True
            await obey(peer, asked)
            for number in range(20):
                assert (await peer.ask(frame(number=number))).cn == "9014"
            await s.rig.settled(lambda: any(event == "orders_failing" for event, _ in s.rig.events))
            assert s.book.state[name] == "sent"
            assert s.rig.gateway._host.counts()["orders_failing"] > 0
            s.book.away = False
            await s.state(name, "done")

    asyncio.run(play())


def test_a_gateway_stops_in_time_though_its_queue_is_away(tmp_path: Path) -> None:
    book = Book()

    async def play() -> None:
        async with scene(tmp_path, book) as s:
            peer = await s.peer()
            book.ask(MN, "start_realtime")
            await peer.answers(1)
            book.away = True
        assert book.state["1"] == "sent"

    asyncio.run(asyncio.wait_for(play(), 8))


def test_invented_hardware_is_heard_so_often_an_hour(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, stations=lambda mn: None, conduct=replace(CONDUCT, nameless_per_h=3)) as s:
            peer = await s.rig.peer()
            for number in range(12):
                text = f"i23005-Info=SN{number % 6}"
                await peer.send(frame(edition="2025", mn="", cn="1001", cp=text, number=number))
            await peer.answers(12)
            await s.rig.settled(lambda: len(s.book.asked) == 3)
            await asyncio.sleep(0.2)
            assert {one.detail["hardware"] for one in s.book.asked} == {"SN0", "SN1", "SN2"}
            assert [name for name, _ in s.rig.events].count("registration_not_heard") == 6

    asyncio.run(play())


def test_many_orders_of_one_forwarder_are_looked_through_quickly(tmp_path: Path) -> None:
    names = [f"0100000000000000000{n:05d}" for n in range(3000)]

    async def play() -> None:
        async with scene(tmp_path, stations=lambda mn: Station(mn, PW, "a")) as s:
            peer = await s.rig.peer()
            await peer.send(b"".join(frame(mn=mn, number=n, ack=False) for n, mn in enumerate(names)))
            host = s.rig.gateway._host
            await s.rig.settled(lambda: host.line_of(names[-1]) is not None, within=20)
            for mn in names:
                s.book.ask(mn, "get_time")
            waiting = s.book.waiting()
            began = asyncio.get_running_loop().time()
            host.choose(waiting, now())
            took = asyncio.get_running_loop().time() - began
            assert took < 0.5, f"{took:.2f} s in the loop for {len(names)} orders"

    asyncio.run(play())


def test_results_are_bounded(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, conduct=replace(CONDUCT, results_most=3)) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "get_minutes", begin="20261101080000", end="20261101100000")
            (asked,) = await peer.answers(1)
            rows = [
                data_of(
                    asked,
                    f"DataTime=2026110108{n}000;a21026-Avg=3.1,a21026-Flag=N",
                    qn=f"2026110110000000{n}",
                )
                for n in range(6)
            ]
            await obey(peer, asked, *rows)
            await s.state(name, "done")
            results = s.book.last[name].results
            assert len(results) == 4
            assert results[-1] == {"left_out": 3}

    asyncio.run(play())


def test_a_station_that_was_never_set_up_is_met_once(tmp_path: Path) -> None:
    steps = (("set_time", {}), ("set_minute_interval", {"minute_interval_min": "10"}), ("start_realtime", {}))
    due = {
        MN: Station(MN, PW, "a", first_contact=steps),
        MN_2005: Station(MN_2005, PW, "b", first_contact=steps),
    }

    async def play() -> None:
        async with scene(tmp_path, stations=due.get) as s:
            peers = [await s.peer(), await s.peer(mn=MN_2005, edition="2005"), await s.peer()]
            await s.rig.settled(lambda: len(s.book.asked) >= 2)
            await asyncio.sleep(0.3)
            asked = {one.mn: one for one in s.book.asked}
            assert len(s.book.asked) == 2
            assert {one.what for one in s.book.asked} == {"first_contact"}
            assert [name for name, _ in asked[MN].detail["steps"]] == [name for name, _ in steps]
            assert [name for name, _ in asked[MN_2005].detail["steps"]] == ["set_time", "start_realtime"]
            due[MN] = Station(MN, PW, "a")
            await asyncio.sleep(0.3)
            due[MN] = Station(MN, PW, "a", first_contact=steps[:1])  # a regulator asks for it again
            await s.rig.settled(lambda: len(s.book.asked) == 3)
            assert len(peers) == 3

    asyncio.run(play())


def test_the_clock_goes_before_orders_and_is_put_on_record(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, policy=replace(POLICY, set_time=True)) as s:
            peer = await s.rig.peer()
            name = s.book.ask(MN, "start_realtime")
            await peer.send(frame(ahead=-900))
            _, asked = await peer.answers(2)
            assert asked.cn == "1012"
            await obey(peer, asked)
            (started,) = await peer.answers(1)
            assert started.cn == "2011"
            await obey(peer, started)
            await s.state(name, "done")
            await s.rig.settled(lambda: bool(s.book.asked))
            own = s.book.asked[0]
            assert (own.what, own.mn, own.detail["command"], own.detail["state"]) == (
                "own",
                MN,
                "set_time",
                "done",
            )

    asyncio.run(play())


def test_a_logger_that_asks_for_the_time_in_the_middle_gets_it_afterwards(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, policy=replace(POLICY, set_time=True)) as s:
            peer = await s.peer()
            name = s.book.ask(MN, "get_time")
            (asked,) = await peer.answers(1)
            await peer.send(frame(cn="1013", cp=""))
            assert (await peer.answers(1))[0].cn == "9013"
            await obey(peer, asked, data_of(asked, "SystemTime=20261101080000"))
            assert (await peer.answers(1))[0].cn == "1012"
            await s.state(name, "done")

    asyncio.run(play())


def test_a_key_is_asked_for_and_travels_under_the_one_before(tmp_path: Path) -> None:
    old, new = b"0" * 16, b"msbE74gsiSHSEh5e"
    stations = known(Station(MN, PW, "a", decoding=Decoding(keys=(new, old))))

    async def play() -> None:
        async with scene(tmp_path, stations=stations) as s:
            peer = await s.peer(edition="2025")
            await peer.send(frame(edition="2025", cn="1014", cp="SKCreateTime=20260801000000000"))
            assert (await peer.answers(1))[0].cn == "9013"
            await s.rig.settled(lambda: bool(s.book.asked))
            assert (s.book.asked[0].what, s.book.asked[0].detail) == ("key", {"created": "20260801000000000"})
            name = s.book.ask(MN, "set_key", key_created="20261101000000000", new_key=new.decode())
            data = await asyncio.wait_for(peer.reader.read(4096), 5)
            assert new not in data
            asked = hj212.read(data, Decoding(keys=(old,)))
            assert asked is not None
            assert (asked.cn, asked.field("NewSK")) == ("1014", new.decode())
            await obey(peer, asked)
            await s.state(name, "done")

    asyncio.run(play())


def test_a_logger_without_mn_registers_and_is_given_one(tmp_path: Path) -> None:
    stations: dict[str, Station] = {}

    async def play() -> None:
        async with scene(tmp_path, stations=stations.get) as s:
            peer = await s.rig.peer()
            text = "i23005-Info=SN001;i23006-Info=CPU7"
            await peer.send(frame(edition="2025", mn="", cn="1001", cp=text))
            assert (await peer.answers(1))[0].cn == "9013"
            await s.rig.settled(lambda: bool(s.book.asked))
            one = s.book.asked[0]
            assert (one.what, one.detail["hardware"]) == ("register", "SN001")
            assert one.detail["fields"] == {"i23005": "SN001", "i23006": "CPU7"}
            stations[NEW] = Station(NEW, PW, "a")
            name = s.book.ask(NEW, "set_mn", hardware="SN001", hardware_id="SN001")
            (asked,) = await peer.answers(1)
            assert (asked.cn, asked.mn, asked.field("i23005-Info")) == ("1002", NEW, "SN001")
            await peer.send(answer_to(asked, "9011", "QnRtn=1", mn=""))
            await s.state(name, "accepted")
            await peer.send(answer_to(asked, "9012", "ExeRtn=1"))
            await s.state(name, "done")
            await peer.ask(frame(edition="2025", mn=NEW))
            following = s.book.ask(NEW, "get_time")
            assert (await peer.answers(1))[0].mn == NEW
            assert s.book.state[following] == "sent"

    asyncio.run(play())


def test_no_request_number_is_given_twice_and_none_goes_back() -> None:
    stamp, moment = Stamp(), now()
    moments = [moment, moment, moment - timedelta(minutes=5), moment + timedelta(microseconds=1500), moment]
    numbers = [stamp.next(at) for at in moments]
    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {17}


def test_an_order_does_not_show_its_values() -> None:
    order = Order("1", MN, "set_password", {"new_password": "654321"}, now())
    assert "654321" not in repr(order)


def test_the_host_hears_a_result_after_its_frame_is_durable_and_not_before(tmp_path: Path) -> None:
    async def play() -> None:
        with Journal(tmp_path / "journal") as real:
            journal = HeldJournal(real)
            async with scene(tmp_path, journal=journal) as s:
                peer, name, asked = await _asked_for_its_interval(s)
                journal.hold()
                await obey(peer, asked, data_of(asked, "RtdInterval=60"))
                assert await asyncio.to_thread(journal.reached.wait, 5)
                await asyncio.sleep(0.15)  # several polls of the desk
                assert s.book.states[name] == ["queued", "sent"]
                journal.release.set()
                await s.state(name, "done")
                assert s.book.last[name].results[0]["realtime_interval_s"] == 60

    asyncio.run(play())


def test_a_logger_that_closes_right_after_its_9012_keeps_its_result(tmp_path: Path) -> None:
    async def play() -> None:
        with Journal(tmp_path / "journal") as real:
            journal = HeldJournal(real)
            async with scene(tmp_path, journal=journal) as s:
                peer, name, asked = await _asked_for_its_interval(s)
                journal.hold()
                await obey(peer, asked, data_of(asked, "RtdInterval=60"))
                assert await asyncio.to_thread(journal.reached.wait, 5)
                _reset(peer)
                await s.rig.settled(lambda: s.rig.gateway.stats()["connections"] == 0)
                journal.release.set()
                await s.state(name, "done")
                assert len(s.book.last[name].results) == 1
                later = s.book.ask(MN, "get_realtime_interval")
                await asyncio.sleep(0.15)
                assert s.book.state[later] == "queued", "nobody is there who could be asked"

    asyncio.run(play())


def test_a_result_whose_frame_the_disk_refused_is_no_result(tmp_path: Path) -> None:
    async def play() -> None:
        with Journal(tmp_path / "journal") as real:
            journal = HeldJournal(real)
            async with scene(tmp_path, journal=journal) as s:
                peer, name, asked = await _asked_for_its_interval(s)
                journal.full = True
                await obey(peer, asked, data_of(asked, "RtdInterval=60"))
                assert await peer.closed()
                await s.rig.settled(lambda: any(event == "journal_failed" for event, _ in s.rig.events))
                assert s.book.states[name] == ["queued", "sent"]
                journal.full = False
                again = await s.peer()
                (repeated,) = await again.answers(1)
                assert repeated.qn == asked.qn
                await obey(again, repeated, data_of(repeated, "RtdInterval=60"))
                await s.state(name, "done")

    asyncio.run(play())


def test_a_gateway_that_stops_makes_the_result_durable_and_reports_it(tmp_path: Path) -> None:
    async def play() -> None:
        with Journal(tmp_path / "journal") as real:
            journal = HeldJournal(real)
            book = Book()
            async with scene(tmp_path, book, journal=journal) as s:
                peer, name, asked = await _asked_for_its_interval(s)
                journal.hold()
                await obey(peer, asked, data_of(asked, "RtdInterval=60"))
                assert await asyncio.to_thread(journal.reached.wait, 5)
                asyncio.get_running_loop().call_later(0.2, journal.release.set)
            assert book.state[name] == "done"

    asyncio.run(play())


def _reset(peer: Peer) -> None:
    """As a modem does that loses its line: no end of stream, the connection is simply gone."""
    line = peer.writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.writer.transport.abort()


async def _asked_for_its_interval(s: Scene) -> tuple[Peer, str, hj212.Message]:
    peer = await s.peer()
    name = s.book.ask(MN, "get_realtime_interval")
    (asked,) = await peer.answers(1)
    return peer, name, asked
