"""The demonstration region: loaded whole, once, quickly, and its week of history holds what was planned."""

import re
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import transaction
from django.test import RequestFactory, override_settings

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.accounts.permissions import scope
from mingcha.apps.accounts.roles import Role
from mingcha.apps.accounts.values import uscc_problem
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.selectors import verify_chain
from mingcha.apps.devices.models import Command, StationKey, Target
from mingcha.apps.maintenance.models import Contract, Task
from mingcha.apps.marking.models import CodeConfirmation
from mingcha.apps.registry.models import Datalogger, Instrument, Outlet, OutletLimit
from mingcha.apps.registry.selectors import (
    all_outlet_facts,
    outlet_by_key,
    outlet_facts,
    permitted_in_force,
)
from mingcha.core.clock import beijing_day
from mingcha.core.packets import HOUR, MINUTE, Packet, number
from mingcha.core.spans import Span
from mingcha.gateway.simulator.datalogger import key_for
from mingcha.gateway.simulator.history import history
from mingcha.protocol.hj212 import Frame, Skipped, Splitter, decode, packet_of
from mingcha.store.journal import Direction, Journal, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers.demo import (
    Loaded,
    history_span,
    load_region,
    printed,
    stories,
    write_history,
)
from mingcha.workers.demo import devices as demo_devices
from mingcha.workers.demo import past as demo_past
from mingcha.workers.demo.accounts import kept
from mingcha.workers.demo.loading import TODAY_OUTLETS, TODAY_TECHNICIAN
from mingcha.workers.demo.region import read_limits, region
from mingcha.workers.demo.settings import load_quarters

AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow on purpose


@pytest.fixture(scope="module")
def region_loaded(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Loaded, Path]]:
    """Loaded once for the module and rolled back after it; each test runs in a savepoint of its own."""
    folder = tmp_path_factory.mktemp("region")
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(PASSWORD_HASHERS=HASHERS):
        yield load_region(AT, folder=folder), folder
        transaction.set_rollback(True)


@pytest.fixture
def loaded(region_loaded: tuple[Loaded, Path], db: None) -> Loaded:
    return region_loaded[0]


@pytest.fixture
def folder(region_loaded: tuple[Loaded, Path]) -> Path:
    return region_loaded[1]


def counts() -> dict[str, int]:
    tables = (
        District,
        Organisation,
        User,
        Outlet,
        Instrument,
        Datalogger,
        OutletLimit,
        Contract,
        Task,
        AuditEvent,
    )
    return {table.__name__: table.objects.count() for table in tables}


def test_it_has_the_size_that_was_promised(loaded: Loaded) -> None:
    kinds = Counter(Organisation.objects.values_list("kind", flat=True))
    assert kinds["discharger"] >= 12
    assert kinds["agency"] == 3
    assert District.objects.count() >= 5
    media = Counter(Outlet.objects.values_list("medium", flat=True))
    assert media.total() >= 30
    assert min(media["gas"], media["water"]) >= 10
    editions = Counter(Datalogger.objects.values_list("edition", flat=True))
    assert editions["2017"] > 2 * editions["2005"] == 2 * editions["2025"] > 0
    assert {user.role for user in User.objects.all()} == set(Role.values)
    assert loaded.new


def test_a_second_load_changes_nothing(loaded: Loaded, folder: Path) -> None:
    before = counts()
    again = load_region(AT + timedelta(hours=5), folder=folder)
    assert counts() == before
    assert replace(again, new=True) == loaded
    assert not again.new


def test_another_day_brings_that_days_tasks_only(loaded: Loaded, folder: Path) -> None:
    before = counts()
    load_region(AT + timedelta(days=1), folder=folder)
    changed = {name: count for name, count in counts().items() if count != before[name]}
    assert set(changed) == {"Task", "AuditEvent"}
    assert changed["Task"] == before["Task"] + len(TODAY_OUTLETS)


