"""Feed: the splitter's events, with clean frames as arrivals that are ready to be stored and answered."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import (
    CP_HOUR,
    CP_WATER,
    GOOD,
    MN,
    QN,
    SPOILED,
    cut,
    cuts,
    good,
    segment,
    streams,
)

from mingcha.protocol.hj212 import (
    Frame,
    LengthPolicy,
    Rejected,
    Skipped,
    Splitter,
    _pure,
    answer,
    codec,
    decode,
    wrap,
)
from mingcha.protocol.hj212.codec import BACKEND
from mingcha.protocol.hj212.limits import HEADS_MAX

BACKENDS = [codec, _pure] if BACKEND == "compiled" else [_pure]
both = pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.BACKEND)


def fed(backend, raw, places=(), **options):
    feed = backend.Feed(**options)
    return [event for piece in cut(raw, places) for event in feed.receive(piece)], feed


def is_arrival(event):
    return hasattr(event, "head")


def flat(events):
    """The splitter's events of what a feed gave."""
    return [
        one
        for event in events
        for one in (
            [event.frame, Skipped(b"\r\n")][: 1 + (len(event.raw) > event.size)]
            if is_arrival(event)
            else [event]
        )
    ]


@given(streams(), cuts)
@example(b"".join(GOOD + SPOILED), [3, 77, 500, 501, 502])
def test_the_events_are_those_of_the_splitter_however_the_stream_is_cut(stream, places):
    splitter = Splitter()
    expected = [event for piece in cut(stream, places) for event in splitter.receive(piece)]
    for backend in BACKENDS:
        events, feed = fed(backend, stream, places)
        assert flat(events) == expected
        assert feed.pending == splitter.pending
        assert b"".join(event.raw for event in events) + feed.pending == stream
        feed.expire()
        assert feed.pending == b""


@both
@given(stream=streams())
def test_an_arrival_is_a_frame_without_any_problem_and_nothing_else_is(backend, stream):
    events, feed = fed(backend, stream)
    for event in events + feed.expire():
        if is_arrival(event):
            assert decode(event.frame).problems == ()
        elif isinstance(event, Frame):
            assert decode(event).problems != ()


@both
@given(stream=streams())
def test_an_arrival_says_what_its_message_says(backend, stream):
    for event in fed(backend, stream)[0]:
        if is_arrival(event):
            message = decode(event.frame)
            head = event.head
            assert (event.qn, head.st, head.cn, head.pw, head.mn) == (
                message.qn, message.st, message.cn, message.pw, message.mn,
            )  # fmt: skip
            assert (head.flag, head.edition, head.wants_ack) == (
                message.flag,
                message.edition,
                message.wants_ack,
            )
            assert (head.supplement, head.pack) == (message.supplement, message.pack)
            assert event.reply == answer(message)
            assert event.data_time in (message.field("DataTime"), None)
            assert event.message.header == message.header
            assert event.raw[: event.size] == message.raw


@both
@pytest.mark.parametrize("raw", GOOD[:5])
def test_every_good_frame_arrives_with_its_crlf_and_its_answer(backend, raw):
    (arrival,), feed = fed(backend, raw)
    assert (arrival.raw, arrival.size, feed.pending) == (raw, len(raw) - 2, b"")
    assert arrival.reply == answer(decode(arrival.frame))


@both
def test_a_crlf_that_comes_later_is_skipped_then(backend):
    events, feed = fed(backend, good()[:-2])
    assert [event.raw for event in events] == [good()[:-2]]
    assert feed.receive(b"\r\n") == [Skipped(b"\r\n")]


@both
def test_the_header_is_one_object_for_all_frames_of_a_station_and_command(backend):
    first, second = (fed(backend, good(qn=qn))[0][0] for qn in (QN, "20260301080531251"))
    third = fed(backend, good(cn="2061", cp=CP_HOUR))[0][0]
    assert first.head is second.head
    assert first.head is not third.head
    assert (first.qn, second.qn) == (QN, "20260301080531251")
    assert second.reply == answer(decode(second.frame))


@both
def test_the_answer_of_2005_holds_qn_in_cp_and_that_without_qn_none(backend):
    bare = fed(backend, good("2005", flag=1))[0][0]
    assert bare.qn == ""
    assert bare.reply == answer(decode(bare.frame))
    assert bare.head.tail is None


