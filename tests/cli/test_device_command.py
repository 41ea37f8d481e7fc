"""``mingcha device``: every part by the person named, exit codes, and every cell of the matrix."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.people import HOME, MN, OTHER_MN, People, people

from mingcha.apps.devices.matrix import matrix
from mingcha.apps.devices.models import Command, Quarantine, StationKey, StationSetting, Target
from mingcha.apps.devices.services import command_report, quarantine_seen
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.services import outlet_register
from mingcha.cli.main import cli
from mingcha.core.clock import now
from mingcha.core.errors import BadInput, NotAllowed, NotFound
from mingcha.protocol.hj212.exchanges import COMMANDS

STRANGER = "0F" * 12
Run = Callable[..., Result]


@pytest.fixture
def at() -> datetime:
    return datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def folk(db: None, at: datetime) -> People:
    return people(at)


@pytest.fixture
def run(folk: People) -> Run:
    """A command of ``device`` by a person; what our own errors say is raised, as ``main`` would print it."""

    def call(name: str, *words: str, given: str = "") -> Result:
        result = CliRunner().invoke(cli, ["device", *words, "--as", name], input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_stations_are_listed_as_far_as_the_person_sees(run: Run) -> None:
    rows = json.loads(run("district_regulator", "list", "--json").output)
    assert [(row["mn"], row["registered"], row["last_seen"]) for row in rows] == [(MN, "2017", None)]
    assert {row["mn"] for row in json.loads(run("city_regulator", "list", "--json").output)} == {MN, OTHER_MN}
    assert MN in run("city_regulator", "list").output
    with pytest.raises(NotAllowed):
        run("agency_admin", "list")
    with pytest.raises(NotFound, match="nobody"):
        run("nobody", "list")


def test_a_closed_account_does_nothing(run: Run, folk: People) -> None:
    user = folk["city_regulator"]
    user.is_active = False
    user.save()
    with pytest.raises(NotAllowed, match="closed"):
        run("city_regulator", "list")


def test_who_waits_is_shown_let_in_dismissed_and_taken_back(run: Run, folk: People, at: datetime) -> None:
    outlet = outlet_register(discharger=folk.discharger, code="DA002", name="二", medium="gas", at=at)
    row = quarantine_seen(mn=STRANGER, at=at, ref="g0-20260302/1/0")
    number = str(row.pk)
    assert json.loads(run("system_admin", "quarantine", "list", "--json").output)[0]["name"] == STRANGER
    shown = run("city_regulator", "quarantine", "show", number, "--json").output
    assert "not readable" in json.loads(shown)["frames_seen"][0]["text"]
    assert run("system_admin", "quarantine", "dismiss", number, "--reason", "外省").exit_code == 0
    assert Quarantine.objects.get().state == "dismissed"
    assert run("system_admin", "quarantine", "undo", number).exit_code == 0
    words = ("adopt", number, outlet.key, "--st", "31", "--edition", "2017", "--from", "2026-03-01T08:00")
    with pytest.raises(NotFound):
        run("stranger_district_regulator", *words)
    assert "2026-03-01T08:00:00+08:00" in run("district_regulator", *words).output
    assert Datalogger.objects.get(mn=STRANGER).outlet == outlet
    listed = run("city_regulator", "quarantine", "list", "--state", "all", "--json").output
    assert json.loads(listed)[0]["state"] == "adopted"


def test_a_command_is_asked_listed_and_cancelled(run: Run) -> None:
    words = (
        "command",
        MN,
        "get_hours",
        "begin=20260301000000",
        "end=20260301050000",
        "--why",
        "补数",
        "--json",
    )
    body = json.loads(run("district_regulator", *words).output)
    assert (body["state"], body["values"]["begin"]) == ("queued", "20260301000000")
    listed = json.loads(run("discharger_officer", "commands", "--state", "open", "--json").output)
    assert [row["id"] for row in listed] == [body["id"]]
    assert run("district_regulator", "cancel", str(body["id"])).exit_code == 0
    assert Command.objects.get().state == "cancelled"


def test_wrong_values_are_named(run: Run) -> None:
    with pytest.raises(BadInput, match="end"):
        run("district_regulator", "command", MN, "get_hours", "begin=20260301000000")
    assert run("district_regulator", "command", MN, "get_time", "nonsense").exit_code == 2
    assert run("district_regulator", "command", MN, "get_time", "a=1", "a=2").exit_code == 2
    assert run("district_regulator", "command", MN, "get_time", "a=[1").exit_code == 2


@pytest.mark.parametrize(("state", "code"), [("done", 0), ("refused", 1), ("timed_out", 1)])
def test_waiting_ends_with_the_command(
    run: Run, monkeypatch: pytest.MonkeyPatch, at: datetime, state: str, code: int
) -> None:
    def answered(_: float) -> None:
        command_report(
            command_id=Command.objects.get().pk, state=state, at=now(), reason="1", results=[{"time": "x"}]
        )

    monkeypatch.setattr("mingcha.cli.device_commands.time.sleep", answered)
    result = run("district_regulator", "command", MN, "get_time", "--wait")
    assert result.exit_code == code
    assert state in result.output


def test_waiting_ends_with_the_time(run: Run) -> None:
    result = run("district_regulator", "command", MN, "get_time", "--wait", "--timeout", "0")
    assert (result.exit_code, "queued" in result.output) == (1, True)


def test_a_secret_is_asked_for_and_not_shown(run: Run) -> None:
    result = run("district_regulator", "command", MN, "set_password", "new_password=-", given="Geh31m\n")
    assert result.exit_code == 0
    assert "Geh31m" not in result.output
    assert Command.objects.get().values == {"new_password": "******"}


HOST_COMMANDS = sorted(command for group in matrix().groups for command in group.commands)
VALUES = {
    "overtime_s": "10", "recount": "3", "alarm_delay": "5", "factors": "a21026", "time": "20260301000000",
    "limits": '[{"factor": "101", "low": "1", "high": "2"}]', "target": "host", "report_time": "0105",
    "realtime_interval_s": "60", "minute_interval_min": "10", "new_password": "123456", "begin": "20260301000000",
    "end": "20260301050000", "factor": "a21026", "sampling_hours": "4,10", "first_sampling": "080000",
    "cycle_h": "2", "info": "i13004", "info_value": "1", "hardware_id": "1", "key_created": "20260301000000",
    "new_key": "0" * 16,
}  # fmt: skip


@pytest.mark.parametrize("name", HOST_COMMANDS)
def test_every_cell_of_the_matrix(run: Run, folk: People, name: str) -> None:
    edition = COMMANDS[name].editions[-1]
    Datalogger.objects.update(edition=edition)
    values = [f"{p.name}={VALUES[p.name]}" for p in COMMANDS[name].parameters_in(edition) if p.required]
    for person, user in folk.persons.items():
        before = Command.objects.count()
        try:
            run(person, "command", MN, name, *values)
        except (NotAllowed, NotFound, BadInput):
            allowed = False
        else:
            allowed = True
        foreign = person.startswith("stranger_")
        assert allowed is ((user.role, name) in matrix().cells and not foreign), person
        assert Command.objects.count() - before == int(allowed)


def test_keys_take_two_persons_and_are_never_shown(run: Run) -> None:
    Datalogger.objects.filter(mn=MN).update(edition="2025")
    result = run("district_regulator", "key", "propose", MN, "--import", given="KEY4567890123456\n")
    assert "KEY4567890123456" not in result.output
    number = str(StationKey.objects.get().pk)
    with pytest.raises(NotAllowed, match="另一人"):
        run("district_regulator", "key", "approve", number)
    assert "in_force" in run("city_regulator", "key", "approve", number).output
    run("district_regulator", "key", "propose", MN)
    second = str(StationKey.objects.get(state="proposed").pk)
    run("city_regulator", "key", "approve", second)
    Command.objects.all().delete()
    assert "command" in run("city_regulator", "key", "send", second).output
    assert "rejected" in run("city_regulator", "key", "reject", second, "--why", "x").output
    listed = run("auditor", "key", "list", "--json").output
    assert [row["state"] for row in json.loads(listed)] == ["rejected", "in_force"]
    assert "KEY4567890123456" not in listed
    StationKey.objects.update(in_force_from=now() - timedelta(days=100))
    assert len(json.loads(run("auditor", "key", "list", "--due", "--json").output)) == 1


def test_profiles_are_set_shown_exported_imported_and_copied(run: Run, tmp_path: Path) -> None:
    words = ('crc=["modbus_low_first"]', "mode=strict", "timeout_s=30", "--why", "厂家说明")
    run("city_regulator", "profile", "set", MN, *words, "--edition", "2017")
    made = StationSetting.objects.get()
    assert (made.dialect["crc"], made.dialect["mode"], made.dialect["timeout_s"]) == (
        ["modbus_low_first"], "strict", 30,
    )  # fmt: skip
    file = tmp_path / "profile.json"
    run("city_regulator", "profile", "export", MN, "--out", str(file))
    assert (
        json.loads(run("city_regulator", "profile", "export", MN).output)["digest"]
        == json.loads(file.read_text(encoding="utf-8"))["digest"]
    )
    run("city_regulator", "profile", "import", str(file), OTHER_MN, "--why", "同型号")
    run("city_regulator", "profile", "copy", MN, OTHER_MN, "--why", "同型号", "--from", "2026-03-01")
    shown = json.loads(run("city_regulator", "profile", "show", OTHER_MN, "--json").output)
    assert [row["dialect"]["crc"] for row in shown] == [["modbus_low_first"]] * 2
    file.write_text("{", encoding="utf-8")
    assert run("city_regulator", "profile", "import", str(file), MN, "--why", "x").exit_code == 2
    with pytest.raises(BadInput, match=r"dialect\.crc"):
        run("city_regulator", "profile", "set", MN, 'crc=["md5"]', "--why", "x")


def test_targets_are_entered_switched_and_shown_without_secrets(run: Run, folk: People) -> None:
    words = (
        "target",
        "set",
        "national",
        "10.0.0.7:9212",
        "--edition",
        "2017",
        "--district",
        HOME,
        "--password",
    )
    assert "is off" in run("city_regulator", *words, given="Geh31m\n").output
    assert "is on" in run("city_regulator", "target", "switch", "national", "on").output
    run("city_regulator", "target", "station", "national", MN, "0D" * 12)
    listed = run("auditor", "target", "list", "--json").output
    (row,) = json.loads(listed)
    assert (row["active"], row["filters"]["districts"], row["mapped"]) == (True, [HOME], 1)
    assert "Geh31m" not in listed
    assert Target.objects.get().active
    assert run("city_regulator", "target", "set", "x", "nowhere", "--edition", "2017").exit_code == 2
    with pytest.raises(NotAllowed):
        run("district_regulator", "target", "list")


def test_every_act_names_its_person(folk: People) -> None:
    assert CliRunner().invoke(cli, ["device", "list"]).exit_code == 2
    assert "--as" in CliRunner().invoke(cli, ["device", "list"]).output
