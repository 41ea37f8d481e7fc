"""The grammar of numbers is the wire's own: the same in both back ends, and never Python's."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import CP_WATER, message_of, segment

from mingcha.core.packets import number
from mingcha.protocol.hj212 import _pure, codec, numbers

PYTHONS = [
    "1_0",
    "１",
    "+1",
    "inf",
    "nan",
    "1e5x",
    ".5",
    "5.",
    "0x10",
    "1 ",
    " 1",
    "--1",
    "-",
    "",
    "١٢",
    "1\n",
    "1,0",
    "²",
]

texts = st.one_of(
    st.from_regex(r"\A-?[0-9]{1,20}(\.[0-9]{1,14})?\Z"),
    st.text(st.sampled_from("0123456789.-+eE_ x"), max_size=36),
    st.text(max_size=8),
    st.sampled_from(PYTHONS),
)
carriers = texts.filter(lambda text: not set(text) & set(";,=&/\r\n\t ") and text.isprintable())


def slow(text):
    """The grammar spelled out character by character."""
    if not text or len(text) > 32:
        return False
    digits = "0123456789"
    rest = text[1:] if text[0] == "-" else text
    parts = rest.split(".")
    return len(parts) <= 2 and all(part and all(c in digits for c in part) for part in parts)


@given(texts)
@example("1" * 32)
@example("1" * 33)
def test_a_number_is_what_the_grammar_says(text):
    found = numbers.parse(text)
    assert (found is not None) is slow(text)
    assert (number(text) is not None) is slow(text)
    if found is not None:
        assert found.decimal == Decimal(text)
        assert found.value == float(text)
        assert found.text == text
        assert numbers.plain(found).lstrip("-0") == text.lstrip("-0")


@pytest.mark.parametrize("text", PYTHONS)
def test_pythons_own_numbers_are_none(text):
    assert numbers.read(text) is None


@given(carriers)
def test_both_back_ends_agree_with_it(text):
    data = segment(cp=f"DataTime=20260301080500;w01018-Rtd={text}")
    start = data.index(b"CP=&&") + 5
    for backend in (codec, _pure):
        odd = {name for name, _ in backend.parameters(data, start, {"DataTime", "w01018-Rtd"})[2]}
        assert ("w01018-Rtd" not in odd) is (numbers.parse(text) is not None), backend


@pytest.mark.parametrize(
    ("text", "mantissa", "scale", "value"),
    [
        ("36.40", 3640, 2, 36.4),
        ("-0.5", -5, 1, -0.5),
        ("007", 7, 0, 7.0),
        ("0", 0, 0, 0.0),
        ("-0", 0, 0, 0.0),
    ],
)
def test_mantissa_and_scale_keep_the_decimal_text(text, mantissa, scale, value):
    found = numbers.parse(text)
    assert (found.mantissa, found.scale, found.value, found.text) == (mantissa, scale, value, text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.2E3", "1200"),
        ("-1.25e-3", "-0.00125"),
        ("1.20e1", "12.0"),
        ("5E+2", "500"),
        ("1e-20", f"0.{'0' * 19}1"),
    ],
)
def test_an_exponent_becomes_the_decimal_it_stands_for(text, plain):
    found = numbers.parse_exponent(text)
    assert numbers.plain(found) == plain
    assert found.decimal == Decimal(text)


@given(st.from_regex(r"\A-?[0-9]{1,15}(\.[0-9]{1,15})?[eE][+-]?[0-9]{1,2}\Z"))
def test_any_exponent_is_exact(text):
    found = numbers.parse_exponent(text)
    assert found.decimal == Decimal(text)
    assert Decimal(numbers.plain(found)) == Decimal(text)


@pytest.mark.parametrize("text", ["1e", "e5", "1e100", "1e1.5", "1E5E5", "1" * 16 + "e1", "inf", "1e５"])
def test_other_exponents_are_none(text):
    assert numbers.parse_exponent(text) is None


@pytest.mark.parametrize("text", ["1.5mg/L", "36.4%", "20℃", "1.5mg/m3", "36.4m3/h", "-3Pa"])
def test_a_unit_is_told_from_other_text(text):
    assert numbers.has_unit(text)


@pytest.mark.parametrize("text", ["1.5", "1e5", "NaN", "mg/L", "0x10", "1_0", "-", "1.2.3", "1" * 40 + "m"])
def test_other_text_is_no_number_with_a_unit(text):
    assert not numbers.has_unit(text)


def test_a_message_gives_numbers_with_their_text():
    message = message_of(segment(cp=CP_WATER.replace("7.31", "7.30")))
    assert message.number("w01001-Rtd").text == "7.30"
    assert (message.number("w01001-Rtd").mantissa, message.number("w01001-Rtd").scale) == (730, 2)
    assert message.number("w01018-Flag") is None
    assert message.number("missing") is None
    assert {name: found.text for name, found in message.numbers.items() if "-" in name} == {
        "w01018-Rtd": "36.4",
        "w01001-Rtd": "7.30",
    }


@pytest.mark.parametrize(
    ("text", "form", "fits"),
    [
        ("36.4", "N5.1", True),
        ("36.45", "N5.1", False),
        ("123456", "N5.1", False),
        ("0.5", "N1.1", True),
        ("1", "C4", True),
    ],
)
def test_a_format_counts_places(text, form, fits):
    assert numbers.fits(numbers.parse(text), form) is fits
