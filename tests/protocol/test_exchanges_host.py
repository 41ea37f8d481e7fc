"""The host's side: every code, every order of answers, time-outs, secrets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.exchange_parts import (
    AT,
    CELLS,
    KEY,
    MN,
    MN_2005,
    NEXT_KEY,
    PW,
    ask_for,
    converse,
    frames_of,
    linked,
    read,
    values_of,
)  # fmt: skip

from mingcha.protocol import hj212
from mingcha.protocol.hj212.exchanges import (
    COMMANDS,
    FINAL,
    HOST_NEXT,
    LINKS,
    REQUEST_CODES,
    RESULT_CODES,
    Exchange,
    Happened,
    Outcome,
    State,
    ask,
    host,
)

QN = "20260301080530000"
HOUR = "DataTime=2026030108{}0000;w01018-Avg=40.1,w01018-Flag=N"


def reply(exchange: Exchange, cn: str, cp: str = "", **changes: str) -> hj212.Message:
    given_ = {"qn": exchange.qn, "mn": exchange.mn, "st": "91", **changes}
    bits = hj212.editions.version_bits(exchange.edition or "2017")
    raw = hj212.encode(edition=exchange.edition or "2017", cn=cn, pw=PW, flag=bits, cp=cp, **given_)
    return read(raw)


@pytest.mark.parametrize(("name", "edition"), CELLS)
def test_every_command_runs_to_its_end_against_a_logger(name: str, edition: str) -> None:
    command = COMMANDS[name]
    session = linked(edition, **({"mn": ""} if name == "set_mn" else {}))
    exchange = converse(ask_for(name, edition, values_of(command, edition)), session)
    assert exchange.state is State.DONE, (exchange.reason, exchange.strange)
    assert exchange.strange == ()
    assert exchange.reason == ("" if command.answers == "notify" else "1")
    assert bool(exchange.results) == ("data" in command.answers)
    assert bool(exchange.frames) == ("data" in command.answers)


RESULTS = {
    ("get_result_time", "2017"): ({"kind": "fields", "factor": "w01018", "result_min": 1},),
    ("get_sampling_cycle", "2017"): (
        {"kind": "fields", "factor": "w01018", "first_sampling": "080000", "cycle_h": 1},
    ),
    ("keep_sample", "2017"): ({"kind": "fields", "data_time": "2026-03-01T08:05:30+08:00", "bottle": 0},),
    ("get_realtime_interval", "2005"): ({"kind": "fields", "realtime_interval_s": 60},),
    ("get_minute_interval", "2025"): ({"kind": "fields", "minute_interval_min": "10"},),
    ("get_serial", "2025"): ({"kind": "serial", "factor": "w01018", "serial": "010000A8900016F000169DC1"},),
    ("get_alarm_limits", "2005"): ({"kind": "limits", "factor": "011", "low": "1.1", "high": "9.9"},),
    ("get_checks", "2025"): (
        {"kind": "check", "time": "2026-03-01T08:00:00+08:00", "factor": "w01018", "measured": "49.2",
         "nominal": "50.0", "passed": True},
    ),
    ("get_information", "2017"): (
        {"kind": "information", "time": "2026-03-01T08:00:00+08:00", "factor": "w01018",
         "items": [{"code": "i11001", "value": "清洗,管路;完"}, {"code": "i13004", "value": "168.0"}]},
    ),
    ("start_realtime", "2017"): (
        {"kind": "record", "time": "2026-03-01T08:00:00+08:00", "supplement": False,
         "factors": {"w01018": {"Avg": "40.1", "Flag": "N"}, "w21003": {"Avg": "0.50", "Flag": "D"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "expected"), RESULTS.items(), ids=lambda v: v[0] if isinstance(v[0], str) else ""
)
def test_results_are_typed(cell, expected) -> None:
    exchange = converse(ask_for(*cell, values_of(COMMANDS[cell[0]], cell[1])), linked(cell[1]))
    assert exchange.results == expected


def test_the_clock_that_is_read_is_that_of_the_logger() -> None:
    exchange = converse(ask_for("get_time", "2017"), linked(ahead_s=-90.0))
    assert exchange.results == ({"kind": "fields", "time": "2026-03-01T08:04:00+08:00"},)


@pytest.mark.parametrize("code", [code for code in REQUEST_CODES if code != "1"])
def test_every_refusal_ends_the_exchange_with_its_code(code: str) -> None:
    exchange = ask_for("set_time", "2017", {"time": AT})
    exchange = exchange.heard(reply(exchange, "9011", f"QnRtn={code}"))
    assert (exchange.state, exchange.reason) == (State.REFUSED, code)


@pytest.mark.parametrize("code", [code for code in RESULT_CODES if code not in ("1", "100")])
def test_every_result_but_success_is_a_failure(code: str) -> None:
    exchange = ask_for("calibrate", "2017", {"factor": "w01018"})
    exchange = exchange.heard(reply(exchange, "9011", "QnRtn=1"))
    exchange = exchange.heard(reply(exchange, "9012", f"ExeRtn={code}"))
    assert (exchange.state, exchange.reason) == (State.FAILED, code)


def test_no_data_is_an_answer_where_data_were_asked_for_and_a_failure_elsewhere() -> None:
    history = ask_for("get_hours", "2017", {"begin": AT, "end": AT})
    history = history.heard(reply(history, "9012", "ExeRtn=100"))
    assert (history.state, history.no_data, history.results) == (State.DONE, True, ())
    control = ask_for("calibrate", "2017", {"factor": "w01018"})
    assert control.heard(reply(control, "9012", "ExeRtn=100")).state is State.FAILED


def test_history_takes_its_own_records_and_not_what_is_sent_meanwhile() -> None:
    exchange = ask_for("get_hours", "2017", {"begin": "20260301080000", "end": "20260301080000"})
    other = reply(
        exchange, "2061", HOUR.format("").replace("2026030108", "2026030109"), qn="20260301090000001", st="32"
    )
    own = reply(
        exchange,
        "2061",
        "DataTime=20260301080000;w01018-Avg=1,w01018-Flag=N",
        qn="20260301080531001",
        st="32",
    )
    assert exchange.heard(other) is exchange
    exchange = exchange.heard(own)
    assert (exchange.state, exchange.frames) == (State.RUNNING, 1)
    assert exchange.results[0]["factors"] == {"w01018": {"Avg": "1", "Flag": "N"}}


def test_results_kept_with_an_exchange_are_bounded_and_frames_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "RESULTS_MAX", 3)
    exchange = ask_for("get_hours", "2017", {"begin": "20260301000000", "end": "20260301230000"})
    for hour in range(5):
        cp = f"DataTime=202603010{hour}0000;w01018-Avg=1,w01018-Flag=N"
        exchange = exchange.heard(reply(exchange, "2061", cp, qn=f"2026030108053100{hour}", st="32"))
    assert (exchange.frames, len(exchange.results)) == (5, 3)


def test_an_answer_that_the_table_does_not_allow_is_named_and_changes_nothing() -> None:
    exchange = ask_for("set_time", "2017", {"time": AT})
    exchange = exchange.heard(reply(exchange, "9011", "QnRtn=1"))
    after = exchange.heard(reply(exchange, "9011", "QnRtn=3"))
    assert (after.state, after.strange) == (State.RUNNING, ("declined while running",))
    assert after.heard(reply(exchange, "9011", "QnRtn=3")) is after


@pytest.mark.parametrize("link", LINKS.values(), ids=lambda link: link.name)
def test_silence_ends_every_exchange_after_the_resends_of_its_link(link) -> None:
    exchange = ask_for("get_time", "2017")
    raw = exchange.raw
    for sent in range(1, link.resends + 1):
        exchange = exchange.timed_out(resends=link.resends)
        assert (exchange.state, exchange.resent, exchange.raw) == (State.WAITING, sent, raw)
    assert exchange.timed_out(resends=link.resends).state is State.LOST


def test_a_logger_that_accepts_and_falls_silent_is_lost_without_a_second_request() -> None:
    exchange = ask_for("get_time", "2017")
    exchange = exchange.heard(reply(exchange, "9011", "QnRtn=1")).timed_out()
    assert (exchange.state, exchange.resent) == (State.LOST, 0)
    assert exchange.timed_out() is exchange


def test_the_old_password_counts_until_the_change_is_carried_out() -> None:
    exchange = ask_for("set_password", "2017", {"new_password": "654321"})
    assert exchange.passwords() == {PW, "654321"}  # the result may be lost on the way
    accepted = exchange.heard(reply(exchange, "9011", "QnRtn=1"))
    assert accepted.passwords() == {PW, "654321"}
    assert accepted.heard(reply(exchange, "9012", "ExeRtn=1")).passwords() == {"654321"}
    assert accepted.heard(reply(exchange, "9012", "ExeRtn=2")).passwords() == {PW}
    assert exchange.heard(reply(exchange, "9011", "QnRtn=2")).passwords() == {PW}
    assert accepted.timed_out().passwords() == {PW, "654321"}
    assert ask_for("get_time", "2017").passwords() == {PW}


def test_what_is_secret_is_in_no_text_of_the_exchange() -> None:
    password = ask_for("set_password", "2017", {"new_password": "s3cret"})
    key = ask_for("set_key", "2025", {"key_created": AT, "new_key": NEXT_KEY.decode()})
    assert "s3cret" not in repr(password)
    assert NEXT_KEY.decode() not in repr(key)
    assert PW not in repr(password)


def test_a_new_key_travels_under_the_old_one() -> None:
    values = {"key_created": AT, "new_key": NEXT_KEY.decode()}
    exchange = ask_for("set_key", "2025", values, key=KEY)
    assert NEXT_KEY not in exchange.raw
    message = read(exchange.raw, KEY)
    assert message.field("NewSK") == NEXT_KEY.decode()
    plain = ask_for("get_time", "2025", key=KEY)
    assert plain.raw == ask_for("get_time", "2025").raw  # only 1014 and data are encrypted


def test_a_name_is_given_to_a_logger_that_answers_with_or_without_it() -> None:
    for mn in (MN, ""):
        exchange = ask_for("set_mn", "2025", {"hardware_id": "A1"})
        exchange = exchange.heard(reply(exchange, "9011", "QnRtn=1", mn=mn))
        assert exchange.state is State.RUNNING
    other = ask_for("get_time", "2025")
    assert other.heard(reply(other, "9011", "QnRtn=1", mn="")) is other


def test_2005_data_may_come_without_a_request_number() -> None:
    exchange = ask_for("get_time", "2005")
    raw = hj212.wrap(f"ST=32;CN=1011;PW={PW};MN={MN_2005};CP=&&SystemTime=20260301080530&&".encode())
    exchange = exchange.heard(read(raw))
    assert exchange.results == ({"kind": "fields", "time": "2026-03-01T08:05:30+08:00"},)


def test_split_data_of_an_answer_are_all_taken() -> None:
    session = linked("2017")
    items = ["DataTime=20260301080000", *(f"w{n:05d}-Avg=1.234567,w{n:05d}-Flag=N" for n in range(60))]
    session.port.outcome = Outcome(frames=[items])
    elsewhere = converse(ask_for("get_hours", "2017", {"begin": AT, "end": AT}), session)
    assert elsewhere.frames == 0  # records of 08:00 do not answer for 08:05:30
    span = {"begin": "20260301080000", "end": "20260301080000"}
    exchange = converse(ask_for("get_hours", "2017", span, qn="20260301080531000"), session)
    assert exchange.state is State.DONE
    assert exchange.frames > 1
    assert sum(len(result["factors"]) for result in exchange.results) == 60


# --- any order of messages -----------------------------------------------------------------------------

WORDS = [
    "9011 1",
    "9011 3",
    "9012 1",
    "9012 100",
    "9012 2",
    "9013",
    "9014",
    "data",
    "other",
    "timeout",
    "foreign",
]


@given(st.sampled_from(CELLS), st.lists(st.sampled_from(WORDS), max_size=12), st.integers(0, 5))
def test_every_exchange_ends_whatever_comes_and_takes_no_move_outside_the_table(cell, words, resends) -> None:
    name, edition = cell
    exchange = ask_for(name, edition, values_of(COMMANDS[name], edition))
    states = [exchange.state]
    for word in words:
        before = exchange
        exchange = heard(exchange, word, resends)
        happened = _happened(before, exchange, word, resends)
        if exchange.state is not before.state:
            assert HOST_NEXT[before.state, happened] is exchange.state
        elif happened is not None and not before.final and (before.state, happened) not in HOST_NEXT:
            assert exchange.strange
        states.append(exchange.state)
    for _ in range(resends + 2):
        exchange = exchange.timed_out(resends=resends)
    assert exchange.final
    assert all(one not in FINAL or two is one for one, two in pairwise(states))
    assert exchange.timed_out(resends=resends) is exchange


def heard(exchange: Exchange, word: str, resends: int) -> Exchange:
    if word == "timeout":
        return exchange.timed_out(resends=resends)
    return exchange.heard(_message(exchange, word))


def _message(exchange: Exchange, word: str) -> hj212.Message:
    cn, _, code = word.partition(" ")
    if word == "data":
        items = frames_of(COMMANDS[exchange.command], exchange.edition) or [["DataTime=20260301080000"]]
        return reply(exchange, exchange.cn, ";".join(items[0]), st="32")
    if word == "other":
        return reply(exchange, "2081", "DataTime=20260301080000", qn="20260301080530999", st="32")
    if word == "foreign":
        return reply(exchange, "9012", "ExeRtn=1", mn="F" * 24)
    return reply(exchange, cn, f"{'QnRtn' if cn == '9011' else 'ExeRtn'}={code}" if code else "")


def _happened(before: Exchange, after: Exchange, word: str, resends: int) -> Happened | None:
    if word == "timeout":
        return Happened.RESENT if after.resent > before.resent else Happened.TIMED_OUT
    found = before.read(_message(before, word))
    return found[0] if found else None


def test_a_command_as_free_text_is_followed_too() -> None:
    exchange = ask(edition="2017", qn=QN, st="32", cn="2061", pw=PW, mn=MN, cp="BeginTime=20260301080000")
    data = reply(exchange, "2061", "DataTime=20260301080000;w01018-Avg=1,w01018-Flag=N", st="32")
    exchange = exchange.heard(data).heard(reply(exchange, "9012", "ExeRtn=1"))
    assert (exchange.state, exchange.frames, exchange.results) == (State.DONE, 1, ())