@both
def test_a_tail_makes_other_forms_of_the_answer(backend):
    arrival = fed(backend, good())[0][0]
    assert arrival.head.tail == f";ST=91;CN=9014;PW=123456;MN={MN};Flag=4;CP=&&&&".encode()
    assert backend.ack(arrival.qn, arrival.head.tail) == arrival.reply
    assert backend.ack(b"1", b";CP=&&QnRtn=1&&") == wrap(b"QN=1;CP=&&QnRtn=1&&")
    with pytest.raises(ValueError, match="four digits"):
        backend.ack(b"1", b"x" * 9997)


@both
@pytest.mark.parametrize(
    "spoiled",
    [
        segment(cp=CP_WATER.replace("36.4", "NaN")), segment(cp=CP_WATER + ";w01018-Rtd=1"), segment(QN=None),
        segment(QN="20260229080530250"), segment(CN="2061"), segment(cp=CP_WATER.replace("0500;", "0560;")),
        segment(cp="w01018-Rtd=1,w01018-Flag=N"), segment(cp=CP_WATER.replace("-Flag=N;", "-Flag=n;")),
        segment(Flag="13"), segment(MN=MN.lower()), segment(cp=CP_WATER.replace(",w01001-Flag", ";w01001-Flag")),
        segment(cp=CP_WATER + ";w21003-Rtd=1." + "0" * 31), segment(ST="91", CN="9014", Flag="4", cp="QnRtn=1"),
    ],
)  # fmt: skip
def test_a_frame_with_a_problem_is_no_arrival(backend, spoiled):
    (event, _), _ = fed(backend, wrap(spoiled))
    assert isinstance(event, Frame)
    assert decode(event).problems


@both
def test_a_lower_case_crc_is_a_problem_too(backend):
    raw = next(
        one
        for one in (good(qn=f"202603010805302{k}") for k in range(10, 90))
        if one[-6:-2].lower() != one[-6:-2]
    )
    assert isinstance(fed(backend, raw[:-6] + raw[-6:].lower())[0][0], Frame)


@both
def test_ceiling_and_lengths_are_those_of_the_splitter(backend):
    long = wrap(segment(cp=CP_WATER + ";x-Rtd=" + "0" * 900))
    assert isinstance(fed(backend, long, ceiling=512)[0][0], Rejected)
    body = segment()
    wrong = wrap(body).replace(b"##%04d" % len(body), b"##%04d" % (len(body) - 1))
    events, feed = fed(backend, wrong + good(), lengths=LengthPolicy.ANY)
    assert [event.raw for event in events + feed.expire() if isinstance(event, Frame)] == [wrong[:-2]]


@both
@given(st.binary(min_size=1, max_size=20))
@example(unit=b"##0")
def test_floods_of_garbage_never_pile_up(backend, unit):
    feed = backend.Feed()
    for _ in range(300):
        feed.receive(unit * 20)
        assert len(feed.pending) <= 4096 + 11


@both
def test_headers_remembered_are_bounded(backend):
    from mingcha.protocol.hj212 import arrivals

    assert HEADS_MAX <= 100_000
    before = dict(arrivals.HEADS)
    arrivals.HEADS.clear()
    try:
        arrivals.HEADS.update({b"%d" % k: object() for k in range(HEADS_MAX)})
        arrival = fed(backend, good(mn="0123456789ABCDEF0123456A"))[0][0]
        assert len(arrivals.HEADS) == 1
        assert arrivals.HEADS[arrival.head.key] is arrival.head
    finally:
        arrivals.HEADS.clear()
        arrivals.HEADS.update(before)


def imported(*, pure: bool) -> list[str]:
    code = "import sys; from mingcha.protocol import hj212; print(hj212.BACKEND, *sys.modules)"
    environment = {"MINGCHA_PURE": "1" if pure else "0", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_library_is_usable_alone_and_imports_no_django():
    backend, *modules = imported(pure=False)
    assert backend in {BACKEND, "compiled"}
    assert not [
        name for name in modules if name.partition(".")[0] in ("django", "asyncio", "sqlite3", "uvloop")
    ]


def test_the_pure_twin_is_chosen_by_the_environment():
    backend, *modules = imported(pure=True)
    assert backend == "pure"
    assert "mingcha.protocol.hj212._codec" not in modules
