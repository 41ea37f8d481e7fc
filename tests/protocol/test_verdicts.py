"""Every named problem has bytes that give it, and what follows from it is what the table says."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.protocol.hj212_frames import (
    CP_HOUR,
    CP_WATER,
    CP_WATER_2005,
    MN,
    MN_2005,
    QN,
    codes,
    feed,
    good,
    message_of,
    segment,
)

from mingcha.core.clock import format_digits
from mingcha.protocol.hj212 import (
    KINDS,
    Decoding,
    Dialect,
    Frame,
    Rejected,
    check_times,
    decode,
    describe,
    read,
    sm4,
    tail_problems,
    verdict_of,
    wrap,
)
from mingcha.protocol.hj212.crc import crc, modbus, swapped
from mingcha.protocol.hj212.verdicts import Effect, problem

BODY = segment()
CIPHER = bytes(range(128, 160)) + b"g=N"


def cipher_frame(*, crc_over: bytes) -> bytes:
    body = segment(CN="2051", Flag="9", cp="").replace(b"&&&&", b"&&%b&&" % CIPHER)
    return b"##%04d%b%b" % (len(body), body, wrap(crc_over or body)[-6:])


CHINESE = segment(CN="3020", cp="DataTime=20260301080500;i11001-Info=//更换试剂//")


def encrypted_frame(key: bytes, *, over_cipher: bool = False) -> bytes:
    plain = segment(Flag="9")
    cipher = sm4.encrypt(plain, key)
    return b"##%04d%b%04X\r\n" % (len(plain), cipher, crc(cipher if over_cipher else plain))


# code → bytes of a stream that give it
BYTES = {
    "garbage": b"junk\r\n" + good(),
    "half_frame": good()[:70],
    "length_digits": b"##12 4QN=1;CP=&&&&0000\r\n",
    "length_ceiling": b"##9999QN=1;CP=&&&&0000\r\n",
    "length": wrap(BODY).replace(b"##%04d" % len(BODY), b"##%04d" % (len(BODY) - 1)),
    "length_and_crc": wrap(BODY)
    .replace(b"##%04d" % len(BODY), b"##%04d" % (len(BODY) - 1))
    .replace(b"36.4", b"36.5"),
    "crc": good().replace(b"36.4", b"36.5"),
    "crc_modbus_low_first": good()[:-6] + b"%04X\r\n" % swapped(modbus(BODY)),
    "crc_modbus_high_first": good()[:-6] + b"%04X\r\n" % modbus(BODY),
    "crc_swapped": good()[:-6] + b"%04X\r\n" % swapped(crc(BODY)),
    "crc_over_head": good()[:-6] + b"%04X\r\n" % crc(good()[:-6]),
    "crc_placeholder": good()[:-6] + b"0000\r\n",
    "crc_impossible": good()[:-6] + b"0759\r\n",
    "crc_case": good()[:-6] + good()[-6:].lower(),
    "crc_missing": b"##0005QN=1;....\r\n",
    "structure": wrap(b"hello=1;CP=&&&&"),
    "ciphertext_as_text": b"##0234QN=1;CN=2051;Flag=9;CP=&&{0xE4,0x3E}g=N&&B541\r\n",
    "length_wrong": wrap(BODY).replace(b"##%04d" % len(BODY), b"##%04d" % (len(BODY) + 2)) + good(),
    "encrypted": cipher_frame(crc_over=b"the plain text is not known here"),
    "length_characters": wrap(CHINESE).replace(b"##%04d" % len(CHINESE), b"##%04d" % len(CHINESE.decode())),
    "tail": good()[:-2] + good(),
}
# code → segment that gives it
SEGMENTS = {
    "segment_too_long": segment(cp=CP_WATER + ";w21003-Rtd=1." + "0" * 900 + ",w21003-Flag=N"),
    "parameters_too_long": segment(cp=CP_WATER + ";w21003-Rtd=1." + "0" * 900 + ",w21003-Flag=N"),
    "parameters_missing": segment(CN="9013", cp=None),
    "closing_missing": BODY[:-2],
    "separator": BODY.replace(b"36.4,", b"36.4;"),
    "header_separator": BODY.replace(b";ST", b",ST"),
    "cp_unseparated": BODY.replace(b";CP", b"CP"),
    "item_empty": segment(cp=CP_WATER + ";"),
    "text_url": segment(CN="3020", cp="DataTime=20260301080500;i11001-Info=//%E6%9B%B4%E6%8D%A2//"),
    "blanks": BODY.replace(b"=36.4", b"= 36.4"),
    "bare_item": segment(cp="4A6F686E"),
    "field_duplicate": segment(cp=CP_WATER + ";w01018-Rtd=99.9"),
    "text_encoding": segment(CN="3020", cp="DataTime=20260301080500;i11001-Info=//").replace(b"//&&", b"//\xc7\xe5//&&"),
    "header_order": segment(head=f"ST=32;QN={QN};CN=2011;PW=123456;MN={MN};Flag=5"),
    "header_unknown": segment(USCC="91440101MA59F70720"),
    "qn_missing": segment(QN=None),
    "qn_format": segment(QN="20261301080530250"),
    "st_missing": segment(ST=None),
    "st_unknown": segment(ST="101"),
    "cn_missing": segment(CN=None),
    "cn_unknown": segment(CN="7777"),
    "cn_login": segment(CN="9021", cp=""),
    "cn_vendor": segment(CN="2000"),
    "pw_missing": segment(PW=""),
    "pw_format": segment(PW="1234567"),
    "mn_missing": segment(MN=None),
    "mn_format": segment(MN="ALARM_TEST_001"),
    "mn_length": segment(MN="0100A8"),
    "mn_uuid": segment(MN="3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    "mn_null": segment(MN="null"),
    "mn_case": segment(MN=MN.lower()),
    "flag_missing": segment(Flag=None),
    "flag_format": segment(Flag="256"),
    "flag_version": segment(Flag="13"),
    "surface_water": segment(ST="21", Flag="9", MN="A110000_0001", CN="2061", cp=CP_HOUR),
    "pack_missing": segment(Flag="7"),
    "pack_unflagged": segment(head=f"QN={QN};ST=32;CN=2011;PW=123456;MN={MN};Flag=5;PNUM=2;PNO=1"),
    "pack_number": segment(Flag="7", PNUM="2", PNO="0"),
    "pack_swapped": segment(Flag="7", PNUM="1", PNO="2"),
    "pack_padded": segment(Flag="7", PNUM="0002", PNO="0001"),
    "rf_value": segment(Flag="9", RF="2"),
    "data_time_missing": segment(cp="w01018-Rtd=36.4,w01018-Flag=N"),
    "data_time_unusable": segment(cp=CP_WATER.replace("20260301080500", "20260301250500")),
    "data_time_format": segment(cp=CP_WATER.replace("20260301080500", "202603010805001")),
    "data_time_ms": segment(cp=CP_WATER.replace("20260301080500", "20260301080500000")),
    "data_time_zone": segment(cp=CP_WATER.replace("20260301080500", "20260301080500CST")),
    "data_time_unaligned": segment(CN="2061", cp=CP_HOUR.replace("20260301070000", "20260301070100")),
    "value_not_number": segment(cp=CP_WATER.replace("36.4", "NaN")),
    "value_empty": segment(cp=CP_WATER.replace("36.4", "")),
    "value_exponent": segment(cp=CP_WATER.replace("36.4", "1.2E3")),
    "value_unit": segment(cp=CP_WATER.replace("36.4", "36.4mg/L")),
    "value_huge": segment(cp=CP_WATER.replace("36.4", "3" * 33)),
    "data_flag_unknown": segment(cp=CP_WATER.replace("w01018-Flag=N", "w01018-Flag=P")),
    "data_flag_case": segment(cp=CP_WATER.replace("w01018-Flag=N", "w01018-Flag=n")),
    "data_flag_bare": segment(cp="DataTime=20260301080500;w01018-Rtd=36.4;Flag=N"),
    "factor_unknown": segment(cp=CP_WATER.replace("w01018", "PM10")),
    "factor_2005": segment(cp=CP_WATER.replace("w01018", "011")),
    "factor_2017": segment(MN=MN_2005, QN=None, Flag=None),
    "factor_mistyped": segment(cp=CP_WATER.replace("w01018", "01018")),
    "field_unknown": segment(cp=CP_WATER.replace("w01018-Rtd", "w01018-Peak")),
    "field_mistyped": segment(cp=CP_WATER.replace("w01018-Rtd", "w01018-td")),
    "field_vendor": segment(cp=CP_WATER.replace("w01018-Rtd", "w01018-Ori")),
    "reply_heartbeat": segment(ST="91", CN="9014", Flag="5", cp=""),
    "reply_parameters": segment(ST="91", CN="9014", Flag="4", cp="QnRtn=1"),
}  # fmt: skip
# code → (bytes, what the station's settings and keys are)
STATIONS = {
    "key_wrong": (cipher_frame(crc_over=b"unknown"), Decoding(keys=(b"0" * 16,))),
    "key_previous": (encrypted_frame(b"0" * 16), Decoding(keys=(b"1" * 16, b"0" * 16))),
    "crc_over_ciphertext": (encrypted_frame(b"0" * 16, over_cipher=True), Decoding(keys=(b"0" * 16,))),
    "value_format": (good(), Decoding(Dialect(formats=(("w01018", "N1.1"),)))),
}
# code → (segment, seconds from its times to reception)
MOMENTS = {
    "future": (segment(), -3600),
    "clock_drift": (segment(), 90),
    "interval_end": (
        segment(CN="2061", QN="20260301080530250", cp=CP_HOUR.replace("20260301070000", "20260301080000")),
        0,
    ),
}


def found_in(stream: bytes) -> set[str]:
    events, splitter = feed(stream)
    events += splitter.expire()
    found = {event.problem.code for event in events if isinstance(event, Rejected)}
    for event, behind in zip(events, [*events[1:], None], strict=True):
        if isinstance(event, Frame):
            found |= {p.code for p in decode(event).problems + tail_problems(behind)}
    return found


def test_every_problem_of_the_table_is_tried_here():
    assert set(BYTES) | set(SEGMENTS) | set(MOMENTS) | set(STATIONS) == set(KINDS)
    assert len(BYTES) + len(SEGMENTS) + len(MOMENTS) + len(STATIONS) == len(KINDS)


@pytest.mark.parametrize("code", STATIONS)
def test_settings_and_keys_give_the_problem(code):
    raw, decoding = STATIONS[code]
    message = read(raw, decoding)
    assert codes(message) == [code]
    assert message.verdict == ("rejected" if KINDS[code].effect is Effect.REJECTS else "deviating")


@pytest.mark.parametrize("code", BYTES)
def test_bytes_give_the_problem(code):
    assert code in found_in(BYTES[code])
    assert code not in found_in(good())


@pytest.mark.parametrize("code", SEGMENTS)
def test_a_segment_gives_the_problem_and_its_verdict(code):
    message = message_of(SEGMENTS[code])
    expected = {code, "parameters_too_long"} if code == "segment_too_long" else {code}
    expected = {code, "segment_too_long"} if code == "parameters_too_long" else expected
    if code in ("segment_too_long", "parameters_too_long"):
        expected.add("value_huge")  # a number has at most 32 characters
    assert set(codes(message)) == expected
    rejected = any(KINDS[c].effect is Effect.REJECTS for c in expected)
    assert message.verdict == ("rejected" if rejected else "deviating")


@pytest.mark.parametrize("code", MOMENTS)
def test_a_moment_gives_the_problem(code):
    data_segment, seconds = MOMENTS[code]
    sent = datetime(2026, 3, 1, 0, 5, 30, tzinfo=UTC)
    found = [p.code for p in check_times(message_of(data_segment), sent + timedelta(seconds=seconds))]
    assert code in found
    assert check_times(message_of(segment()), sent) == ()


def test_the_ordinary_frames_of_every_edition_have_no_problem():
    for edition in ("2005", "2017", "2025"):
        assert found_in(good(edition)) == set()


def test_each_problem_has_its_clause_and_both_languages():
    for kind in KINDS.values():
        assert kind.clause.startswith("HJ 212-20")
        assert kind.zh != kind.en
        assert problem(kind.code, "x").text == f"{kind.en}: x"


def test_one_rejecting_problem_decides():
    assert verdict_of(()) == "accepted"
    assert verdict_of((problem("blanks"),)) == "deviating"
    assert verdict_of((problem("blanks"), problem("mn_missing"))) == "rejected"


def test_many_findings_of_one_kind_are_one_problem():
    cp = CP_WATER + "".join(f";zz{i:04d}-Rtd=1" for i in range(12))
    found = message_of(segment(cp=cp)).problems
    assert [p.code for p in found] == ["factor_unknown"]
    assert found[0].text.endswith("and 7 more")


@pytest.mark.parametrize("second", ["CP=", "CP=x=1&&5"])
def test_a_second_cp_before_the_true_one_is_named(second):
    body = segment(cp=CP_WATER).replace(b";CP=", b";%b;CP=" % second.encode())
    assert codes(message_of(body)) == ["field_duplicate"]


def test_an_encrypted_frame_is_cut_right_kept_and_gives_no_readings():
    events, _ = feed(cipher_frame(crc_over=b"x") + b"\r\n" + good())
    first = next(event for event in events if isinstance(event, Frame))
    message = decode(first)
    assert (message.encrypted, message.cp, message.verdict) == (True, (), "deviating")
    assert describe(message)["decrypted"] is False
    assert describe(message)["crc_expected"] is None


def test_a_plain_2025_frame_with_one_spoiled_byte_is_not_taken_for_ciphertext():
    raw = good("2025").replace(b"36.4", b"\x90\x91.4")
    assert "crc" in " ".join(found_in(raw))


def test_empty_mn_is_right_before_2025_gives_one():
    assert codes(message_of(segment(CN="9013", ST="91", Flag="8", MN="", cp=""))) == []
    assert "mn_missing" in codes(message_of(segment(CN="2011", Flag="8", MN="")))


def test_condition_marks_are_text_not_broken_numbers():
    assert (
        codes(
            message_of(segment(ST="45", Flag="9", cp="DataTime=20260301080500;p99101-Rtd=St,p99101-Flag=N"))
        )
        == []
    )


def test_2005_needs_neither_qn_nor_flag():
    message = message_of(segment(head=f"ST=32;CN=2011;PW=123456;MN={MN_2005}", cp=CP_WATER_2005))
    assert (message.edition, codes(message), message.wants_ack) == ("2005", [], False)


def test_drift_is_measured_from_qn():
    message = message_of(segment())
    received = datetime(2026, 3, 1, 0, 5, 30, 250000, tzinfo=UTC) + timedelta(seconds=400)
    assert format_digits(received - timedelta(seconds=400), milliseconds=True) == QN
    assert "-400 s" in check_times(message, received)[0].text
