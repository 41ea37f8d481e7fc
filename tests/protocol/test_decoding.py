"""After the splitter: CRC dialects, lengths and ciphertext, as the station's settings and keys have it."""

import json
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocol.hj212_frames import GOOD, MN, SPOILED, codes, feed, good, only_frame, segment, streams

from mingcha.protocol import hj212
from mingcha.protocol.hj212 import (
    PLAIN,
    Decoding,
    Dialect,
    Frame,
    Rejected,
    Splitter,
    decode,
    deviations,
    frame_of,
    mn_of,
    packet_of,
    read,
    reread,
    sm4,
    wrap,
)
from mingcha.protocol.hj212.crc import DIALECTS, crc
from mingcha.protocol.hj212.decoding import is_readable
from mingcha.protocol.hj212.selftest import bytes_of

OLD, NEW, OTHER = b"0" * 16, b"1" * 16, b"2" * 16
LINES = files(hj212).joinpath("vectors", "hj212_frames.jsonl").read_text(encoding="utf-8").split("\n")
ENCRYPTED = [vector for vector in map(json.loads, filter(None, LINES)) if vector.get("encrypted")]


def station(*keys, **given_settings):
    return Decoding(Dialect.from_json(given_settings), keys)


def only_event(raw):
    events, splitter = feed(raw)
    (event,) = [one for one in events + splitter.expire() if isinstance(one, Frame | Rejected)]
    return event


def ciphertext(key=NEW, *, cn="2011", cp=None, over=False):
    plain = segment(Flag="9", CN=cn, **({} if cp is None else {"cp": cp}))
    cipher = sm4.encrypt(plain, key)
    return b"##%04d%b%04X\r\n" % (len(plain), cipher, crc(cipher if over else plain))


@pytest.mark.parametrize("raw", GOOD)
def test_an_ordinary_frame_comes_back_as_it_is(raw):
    frame = only_frame(raw)
    for decoding in (PLAIN, station(NEW), station(crc=["modbus_low_first"]), station(mode="strict")):
        assert reread(frame, decoding) is frame
    assert station(ciphertext="text").quick is False
    assert reread(frame, station(ciphertext="text", ceiling=1024)) is frame


@settings(max_examples=200, deadline=None)
@given(
    streams(), st.lists(st.sampled_from(["crc", "lengths", "text", "keys", "ceiling", "strict"]), unique=True)
)
def test_rereading_never_raises_and_loses_no_byte(stream, chosen):
    given_settings = {
        "crc": {"crc": [*DIALECTS, "over_ciphertext"]}, "lengths": {"lengths": "any"}, "text": {"ciphertext": "text"},
        "keys": {}, "ceiling": {"ceiling": 100}, "strict": {"mode": "strict"},
    }  # fmt: skip
    decoding = station(
        *([NEW, OLD] if "keys" in chosen else []),
        **{k: v for one in chosen for k, v in given_settings[one].items()},
    )
    events, splitter = feed(stream)
    for event in events + splitter.expire():
        if isinstance(event, Frame | Rejected):
            found = reread(event, decoding)
            assert found.raw == event.raw
            if isinstance(found, Frame):
                assert decode(found, dialect=decoding.dialect).verdict


@pytest.mark.parametrize("name", DIALECTS)
def test_a_crc_dialect_is_taken_only_where_the_setting_says_so(name):
    example = {
        "placeholder": deviations.EXAMPLES["crc_0000"], "modbus_low_first": deviations.EXAMPLES["crc_modbus_low"],
        "modbus_high_first": deviations.EXAMPLES["crc_modbus_high"], "impossible": good()[:-6] + b"0759\r\n",
        "swapped": good()[:-6] + good()[-4:-2] + good()[-6:-4] + b"\r\n",
        "over_head": good()[:-6] + b"%04X\r\n" % crc(good()[:-6]),
    }[name]  # fmt: skip
    event = only_event(example)
    assert event.problem.code == f"crc_{name}"
    for other in DIALECTS:
        found = reread(event, station(crc=[other]))
        assert isinstance(found, Frame) is (other == name)
    message = read(example, station(crc=[name]))
    assert (message.verdict, codes(message), message.mn) == ("deviating", [f"crc_{name}"], MN)
    assert read(example, station(crc=[name], mode="strict")).verdict == "deviating"
    assert read(example) is None


