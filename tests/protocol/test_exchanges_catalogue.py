"""The commands as data: every row of the code table is carried out or exempt with a reason."""

import json
from pathlib import Path

import pytest
from tests.protocol.exchange_parts import CELLS

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadInput
from mingcha.core.moves import states
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.exchanges import (
    COMMANDS,
    EXEMPT,
    FIRST_CONTACT,
    HOST_NEXT,
    LINKS,
    LOGGER_NEXT,
    REGISTER_NEXT,
    SERVING_NEXT,
    command_of,
    covered,
    exempt,
    find,
    first_contact,
    follow_up,
)
from mingcha.protocol.hj212.exchanges.serving import OWN
from mingcha.protocol.hj212.exchanges.values import asked

VECTORS = Path(hj212.__file__).with_name("vectors") / "hj212_frames.jsonl"


def test_every_row_of_the_code_table_is_covered_or_exempt_and_never_both() -> None:
    rows = commands.commands()
    assert len(rows) >= 150
    neither = [(r.edition, r.cn, r.name_en) for r in rows if not covered(r) and not exempt(r)]
    both = [(r.edition, r.cn) for r in rows if covered(r) and exempt(r)]
    assert (neither, both) == ([], [])
    assert set(EXEMPT) <= {f"{r.edition} {r.cn}" for r in rows}, "an exemption of a row that is not there"
    assert all(len(reason) > 10 for reason in EXEMPT.values())


def test_every_command_stands_in_the_code_table_in_its_direction() -> None:
    listed = {name for row in commands.commands() for name in covered(row)}
    assert set(COMMANDS) <= listed
    for command in COMMANDS.values():
        for edition in command.editions:
            rows = [r for r in commands.meanings(command.cn, edition) if r.edition == edition]
            assert any(r.direction in ("both", command.direction) for r in rows), (command.name, edition)


def test_no_two_commands_of_a_role_share_a_number_system_and_edition() -> None:
    keys = [(c.cn, c.st, c.role, e) for c in COMMANDS.values() for e in c.editions]
    assert len(keys) == len(set(keys))
    for command in COMMANDS.values():
        for edition in command.editions:
            assert find(command.cn, edition, command.role, command.st) is command


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda c: c.name)
def test_a_form_can_be_made_of_every_parameter(command) -> None:
    assert command.title_zh
    assert command.title_en
    for parameter in command.parameters:
        assert parameter.label_zh
        assert parameter.label_en
        assert set(parameter.editions) & set(command.editions)
        assert parameter.kind == "limits" or all(parameter.field.get(e) for e in command.editions)
        assert (parameter.kind == "choice") == bool(parameter.choices)
        assert parameter.kind != "int" or (parameter.least is not None and parameter.most is not None)
        assert not parameter.choices_zh or len(parameter.choices_zh) == len(parameter.choices) == len(
            parameter.choices_en
        )
    assert command.role == "logger" or bool(command.results) == ("data" in command.answers)


def test_a_citation_says_how_sure_it_is() -> None:
    assert command_of("set_time").citation("2017").sureness is Sureness.OFFICIAL
    assert command_of("set_time").citation("2025").sureness is Sureness.SECONDARY
    assert command_of("retain_sample").citation("2025").sureness is Sureness.DOUBTFUL
    with pytest.raises(BadInput, match="2025"):
        command_of("retain_sample").citation("2017")


def test_passwords_and_keys_are_secret() -> None:
    secret = {p.name for c in COMMANDS.values() for p in c.parameters if p.secret}
    assert secret == {"new_password", "new_key"}


def test_first_contact_is_in_the_order_of_the_standard() -> None:
    assert first_contact("2017") == (
        "set_time", "set_timeouts", "set_realtime_interval", "set_minute_interval", "start_realtime", "start_states",
    )  # fmt: skip
    assert "set_minute_interval" not in first_contact("2005")
    assert FIRST_CONTACT[:4] == ("register", "set_mn", "ask_key", "set_key")
    assert first_contact("2025") == first_contact("2017")


def test_a_notify_of_the_field_has_the_request_that_follows_it() -> None:
    wanted = {"1013": "set_time", "1001": "set_mn", "1014": "set_key", "9015": ""}
    assert {cn: follow_up(cn, "2025") for cn in wanted} == wanted
    assert follow_up("1001", "2005") == ""  # there it is a request of the host


def test_links_are_those_of_the_standard() -> None:
    assert {n: (one.timeout_s, one.resends) for n, one in LINKS.items()} == {
        "adsl": (5.0, 3), "other": (10.0, 3), "nb_iot": (30.0, 5),
    }  # fmt: skip
    assert LINKS["nb_iot"].editions == ("2025",)


@pytest.mark.parametrize("table", [HOST_NEXT, LOGGER_NEXT, SERVING_NEXT, REGISTER_NEXT])
def test_every_state_of_a_table_is_reached_and_left_or_final(table) -> None:
    reached = set(table.values())
    first = next(iter(table))[0]
    assert all(state in reached or state is first for state in states(table))


def test_what_the_logger_does_itself_is_a_command_of_the_host() -> None:
    assert all(COMMANDS[name].role == "host" for name in OWN)


def test_an_unknown_command_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="set_time"):
        command_of("dance")
    with pytest.raises(BadInput, match="it is in 2017, 2025"):
        command_of("ask_time", "2005")


def printed() -> list[tuple[str, str]]:
    """Requests of the host among the test frames: those the standard's examples and real hosts wrote."""
    found = []
    for line in VECTORS.read_text(encoding="utf-8").split("\n"):
        row = json.loads(line) if line else {}
        message = (
            hj212.read(row["frame"].encode()) if row.get("frame") and row.get("kind") == "frame" else None
        )
        if message is None or not message.wants_ack or message.surface_water or message.field("DataTime"):
            continue
        if find(message.cn, message.edition or "", "host", message.st) is not None:
            found.append((row["id"], row["frame"]))
    return found


# 1014 of the field, which has the number of the host's; two frames of which the sender mistook the form.
ODD = {"hj68c9090c74"}


@pytest.mark.parametrize(("name", "frame"), [one for one in printed() if one[0] not in ODD])
def test_requests_as_others_write_them_are_understood(name: str, frame: str) -> None:
    message = hj212.read(frame.encode())
    command = find(message.cn, message.edition, "host", message.st)
    given = asked(command, message.edition, message)
    assert set(given) <= {p.name for p in command.parameters}


def test_there_are_test_frames_of_many_requests() -> None:
    assert len(printed()) > 25
    assert len(CELLS) == 83