def test_every_role_can_sign_in_with_the_printed_password(loaded: Loaded) -> None:
    request = RequestFactory().post("/sign-in/")
    assert {account.role for account in loaded.accounts} == set(Role.values)
    for account in loaded.accounts:
        user = authenticate(request, username=account.username, password=account.password)
        assert user is not None
        assert (user.role, account.password in printed(loaded.accounts)) == (account.role, True)
    assert len({account.password for account in loaded.accounts}) == len(loaded.accounts)


def test_passwords_are_kept_for_the_owner_of_the_data_folder_only(
    loaded: Loaded, folder: Path, tmp_path: Path
) -> None:
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept(folder) == loaded.accounts
    assert not any(
        account.password in str(event.detail)
        for account in loaded.accounts
        for event in AuditEvent.objects.all()
    )
    assert "mingcha user" in printed(load_region(AT, folder=tmp_path).accounts)


def test_codes_permits_and_ids_have_the_right_form(loaded: Loaded) -> None:
    assert [uscc_problem(code) for code in Organisation.objects.values_list("uscc", flat=True)] == [
        ""
    ] * Organisation.objects.count()
    for logger in Datalogger.objects.all():
        form = r"[0-9]{14}" if logger.edition == "2005" else r"[0-9A-F]{24}"
        assert re.fullmatch(form, logger.mn), logger.mn
    assert len(set(Outlet.objects.values_list("discharger__profile__permit_no", flat=True))) >= 12
    for outlet in Outlet.objects.all():
        assert 30.5 < outlet.latitude < 31.7
        assert 120.9 < outlet.longitude < 122.0


def test_every_outlet_has_logger_password_limit_instruments_and_an_agency(loaded: Loaded) -> None:
    facts = {found.key: found for found in all_outlet_facts(AT)}
    assert set(facts) == set(loaded.outlets.values())
    assert {station.outlet for station in loaded.stations.values()} == set(facts)
    assert all(re.fullmatch(r"[0-9]{6}", station.password) for station in loaded.stations.values())
    for found in facts.values():
        assert found.limits
        assert {limit.factor for limit in found.limits} <= {setting.factor for setting in found.settings}
        assert all(setting.unit and setting.resolution for setting in found.settings)
    assert Contract.objects.values("outlets").distinct().count() == len(facts)


def test_limits_are_dated_and_carry_their_source(loaded: Loaded) -> None:
    rows = list(chain.from_iterable(read_limits(Path(demo_past.__file__).with_name("limits.csv")).values()))
    known = {(row.document, row.factor, float(row.value), row.averaging, row.sureness) for row in rows}
    for limit in OutletLimit.objects.all():
        row = (limit.document, limit.factor, float(limit.value), limit.averaging, limit.sureness)
        assert row in known
    facts = outlet_facts(loaded.outlets["beitang-supply/DA001"], beijing_day(AT))
    by_day = [facts.limit("a21002", "hour", date(year, 6, 1)).value for year in (2020, 2022)]
    assert by_day == [200, 150]


def test_the_technician_has_tasks_today_at_outlets_of_the_agency(loaded: Loaded) -> None:
    tasks = Task.objects.filter(assignee__username=TODAY_TECHNICIAN)
    assert {f"{task.outlet.discharger.uscc}/{task.outlet.code}" for task in tasks} == {
        loaded.outlets[path] for path in TODAY_OUTLETS
    }
    assert all(task.window_start <= AT < task.window_end for task in tasks)
    agency = User.objects.get(username=TODAY_TECHNICIAN)
    assert {task.contract.agency_id for task in tasks} == {scope(agency).organisation_id}


def test_the_audit_of_the_load_is_one_whole_chain(loaded: Loaded) -> None:
    assert AuditEvent.objects.count() > 200
    assert verify_chain() == []


# --- the history --------------------------------------------------------------------------------------