def test_a_damaged_frame_stays_refused_whatever_the_setting():
    every = station(crc=[*DIALECTS, "over_ciphertext"], lengths="any")
    event = only_event(good().replace(b"36.4", b"36.5"))
    assert event.problem.code == "crc"
    assert reread(event, every) is event


def test_bytes_behind_an_admitted_frame_keep_it_out():
    raw = deviations.EXAMPLES["crc_modbus_low"][:-2] + b"junk\r\n"
    event = only_event(raw)
    assert reread(event, station(crc=["modbus_low_first"])) is event


def test_a_wrong_length_and_a_crc_dialect_together():
    raw = deviations.EXAMPLES["crc_modbus_low"]
    longer = b"##%04d" % (int(raw[2:6]) + 2) + raw[6:]
    message = read(longer, station(crc=["modbus_low_first"]))
    assert (codes(message), message.verdict) == (["length_wrong", "crc_modbus_low_first"], "deviating")
    assert read(longer, station(crc=["modbus_low_first"], lengths="reject")) is None


def test_a_station_may_refuse_wrong_lengths_and_long_segments():
    off = frame_of(deviations.EXAMPLES["length_off"])
    assert reread(off, station(lengths="reject")).problem.code == "length"
    assert reread(only_frame(good()), station(ceiling=100)).problem.code == "length_ceiling"


# --- ciphertext --------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", ENCRYPTED, ids=lambda vector: vector["id"])
def test_the_encrypted_vectors_have_their_plain_segment(vector):
    decoding = station(bytes.fromhex(vector["key_hex"]), ciphertext="text", crc=["over_ciphertext"])
    message = read(bytes_of(vector), decoding)
    assert message.segment.decode() == vector["plaintext_segment"]
    assert message.verdict in ("accepted", "deviating")
    assert not message.encrypted


def test_without_a_key_the_frame_is_kept_and_named():
    frame = only_frame(ciphertext())
    assert reread(frame, PLAIN) is frame
    assert (codes(decode(frame)), decode(frame).encrypted, decode(frame).verdict) == (
        ["encrypted"],
        True,
        "deviating",
    )


def test_with_the_wrong_key_the_crc_cannot_be_confirmed():
    message = read(ciphertext(), station(OTHER, OLD))
    assert (codes(message), message.encrypted, message.verdict) == (["key_wrong"], True, "rejected")
    assert message.mn == MN
    assert packet_of(message, received=None, ref=None) is None


def test_the_previous_key_is_tried_and_told():
    message = read(ciphertext(OLD), station(NEW, OLD))
    assert (codes(message), message.verdict) == (["key_previous"], "deviating")
    assert message.field("w01018-Rtd") == "36.4"
    assert codes(read(ciphertext(NEW), station(NEW, OLD))) == []


def test_a_spoiled_ciphertext_is_refused():
    raw = bytearray(ciphertext())
    raw[raw.index(b"CP=&&") + 7] ^= 1
    message = read(bytes(raw), station(NEW))
    assert message is None or message.verdict == "rejected"


def test_a_crc_over_the_ciphertext_is_taken_only_where_the_setting_says_so():
    raw = ciphertext(over=True)
    assert (codes(read(raw, station(NEW))), read(raw, station(NEW)).verdict) == (
        ["crc_over_ciphertext"],
        "rejected",
    )
    taken = read(raw, station(NEW, crc=["over_ciphertext"]))
    assert (taken.verdict, taken.field("w01018-Rtd")) == ("deviating", "36.4")


