"""Frames we build are frames we read; what cannot stand in a frame is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import MN, MN_2005, QN, good, only_frame

from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import decode, encode, encode_packs, lookup, wrap

codes = st.sampled_from(["w01018", "w21003", "a21026", "a34013", "w00000"])
numbers = st.decimals(-999, 9999, places=2).map(lambda value: f"{value:.2f}")
readings = st.dictionaries(codes, numbers, min_size=1)


@given(readings, st.sampled_from(["2005", "2017", "2025"]), st.booleans())
def test_decoding_gives_back_what_was_encoded(values, edition, ack):
    flag = {"2005": 0, "2017": 4, "2025": 8}[edition] | ack
    if edition == "2005":
        values = {lookup(code).code_2005: text for code, text in values.items()}
    cp = ";".join(
        ["DataTime=20260301080500", *(f"{code}-Rtd={text},{code}-Flag=N" for code, text in values.items())]
    )
    mn = MN_2005 if edition == "2005" else MN
    raw = encode(edition=edition, qn=QN, st="32", cn="2011", pw="123456", mn=mn, flag=flag, cp=cp)
    message = decode(only_frame(raw))
    assert (message.qn, message.st, message.cn, message.pw, message.mn) == (QN, "32", "2011", "123456", mn)
    assert (message.flag, message.edition, message.wants_ack, message.verdict) == (
        flag,
        edition,
        ack,
        "accepted",
    )
    assert message.cp[1:] == tuple({f"{c}-Rtd": t, f"{c}-Flag": "N"} for c, t in values.items())


@given(st.integers(1, 120), st.sampled_from(["2017", "2025"]))
def test_split_packs_hold_everything_once_and_repeat_the_time(count, edition):
    items = ["DataTime=20260301080500", *(f"w{i:05d}-Rtd={i}.5,w{i:05d}-Flag=N" for i in range(count))]
    qns = [f"2026030108053{i:04d}" for i in range(60)]
    flag = 5 if edition == "2017" else 9
    packs = encode_packs(
        edition=edition, qns=qns, st="32", cn="2011", pw="123456", mn=MN, flag=flag, items=items
    )
    messages = [decode(only_frame(raw)) for raw in packs]
    assert [m.field("DataTime") for m in messages] == ["20260301080500"] * len(packs)
    assert len({m.qn for m in messages}) == len(packs)
    assert [name for m in messages for name, _ in m.fields if name.endswith("-Rtd")] == [
        f"w{i:05d}-Rtd" for i in range(count)
    ]
    if len(packs) > 1:
        assert [m.pack for m in messages] == [(len(packs), number + 1) for number in range(len(packs))]
        assert all(m.flag == flag | 2 for m in messages)
    else:
        assert messages[0].pack is None
        assert messages[0].flag == flag


def test_chinese_text_counts_in_bytes():
    raw = encode(
        edition="2017", qn=QN, st="32", cn="3020", pw="123456", mn=MN, flag=4, cp="i11001-Info=//清洗//"
    )
    assert int(raw[2:6]) == len(raw) - 12
    assert decode(only_frame(raw)).field("i11001-Info") == "//清洗//"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"pw": "12;CN=1"}, "pw"),
        ({"mn": "0100\r\n"}, "mn"),
        ({"mn": "编号"}, "mn"),
        ({"cp": "x=1&&AAAA"}, "cp"),
        ({"cp": "x=" + "1" * 1000}, "cp"),
        ({"flag": 9}, "flag"),
        ({"rf": True}, "rf"),
        ({"pack": (2, 3)}, "pack"),
        ({"edition": "2099"}, "edition"),
    ],
)
def test_what_cannot_stand_in_a_frame_is_refused_and_named(wrong, said):
    fields = {
        "edition": "2017",
        "qn": QN,
        "st": "32",
        "cn": "2011",
        "pw": "123456",
        "mn": MN,
        "flag": 5,
        "cp": "",
    }
    with pytest.raises(BadInput) as error:
        encode(**(fields | wrong))
    assert list(error.value.problems) == [said]


def test_too_few_request_numbers_or_too_long_items_are_named():
    items = ["DataTime=20260301080500", *(f"w{i:05d}-Rtd={i}" for i in range(100))]
    common = {"edition": "2017", "st": "32", "cn": "2011", "pw": "123456", "mn": MN, "flag": 5}
    with pytest.raises(BadInput, match="packs need as many request numbers"):
        encode_packs(qns=[QN], items=items, **common)
    with pytest.raises(BadInput, match="too long for one pack"):
        encode_packs(qns=[QN], items=[items[0], "x" * 2000], **common)


def test_a_segment_over_four_digits_has_no_frame():
    with pytest.raises(BadInput):
        wrap(b"x" * 10_000)


def test_a_lower_case_crc_is_accepted_and_named():
    raw = good()
    message = decode(only_frame(raw[:-6] + raw[-6:].lower()))
    assert (message.verdict, [found.code for found in message.problems]) == ("deviating", ["crc_case"])
