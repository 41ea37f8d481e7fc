"""Silence, our own downtime, lost frames, first cuts, changed facts: what is restated, and what is said of it."""

import json
from datetime import timedelta
from pathlib import Path

from tests.people import MN, People
from tests.workers.station import AT, HOUR, LATER, NOX, START, TEN, Station, entry, frame, stack

from mingcha.apps.registry.services import instrument_install
from mingcha.core.aggregates import HourCode
from mingcha.core.clock import to_us
from mingcha.core.spans import Span
from mingcha.gateway import uptime
from mingcha.store.journal import Direction, Entry
from mingcha.workers.jobs import restate_touched
from mingcha.workers.rebuilding import rebuild
from mingcha.workers.restating import Restater
from mingcha.workers.surroundings import outages

DAY = 24 * HOUR


def same(station: Station, now) -> bool:
    done = rebuild(
        station.folder / "journal", station.folder / "readings.sqlite3", now, lambda _: None, keep=False
    )
    return done.same


def causes(station: Station, outlet: str, start, hours: int) -> list[str]:
    found = station.telemetry.hours(outlet, Span(start, start + hours * HOUR), factor=NOX)
    return [hour.cause for hour in found]


def test_days_on_which_nothing_came_are_made_and_closed(gas: Station, region: People) -> None:
    gas.send(stack(5))
    now = START + 3 * DAY + LATER
    gas.run(now)
    hours = gas.telemetry.hours(region.outlet.key, Span(START, START + 3 * DAY), factor=NOX)
    assert len(hours) == 72
    assert {hour.cause for hour in hours[5:]} == {"no_frame"}
    assert len(gas.telemetry.days(region.outlet.key, Span(START, START + 3 * DAY), factor=NOX)) == 3
    stranger = gas.telemetry.hours(region.stranger_outlet.key, Span(START, START + 3 * DAY))
    assert {(hour.code, hour.cause) for hour in stranger} == {(HourCode.NO_DATA, "no_frame")}
    assert same(gas, now)


def test_the_first_edition_is_closed_when_its_moment_passes_and_stays(gas: Station, region: People) -> None:
    gas.send(stack(24))
    gas.run(START + DAY + 12 * HOUR)
    day = Span(START, START + DAY)
    assert {h.first for h in gas.telemetry.hours(region.outlet.key, day, factor=NOX)} == {""}
    gas.restater = Restater(gas.telemetry)  # a new process
    cut = START + DAY + 12 * HOUR + timedelta(minutes=2)
    gas.run(cut)
    assert {h.first for h in gas.telemetry.hours(region.outlet.key, day, factor=NOX)} == {
        "lost"
    }  # fields are missing
    assert gas.telemetry.restatements() == []
    assert same(gas, cut)


def test_hours_lost_while_no_gateway_was_up_are_ours(gas: Station, region: People) -> None:
    rows = stack(10)
    gas.send(rows[: 3 * 6])
    gas.send(rows[6 * 6 :], start=START + 6 * HOUR)
    written = [
        ("g0", "start", START - HOUR), ("g0", "beat", START + 3 * HOUR), ("g0", "start", START + 6 * HOUR),
        ("g1", "start", START - HOUR), ("g1", "stop", START + 4 * HOUR), ("g0", "beat", START + 12 * HOUR),
    ]  # fmt: skip
    path = gas.folder / uptime.NAME
    path.write_text(
        "".join(json.dumps({"gateway": g, "event": e, "at_us": to_us(at)}) + "\n" for g, e, at in written)
    )
    assert outages(path, START + 12 * HOUR) == (Span(START + 4 * HOUR, START + 6 * HOUR),)
    gas.restater = Restater(gas.telemetry, gas.folder)
    now = START + 10 * HOUR + timedelta(minutes=5)
    gas.run(now)
    assert causes(gas, region.outlet.key, START, 8) == [
        *["fields_missing"] * 3, "no_frame", "own_downtime", "own_downtime", *["fields_missing"] * 2,
    ]  # fmt: skip
    assert same(gas, now)


def test_an_outage_that_goes_on_lasts_until_now_and_a_gateway_that_beats_is_up(tmp_path: Path) -> None:
    path = tmp_path / uptime.NAME
    path.write_text(json.dumps({"gateway": "g0", "event": "start", "at_us": to_us(START)}) + "\n")
    assert outages(path, START + timedelta(seconds=50)) == ()
    assert outages(path, START + HOUR) == (Span(START, START + HOUR),)
    assert outages(tmp_path / "none", START) == ()


def test_frames_that_came_and_could_not_be_read_explain_their_hour_also_when_read_late(
    gas: Station, region: People
) -> None:
    gas.send(stack(1))
    bad = frame(MN, START + HOUR, {NOX: 30.0})[:-8] + b"0000\r\n"
    gas.journal.append(
        [Entry(Direction.IN, to_us(START + HOUR + TEN), "127.0.0.1:1#1", MN, "rejected:crc", bad)]
    )
    now = START + 4 * HOUR
    gas.run(now)
    assert causes(gas, region.outlet.key, START, 3) == ["fields_missing", "unreadable", "no_frame"]
    late = Entry(Direction.IN, to_us(START + 2 * HOUR + TEN), "127.0.0.1:1#1", MN, "rejected:crc", bad)
    gas.journal.append([late])
    gas.run(now + timedelta(minutes=5))
    assert causes(gas, region.outlet.key, START, 3)[1:] == ["unreadable", "unreadable"]
    [lost, again] = gas.telemetry.losses(MN, Span(START, now))
    assert (lost.word, lost.frames, again.frames) == ("unreadable", 1, 1)
    assert same(gas, now + timedelta(minutes=5))


