"""Readings of a message: grouped by factor, text kept, first value counts."""

from datetime import UTC, datetime

import pytest
from tests.protocol.hj212_frames import CP_HOUR, CP_WATER, MN, QN, message_of, segment

from mingcha.core.packets import number
from mingcha.core.refs import FrameRef
from mingcha.protocol.hj212 import packet_of

NOW = datetime(2026, 3, 1, 0, 6, tzinfo=UTC)
REF = FrameRef("g0-20260301", 1, 0)


def packet(cp=CP_WATER, **header):
    return packet_of(message_of(segment(cp=cp, **header)), received=NOW, ref=REF)


def values(found):
    return {reading.factor: (dict(reading.fields), reading.flag) for reading in found.readings}


def test_a_packet_says_who_when_and_what():
    found = packet()
    assert (found.mn, found.st, found.cn, found.qn, found.edition) == (MN, "32", "2011", QN, "2017")
    assert found.time == datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
    assert (found.received, found.ref, found.supplement) == (NOW, REF, False)
    assert values(found) == {"w01018": ({"Rtd": "36.4"}, "N"), "w01001": ({"Rtd": "7.31"}, "N")}


@pytest.mark.parametrize("separator", [";", ","])
def test_factors_are_grouped_by_code_whatever_separates_them(separator):
    body = "w01018-Rtd=36.4;w01001-Rtd=7.31;w01018-Flag=D;w01001-Flag=N".replace(";", separator)
    found = packet(f"DataTime=20260301080500{separator}{body}")
    assert values(found) == {"w01018": ({"Rtd": "36.4"}, "D"), "w01001": ({"Rtd": "7.31"}, "N")}


def test_hour_data_keep_all_their_fields():
    found = packet(CP_HOUR, CN="2061", ST="31")
    assert values(found) == {"a21026": ({"Min": "19.7", "Avg": "20.3", "Max": "21.9", "ZsAvg": "24.6"}, "N")}
    assert found.readings[0].get("ZsAvg") == "24.6"


@pytest.mark.parametrize("text", ["NaN", "null", "-", "INF", "", "1,", "+1", "1_000", "0x10", "1.5mg/L"])
def test_what_is_no_number_stays_text_and_counts_as_missing(text):
    found = packet(f"DataTime=20260301080500;w01018-Rtd={text};w01018-Flag=N")
    kept = found.readings[0].get("Rtd")
    assert number(kept) is None or kept == text.rstrip(",")


def test_an_exponent_becomes_the_decimal_it_stands_for():
    assert packet(CP_WATER.replace("36.4", "1.2E3")).readings[0].get("Rtd") == "1200"
    assert packet(CP_WATER.replace("36.4", "-1.25e-3")).readings[0].get("Rtd") == "-0.00125"


def test_the_decimal_text_is_kept_as_received():
    assert packet(CP_WATER.replace("36.4", "036.400")).readings[0].get("Rtd") == "036.400"


def test_of_a_field_given_twice_the_first_counts():
    assert packet(CP_WATER + ";w01018-Rtd=99.9").readings[0].get("Rtd") == "36.4"
    assert packet("DataTime=20260301080500;w01018-Rtd=1,w01018-Rtd=2").readings[0].get("Rtd") == "1"


def test_a_missing_flag_is_empty_and_a_bare_one_stands_for_all():
    assert values(packet("DataTime=20260301080500;w00000-Rtd=1"))["w00000"][1] == ""
    bare = values(packet("DataTime=20260301080500;w00000-Rtd=1;w01018-Rtd=2,w01018-Flag=D;Flag=N"))
    assert (bare["w00000"][1], bare["w01018"][1]) == ("N", "D")


def test_an_unknown_factor_is_kept_as_it_is():
    assert "PM10" in values(packet("DataTime=20260301080500;PM10-Rtd=69,PM10-Flag=N"))


def test_codes_of_2005_become_those_of_2017():
    found = packet("DataTime=20260301080500;03-Rtd=12.1,03-Flag=N;S01-Rtd=8.2,S01-Flag=N", ST="31")
    assert values(found) == {"a21002": ({"Rtd": "12.1"}, "N"), "a19001": ({"Rtd": "8.2"}, "N")}


def test_milliseconds_of_data_time_are_ignored():
    assert packet(CP_WATER.replace("20260301080500", "20260301080500000")).time == datetime(
        2026, 3, 1, 0, 5, tzinfo=UTC
    )


def test_rf_marks_a_supplement():
    assert packet(Flag="9", RF="1").supplement is True
    assert packet(Flag="9", RF="2").supplement is False


@pytest.mark.parametrize(
    "nothing",
    [
        segment(CN="9014", ST="91", cp=""),
        segment(CN="3020", cp="DataTime=20260301080500;i12001-Info=1"),
        segment(cp=""),
        segment(CN="2061", cp="BeginTime=20260301070000;EndTime=20260301070000"),
        segment(cp=CP_WATER.replace("20260301080500", "20260301256000")),
        segment(cp=CP_WATER.replace("DataTime=20260301080500;", "")),
        segment(MN=None),
    ],
)
def test_no_packet_where_there_are_no_readings_or_no_time(nothing):
    assert packet_of(message_of(nothing), received=NOW, ref=None) is None
