"""What people give to what stands in CP, and back."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.exchange_parts import AT, CELLS, MN, PW, ask_for, read, values_of

from mingcha.core.clock import BEIJING
from mingcha.core.errors import BadInput
from mingcha.protocol.hj212.exchanges import COMMANDS, moment_of, request, written
from mingcha.protocol.hj212.exchanges.values import asked

GOLDEN = {
    ("set_time", "2017"): ({"factor": "w01018", "time": AT}, "PolId=w01018;SystemTime=20260301080530"),
    ("set_timeouts", "2017"): ({"overtime_s": 5, "recount": "3"}, "OverTime=5;ReCount=3"),
    ("set_password", "2005"): ({"new_password": "654321"}, "PW=654321"),
    ("set_password", "2017"): ({"new_password": "654321"}, "NewPW=654321"),
    ("get_alarm_limits", "2005"): ({"factors": "101,102"}, "PolId=101;PolId=102"),
    ("set_alarm_limits", "2005"): (
        {"limits": [{"factor": "101", "low": "1.1", "high": "9.9"}, {"factor": "102", "low": "1", "high": "9"}]},
        "101-LowValue=1.1,101-UpValue=9.9;102-LowValue=1,102-UpValue=9",
    ),
    ("set_sampling_hours", "2005"): ({"factor": "101", "sampling_hours": "4,10,14,16"},
                                     "PolId=101;CTime=04;CTime=10;CTime=14;CTime=16"),
    ("set_information", "2017"): ({"factor": "w01018", "info": "i13004", "info_value": "168.0"},
                                  "PolId=w01018;InfoId=i13004;i13004-Info=168.0"),
    ("set_mn", "2025"): ({"hardware_id": "6970000000001ABCDEFG1234"}, "i23005-Info=6970000000001ABCDEFG1234"),
    ("calibrate", "2025"): ({"factor": "w01018", "calibration": "1"}, "PolId=w01018;CalibrationType=1"),
    ("set_key", "2025"): ({"key_created": "20260101000000000", "new_key": "msbE74gsiSHSEh5e"},
                          "SKCreateTime=20260101000000000;NewSK=msbE74gsiSHSEh5e"),
    ("set_sampling_cycle", "2017"): ({"factor": "w01018", "first_sampling": "00:00:00", "cycle_h": 2},
                                     "PolId=w01018;CstartTime=000000;CTime=2"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "case"), GOLDEN.items(), ids=lambda v: v[0] if isinstance(v[0], str) else ""
)
def test_the_text_is_that_of_the_standards_examples(cell, case) -> None:
    values, text = case
    assert written(COMMANDS[cell[0]], cell[1], values) == text


@pytest.mark.parametrize(("name", "edition"), CELLS)
def test_what_is_asked_is_what_the_logger_reads(name: str, edition: str) -> None:
    command = COMMANDS[name]
    values = values_of(command, edition)
    got = asked(command, edition, read(ask_for(name, edition, values).raw))
    assert set(got) == set(values)
    for parameter in command.parameters_in(edition):
        given_, read_ = values[parameter.name], got[parameter.name]
        if parameter.kind in ("time", "time_ms"):
            assert read_ == moment_of(given_)
        elif parameter.kind == "hours":
            assert [int(hour) for hour in read_] == [int(hour) for hour in given_]
        else:
            assert str(read_) == str(given_)


BAD = [
    ("set_realtime_interval", {"realtime_interval_s": 29}, "realtime_interval_s", "30 to 3600 s"),
    ("set_realtime_interval", {"realtime_interval_s": "3601"}, "realtime_interval_s", "30 to 3600 s"),
    ("set_realtime_interval", {"realtime_interval_s": "６０"}, "realtime_interval_s", "30 to 3600 s"),
    ("set_realtime_interval", {"realtime_interval_s": True}, "realtime_interval_s", "30 to 3600 s"),
    ("set_realtime_interval", {}, "realtime_interval_s", "missing"),
    ("set_minute_interval", {"minute_interval_min": "7"}, "minute_interval_min", "one of 1, 2, 3"),
    ("set_timeouts", {"overtime_s": 0, "recount": 3}, "overtime_s", "1 to 99 s"),
    ("set_time", {"time": "20260301"}, "time", "2026-03-01T08:05:30"),
    ("set_time", {"time": "2026-03-01T08:05:30"}, "time", "Beijing"),
    ("set_time", {"time": datetime(2026, 3, 1)}, "time", "Beijing"),
    ("get_hours", {"begin": "20260301080000", "end": "20260301070000"}, "end", "before begin"),
    ("get_hours", {"begin": "20260301080000"}, "end", "missing"),
    ("calibrate", {"factor": "w01018;CN=1"}, "factor", "factor code"),
    ("set_information", {"info": "i13004", "info_value": "1&&"}, "info_value", "at most 890"),
    ("set_information", {"info": "13004", "info_value": "1"}, "info", "i13004"),
    ("set_sampling_cycle", {"factor": "w01018", "first_sampling": "250000", "cycle_h": 2}, "first_sampling", "080000"),
    ("get_time", {"speed": 3}, "speed", "no such value"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "field", "sentence"), BAD)
def test_a_value_that_does_not_fit_is_named_with_what_was_expected(name, values, field, sentence) -> None:
    with pytest.raises(BadInput) as error:
        ask_for(name, "2017", values)
    assert sentence in error.value.problems[field]


@pytest.mark.parametrize(
    "rows", [[], "x", [{"factor": "101"}], [{"factor": "101", "low": "9", "high": "1"}],
             [{"factor": "101", "low": "nan", "high": "1"}]]
)  # fmt: skip
def test_limits_must_be_numbers_in_order(rows) -> None:
    with pytest.raises(BadInput, match="limits"):
        ask_for("set_alarm_limits", "2005", {"limits": rows})


@pytest.mark.parametrize("password", ["1234567", "a;b", "密码", "a b", "a&"])
def test_a_bad_password_is_refused_and_never_shown(password: str) -> None:
    with pytest.raises(BadInput) as error:
        ask_for("set_password", "2017", {"new_password": password})
    assert password not in str(error.value)


def test_a_command_of_another_edition_or_role_cannot_be_asked() -> None:
    with pytest.raises(BadInput, match=r"3024\) is not in 2017; it is in 2025"):
        ask_for("standard_check", "2017", {"factor": "w01018"})
    with pytest.raises(BadInput, match="sent by the logger"):
        ask_for("heartbeat", "2025")
    with pytest.raises(BadInput, match="2099"):
        ask_for("get_time", "2099")


def test_a_system_of_its_own_is_put_into_the_frame() -> None:
    span = {"begin": AT, "end": AT}
    exchange = request(
        "get_electricity", edition="2025", qn="20260301080530123", st="31", pw=PW, mn=MN, values=span
    )
    assert read(exchange.raw).st == "44"


@given(st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2099, 1, 1)))
def test_a_time_is_the_same_moment_in_every_form(naive: datetime) -> None:
    moment = naive.replace(microsecond=0, tzinfo=BEIJING)
    text = written(COMMANDS["set_time"], "2017", {"time": moment.isoformat()})
    assert text == written(COMMANDS["set_time"], "2017", {"time": moment})
    assert moment_of(text.removeprefix("SystemTime=")) == moment


@given(st.text(max_size=30), st.sampled_from(sorted({n for n, _ in CELLS})))
def test_no_text_ever_breaks_out_of_its_field(text: str, name: str) -> None:
    command = COMMANDS[name]
    edition = command.editions[-1]
    for parameter in command.parameters_in(edition):
        values = {**values_of(command, edition), parameter.name: text}
        try:
            exchange = ask_for(name, edition, values)
        except BadInput:
            continue
        message = read(exchange.raw)
        assert message.cn == command.cn
        assert message.verdict == "accepted", (text, message.problems)
