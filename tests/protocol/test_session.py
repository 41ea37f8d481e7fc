"""One command of the host and its answers, by the transition table."""

import pytest
from tests.protocol.hj212_frames import CP_HOUR, MN, MN_2005, QN, message_of, only_frame, segment

from mingcha.core.errors import BadInput, IllegalMove
from mingcha.core.moves import step
from mingcha.protocol.hj212 import ask, decode, set_time
from mingcha.protocol.hj212.exchanges import FINAL, HOST_NEXT, RESENDS, Happened, State


def time_sync(edition="2017", mn=MN):
    return set_time(edition=edition, qn=QN, st="32", pw="123456", mn=mn, time="20260301080530")


def reply(cn, cp, qn=QN, mn=MN):
    return message_of(segment(QN=qn, ST="91", CN=cn, MN=mn, Flag="4", cp=cp))


def test_time_sync_runs_from_request_over_9011_to_9012():
    exchange = time_sync()
    request = decode(only_frame(exchange.raw))
    assert (request.cn, request.field("SystemTime"), request.wants_ack) == ("1012", "20260301080530", True)
    assert (request.verdict, exchange.state) == ("accepted", State.WAITING)
    exchange = exchange.heard(reply("9011", "QnRtn=1"))
    assert exchange.state is State.RUNNING
    exchange = exchange.heard(reply("9012", "ExeRtn=1"))
    assert (exchange.state, exchange.reason, exchange.final) == (State.DONE, "1", True)


def test_2005_answers_carry_the_request_number_inside_cp():
    exchange = time_sync("2005", MN_2005)
    head = f"ST=91;CN={{}};PW=123456;MN={MN_2005}"
    exchange = exchange.heard(message_of(segment(head=head.format("9011"), cp=f"QN={QN};QnRtn=1")))
    exchange = exchange.heard(message_of(segment(head=head.format("9012"), cp=f"QN={QN};ExeRtn=1")))
    assert exchange.state is State.DONE


def test_a_refusal_ends_the_exchange_with_its_reason():
    exchange = time_sync().heard(reply("9011", "QnRtn=3"))
    assert (exchange.state, exchange.reason) == (State.REFUSED, "3")
    assert exchange.heard(reply("9012", "ExeRtn=1")) is exchange


def test_an_unsuccessful_result_is_a_failure():
    exchange = time_sync().heard(reply("9011", "QnRtn=1")).heard(reply("9012", "ExeRtn=5"))
    assert (exchange.state, exchange.reason) == (State.FAILED, "5")


def test_a_lost_9011_does_not_lose_the_result():
    assert time_sync().heard(reply("9012", "ExeRtn=1")).state is State.DONE


@pytest.mark.parametrize(
    "foreign", [reply("9011", "QnRtn=1", qn="20260301080530251"), reply("9011", "QnRtn=1", mn=MN[::-1])]
)
def test_answers_to_others_are_not_ours(foreign):
    exchange = time_sync()
    assert exchange.heard(foreign) is exchange


def test_history_data_have_their_own_numbers_and_the_result_that_of_the_request():
    exchange = ask(edition="2017", qn=QN, st="32", cn="2061", pw="123456", mn=MN,
                   cp="BeginTime=20260301070000;EndTime=20260301070000")  # fmt: skip
    exchange = exchange.heard(reply("9011", "QnRtn=1"))
    data = message_of(segment(QN="20260301080531001", CN="2061", Flag="4", cp=CP_HOUR))
    assert exchange.heard(data).state is State.RUNNING
    assert exchange.heard(data).heard(reply("9012", "ExeRtn=100")).reason == "100"


def test_a_notify_is_done_with_9013():
    exchange = ask(edition="2017", qn=QN, st="32", cn="2012", pw="123456", mn=MN)
    assert exchange.heard(reply("9013", "")).state is State.DONE
    assert time_sync().heard(reply("9013", "")).state is State.WAITING


def test_after_the_last_resend_the_exchange_is_lost():
    exchange = time_sync()
    for sent in range(1, RESENDS + 1):
        exchange = exchange.timed_out()
        assert (exchange.state, exchange.resent) == (State.WAITING, sent)
    assert exchange.timed_out().state is State.LOST
    assert time_sync().heard(reply("9011", "QnRtn=1")).timed_out().state is State.LOST


def test_final_states_have_no_moves_and_missing_pairs_are_illegal():
    assert not {before for before, _ in HOST_NEXT} & FINAL
    with pytest.raises(IllegalMove):
        step(HOST_NEXT, State.DONE, Happened.ACCEPTED)


def test_a_separator_cannot_be_smuggled_into_a_command():
    with pytest.raises(BadInput):
        set_time(edition="2017", qn=QN, st="32", pw="1;CN=3", mn=MN, time="20260301080530")
