"""The CRC: definition, folded form, compiled form, and the values only other algorithms give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.protocol.hj212 import codec
from mingcha.protocol.hj212.crc import (
    EMPTY,
    POWERS,
    TABLE,
    VALUES,
    crc,
    crc_bitwise,
    dialect,
    modbus,
    parse_hex,
    swapped,
)

PRINTED = (
    b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
)
PRINTED_2025 = b"QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"", 0xFFFF), (b"A", 0x7080), (b"123456789", 0x2F80), (PRINTED, 0x1C80), (PRINTED_2025, 0x2200)],
)
def test_the_examples_of_the_standard_have_their_values(text, expected):
    assert crc_bitwise(text) == crc(text) == codec.crc(text) == expected


def test_the_misprint_of_appendix_a_is_not_the_value_of_its_own_algorithm():
    assert crc_bitwise(PRINTED) != 0x1C08


@given(st.binary(max_size=1200))
def test_the_folded_and_the_compiled_form_equal_the_definition(data):
    assert crc(data) == codec.crc(data) == crc_bitwise(data)


def test_every_segment_of_one_and_two_bytes_has_the_value_of_the_definition():
    for first in range(256):
        one = bytes([first])
        assert crc(one) == codec.crc(one) == crc_bitwise(one)
        for second in range(256):
            two = bytes([first, second])
            assert crc(two) == codec.crc(two) == crc_bitwise(two)


def test_one_byte_at_every_place_has_the_value_of_the_definition():
    for size in range(1, 75):
        for at in range(size):
            data = bytes(at) + b"\xa7" + bytes(size - at - 1)
            assert crc(data) == codec.crc(data) == crc_bitwise(data)


@given(st.binary(min_size=1, max_size=200))
def test_every_value_is_one_of_256(data):
    assert crc(data) in VALUES
    assert len(VALUES) == 256


def test_the_map_of_one_step_is_linear_and_its_eighth_power_is_the_identity():
    step = POWERS[1]
    assert all(step[a ^ b] == step[a] ^ step[b] for a in range(256) for b in range(256))
    eighth = bytes(step[x] for x in POWERS[7])
    assert eighth == bytes(range(256))
    assert all(POWERS[k] != bytes(range(256)) for k in range(1, 8))
    assert step == bytes(entry >> 8 for entry in TABLE)


def test_one_changed_byte_is_always_found():
    right = crc(PRINTED)
    for at in (0, 1, 50, len(PRINTED) - 1):
        for change in range(1, 256):
            assert crc(PRINTED[:at] + bytes([PRINTED[at] ^ change]) + PRINTED[at + 1 :]) != right


def test_modbus_is_told_apart_in_both_byte_orders():
    assert modbus(PRINTED) == 0x0759
    assert modbus(b"123456789") == 0x4B37
    assert "high byte first" in dialect(PRINTED, 0x0759, 0x1C80)
    assert "low byte first" in dialect(PRINTED, swapped(0x0759), 0x1C80)
    assert "swapped" in dialect(PRINTED, 0x801C, 0x1C80)
    assert "no value" in dialect(PRINTED, 0x1234, 0x1C80)
    assert dialect(PRINTED, TABLE[7], 0x1C80) is None


def test_only_four_ascii_hex_digits_are_a_crc():
    assert parse_hex(b"1c80") == parse_hex(b"1C80") == 0x1C80
    for text in (b"1C8", b"1C800", b"+1C8", b" 1C8", b"1C8G", b"0x1C", b"1_C8"):
        assert parse_hex(text) is None
    assert EMPTY == 0xFFFF