def test_frames_in_quarantine_explain_their_hour(gas: Station, region: People) -> None:
    gas.send(stack(1))
    held = entry(MN, frame(MN, START + HOUR, {NOX: 30.0}), START + 2 * HOUR)
    gas.journal.append([Entry(held.direction, held.received_us, held.conn, MN, "quarantine", held.raw)])
    now = START + 4 * HOUR
    gas.run(now)
    assert causes(gas, region.outlet.key, START, 3) == ["fields_missing", "quarantined", "no_frame"]
    assert same(gas, now)


def test_late_data_say_what_changed_for_whom(gas: Station, region: People) -> None:
    gas.send(stack(20))
    now = START + DAY + LATER
    gas.run(now)
    assert gas.telemetry.restatements() == []
    gas.send(stack(1), start=START + 20 * HOUR, received=now)
    gas.run(now + HOUR)
    [said] = gas.telemetry.restatements(region.outlet.key)
    assert (said.reason, said.hours_changed, said.days_changed, said.months_changed) == ("late_data", 1, 3, 0)
    assert (said.start, said.end, said.at) == (START + 20 * HOUR, START + 21 * HOUR, now + HOUR)
    [example] = [e for e in said.detail["examples"] if e["level"] == "hour" and e["factor"] == NOX]
    assert (example["old"].get("mean"), example["old"]["cause"]) == (None, "no_frame")
    assert example["new"]["mean"] > 0
    assert gas.telemetry.restatements(span=Span(START, START + 20 * HOUR)) == []
    assert gas.telemetry.restatements(before_id=said.id) == []


def test_changed_facts_are_restated_exactly_where_they_changed(
    gas: Station, region: People, monkeypatch
) -> None:
    monkeypatch.setenv("MINGCHA_DATA", str(gas.folder))
    gas.send([{**row, "a00000": 3.0} for row in stack(48)])
    now = START + 2 * DAY + LATER
    gas.run(now)
    change = START + DAY
    instrument_install(outlet=region.outlet, factor="a00000", unit="m3/h", installed_at=change, at=AT)
    detail = {"outlet": region.outlet.key, "start": change.isoformat(), "end": None, "reason": "setting"}
    restate_touched.func("", detail)  # the job alone: the restater reads the register anew by itself
    assert {span.start for _, span in gas.telemetry.dirty(1000)} >= {change + n * HOUR for n in range(24)}
    assert min(span.start for _, span in gas.telemetry.dirty(1000)) == change
    while gas.restater.step(now):
        pass
    flow = gas.telemetry.hours(region.outlet.key, Span(START, START + 2 * DAY), factor="a00000")
    assert [hour.total for hour in flow] == [10_800.0] * 24 + [3.0] * 24
    assert {said.reason for said in gas.telemetry.restatements()} == {"setting"}
    assert same(gas, now)


def test_an_outlet_that_cannot_be_computed_is_named_by_a_rebuild_and_the_others_are_made(
    gas: Station, region: People
) -> None:
    instrument_install(
        outlet=region.outlet, factor="a00000", unit="furlong", installed_at=START - HOUR, at=START
    )
    gas.send([{**row, "a00000": 3.0} for row in stack(2)])
    now = START + 2 * HOUR + LATER
    gas.run(now)
    done = rebuild(gas.folder / "journal", gas.folder / "readings.sqlite3", now, lambda _: None, keep=False)
    assert list(done.skipped) == [region.outlet.key]
    assert "furlong" in done.skipped[region.outlet.key]
    assert done.same


def test_a_rebuild_that_replaces_keeps_what_was_said_and_says_what_it_changed(
    gas: Station, region: People
) -> None:
    gas.send(stack(20))
    now = START + DAY + LATER
    gas.run(now)
    gas.send(stack(1), start=START + 20 * HOUR, received=now)
    gas.run(now)
    [first] = gas.telemetry.restatements()
    hours = gas.telemetry.hours(region.outlet.key, Span(START, START + HOUR), factor=NOX)
    gas.telemetry.write_hours(
        [type(hours[0])(region.outlet.key, NOX, START, HourCode.FAULT, 0, None)], at=now
    )
    place = gas.folder / "journal", gas.folder / "readings.sqlite3"
    assert not rebuild(*place, now, lambda _: None, keep=True).same
    said = gas.telemetry.restatements()
    assert [row.reason for row in said] == ["rebuild", "late_data"]
    assert said[1] == first
    assert (said[0].hours_changed, said[0].start) == (1, START)
    gas.restater = Restater(gas.telemetry)
    gas.run(now)
    assert same(gas, now)
