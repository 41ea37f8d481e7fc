"""The codecs and the standard under mutated frames; and a fuzzer that would notice."""

import os
from dataclasses import replace

import pytest
from tests.soak import hj212_fuzz
from tests.soak.hj212_fuzz import Difference, Input

from mingcha.protocol.hj212 import Frame, codec, wrap

# `make soak` sets MINGCHA_FUZZ=200000: ten million inputs. A plain run tries a hundred thousand.
COUNT = 50 * int(os.environ.get("MINGCHA_FUZZ") or 2000)

pytestmark = pytest.mark.skipif(codec.BACKEND != "compiled", reason="no compiled codec: nothing to compare")


def test_no_input_makes_the_codecs_or_the_standard_differ():
    hj212_fuzz.run(COUNT, seed=20260301)


class Spoiled:
    """The compiled codec but for one thing."""

    def __init__(self, **changed):
        self.__dict__ = {**vars(codec), **changed}


def spoiled_header(segment):
    head = list(codec.header(segment))
    if b"w01018-Flag" in segment and head[1]:
        head[1] = 0
    return tuple(head)


def spoiled_parameters(segment, start, known):
    items, marks, odd = codec.parameters(segment, start, known)
    return (items, marks, odd) if b"-0.0" not in segment else (items[:-1], marks, odd)


@pytest.mark.parametrize(
    "changed", [{"header": spoiled_header}, {"parameters": spoiled_parameters}], ids=["header", "parameters"]
)
def test_a_fault_is_found_and_shrunk(monkeypatch, changed):
    monkeypatch.setattr(hj212_fuzz, "codec", Spoiled(**changed))
    with pytest.raises(Difference) as found:
        hj212_fuzz.run(20_000, seed=1)
    text = str(found.value)
    assert "smallest input" in text
    assert "check_one(Input(" in text
    assert len(text) < 4000


def test_an_input_is_shrunk_to_what_still_fails():
    def check(one: Input) -> None:
        if b"##" in one.raw and one.raw.endswith(b"!"):
            raise Difference("both")

    least = hj212_fuzz.shrunk(check, Input(b"abc##defghij" * 20 + b"!", 100))
    assert least == Input(b"##!", 0)


def test_a_frame_that_is_left_out_is_noticed():
    raw = wrap(hj212_fuzz.SEGMENTS[0])
    events = hj212_fuzz.check_streams(Input(raw, 0), deep=True)
    hj212_fuzz.check_frames(Input(raw, 0), events)
    with pytest.raises(Difference, match="was not found"):
        hj212_fuzz.check_frames(Input(raw, 0), [])
    wrong = replace(events[0].frame, segment=events[0].frame.segment + b"x")
    assert isinstance(wrong, Frame)
    with pytest.raises(Difference, match="CRC by the standard"):
        hj212_fuzz.check_frames(Input(b"", 0), [wrong])
