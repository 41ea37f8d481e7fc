"""The stream reader: no byte lost, no good frame swallowed, every bad input named."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import CP_WATER, GOOD, SPOILED, cut, cuts, feed, good, segment, streams

from mingcha.protocol.hj212 import Frame, LengthPolicy, Rejected, Skipped, Splitter, frame_of, wrap


def rejected_codes(events):
    return [event.problem.code for event in events if isinstance(event, Rejected)]


def frames(events):
    return [event for event in events if isinstance(event, Frame)]


@given(streams(), cuts)
@example(b"".join(GOOD + SPOILED), [3, 77, 500, 501, 502])
def test_no_byte_is_lost_however_the_stream_is_cut(stream, places):
    splitter = Splitter()
    events = []
    for part in cut(stream, places):
        events += splitter.receive(part)
        assert len(splitter.pending) <= 4096 + 10 + 1
    assert b"".join(event.raw for event in events) + splitter.pending == stream
    events += splitter.expire()
    assert b"".join(event.raw for event in events) == stream
    assert splitter.pending == b""


@given(streams(), cuts)
def test_events_do_not_depend_on_the_cuts(stream, places):
    whole, one = feed(stream)
    parts, many = feed(stream, places)
    assert whole == parts
    assert one.pending == many.pending
    assert one.expire() == many.expire()


@given(streams())
def test_byte_by_byte_gives_the_same_events(stream):
    whole, one = feed(stream)
    splitter = Splitter()
    events = [event for byte in stream for event in splitter.receive(bytes([byte]))]
    assert events == whole
    assert splitter.pending == one.pending


@given(st.lists(st.sampled_from(SPOILED), max_size=4).map(b"".join), st.sampled_from(GOOD))
def test_a_good_frame_behind_bad_bytes_is_always_found(bad, last):
    events, splitter = feed(bad + last)
    assert last[:-2] in [frame.raw for frame in frames(events + splitter.expire())]


@pytest.mark.parametrize("raw", GOOD)
def test_a_good_frame_leaves_at_once_without_its_crlf(raw):
    events, splitter = feed(raw[:-2])
    assert [event.raw for event in events] == [raw[:-2]]
    assert splitter.receive(b"\r\n") == [Skipped(b"\r\n")]


def test_half_a_frame_waits_and_is_named_when_it_expires():
    splitter = Splitter()
    assert splitter.receive(good()[:50]) == []
    assert splitter.pending == good()[:50]
    events = splitter.expire()
    assert rejected_codes(events) == ["half_frame"]
    assert "50 bytes" in events[0].problem.text


def test_several_frames_in_one_segment_all_come_out():
    events, _ = feed(good() + good("2025") + good("2005"))
    assert len(frames(events)) == 3


def test_a_good_frame_inside_a_half_frame_comes_out_without_waiting():
    events, splitter = feed(good()[:60] + good("2025"))
    assert rejected_codes(events) == ["half_frame"]
    assert len(frames(events)) == 1
    assert splitter.pending == b""


def test_a_good_frame_inside_given_up_bytes_comes_out_on_expiry():
    raw = b"##0900QN=1;x" + b"##0005QN=1;" + good()[:-2]
    events, splitter = feed(raw)
    assert len(frames(events + splitter.expire())) == 1


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\x00\xff junk\r\n", "garbage"),
        (b"GET / HTTP/1.1\r\n", "garbage"),
        (b"##LLLLQN=20220607081000001;ST=31;CP=&&&&AA01\r\n", "length_digits"),
        (b"##299ST=21;CN=2011;CP=&&&&d042\r\n", "length_digits"),
        (good().replace(b"##0", b"##9"), "length_ceiling"),
        (good().replace(b"36.4", b"36.5"), "crc"),
        (good()[:-6] + b"1234\r\n", "crc_placeholder"),
        (b"##0005QN=1;GHIJ\r\n", "crc_missing"),
        (wrap(b"xyz=1;CP=&&&&"), "structure"),
        (b"##0000FFFF\r\n", "structure"),
        (b"##0012" + good()[6:], "length"),
        (b"##0012" + good()[6:].replace(b"36.4", b"36.5"), "length_and_crc"),
    ],
)
def test_bad_bytes_get_their_name_and_the_next_frame_survives(raw, expected):
    events, splitter = feed(raw + good("2025"))
    assert rejected_codes(events)[0] == expected, events
    assert frames(events)[-1].raw == good("2025")[:-2]
    assert splitter.pending == b""


def test_bytes_before_a_frame_that_need_no_verdict_are_skipped():
    events, _ = feed(b"\xef\xbb\xbf \t\\r\\n\r\n" + good())
    assert [event.raw for event in events[:-2]] == [b"\xef\xbb\xbf", b" ", b"\t", b"\\r\\n", b"\r\n"]
    assert all(isinstance(event, Skipped) for event in events[:-2])


def wrong_length(by: int) -> bytes:
    body = segment()
    return wrap(body).replace(b"##%04d" % len(body), b"##%04d" % (len(body) + by))


@pytest.mark.parametrize("by", [2, 4, 6, 8, 10, 12])
def test_a_length_that_counts_parts_of_the_envelope_is_tolerated_and_named(by):
    events, splitter = feed(wrong_length(by) + good("2025"))
    events += splitter.expire()
    first, second = frames(events)
    assert [problem.code for problem in first.problems] == ["length_wrong"]
    assert first.segment == segment()
    assert second.problems == ()


@pytest.mark.parametrize("by", [-1, 1, 3, 5, -6])
def test_a_length_without_explanation_is_refused_and_the_next_frame_found(by):
    events, _ = feed(wrong_length(by) + good("2025"))
    assert rejected_codes(events)[:1] == ["length"]
    assert len(frames(events)) == 1


@pytest.mark.parametrize("by", [-1, 2, 5])
def test_the_policy_decides_about_wrong_lengths(by):
    taken, _ = feed(wrong_length(by) + good("2025"), lengths=LengthPolicy.ANY)
    assert len(frames(taken)) == 2
    refused, _ = feed(wrong_length(by) + good("2025"), lengths=LengthPolicy.REJECT)
    assert len(frames(refused)) == 1


def test_a_frame_without_closing_and_with_wrong_length_is_found_by_its_crc():
    body = segment()[:-2]
    raw = wrap(body).replace(b"##%04d" % len(body), b"##%04d" % (len(body) + 2))
    events, splitter = feed(raw)
    assert [frame.segment for frame in frames(events + splitter.expire())] == [body]


def test_the_ceiling_is_a_parameter():
    long = wrap(segment(cp=CP_WATER + ";x-Rtd=" + "0" * 1500))
    assert len(frames(feed(long)[0])) == 1
    assert rejected_codes(feed(long, ceiling=1024)[0])[0] == "length_ceiling"


def test_a_fitting_crc_around_another_frames_start_is_not_believed():
    inner = good("2025")
    body = segment(cp="x=" + "a" * 30) + inner
    raw = wrap(body + b"&&")
    events, splitter = feed(raw)
    assert inner[:-2] in [frame.raw for frame in frames(events + splitter.expire())]


@given(st.binary(min_size=1, max_size=20))
@example(b"#")
@example(b"##0")
@example(b"\r")
@example(b"##4096QN=1;")
def test_floods_of_garbage_never_pile_up(unit):
    _, splitter = feed(unit * 3000)
    assert len(splitter.pending) <= 4096 + 11


def test_a_frame_can_be_cut_again_from_the_bytes_that_were_kept():
    for raw in (*GOOD, wrong_length(2)):
        assert frame_of(raw) is not None
    assert frame_of(wrong_length(5)) is None
    assert frame_of(wrong_length(5), lengths=LengthPolicy.ANY) is not None
    assert frame_of(b"junk") is None
    assert frame_of(good()[:-2]).raw == good()[:-2]