def packets(loaded: Loaded, path: str, kind: str) -> list[Packet]:
    """Readings of one outlet in the week, as received, with the planned event."""
    found = region()
    mn = found.sites[path][1].mn(found.seed)
    outlets = [one for one in demo_past.past_outlets(loaded, AT) if one.profile.mn == mn]
    taken = []
    for received in history(outlets, history_span(AT), kinds=[kind]):
        for event in Splitter().receive(received.raw):
            if isinstance(event, Skipped):
                continue
            assert isinstance(event, Frame)
            packet = packet_of(decode(event), received=received.at, ref=None)
            assert packet is not None
            taken.append(packet)
    return taken


def series(found: list[Packet], factor: str, field: str = "Avg") -> list[tuple[datetime, float, str]]:
    rows = []
    for packet in sorted(found, key=lambda one: one.time):
        for reading in packet.readings:
            value = number(reading.get(field))
            if reading.factor == factor and value is not None:
                rows.append((packet.time, value, reading.flag))
    return rows


def span_of(path: str) -> Span:
    return next(span for outlet, span, _, _ in stories(AT) if outlet == path)


def test_the_planned_exceedance_exceeds_in_its_hours_and_not_outside(loaded: Loaded) -> None:
    span = span_of("dongpu-energy/DA001")
    limit = outlet_facts(loaded.outlets["dongpu-energy/DA001"], beijing_day(AT)).limit(
        "a21026", "hour", beijing_day(AT)
    )
    assert limit is not None
    over = {
        time
        for time, value, flag in series(packets(loaded, "dongpu-energy/DA001", HOUR), "a21026", "ZsAvg")
        if value > limit.value and flag == "N"
    }
    assert over
    assert all(span.start <= time < span.end for time in over)


def test_the_stuck_analyser_repeats_one_value_while_the_boiler_runs(loaded: Loaded) -> None:
    span = span_of("beitang-heat/DA002")
    found = packets(loaded, "beitang-heat/DA002", MINUTE)
    inside = [(value, flag) for time, value, flag in series(found, "a21002") if time in span]
    assert len(inside) == 120
    assert len(set(inside)) == 1
    running = [value for time, value, _ in series(found, "a00000") if time in span]
    assert min(running) > 0
    assert len({value for time, value, _ in series(found, "a21002") if time not in span}) > 100


def test_the_honest_water_outlet_holds_each_result_for_its_registered_cycle(loaded: Loaded) -> None:
    facts = outlet_facts(loaded.outlets["linjiang-hospital/DW001"], beijing_day(AT))
    rows = [
        value
        for _, value, flag in series(packets(loaded, "linjiang-hospital/DW001", MINUTE), "w01018")
        if flag == "N"
    ]
    setting = facts.setting("w01018")
    assert setting is not None
    assert setting.cycle_s == 14_400
    changes = sum(before != after for before, after in pairwise(rows))
    assert 30 <= changes <= 60  # six results a day for a week, and the calibrations between


def test_the_stop_is_flagged_and_has_no_flow(loaded: Loaded) -> None:
    span = span_of("qingxi-cement/DA001")
    rows = series(packets(loaded, "qingxi-cement/DA001", MINUTE), "a00000")
    inside = [(value, flag) for time, value, flag in rows if time in span]
    assert inside
    assert set(inside) == {(0.0, "F")}
    assert all(value > 0 for time, value, _ in rows if time not in span)


def test_the_gap_is_filled_late_and_marked_as_supplement(loaded: Loaded) -> None:
    span = span_of("binhai-material/DW001")
    late = [one for one in packets(loaded, "binhai-material/DW001", MINUTE) if one.supplement]
    assert len(late) == 36
    assert all(one.received is not None and one.received >= span.end for one in late)
    assert all(span.start - timedelta(minutes=10) <= one.time < span.end for one in late)


def test_every_logger_of_the_region_reports_in_the_history(loaded: Loaded) -> None:
    hour = Span(AT.replace(minute=0), AT.replace(minute=0) + timedelta(hours=1))
    frames = list(history(demo_past.past_outlets(loaded, AT), hour))
    assert {one.mn for one in frames} == set(loaded.stations)
    assert [one.at for one in frames] == sorted(one.at for one in frames)


