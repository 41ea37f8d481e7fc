"""Simulated loggers against a running gateway: uploads, answers, resends, cuts, commands, history."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rig import anybody, running

from mingcha.core.clock import day_start, format_digits, now
from mingcha.core.errors import BadInput
from mingcha.core.packets import DAY, HOUR, MINUTE
from mingcha.core.spans import Span
from mingcha.gateway import Policy, Station
from mingcha.gateway.intake import usable, word_of
from mingcha.gateway.simulator import faults, fleet, history
from mingcha.gateway.simulator.commands import PlantPort
from mingcha.gateway.simulator.datalogger import DataLogger
from mingcha.gateway.simulator.history import Outlet
from mingcha.gateway.simulator.plant import Profile
from mingcha.protocol import hj212
from mingcha.protocol.hj212.exchanges import LoggerSession, LoggerSettings
from mingcha.store.journal import Direction, Entry, Journal, JournalReader

MN = "010000A8900016F000169DC0"
NIGHT = day_start(date(2026, 11, 20))
WEEK = Span(NIGHT - timedelta(days=1), NIGHT + timedelta(days=1))


def message(entry: Entry) -> hj212.Message:
    found = hj212.frame_of(entry.raw)
    assert found is not None
    return hj212.decode(found)


def fast_clock(start: datetime, factor: float) -> Callable[[], datetime]:
    """A clock that runs ``factor`` times as fast from ``start`` on."""
    begin = now()
    return lambda: start + (now() - begin) * factor


async def until(condition: Callable[[], bool], *, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


def test_loggers_of_all_editions_are_accepted_and_answered(tmp_path: Path) -> None:
    outlets = fleet.outlets(9, edition="mixed", seed=4)
    stations = {mn: Station(mn, password, "", (st,)) for mn, password, st in fleet.stations(outlets)}

    async def scene() -> None:
        async with running(tmp_path, stations.get, policy=Policy()) as rig:
            crew = fleet.Fleet(outlets, host="127.0.0.1", port=rig.port, interval_s=0.2, stagger_s=0.0)
            await crew.run(1.2)
            assert crew.counters.acked >= 9 * 4
            assert crew.counters.resent == 0
            await until(lambda: not rig.gateway.stats()["connections"])
            assert Counter(e.verdict for e in rig.received()) == {"accepted": len(rig.received())}
            assert {message(e).edition for e in rig.received()} == {"2005", "2017", "2025"}

    asyncio.run(scene())


def test_every_fault_by_name_is_survived_and_good_frames_go_on(tmp_path: Path) -> None:
    names = list(faults.BY_NAME)
    outlets = fleet.outlets(len(names), faults=names, length=timedelta(hours=1))
    always = {
        "garbage",
        "future",
        "unknown-factor",
        "non-number",
        "crlf",
        "duplicate",
        "gbk",
        "half",
        "crc",
        "length",
    }
    outlets = [
        replace(outlet, faults=(replace(outlet.faults[0], share=1.0),)) if name in always else outlet
        for outlet, name in zip(outlets, names, strict=True)
    ]
    quiet = {n for n, name in enumerate(names) if name in ("cut", "registration")}

    async def scene() -> None:
        async with running(tmp_path, anybody, policy=Policy()) as rig:
            crew = fleet.Fleet(outlets, host="127.0.0.1", port=rig.port, interval_s=0.1, stagger_s=0.0)
            for logger in crew.loggers:
                logger.settings.overtime_s = 0.5  # what is refused is sent again, clean
            running_crew = asyncio.create_task(crew.run())
            heard = [logger for number, logger in enumerate(crew.loggers) if number not in quiet]
            await until(lambda: all(logger.counters.acked > 3 for logger in heard), within=20)
            running_crew.cancel()
            await asyncio.wait({running_crew})
            assert crew.loggers[names.index("cut")].counters.connections == 0
            assert crew.loggers[names.index("storm")].counters.connections > 1
            await until(lambda: not rig.gateway.stats()["connections"])
            seen = Counter(code for e in rig.received() for code in e.verdict.partition(":")[2].split(","))
            assert {"garbage", "future", "factor_unknown", "value_not_number"} <= set(seen)
            assert {"crc", "crc_modbus_low_first", "crc_modbus_high_first", "length"} <= set(seen)
            assert {"half_frame", "text_encoding", "encrypted"} <= set(seen)
            assert all(message(e).verdict != "rejected" for e in rig.received() if usable(e.verdict))

    asyncio.run(scene())


def test_an_unknown_fault_or_edition_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="garbage"):
        fleet.outlets(1, faults=["gremlin"])
    with pytest.raises(BadInput, match="up to 1"):
        fleet.outlets(1, faults=["crc:20"])
    with pytest.raises(BadInput, match="2025"):
        fleet.outlets(1, edition="2099")


def test_a_clock_that_drifts_is_set_by_the_host_and_stays_set(tmp_path: Path) -> None:
    outlet = Outlet(Profile(MN, "gas_boiler"), "2017", (faults.ClockDrift(seconds=-1200.0),))

    async def scene() -> None:
        async with running(tmp_path, anybody, policy=Policy()) as rig:
            logger = DataLogger(outlet, host="127.0.0.1", port=rig.port, interval_s=0.1)
            task = asyncio.create_task(logger.run())
            await until(lambda: ("time_set", {"mn": MN, "state": "done", "reason": "1"}) in rig.events)
            assert abs(logger.settings.ahead_s) < 2
            count = logger.counters.acked
            await until(lambda: logger.counters.acked > count + 3)
            task.cancel()
            assert rig.received()[0].verdict.endswith("clock_drift")
            assert rig.received()[-1].verdict == "accepted"

    asyncio.run(scene())


@pytest.mark.parametrize("edition", ["2017", "2025"])
def test_after_a_cut_every_missed_interval_is_back_filled(edition: str, tmp_path: Path) -> None:
    start = datetime(2026, 11, 20, 3, 58, tzinfo=UTC)
    cut = Span(start + timedelta(minutes=15), start + timedelta(hours=3))
    outlet = Outlet(Profile(MN, "coal_boiler"), edition, (faults.Cut(span=cut),))

    async def scene() -> None:
        async with running(tmp_path, anybody) as rig:
            clock = fast_clock(start, 5400)  # 1.5 hours a second
            logger = DataLogger(
                outlet, host="127.0.0.1", port=rig.port, interval_s=600.0, clock=clock, since=start
            )
            task = asyncio.create_task(logger.run())
            await until(lambda: clock() > cut.end + timedelta(minutes=90) and logger.unacked == 0)
            task.cancel()
            data = [message(e) for e in rig.received() if word_of(e.verdict) != "rejected"]
            expected = {format_digits(start + timedelta(minutes=2 + 10 * n)) for n in range(24)}
            got = [m for m in data if m.cn == MINUTE]
            assert expected <= {m.field("DataTime") for m in got}
            assert {m.field("DataTime") for m in data if m.cn == HOUR} >= {"20261120120000", "20261120130000"}
            missed = {format_digits(cut.start + timedelta(minutes=10 * n)) for n in range(15)}
            filled = [m for m in got if str(m.field("DataTime"))[:11] in {time[:11] for time in missed}]
            times = [m.field("DataTime") or "" for m in filled]
            assert len(filled) > 10
            assert {m.supplement for m in filled} == {edition == "2025"}
            assert times == sorted(times, reverse=edition == "2025")
            assert logger.counters.backfilled > 10

    asyncio.run(scene())


def test_what_is_not_acknowledged_is_sent_again_and_then_owed(tmp_path: Path) -> None:
    """A host that reads and never answers: time-out, resends, then a new connection."""
    heard: list[bytes] = []
    connections = 0

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while data := await reader.read(65536):
            heard.append(data)
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        start = datetime(2026, 11, 20, 4, 9, 59, tzinfo=UTC)
        logger = DataLogger(
            Outlet(Profile(MN, "hospital")), host="127.0.0.1", port=port, interval_s=600.0,
            clock=fast_clock(start, 20), since=start,
        )  # fmt: skip
        logger.settings.overtime_s, logger.settings.recount = 0.15, 2
        task = asyncio.create_task(logger.run())
        await until(lambda: connections >= 2 and logger.counters.given_up >= 1)
        task.cancel()
        assert logger.counters.resent >= 2
        frames = hj212.Splitter().receive(b"".join(heard))
        sent = Counter(hj212.decode(f).qn for f in frames if isinstance(f, hj212.Frame))
        assert max(sent.values()) == 3  # once and two resends, under one QN
        minutes = {
            hj212.decode(f).qn for f in frames if isinstance(f, hj212.Frame) and hj212.decode(f).cn == MINUTE
        }
        await until(lambda: len(minutes) >= 1)
        assert logger.unacked >= 1
        server.close()

    asyncio.run(scene())


# --- commands --------------------------------------------------------------------------------------


def asked(cn: str, cp: str = "", *, pw: str = "123456", mn: str = MN) -> hj212.Message:
    raw = hj212.encode(edition="2017", qn="20261120120000000", st="32", cn=cn, pw=pw, mn=mn, flag=5, cp=cp)
    return hj212.decode(hj212.frame_of(raw))


COMMANDS = {
    "set time": ("1012", "SystemTime=20261120120500", ["9011 QnRtn=1", "9012 ExeRtn=1"]),
    "set a time that is none": ("1012", "SystemTime=20261320120500", ["9011 QnRtn=1", "9012 ExeRtn=3"]),
    "get time": ("1011", "", ["9011 QnRtn=1", "1011 SystemTime=20261120120000", "9012 ExeRtn=1"]),
    "set time-out": ("1000", "OverTime=5;ReCount=2", ["9011 QnRtn=1", "9012 ExeRtn=1"]),
    "set real-time interval": ("1062", "RtdInterval=90", ["9011 QnRtn=1", "9012 ExeRtn=1"]),
    "too short an interval": ("1062", "RtdInterval=5", ["9011 QnRtn=1", "9012 ExeRtn=3"]),
    "get minute interval": ("1063", "", ["9011 QnRtn=1", "1063 MinInterval=10", "9012 ExeRtn=1"]),
    "an interval that does not divide": ("1064", "MinInterval=7", ["9011 QnRtn=1", "9012 ExeRtn=3"]),
    "set password": ("1072", "NewPW=abcdef", ["9011 QnRtn=1", "9012 ExeRtn=1"]),
    "stop real-time": ("2012", "", ["9013 "]),
    "history that is not there": ("2061", "BeginTime=20261120120000;EndTime=20261120120000", ["9011 QnRtn=1", "9012 ExeRtn=100"]),
    "unknown command": ("3999", "", ["9011 QnRtn=8"]),
}  # fmt: skip


def logger() -> LoggerSession:
    profile = Profile(MN, "hospital")
    settings = LoggerSettings(MN, "123456")
    return LoggerSession(settings, PlantPort(profile, settings))


def answers(session: LoggerSession, request: hj212.Message, moment: datetime) -> list[hj212.Message]:
    return [hj212.decode(hj212.frame_of(out.raw)) for out in session.heard(request, moment, 0.0)]


@pytest.mark.parametrize(("cn", "cp", "expected"), COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_is_answered_as_the_standard_says(cn: str, cp: str, expected: list[str]) -> None:
    said = answers(logger(), asked(cn, cp), NIGHT + timedelta(hours=12))
    assert [f"{m.cn} {';'.join(f'{n}={v}' for n, v in m.fields)}" for m in said] == expected


@pytest.mark.parametrize(("pw", "mn", "code"), [("000000", MN, "3"), ("123456", "F" * 24, "4")])
def test_a_command_with_a_wrong_name_or_password_is_refused(pw: str, mn: str, code: str) -> None:
    session = logger()
    said = answers(session, asked("1072", "NewPW=x", pw=pw, mn=mn), NIGHT)
    assert [m.field("QnRtn") for m in said] == [code]
    assert session.settings.password == "123456"


def test_a_history_request_gives_each_record_once_and_then_the_result() -> None:
    cp = "BeginTime=20261119000000;EndTime=20261119050000"
    said = answers(logger(), asked("2061", cp), NIGHT)
    assert [m.cn for m in said] == ["9011", *["2061"] * 6, "9012"]
    assert [m.field("DataTime") for m in said[1:-1]] == [f"202611190{n}0000" for n in range(6)]
    assert len({m.qn for m in said}) == 7  # each record its own, the two answers that of the request


# --- history ---------------------------------------------------------------------------------------


def test_history_holds_every_interval_once_in_the_order_received() -> None:
    outlets = fleet.outlets(6, seed=8)
    got = list(history.history(outlets, WEEK))
    assert [one.at for one in got] == sorted(one.at for one in got)
    counted = Counter((one.mn, hj212.decode(hj212.frame_of(one.raw)).cn) for one in got)
    assert set(counted.values()) == {288, 48, 2}
    assert {counted[outlet.profile.mn, DAY] for outlet in outlets} == {2}


@pytest.mark.parametrize("edition", ["2017", "2025"])
def test_a_cut_in_history_is_filled_after_it_ends(edition: str) -> None:
    cut = Span(NIGHT + timedelta(hours=2), NIGHT + timedelta(hours=7))
    clean = Outlet(Profile(MN, "sewage_plant"), edition)
    broken = Outlet(clean.profile, edition, (faults.Cut(span=cut),))
    whole, late = list(history.history([clean], WEEK)), list(history.history([broken], WEEK))
    assert len(whole) == len(late)
    assert not [one for one in late if one.at in cut]
    filled = [one for one in late if cut.end <= one.at < cut.end + timedelta(minutes=1)]
    assert len(filled) >= 35
    supplements = [hj212.decode(hj212.frame_of(one.raw)).supplement for one in filled]
    assert any(supplements) is (edition == "2025")


def test_preserved_history_has_the_verdicts_and_answers_of_a_live_gateway(tmp_path: Path) -> None:
    outlets = [
        Outlet(Profile(MN, "gas_boiler"), "2017", (faults.WrongCrc(share=0.05),)),
        Outlet(Profile("F" * 24, "hospital"), "2025"),
    ]
    got = list(history.history(outlets, Span(NIGHT - timedelta(hours=5), NIGHT + timedelta(hours=5))))
    with Journal(tmp_path) as journal:
        counted = history.preserve(journal, got, lambda mn: Station(mn, "123456", "") if mn == MN else None)
    reader = JournalReader(tmp_path)
    entries = [entry for _, entry in reader.entries()]
    assert reader.verify().problems == ()
    assert b"".join(e.raw for e in entries if e.direction is Direction.IN) == b"".join(one.raw for one in got)
    words = Counter(word_of(e.verdict) for e in entries if e.direction is Direction.IN)
    assert words["quarantine"] == sum(one.mn != MN for one in got)
    assert words["rejected"] == counted.verdicts["rejected"] > 0
    assert words["accepted"] == sum(e.direction is Direction.OUT for e in entries) > 50
    assert len({ref.journal for ref, _ in reader.entries()}) == 2


def test_a_week_of_thirty_outlets_is_made_at_a_rate_that_lets_a_demo_start() -> None:
    begin = now()
    made = sum(1 for _ in history.history(fleet.outlets(6), WEEK))
    took = (now() - begin).total_seconds()
    assert made / took > 1000, f"{made} frames took {took:.1f} s"
