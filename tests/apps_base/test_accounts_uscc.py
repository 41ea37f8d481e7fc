"""The unified social credit code, GB 32100-2015."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mingcha.apps.accounts.values import ALPHABET, uscc_check_digit, uscc_problem
from mingcha.workers.demo.region import uscc_of

BODIES = st.builds(
    lambda head, district, rest: f"{head}{district:06d}{rest}",
    st.text(ALPHABET, min_size=2, max_size=2),
    st.integers(0, 999_999),
    st.text(ALPHABET, min_size=9, max_size=9),
)
CODES = BODIES.map(lambda body: body + uscc_check_digit(body))


def naive_check_digit(body: str) -> str:
    """The sentence of the standard, step by step: C18 = 31 - (Σ Ci·Wi mod 31), 31 written as 0."""
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    number = 31 - sum(ALPHABET.index(c) * w for c, w in zip(body, weights, strict=True)) % 31
    return ALPHABET[0 if number == 31 else number]


@given(BODIES)
def test_the_check_digit_is_that_of_the_standard(body: str) -> None:
    assert uscc_check_digit(body) == naive_check_digit(body)


def test_a_code_known_from_the_standards_example_is_right() -> None:
    assert uscc_problem("91350100M000100Y43") == ""


@given(CODES)
def test_a_code_with_its_check_digit_is_right(code: str) -> None:
    assert uscc_problem(code) == ""


@given(CODES, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(code: str, place: int, wrong: str) -> None:
    assume(code[place] != wrong)
    assert uscc_problem(code[:place] + wrong + code[place + 1 :]) != ""


@given(CODES, st.integers(0, 16))
def test_two_neighbours_that_changed_places_are_always_found(code: str, place: int) -> None:
    assume(code[place] != code[place + 1])
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert uscc_problem(swapped) != ""


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "18"),
        ("91350100M000100Y4", "17"),
        ("91350100M000100Y430", "19"),
        ("91350100I000100Y43", "I"),
        ("91350100m000100Y43", "m"),
        ("913501O0M000100Y43", "O"),
        ("91350A00M000100Y43", "行政区划"),
        ("91350100M000100Y44", "应为 3"),
        ("９1350100M000100Y43", "９"),
    ],
)
def test_a_wrong_code_says_what_was_found_and_expected(code: str, says: str) -> None:
    assert says in uscc_problem(code)


def test_the_check_digit_needs_seventeen_characters() -> None:
    with pytest.raises(ValueError, match="17"):
        uscc_check_digit("913")


@given(st.integers(0, 99_999))
def test_invented_codes_are_right_and_belong_to_no_real_district(serial: int) -> None:
    code = uscc_of(serial, "319102")
    assert uscc_problem(code) == ""
    assert code[2:8] == "319102"