def test_the_history_is_a_week_in_order_and_every_event_lies_in_it(loaded: Loaded) -> None:
    span = history_span(AT)
    assert span.length == timedelta(days=7)
    for _, event, zh, en in stories(AT):
        assert event.start < span.end
        assert event.overlaps(span)
        assert zh
        assert en


def test_the_journal_keeps_the_history_with_its_answers(loaded: Loaded, tmp_path: Path) -> None:
    wanted = list(history(demo_past.past_outlets(loaded, AT)[:3], history_span(AT)))[:3000]
    heard: list[int] = []
    with Journal(tmp_path / "journal") as journal:
        assert write_history(journal, wanted, loaded.stations, progress=heard.append) == 3000
    assert heard == [1000, 2000, 3000, 3000]
    entries = [entry for _, entry in JournalReader(tmp_path / "journal").entries()]
    arrived = [entry for entry in entries if entry.direction is Direction.IN]
    assert [entry.raw for entry in arrived] == [one.raw for one in wanted]
    assert {entry.verdict for entry in arrived} <= {"accepted", "deviating"}
    assert JournalReader(tmp_path / "journal").verify().problems == ()


def test_the_loggers_hold_what_devices_shows(region_loaded: tuple[Loaded, Path], db: None) -> None:
    loaded, _ = region_loaded
    assert set(Command.objects.values_list("state", flat=True)) == {"queued"}
    key = StationKey.objects.get()
    assert (key.state, key.proposed_by.username, key.approved_by and key.approved_by.username) == (
        "in_force", demo_devices.PROPOSER, demo_devices.APPROVER,
    )  # fmt: skip
    keyed = [mn for mn, station in loaded.stations.items() if station.decoding.keys]
    assert keyed == [key.datalogger.mn]
    assert Target.objects.get().active is False
    live = demo_devices.speaking(demo_past.live_outlets(loaded), region())
    (stranger,) = [one for one in live if one.profile.mn not in loaded.stations]
    assert stranger == demo_devices.stranger(region())
    encrypting = {one.profile.mn: key_for(one.profile).encode() for one in live if one.faults}
    assert encrypting == {mn: loaded.stations[mn].decoding.keys[0] for mn in keyed}


def test_what_an_authority_entered_is_there_and_had_nothing_to_compute_again(loaded: Loaded) -> None:
    facts = outlet_facts(loaded.outlets["beitang-heat/DA001"], beijing_day(AT))
    tops = [facts.setting("a21026", datetime(2026, month, 5, tzinfo=UTC)).range_top for month in (2, 3, 4)]
    assert tops == [150.0, 300.0, 150.0]
    (schedule,) = outlet_facts(loaded.outlets["nanwan-brewery/DW001"], beijing_day(AT)).schedules
    assert (min(schedule.hours), max(schedule.hours), schedule.cause) == (6, 21, "no_discharge")
    held = permitted_in_force(outlet_by_key(loaded.outlets["beitang-heat/DA001"]).discharger, 2026)
    assert len([row for row in held if row.outlet_id is None]) == 3
    assert not AuditEvent.objects.filter(action="facts.changed").exists()


def test_quarters_are_confirmed_reopened_and_open_and_again_changes_nothing(
    loaded: Loaded, tmp_path: Path
) -> None:
    with closing(Telemetry(tmp_path / "readings.sqlite3")) as telemetry:
        load_quarters(region(), telemetry, AT)
        found = {row.outlet.key: row for row in CodeConfirmation.objects.all()}
        assert {
            path: found[loaded.outlets[path]].state
            for path in loaded.outlets
            if loaded.outlets[path] in found
        } == {
            "dongpu-energy/DA001": "confirmed",
            "beitang-heat/DA002": "reopened",
            "beitang-heat/DA001": "open",
        }
        before = AuditEvent.objects.count()
        load_quarters(region(), telemetry, AT)
    assert AuditEvent.objects.count() == before
    confirmed = found[loaded.outlets["dongpu-energy/DA001"]]
    assert confirmed.confirmed_at < confirmed.due_at
