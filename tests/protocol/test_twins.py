"""The compiled codec and its pure twin: the same events, values and errors on any bytes."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocol.hj212_frames import cut, cuts, segment, streams

from mingcha.protocol.hj212 import Frame, Splitter, _pure, codec, decode, wrap
from mingcha.protocol.hj212.factors import PLAIN_FIELDS

# `make soak` sets a large count; a plain run stays short.
EXAMPLES = int(os.environ.get("MINGCHA_FUZZ", "300"))

pytestmark = pytest.mark.skipif(codec.BACKEND != "compiled", reason="no compiled codec: nothing to compare")

names = st.sampled_from(
    ["QN", "ST", "CN", "Flag", "MN", "PW", "CP", "w01018-Rtd", "w01018-Flag", "a21026-Avg", "x", ""]
)
values = st.sampled_from(
    ["N", "n", "1", "-1.5", "1.", ".5", "1e3", "", " 2", "//a;b,c//", "//open", "中", "1" * 33, "a=b", "-"]
)
separators = st.sampled_from([";", ",", ";;", " ; ", "&&", ""])
fields = st.tuples(names, st.sampled_from(["=", "=", "=", " = ", ""]), values, separators).map("".join)
texts = st.lists(fields, max_size=8).map("".join)
opening = st.sampled_from(["CP=&&", "CP= &&", "CP=", ";CP=&&", ""])
segments = st.tuples(texts, opening, texts, st.sampled_from(["&&", "", "&&x", "&"])).map(
    lambda t: "".join(t).encode()
)


def events_of(backend, stream, places):
    splitter = Splitter(backend=backend)
    events = [event for part in cut(stream, places) for event in splitter.receive(part)]
    return events, splitter.pending, splitter.expire()


@settings(max_examples=EXAMPLES, deadline=None)
@given(streams(), cuts)
def test_both_cut_any_stream_alike(stream, places):
    assert events_of(codec, stream, places) == events_of(_pure, stream, places)


@settings(max_examples=EXAMPLES, deadline=None)
@given(segments)
def test_both_read_any_segment_alike(data):
    head = codec.header(data)
    assert head == _pure.header(data)
    assert list(head[0]) == list(_pure.header(data)[0])
    if head[2] >= 0:
        known = {"w01018-Rtd", "w01018-Flag", "CN"}
        assert codec.parameters(data, head[2], known) == _pure.parameters(data, head[2], known)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=64), st.integers(0, 200), st.binary(max_size=4))
def test_both_read_spoiled_segments_alike(noise, at, more):
    whole = segment()
    place = at % len(whole)
    data = whole[:place] + noise + whole[place + len(noise) :] + more
    head = codec.header(data)
    assert head == _pure.header(data)
    if head[2] >= 0:
        assert codec.parameters(data, head[2], PLAIN_FIELDS) == _pure.parameters(data, head[2], PLAIN_FIELDS)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=1500))
def test_both_compute_the_same_crc(data):
    assert codec.crc(data) == _pure.crc(data)


@settings(max_examples=EXAMPLES, deadline=None)
@given(segments)
def test_decoding_never_raises_and_both_find_the_same_problems(data):
    raw = wrap(data)
    frame = Frame(raw[:-2], data)
    compiled, pure = decode(frame, backend=codec), decode(frame, backend=_pure)
    assert (compiled.problems, compiled.verdict, compiled.cp) == (pure.problems, pure.verdict, pure.cp)
