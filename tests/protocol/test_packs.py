"""Split packs of either edition: in any order, twice, with some missing; and never without bound."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import MN, MN_2005, good, only_frame, segment

from mingcha.protocol.hj212 import Came, PackMerger, decode, encode, encode_packs, packet_of, wrap

NOW = datetime(2026, 3, 1, 0, 6, tzinfo=UTC)
TIME = "DataTime=20260301080500"


def packs(edition="2017", count=60, time=TIME, mn=None):
    """The messages of one split upload of ``count`` factors."""
    items = [time, *(f"w{n:05d}-Rtd={n}.5,w{n:05d}-Flag=N" for n in range(count))]
    flag = {"2005": 1, "2017": 5, "2025": 9}[edition]
    mn = mn or (MN_2005 if edition == "2005" else MN)
    raws = encode_packs(
        edition=edition, qns=[f"2026030108053{n:04d}" for n in range(30)], st="32", cn="2011", pw="123456", mn=mn,
        flag=flag, items=items,
    )  # fmt: skip
    return [decode(only_frame(raw)) for raw in raws]


def whole(messages):
    return {
        r.factor: (dict(r.fields), r.flag)
        for m in messages
        for r in packet_of(m, received=NOW, ref=None).readings
    }


@given(st.sampled_from(["2005", "2017", "2025"]), st.randoms(use_true_random=False), st.integers(40, 90))
def test_packs_in_any_order_give_the_whole(edition, random, count):
    messages = packs(edition, count)
    assert len(messages) > 1
    shuffled = random.sample(messages, len(messages))
    merger = PackMerger()
    for place, message in enumerate(shuffled, start=1):
        found = merger.add(message, NOW)
        assert found.came is Came.NEW
        assert found.complete is (place == len(messages))
        assert len(found.missing) == len(messages) - place
    assert {
        r.factor: (dict(r.fields), r.flag) for r in found.packet(received=NOW, ref=None).readings
    } == whole(messages)
    assert found.fields[0][0] == "DataTime"
    assert len(found.fields) == 1 + 2 * count


def test_a_pack_that_comes_twice_changes_nothing():
    first, *_ = packs()
    merger = PackMerger()
    before = merger.add(first, NOW)
    again = merger.add(first, NOW)
    assert (again.came, again.packs) == (Came.AGAIN, before.packs)
    assert len(merger) == 1


def test_of_a_pack_with_other_content_the_newer_counts():
    first, *_ = packs()
    changed = decode(only_frame(wrap(first.segment.replace(b"w00001-Rtd=1.5", b"w00001-Rtd=9.9"))))
    merger = PackMerger()
    merger.add(first, NOW)
    found = merger.add(changed, NOW)
    assert found.came is Came.CHANGED
    assert dict(found.fields)["w00001-Rtd"] == "9.9"


def test_what_is_missing_is_told_when_nothing_more_comes():
    first, second, *others = packs(count=90)
    merger = PackMerger(hold_s=60)
    merger.add(first, NOW)
    for message in others:
        merger.add(message, NOW + timedelta(seconds=30))
    assert merger.expire(NOW + timedelta(seconds=89)) == []
    (given_up,) = merger.expire(NOW + timedelta(seconds=90))
    assert (given_up.complete, given_up.missing) == (False, (2,))
    assert given_up.packet(received=NOW, ref=None) is not None
    assert len(merger) == 0
    assert second.pack[1] == 2


def test_two_uploads_under_way_are_not_mixed():
    one, other = packs(), packs(time="DataTime=20260301080600")
    third = packs(mn="0" * 24)
    merger = PackMerger()
    for pair in zip(one, other, third, strict=True):
        found = [merger.add(message, NOW) for message in pair]
    assert [packs_.complete for packs_ in found] == [True, True, True]
    assert len({packs_.key for packs_ in found}) == 3


def test_a_factor_in_two_packs_is_joined_and_the_first_value_counts():
    def pack(number, cp):
        raw = encode(
            edition="2017", qn=f"2026030108053000{number}", st="31", cn="2061", pw="123456", mn=MN, flag=7,
            cp=f"DataTime=20260301070000;{cp}", pack=(2, number),
        )  # fmt: skip
        return decode(only_frame(raw))

    merger = PackMerger()
    merger.add(pack(2, "a21026-Max=9,a21026-Avg=5,a21026-Flag=N"), NOW)
    found = merger.add(pack(1, "a21026-Min=1,a21026-Avg=4"), NOW)
    (reading,) = found.packet(received=NOW, ref=None).readings
    assert (dict(reading.fields), reading.flag) == ({"Min": "1", "Avg": "4", "Max": "9"}, "N")


@pytest.mark.parametrize("raw", [good(), wrap(segment(Flag="7")), wrap(segment(Flag="7", PNUM="1", PNO="3"))])
def test_what_is_no_split_pack_is_none(raw):
    merger = PackMerger()
    assert merger.add(decode(only_frame(raw)), NOW) is None
    assert len(merger) == 0


def test_the_number_of_messages_under_way_is_bounded():
    merger = PackMerger(groups=8)
    for minute in range(50):
        first, *_ = packs(time=f"DataTime=202603010800{minute:02d}")
        merger.add(first, NOW)
    assert len(merger) == 8
    given_up = merger.expire(NOW)
    assert len(given_up) == 8  # the newest of those that had to go
    assert given_up[-1].key[3] == "20260301080041"
