"""Settings of a station: JSON there and back, bad JSON named, and each one changes what it says."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import CP_HOUR, CP_WATER, codes, good, only_frame, segment

from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import KINDS, PLAIN_DIALECT, SETTINGS, Dialect, decode, packet_of, wrap
from mingcha.protocol.hj212.verdicts import Effect

TOLERABLE = SETTINGS["refused"].choices


def read(raw, **settings):
    return decode(only_frame(raw), dialect=Dialect.from_json(settings))


@st.composite
def dialects(draw):
    picked = draw(st.sets(st.sampled_from(TOLERABLE), max_size=6))
    refused = {code for code in picked if draw(st.booleans())}
    return {
        "mode": draw(st.sampled_from(["tolerant", "strict"])),
        "refused": sorted(refused),
        "allowed": sorted(picked - refused),
        "crc": sorted(draw(st.sets(st.sampled_from(SETTINGS["crc"].choices)))),
        "ceiling": draw(st.integers(64, 4096)),
        "encrypted_cns": draw(st.lists(st.sampled_from(["2*", "20*", "1014", "3020"]), unique=True)),
        "mn_pattern": draw(st.sampled_from(["", "A110000_[0-9]{4}", "[0-9A-F]{3,36}"])),
        "data_flags": draw(
            st.dictionaries(st.sampled_from(["P", "x", "Ab"]), st.sampled_from(["N", "D", "Td"]))
        ),
        "factors": draw(
            st.dictionaries(st.sampled_from(["801", "ele01"]), st.sampled_from(["w21003", "a34013"]))
        ),
        "units": draw(st.dictionaries(st.just("a00000"), st.just("m3/h"))),
        "formats": draw(st.dictionaries(st.just("a34013"), st.just("N4.1"))),
    }


@given(dialects())
def test_json_there_and_back(settings):
    dialect = Dialect.from_json(json.dumps(settings))
    again = Dialect.from_json(json.dumps(dialect.to_json()))
    assert again == dialect
    assert hash(again) == hash(dialect)
    assert {name: again.to_json()[name] for name in settings} == {
        name: sorted(value) if isinstance(value, list) else value for name, value in settings.items()
    }


def test_every_setting_is_a_field_with_a_default_that_it_accepts_itself():
    assert list(SETTINGS) == [one.name for one in dataclasses.fields(Dialect) if one.init]
    assert Dialect.from_json(PLAIN_DIALECT.to_json()) == PLAIN_DIALECT == Dialect.from_json({})
    for name, setting in SETTINGS.items():
        assert setting.default == getattr(PLAIN_DIALECT, name)
        assert setting.zh != setting.en
        assert setting.source


@pytest.mark.parametrize(
    ("bad", "named", "said"),
    [
        ("{", "", "no JSON"),
        ("[]", "", "expected an object"),
        ("[" * 100_000, "", "no JSON"),
        ('{"mode": "strict", "mode": "tolerant"}', "mode", "twice"),
        ({"modus": "strict"}, "modus", "no such setting"),
        ({"mode": "lax"}, "mode", "tolerant, strict"),
        ({"mode": None}, "mode", "found null"),
        ({"refused": ["crc"]}, "refused", "docs/deviations.md"),
        ({"refused": "blanks"}, "refused", "a list of texts"),
        ({"refused": ["blanks"], "allowed": ["blanks"]}, "allowed", "at once"),
        ({"crc": ["md5"]}, "crc", "modbus_low_first"),
        ({"ceiling": 4097}, "ceiling", "64 to 4096"),
        ({"ceiling": True}, "ceiling", "found true"),
        ({"ceiling": 1e3}, "ceiling", "whole number"),
        ({"encrypted_cns": ["2.*"]}, "encrypted_cns", "four digits"),
        ({"mn_pattern": "(a+)+$"}, "mn_pattern", "characters and classes"),
        ({"mn_pattern": "a{1,99}{1,99}"}, "mn_pattern", "characters and classes"),
        ({"mn_pattern": "[9-0]"}, "mn_pattern", "characters and classes"),
        ({"mn_pattern": "a{1,9}b{1,9}c{1,9}"}, "mn_pattern", "characters and classes"),
        ({"minute_interval": 7}, "minute_interval", "30"),
        ({"data_flags": {"P": True}}, "data_flags", "such as N or D"),
        ({"data_flags": {"Q1": "N"}}, "data_flags", "1 to 4 letters"),
        ({"factors": {"801": "a;b"}}, "factors", "without separators"),
        ({"formats": {"a34013": "C4"}}, "formats", "N4.1"),
        ({"retained_sample_cn": "30"}, "retained_sample_cn", "four digits"),
    ],
)
def test_bad_json_is_named_by_its_setting(bad, named, said):
    with pytest.raises(BadInput) as error:
        Dialect.from_json(bad)
    assert list(error.value.problems) == [named]
    assert said in error.value.problems[named]


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(BadInput) as error:
        Dialect.from_json({"mode": "x", "ceiling": 0, "colour": 1})
    assert set(error.value.problems) == {"mode", "ceiling", "colour"}


@pytest.mark.parametrize("code", TOLERABLE)
def test_refused_and_allowed_overrule_the_mode(code):
    assert Dialect(refused=frozenset({code})).effect(code) is Effect.REJECTS
    assert Dialect(mode="strict", allowed=frozenset({code})).effect(code) is not Effect.REJECTS
    assert Dialect().effect(code) is KINDS[code].effect


def test_what_always_rejects_cannot_be_allowed():
    assert Dialect(mode="strict", allowed=frozenset({"mn_missing"})).effect("mn_missing") is Effect.REJECTS
    with pytest.raises(BadInput):
        Dialect.from_json({"allowed": ["mn_missing"]})


def test_the_form_of_mn_is_the_stations():
    raw = wrap(segment(MN="A110000_0001"))
    assert codes(read(raw)) == ["mn_format"]
    assert codes(read(raw, mn_pattern="A110000_[0-9]{4}")) == []
    assert codes(read(good(), mn_pattern="A110000_[0-9]{4}")) == ["mn_format"]


def test_other_values_of_rf_may_mark_a_supplement():
    raw = wrap(segment(Flag="9", RF="2"))
    assert (read(raw).supplement, codes(read(raw))) == (False, ["rf_value"])
    other = read(raw, supplement_values=["1", "2"])
    assert (other.supplement, codes(other)) == (True, [])


def test_the_retained_sample_upload_has_the_cn_of_the_setting():
    raw = wrap(segment(CN="3033"))
    assert codes(read(raw)) == ["cn_unknown"]
    assert codes(read(raw, retained_sample_cn="3033")) == []


def test_data_flags_and_codes_of_the_station_stand_for_those_of_the_edition():
    raw = wrap(segment(cp="DataTime=20260301080500;801-Rtd=36.4,801-Flag=P"))
    assert codes(read(raw)) == ["factor_unknown", "data_flag_unknown"]
    message = read(raw, factors={"801": "w01018"}, data_flags={"P": "D"})
    assert codes(message) == []
    (reading,) = packet_of(message, received=None, ref=None).readings
    assert (reading.factor, reading.fields, reading.flag) == ("w01018", (("Rtd", "36.4"),), "D")


@pytest.mark.parametrize(
    ("cn", "time", "settings", "start"),
    [
        ("2061", "20260301080000", {}, "2026-03-01T07:00"),
        ("2051", "20260301081000", {}, "2026-03-01T08:00"),
        ("2051", "20260301081000", {"minute_interval": 5}, "2026-03-01T08:05"),
        ("2031", "20260302000000", {}, "2026-03-01T00:00"),
        ("2111", "20260301081000", {}, "2026-03-01T08:05"),
        ("2011", "20260301081000", {}, "2026-03-01T08:10"),
    ],
)
def test_a_station_may_send_the_end_of_the_interval(cn, time, settings, start):
    from mingcha.core.clock import beijing

    raw = wrap(segment(CN=cn, cp=f"DataTime={time};a21026-Avg=20.3,a21026-Flag=N"))
    found = packet_of(read(raw, data_time="end", **settings), received=None, ref=None).time
    assert beijing(found).isoformat().startswith(start)
    assert beijing(packet_of(read(raw), received=None, ref=None).time).strftime("%Y%m%d%H%M%S") == time


def test_minute_data_are_aligned_to_the_stations_interval():
    raw = wrap(segment(CN="2051", cp=CP_HOUR.replace("20260301070000", "20260301070500")))
    assert codes(read(raw)) == []
    assert codes(read(raw, minute_interval=5)) == []
    assert codes(read(raw, minute_interval=10)) == ["data_time_unaligned"]


def test_the_stations_formats_are_checked_where_given():
    raw = wrap(segment(cp=CP_WATER.replace("36.4", "1036.45")))
    assert codes(read(raw)) == []
    assert codes(read(raw, formats={"w01018": "N4.2"})) == []
    for form in ("N3.2", "N4.1", "N4"):
        assert codes(read(raw, formats={"w01018": form})) == ["value_format"]


def test_a_dialect_is_a_value():
    assert len({Dialect(), Dialect(), Dialect(mode="strict")}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dialect().mode = "strict"
