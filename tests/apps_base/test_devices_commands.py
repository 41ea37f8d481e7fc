"""Commands to loggers: who may ask, how they end, and what follows from their end."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from devices_world import BEGIN, END, HOUR, MINUTE, ask, logger_2025
from hypothesis import given
from hypothesis import strategies as st
from tests.people import MN, People

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.roles import Role
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.devices.matrix import matrix
from mingcha.apps.devices.models import Access, Command
from mingcha.apps.devices.selectors import (
    COMMAND_ROLES,
    command_of,
    commands_list,
    commands_open_to,
    orders_waiting,
    stations,
    system_asks,
)
from mingcha.apps.devices.services import (
    access_set,
    command_ask,
    command_cancel,
    command_note,
    command_report,
    command_take,
    commands_abandoned,
    commands_expire,
    contact_due,
    first_contact_ask,
    password_change,
)
from mingcha.apps.devices.services.reports import MOVES
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed, NotFound, StaleState
from mingcha.core.moves import moves_from
from mingcha.protocol.hj212.exchanges import COMMANDS

HOST_COMMANDS = sorted(name for name, command in COMMANDS.items() if command.role == "host")
# Enough to be asked in some edition; a refusal by the matrix comes before any look at the values.
VALUES: dict[str, Any] = {
    "overtime_s": 10, "recount": 3, "hardware_id": "1", "alarm_delay": 5, "factors": "a21026", "time": BEGIN,
    "limits": [{"factor": "101", "low": "1", "high": "2"}], "target": "host", "report_time": "0105",
    "realtime_interval_s": 60, "minute_interval_min": "10", "new_password": "123456", "key_created": BEGIN,
    "new_key": "0" * 16, "begin": BEGIN, "end": END, "factor": "a21026", "sampling_hours": "4,10",
    "first_sampling": "080000", "cycle_h": 2, "info": "i13004", "info_value": "1",
}  # fmt: skip


def values_of(name: str, edition: str) -> dict[str, Any]:
    return {p.name: VALUES[p.name] for p in COMMANDS[name].parameters_in(edition) if p.required}


def test_every_host_command_stands_in_exactly_one_group_of_the_matrix() -> None:
    named = [command for group in matrix().groups for command in group.commands]
    assert sorted(named) == HOST_COMMANDS


def test_only_authorities_and_who_runs_devices_ask_anything() -> None:
    assert {role for role, _ in COMMAND_ROLES} == {
        "city_regulator", "district_regulator", "monitoring_centre", "enforcement", "system_admin",
    }  # fmt: skip


def far(user: User, name: str) -> bool:
    """Whether ``user`` may ask of our outlet, said again in plain words from the two tables."""
    if (user.role, name) not in COMMAND_ROLES:
        return False
    return not user.username.startswith("stranger_") or user.role not in (
        Role.DISTRICT_REGULATOR,
        Role.ENFORCEMENT,
    )


@pytest.mark.parametrize("name", HOST_COMMANDS)
def test_every_cell_of_the_matrix_by_the_service(folk: People, at: datetime, name: str) -> None:
    edition = COMMANDS[name].editions[-1]
    type(folk.datalogger).objects.filter(pk=folk.datalogger.pk).update(edition=edition)
    folk.datalogger.refresh_from_db()
    for user in folk.persons.values():
        before = Command.objects.count()
        allowed = far(user, name)
        try:
            ask(folk, at, name, by=user, values=values_of(name, edition))
        except (NotAllowed, BadInput):
            assert not allowed, user
        else:
            assert allowed, user
        assert Command.objects.count() - before == int(allowed)


def test_a_refusal_names_who_may_and_leaves_no_trace(folk: People, at: datetime) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(NotAllowed, match="市生态环境局") as refusal:
        ask(folk, at, "calibrate", by=folk["enforcement"], values={"factor": "a21026"})
    assert "监测中心" in refusal.value.needs
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize(
    ("command", "values", "field"),
    [
        ("get_hours", {"begin": BEGIN}, "end"),
        ("get_hours", {"begin": END, "end": BEGIN}, "end"),
        ("set_realtime_interval", {"realtime_interval_s": 5}, "realtime_interval_s"),
        ("calibrate", {"factor": "a21026", "depth": 3}, "depth"),
        ("dance", {}, "command"),
        ("heartbeat", {}, "command"),
        ("set_key", {"key_created": BEGIN, "new_key": "0" * 16}, "command"),
        ("get_alarms", {"begin": BEGIN, "end": END}, "edition"),
    ],
)
def test_what_cannot_be_sent_is_not_kept(
    folk: People, at: datetime, command: str, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        ask(folk, at, command, values=values, by=folk["city_regulator"])
    assert set(refusal.value.problems) == {field}
    assert not Command.objects.exists()


def test_a_command_expires_after_an_hour_or_as_asked_within_a_week(folk: People, at: datetime) -> None:
    assert ask(folk, at).expires == at + HOUR
    assert ask(folk, at, expires=at + timedelta(days=7)).expires == at + timedelta(days=7)
    for wrong in (at, at - MINUTE, at + timedelta(days=7, minutes=1)):
        with pytest.raises(BadInput, match="expires"):
            ask(folk, at, expires=wrong)


def test_a_removed_or_unknown_logger_takes_no_command(folk: People, at: datetime) -> None:
    with pytest.raises(NotFound):
        command_ask(mn="F" * 24, command="get_time", values={}, by=None, at=at)
    folk.datalogger.removed_at = at
    folk.datalogger.save()
    with pytest.raises(BadInput, match="拆除"):
        ask(folk, at)


def test_too_many_waiting_commands_are_refused_but_not_the_hosts_own(folk: People, at: datetime) -> None:
    for _ in range(20):
        ask(folk, at)
    with pytest.raises(BadInput, match="20"):
        ask(folk, at)
    ask(folk, at, by=None)


def test_one_order_a_station_the_first_asked_and_none_while_one_is_under_way(
    folk: People, at: datetime
) -> None:
    first, second = ask(folk, at), ask(folk, at + MINUTE, "get_time", values={})
    other = ask(folk, at, "get_time", datalogger=folk.stranger_datalogger, by=folk["city_regulator"])
    found = orders_waiting(at + MINUTE)
    assert {order["id"] for order in found} == {str(first.pk), str(other.pk)}
    order = next(order for order in found if order["mn"] == MN)
    assert (order["st"], order["command"], order["values"]) == (
        "31",
        "get_hours",
        {"begin": BEGIN, "end": END},
    )
    marks = [(str(first.pk), "20260302100000001")]
    assert command_take(orders=marks, gateway="g0", at=at) == {str(first.pk)}
    assert command_take(orders=marks, gateway="g0", at=at) == set()
    assert [order["id"] for order in orders_waiting(at)] == [str(other.pk)]
    command_report(command_id=first.pk, state="done", at=at, reason="1")
    assert str(second.pk) in {order["id"] for order in orders_waiting(at + MINUTE)}


def test_an_expired_command_is_not_sent_and_times_out(folk: People, at: datetime) -> None:
    asked = ask(folk, at)
    assert orders_waiting(at + HOUR) == []
    assert commands_expire(at=at + HOUR - MINUTE) == 0
    assert commands_expire(at=at + HOUR) == 1
    asked.refresh_from_db()
    assert (asked.state, asked.reason, asked.ended_at) == ("timed_out", "expired", at + HOUR)


def test_a_command_nobody_reports_on_times_out_after_two_hours(folk: People, at: datetime) -> None:
    asked = ask(folk, at)
    command_report(command_id=asked.pk, state="running", at=at + MINUTE)
    assert commands_expire(at=at + 2 * HOUR) == 0
    assert commands_expire(at=at + 2 * HOUR + MINUTE) == 1
    asked.refresh_from_db()
    assert asked.reason == "no_report"


def test_what_a_gateway_had_under_way_ends_when_it_begins_again(folk: People, at: datetime) -> None:
    asked, waits = ask(folk, at), ask(folk, at)
    command_take(orders=[(asked.pk, "q")], gateway="g1", at=at)
    assert commands_abandoned(gateway="g0", at=at) == 0
    assert commands_abandoned(gateway="g1", at=at) == 1
    asked.refresh_from_db()
    waits.refresh_from_db()
    assert (asked.state, asked.reason, waits.state) == ("timed_out", "gateway_restarted", "queued")


def test_the_life_of_a_command_keeps_times_qn_and_results(folk: People, at: datetime) -> None:
    asked = ask(folk, at)
    for n, (state, rest) in enumerate(
        [("sent", {"qn": "Q"}), ("accepted", {}), ("running", {"results": [{"a": 1}]}),
         ("done", {"reason": "1", "results": [{"a": 2}]})]
    ):  # fmt: skip
        assert command_report(command_id=str(asked.pk), state=state, at=at + n * MINUTE, **rest)
    asked.refresh_from_db()
    times = [asked.sent_at, asked.accepted_at, asked.running_at, asked.ended_at]
    assert times == [at + n * MINUTE for n in range(4)]
    assert (asked.qn, asked.results, asked.reason_en) == ("Q", [{"a": 1}, {"a": 2}], "success")


@given(news=st.lists(st.sampled_from(sorted(MOVES)), max_size=8))
def test_news_in_any_order_never_leads_back_and_an_end_is_an_end(news: list[str]) -> None:
    rank = {"queued": 0, "sent": 1, "accepted": 2, "running": 3} | dict.fromkeys(Command.FINAL, 4)
    states = ["queued"]
    for one in news:
        states.append(Command.NEXT.get((states[-1], MOVES[one]), states[-1]))
    assert all(rank[a] < rank[b] or a == b for a, b in pairwise(states))


def test_old_news_and_unknown_commands_change_nothing(folk: People, at: datetime) -> None:
    asked = ask(folk, at)
    command_report(command_id=asked.pk, state="refused", at=at, reason="3")
    before = AuditEvent.objects.count()
    assert command_report(command_id=asked.pk, state="sent", at=at) is None
    assert command_report(command_id=asked.pk, state="done", at=at, results=[{"x": 1}]) is None
    assert command_report(command_id=10**6, state="done", at=at) is None
    asked.refresh_from_db()
    assert (asked.state, asked.results, asked.reason_zh) == ("refused", [], "密码错误")
    assert AuditEvent.objects.count() == before
    with pytest.raises(BadInput, match="state"):
        command_report(command_id=asked.pk, state="dancing", at=at)


def test_only_a_waiting_command_is_cancelled_by_who_may_ask_it(folk: People, at: datetime) -> None:
    asked = ask(folk, at, "calibrate", values={"factor": "a21026"})
    with pytest.raises(NotAllowed):
        command_cancel(command=asked, by=folk["enforcement"], at=at)
    stale = Command.objects.get(pk=asked.pk)
    command_cancel(command=asked, by=folk["city_regulator"], at=at)
    assert (asked.state, moves_from(Command.NEXT, asked.state)) == ("cancelled", [])
    with pytest.raises(StaleState):
        command_cancel(command=stale, by=folk["city_regulator"], at=at)
    sent = ask(folk, at)
    command_report(command_id=sent.pk, state="sent", at=at)
    sent.refresh_from_db()
    with pytest.raises(IllegalMove):
        command_cancel(command=sent, by=folk["city_regulator"], at=at)


def test_a_new_password_holds_from_the_loggers_word_on_and_the_old_one_for_a_while(
    folk: People, at: datetime
) -> None:
    access_set(datalogger=folk.datalogger, password="111111", at=at)
    asked = password_change(
        datalogger=folk.datalogger, password="222222", by=folk["district_regulator"], at=at
    )
    assert words(at) == ("111111", ())
    command_report(command_id=asked.pk, state="sent", at=at)
    assert words(at) == ("111111", ("222222",))
    command_report(command_id=asked.pk, state="done", at=at + MINUTE, reason="1")
    assert words(at + MINUTE) == ("222222", ("111111",))
    assert words(at + MINUTE + HOUR) == ("222222", ())


def words(at: datetime) -> tuple[str, tuple[str, ...]]:
    row = next(row for row in stations(at) if row["mn"] == MN)
    return row["password"], row["other_passwords"]


def test_a_refused_password_changes_nothing(folk: People, at: datetime) -> None:
    access_set(datalogger=folk.datalogger, password="111111", at=at)
    asked = password_change(datalogger=folk.datalogger, password="222222", by=None, at=at)
    command_report(command_id=asked.pk, state="sent", at=at)
    command_report(command_id=asked.pk, state="failed", at=at, reason="2")
    assert words(at) == ("111111", ())


def test_a_secret_value_lies_open_nowhere_and_is_gone_when_the_command_ends(
    folk: People, at: datetime
) -> None:
    asked = password_change(datalogger=folk.datalogger, password="Geh31m", by=folk["city_regulator"], at=at)
    assert asked.values == {"new_password": "******"}
    assert b"Geh31m" not in bytes(asked.sealed_values)
    assert orders_waiting(at)[0]["values"] == {"new_password": "Geh31m"}
    command_report(command_id=asked.pk, state="done", at=at, reason="1")
    asked.refresh_from_db()
    assert asked.sealed_values is None
    assert b"Geh31m" not in bytes(Access.objects.get().sealed_password)
    assert not any("Geh31m" in str(event.detail) for event in AuditEvent.objects.all())


def test_lists_are_filtered_by_state_station_outlet_and_words(folk: People, at: datetime) -> None:
    user = folk["city_regulator"]
    hours = ask(folk, at, why="补数")
    far_one = ask(folk, at, "get_time", datalogger=folk.stranger_datalogger, by=user)
    command_report(command_id=far_one.pk, state="refused", at=at, reason="2")
    assert list(commands_list(user)) == [far_one, hours]
    assert list(commands_list(user, state="open")) == [hours] == list(commands_list(user, search="补数"))
    assert list(commands_list(user, state="ended")) == [far_one] == list(commands_list(user, state="refused"))
    assert list(commands_list(user, mn=MN)) == [hours] == list(commands_list(user, outlet=folk.outlet.key))
    assert list(commands_list(user, command="get_time")) == [far_one]
    assert list(commands_list(user, search="hourly")) == [hours] == list(commands_list(user, search="甲厂"))
    with pytest.raises(NotFound):
        command_of(folk["district_regulator"], far_one.pk)
    assert command_of(folk["technician"], hours.pk) == hours
    with pytest.raises(NotAllowed):
        commands_list(folk["laboratory"])


def test_a_person_is_offered_what_the_matrix_and_the_edition_allow(folk: People, at: datetime) -> None:
    new = logger_2025(folk, at)
    assert commands_open_to(folk["discharger_admin"], folk.datalogger) == []
    assert "standard_check" in commands_open_to(folk["district_regulator"], new)
    assert "standard_check" not in commands_open_to(folk["district_regulator"], folk.datalogger)
    assert "calibrate" not in commands_open_to(folk["enforcement"], folk.datalogger)
    assert not {"set_key", "set_mn"} & set(commands_open_to(folk["city_regulator"], new))


def test_what_the_host_did_by_itself_is_kept_and_asked_back(folk: People, at: datetime) -> None:
    note = command_note(mn=MN, command="set_time", state="done", at=at, qn="Q")
    assert (note.state, note.asked_by, note.ended_at) == ("done", None, at)
    asked = ask(folk, at, by=None)
    ask(folk, at)
    (row,) = system_asks(since=at - HOUR)
    assert (row["mn"], row["command"], row["state"], row["sent_at"]) == (MN, "get_hours", "queued", None)
    assert row["values"] == asked.values
    assert system_asks(since=at + MINUTE) == []
    with pytest.raises(BadInput, match="no end"):
        command_note(mn=MN, command="set_time", state="running", at=at)


def test_first_contact_is_asked_once_in_the_order_of_the_standard(folk: People, at: datetime) -> None:
    assert steps(at) == ()
    contact_due(datalogger=folk.datalogger, by=folk["district_regulator"], at=at)
    due = steps(at)
    assert [name for name, _ in due] == [
        "set_time", "set_timeouts", "set_realtime_interval", "set_minute_interval", "start_realtime", "start_states",
    ]  # fmt: skip
    assert dict(due)["set_minute_interval"] == {"minute_interval_min": "10"}
    made = first_contact_ask(mn=MN, edition="2017", steps=[*due, ("standard_check", {})], at=at)
    assert [one.command for one in made] == [name for name, _ in due]
    assert steps(at) == ()
    assert first_contact_ask(mn=MN, edition="2017", steps=due, at=at) == []


def steps(at: datetime) -> tuple[tuple[str, Any], ...]:
    return next(row for row in stations(at) if row["mn"] == MN)["first_contact"]