def test_the_set_of_encrypted_commands_is_a_setting():
    frame = only_frame(ciphertext(cn="2051"))
    assert codes(decode(reread(frame, station(NEW, encrypted_cns=["2011"])))) == ["encrypted"]
    assert codes(decode(reread(frame, station(NEW, encrypted_cns=["20*"])))) == []


def test_chinese_text_under_2025_is_not_taken_for_ciphertext():
    cp = "DataTime=20260301080500;i11001-Info=//" + "更换试剂并校准仪器" * 10 + "//"
    raw = wrap(segment(Flag="9", CN="3020", cp=cp))
    assert codes(read(raw, station(NEW))) == []
    message = read(ciphertext(cn="3020", cp=cp), station(NEW))
    assert (codes(message), message.field("i11001-Info")[2:6]) == ([], "更换试剂")


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), st.integers(0, 9999))
def test_any_key_decrypts_what_it_encrypted_and_no_other_does(key, other, value):
    raw = ciphertext(key, cp=f"DataTime=20260301080500;w01018-Rtd={value},w01018-Flag=N")
    message = read(raw, station(key))
    assert message is not None
    assert message.field("w01018-Rtd") == str(value)
    if other != key:
        wrong = read(raw, station(other))
        assert wrong is None or wrong.verdict == "rejected"


@pytest.mark.parametrize("cp", [b"\x01=1", b"", b"=1", b"x", b"a=1;b", b"a=1\x7f", "名=1".encode()])
def test_what_is_no_text_that_parses_is_not_readable(cp):
    assert not is_readable(segment(cp="").replace(b"&&&&", b"&&" + cp + b"&&"))


def test_the_text_form_is_an_option():
    plain = segment(Flag="9")
    text = sm4.to_text(sm4.encrypt(plain, NEW))
    for declared in (len(plain), len(text)):
        raw = b"##%04d%b%04X\r\n" % (declared, text, crc(plain))
        assert read(raw, station(NEW)) is None
        message = read(raw, station(NEW, ciphertext="text"))
        assert (codes(message), message.segment, message.verdict) == (
            ["ciphertext_as_text"],
            plain,
            "deviating",
        )


def test_a_printable_frame_with_a_crc_over_its_text_form_is_decrypted_too():
    text = sm4.to_text(sm4.encrypt(segment(Flag="9"), NEW))
    raw = wrap(text)
    assert "bare_item" in codes(read(raw, station(NEW)))
    message = read(raw, station(NEW, ciphertext="text", crc=["over_ciphertext"]))
    assert (message.verdict, message.field("w01018-Rtd")) == ("deviating", "36.4")


# --- who it is ---------------------------------------------------------------------------------------


def test_the_claimed_mn_is_found_in_good_and_bad_bytes():
    assert mn_of(only_frame(good())) == MN
    assert mn_of(only_event(good().replace(b"36.4", b"36.5"))) == MN
    assert mn_of(only_frame(ciphertext())) == MN
    assert mn_of(only_frame(deviations.EXAMPLES["blanks"])) == MN
    assert mn_of(Rejected(b"junk", only_event(b"junk\r\n").problem)) == ""
    assert mn_of(Rejected(b"##0010QN=1;MN=" + b"A" * 5000, only_event(b"junk\r\n").problem)) == ""


@pytest.mark.parametrize("raw", SPOILED)
def test_bytes_from_the_journal_are_read_as_they_were(raw):
    splitter = Splitter()
    frames = [e for e in (*splitter.receive(raw), *splitter.expire()) if isinstance(e, Frame)]
    message = read(raw)
    assert (message is not None) is bool(frames)
    assert message is None or message.frame == frames[0]


def test_keys_are_in_no_repr():
    assert "1111" not in repr(station(NEW))
    assert "3131" not in repr(station(NEW))
