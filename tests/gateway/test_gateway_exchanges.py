"""A simulated logger on a real socket and a real gateway: every command of the host in every edition, encryption, keys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from orderbook import Book, Scene, scene
from rig import MN, MN_2005, PW, Rig, known

from mingcha.core.clock import format_digits, now
from mingcha.gateway import Station
from mingcha.gateway.intake import word_of
from mingcha.gateway.simulator import faults
from mingcha.gateway.simulator.commands import DEEDS
from mingcha.gateway.simulator.datalogger import DataLogger, hardware_of, key_for
from mingcha.gateway.simulator.history import Outlet
from mingcha.gateway.simulator.plant import Profile
from mingcha.protocol import hj212
from mingcha.protocol.hj212.exchanges import COMMANDS
from mingcha.protocol.hj212.exchanges.serving import OWN
from mingcha.store.journal import Entry

# The last hour of 2025-12-31, which is over, for history; what each command is given.
BEGIN, END, DAY = "20251231220000", "20251231230000", "20251230000000"
VALUES: dict[str, Any] = {
    "overtime_s": 9, "recount": 2, "factor": "w01018", "time": None, "alarm_delay": 5, "factors": "011",
    "limits": [{"factor": "011", "low": "1.1", "high": "9.9"}], "target": "192.0.2.1", "report_time": "0105",
    "realtime_interval_s": 45, "minute_interval_min": "10", "new_password": PW, "begin": BEGIN, "end": END,
    "calibration": "1", "sampling_hours": "4,10", "first_sampling": "000000", "cycle_h": 2, "info": "i13004",
    "info_value": "168.0", "key_created": "20260101000000000", "new_key": "AezF0nZRs4kypuGO",
}  # fmt: skip
NO_DATA = {"get_electricity", "get_raw", "get_checks", "get_alarms"}  # a hospital's outlet has none of these
RECORDS = {"get_hours": 2, "get_minutes": 7, "get_run_times": 1, "start_realtime": 1, "start_states": 1}


@asynccontextmanager
async def playing(
    folder: Path, outlet: Outlet, station: Station
) -> AsyncIterator[tuple[Scene, Book, DataLogger]]:
    book = Book()
    async with scene(folder, book, stations=known(station)) as s:
        logger = DataLogger(outlet, host="127.0.0.1", port=s.rig.port, interval_s=30.0)
        running = asyncio.create_task(logger.run())
        try:
            await s.rig.settled(lambda: logger.counters.acked > 0)
            yield s, book, logger
        finally:
            running.cancel()
            await asyncio.wait({running})


def given(name: str, edition: str) -> dict[str, Any]:
    found = {p.name: VALUES.get(p.name) for p in COMMANDS[name].parameters_in(edition)}
    if name in ("get_days", "get_run_times"):
        found |= {"begin": DAY, "end": DAY}
    if "time" in found:
        found["time"] = format_digits(now())
    if edition == "2005" and "factor" in found:
        found["factor"] = "011"  # COD
    if name in ("get_time", "set_time"):
        found.pop("factor", None)
    return found


def test_a_simulated_logger_can_do_every_command_of_the_host() -> None:
    assert {c.name for c in COMMANDS.values() if c.role == "host"} == set(OWN) | set(DEEDS)


@pytest.mark.parametrize(("edition", "mn"), [("2005", MN_2005), ("2017", MN), ("2025", MN)])
def test_the_gateway_and_a_simulated_logger_play_every_command(edition: str, mn: str, tmp_path: Path) -> None:
    outlet = Outlet(Profile(mn, "hospital"), edition)

    async def play() -> None:
        async with playing(tmp_path, outlet, Station(mn, PW, "a")) as (s, book, logger):
            names = [
                c.name
                for c in COMMANDS.values()
                if c.role == "host" and edition in c.editions and c.name != "set_mn"
            ]
            names.sort(key=lambda name: name.startswith("get_"))  # what was set can be read again
            for name in names:
                order = book.ask(mn, name, **given(name, edition))
                await s.state(order, "done")
                report = book.last[order]
                assert report.reason == ("100" if name in NO_DATA else report.reason), name
                wants = "data" in COMMANDS[name].answers and name not in NO_DATA
                assert bool(report.results) == wants, (name, report)
                assert len(report.results) == RECORDS.get(name, len(report.results)), name
            assert logger.settings.realtime_interval_s == 45.0
            assert logger.settings.overtime_s == 9.0
            assert logger.session.tally.refused == 0
            words = {word_of(e.verdict) for e in s.rig.received()}
            assert words <= {"accepted", "deviating"}, words

    asyncio.run(play())


def test_what_was_set_is_read_again(tmp_path: Path) -> None:
    outlet = Outlet(Profile(MN, "hospital"), "2017")

    async def play() -> None:
        async with playing(tmp_path, outlet, Station(MN, PW, "a")) as (s, book, _):
            found: dict[str, Any] = {}
            for name, values in (
                ("set_sampling_cycle", {"factor": "w01018", "first_sampling": "010000", "cycle_h": 4}),
                ("set_information", {"factor": "w01018", "info": "i13004", "info_value": "175.5"}),
                ("get_sampling_cycle", {"factor": "w01018"}),
                ("get_information", {"factor": "w01018", "info": "i13004"}),
                ("get_information", {"info": "i21001"}),
            ):
                order = book.ask(MN, name, **values)
                await s.state(order, "done")
                found[f"{name} {values.get('info', '')}"] = book.last[order].results
            (cycle,) = found["get_sampling_cycle "]
            assert (cycle["first_sampling"], cycle["cycle_h"]) == ("010000", 4)
            assert found["get_information i13004"][0]["items"] == [{"code": "i13004", "value": "175.5"}]
            assert found["get_information i21001"][0]["items"] == [{"code": "i21001", "value": "更换试剂"}]
            order = book.ask(MN, "calibrate", factor="a21026")  # no such instrument at a water outlet
            await s.state(order, "failed")
            assert book.last[order].reason == "3"

    asyncio.run(play())


def test_a_standard_check_gives_values_that_can_be_fetched(tmp_path: Path) -> None:
    outlet = Outlet(Profile(MN, "hospital"), "2025")

    async def play() -> None:
        async with playing(tmp_path, outlet, Station(MN, PW, "a")) as (s, book, _):
            begin = format_digits(now())
            order = book.ask(MN, "standard_check", factor="w01018")
            await s.state(order, "done")
            order = book.ask(MN, "get_checks", begin=begin, end=format_digits(now()))
            await s.state(order, "done")
            (check,) = book.last[order].results
            assert (check["kind"], check["factor"], check["nominal"], check["passed"]) == (
                "check",
                "w01018",
                "50.0",
                True,
            )
            assert abs(float(check["measured"]) - 50.0) <= 5.0

    asyncio.run(play())


def test_history_begins_at_whole_intervals_whatever_is_asked(tmp_path: Path) -> None:
    outlet = Outlet(Profile(MN, "hospital"), "2017")

    async def play() -> None:
        async with playing(tmp_path, outlet, Station(MN, PW, "a")) as (s, book, _):
            order = book.ask(MN, "get_hours", begin="20251231215955", end="20251231235955")
            await s.state(order, "done")
            times = [one["time"][11:19] for one in book.last[order].results]
            assert times == ["22:00:00", "23:00:00"]

    asyncio.run(play())


def hours_in(rig: Rig) -> list[Entry]:
    return [entry for entry in rig.received() if b"CN=2061" in entry.raw]


def test_encrypted_data_are_read_and_a_key_is_changed_under_way(tmp_path: Path) -> None:
    profile = Profile(MN, "hospital")
    outlet = Outlet(profile, "2025", (faults.Encryption(),))
    key, new = key_for(profile).encode(), b"AezF0nZRs4kypuGO"
    keys = hj212.Decoding(keys=(new, key))

    async def play() -> None:
        async with playing(tmp_path, outlet, Station(MN, PW, "a", decoding=keys)) as (s, book, logger):
            order = book.ask(MN, "get_hours", begin=BEGIN, end=END)
            await s.state(order, "done")
            assert len(book.last[order].results) == 2
            await s.rig.settled(
                lambda: len(hours_in(s.rig)) == 2
            )  # the host hears a frame as it goes to the disk
            received = hours_in(s.rig)
            assert all(b"w01018-Avg" not in e.raw for e in received)
            assert {e.verdict for e in received} == {"deviating:key_previous,late"}
            logger.settings.keys = logger.settings.keys.changed_to(new, created=None, at=logger._clock())
            order = book.ask(MN, "get_hours", begin=BEGIN, end=BEGIN)
            await s.state(order, "done")
            assert len(book.last[order].results) == 1
            await s.rig.settled(lambda: len(hours_in(s.rig)) == 3)
            assert hours_in(s.rig)[-1].verdict == "accepted:late"  # under the new key

    asyncio.run(play())


def test_a_logger_that_registers_says_which_it_is(tmp_path: Path) -> None:
    """1001 reaches the gateway with an empty MN and is answered, so that a regulator can give the MN."""
    profile = Profile(MN, "hospital")
    outlet = Outlet(profile, "2025", (faults.Registration(),))

    async def play() -> None:
        async with playing(tmp_path, outlet, Station(MN, PW, "a")) as (s, _, logger):
            (entry,) = [e for e in s.rig.received() if b"CN=1001" in e.raw]
            message = hj212.read(entry.raw)
            assert message is not None
            assert message.mn == ""
            assert message.field("i23005-Info") == hardware_of(profile)["hardware_id"]
            assert logger.session.entry.value == "registering"

    asyncio.run(play())
