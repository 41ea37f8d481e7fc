"""Every recorded test frame against its truth, in both back ends; and a self-test that can fail."""

import json
from importlib.resources import files

import pytest

from mingcha.protocol import hj212
from mingcha.protocol.hj212 import _pure, codec, selftest

LINES = files(hj212).joinpath("vectors", "hj212_frames.jsonl").read_text(encoding="utf-8").split("\n")
VECTORS = [json.loads(line) for line in LINES if line]


@pytest.mark.parametrize("backend", [codec, _pure], ids=["chosen", "pure"])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_the_recorded_truth_of_each_frame_holds(vector, backend):
    if vector["id"] in selftest.EXPLAINED:
        assert list(selftest.compare(vector, backend=backend)), "the explanation is no longer needed"
    else:
        assert list(selftest.compare(vector, backend=backend)) == []


def test_all_192_frames_are_there_and_two_are_explained():
    report = selftest.run(LINES)
    assert (report.total, report.right, len(report.explained), report.differences) == (192, 190, 2, ())
    assert report.as_json()["ok"] is True


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"crc_expected": "0000"}, "crc_expected"),
        ({"length_ok": False}, "length_ok"),
        ({"suggested_handling": "reject CRC"}, "verdict"),
        ({"parsed": {"QN": "1", "CP": []}}, "fields"),
        ({"kind": "stream", "expected_segments": []}, "segments"),
    ],
)
def test_a_changed_truth_is_noticed(change, said):
    right = next(vector for vector in VECTORS if vector["note"] == "reference frame, all correct")
    assert any(said in what for what in selftest.compare(right | change))


# What the recorded guess says otherwise, and why we differ.
GUESSES = {
    "hj0f06938361": "2005",  # neither Flag nor MN: nothing speaks for 2017
    "hjbcf2158440": "2005",  # Flag=1 has the version bits of 2005
    "hj6d62608987": "2005",  # Flag=0 likewise
    "hj0a822acdf6": "2005",  # Flag=0 likewise
    "hj9d382d7e71": None,  # ST=21, Flag=8, short MN: surface-water stations
}


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["kind"] == "frame"], ids=lambda vector: vector["id"]
)
def test_the_edition_is_told_from_flag_and_form(vector):
    splitter = hj212.Splitter()
    events = [*splitter.receive(selftest.bytes_of(vector)), *splitter.expire()]
    event = next(event for event in events if not isinstance(event, hj212.Skipped))
    described = (
        hj212.describe(hj212.decode(event))
        if isinstance(event, hj212.Frame)
        else hj212.describe_rejected(event)
    )
    assert described["edition"] == GUESSES.get(vector["id"], vector["edition_guess"])
