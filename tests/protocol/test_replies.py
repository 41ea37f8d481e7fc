"""What the host answers: golden frames of each edition."""

import pytest
from tests.protocol.hj212_frames import (
    CP_HOUR,
    CP_WATER,
    MN,
    MN_2005,
    QN,
    codes,
    good,
    message_of,
    only_frame,
    segment,
)

from mingcha.protocol.hj212 import answer, decode, encode, wrap

GOLDEN = [
    (segment(), f"QN={QN};ST=91;CN=9014;PW=123456;MN={MN};Flag=4;CP=&&&&"),
    (segment(Flag="9"), f"QN={QN};ST=91;CN=9014;PW=123456;MN={MN};Flag=8;CP=&&&&"),
    (segment(Flag="7", PNUM="2", PNO="1"), f"QN={QN};ST=91;CN=9014;PW=123456;MN={MN};Flag=4;CP=&&&&"),
    (segment(Flag="1", MN=MN_2005), f"ST=91;CN=9014;PW=123456;MN={MN_2005};CP=&&QN={QN};CN=2011&&"),
    (segment(Flag="1", MN=MN_2005, QN=None), f"ST=91;CN=9014;PW=123456;MN={MN_2005};CP=&&CN=2011&&"),
    (segment(CN="1013", cp="PolId=w01018"), f"QN={QN};ST=91;CN=9013;PW=123456;MN={MN};Flag=4;CP=&&&&"),
    (segment(CN="9015", Flag="9", cp=""), f"QN={QN};ST=91;CN=9013;PW=123456;MN={MN};Flag=8;CP=&&&&"),
    (segment(CN="1001", Flag="9", MN="", cp="i23005-Info=1"), f"QN={QN};ST=91;CN=9013;PW=123456;MN=;Flag=8;CP=&&&&"),
    (segment(CN="1014", Flag="9", cp=f"SKCreateTime={QN}"), f"QN={QN};ST=91;CN=9013;PW=123456;MN={MN};Flag=8;CP=&&&&"),
    (segment(CN="2072", Flag="1", MN=MN_2005), f"ST=91;CN=9013;PW=123456;MN={MN_2005};CP=&&QN={QN}&&"),
    (segment(ST="21", Flag="9", MN="A110000_0001", CN="2061", cp=CP_HOUR), f"QN={QN};ST=91;CN=9014;PW=123456;MN=A110000_0001;Flag=8;CP=&&&&"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), GOLDEN, ids=lambda value: value[-40:])
def test_the_answer_is_in_the_senders_edition_and_form(asked, expected):
    assert answer(message_of(asked)) == wrap(expected.encode())


def test_the_answer_to_a_2017_upload_is_exactly_this():
    raw = good(qn="20160801085857223")
    assert answer(decode(only_frame(raw))) == (
        b"##0087QN=20160801085857223;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&"
        + wrap(b"QN=20160801085857223;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&")[
            -6:
        ]
    )


@pytest.mark.parametrize("edition", ["2017", "2025"])
def test_our_own_answers_are_flawless_frames(edition):
    reply = decode(only_frame(answer(decode(only_frame(good(edition))))))
    assert (reply.edition, reply.cn, reply.verdict) == (edition, "9014", "accepted")


def test_the_2005_answer_is_read_as_2005():
    reply = message_of(segment(head=f"ST=91;CN=9014;PW=123456;MN={MN_2005}", cp=f"QN={QN};CN=2011"))
    assert (reply.edition, codes(reply)) == ("2005", [])


@pytest.mark.parametrize(
    "unanswered",
    [
        segment(Flag="4"),
        segment(Flag=None),
        segment(Flag="8", RF="1"),
        segment(CN="9014", ST="91", cp=""),
        segment(CN="9011", ST="91", cp="QnRtn=1"),
        segment(MN=None),
        segment(CN=None),
        segment(cp=CP_WATER.replace("DataTime=20260301080500;", "")),
    ],
)
def test_no_answer_where_none_is_wanted_or_the_frame_is_refused(unanswered):
    assert answer(message_of(unanswered)) is None


def test_an_unknown_command_that_wants_an_answer_gets_9014():
    reply = answer(message_of(segment(CN="7777")))
    assert b"CN=9014" in reply


def test_a_duplicate_is_answered_again_with_the_same_bytes():
    raw = encode(edition="2017", qn=QN, st="32", cn="2011", pw="123456", mn=MN, flag=5, cp=CP_WATER)
    assert answer(decode(only_frame(raw))) == answer(decode(only_frame(raw)))
