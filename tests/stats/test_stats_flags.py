"""The map from HJ 212 flags to HJ 75 codes: two alphabets, one table."""

from datetime import date

import pytest

from mingcha.core.aggregates import HourCode
from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule
from mingcha.stats.codes import CODES
from mingcha.stats.flags import code_of, codes_of, read_table

HEAD = "edition,flag,code,valid_from,valid_to,warning,sureness,source"


@pytest.mark.parametrize(
    ("flag", "code"),
    [("N", "N"), ("F", "F"), ("C", "C"), ("M", "M"), ("D", "D"), ("T", "T"), ("Td", "D"), ("S", "M")],
)
def test_each_letter_has_its_code(flag, code):
    assert code_of(flag).code is HourCode(code)


def test_b_of_the_wire_is_no_communication_and_never_a_banked_fire():
    assert code_of("B").code is HourCode.NO_DATA
    assert code_of("B").code is not HourCode.BANKED


def test_an_unknown_letter_makes_the_value_not_valid_and_says_so():
    row = code_of("Zz")
    assert (row.code, row.warning) == (HourCode.FAULT, "unknown_flag")


def test_no_flag_is_normal_in_2005_and_normal_with_a_warning_later():
    assert (code_of("", edition="2005").code, code_of("", edition="2005").warning) == (HourCode.NORMAL, "")
    assert (code_of("", edition="2017").code, code_of("", edition="2017").warning) == (
        HourCode.NORMAL,
        "no_flag",
    )


def test_every_row_says_how_sure_it_is():
    assert code_of("N").sureness is Sureness.DEFAULT


def test_a_series_of_flags_becomes_codes_of_the_same_length():
    assert [CODES[i].value for i in codes_of(["N", "B", "", "x"], day=date(2026, 1, 1))] == [
        "N",
        "Md",
        "N",
        "D",
    ]


def test_a_row_of_a_date_holds_from_then_on_only():
    rows = read_table([HEAD, ",N,N,,2026-01-01,,default,a", ",N,D,2026-01-01,,,default,b"])
    assert [row.code.value for row in rows if row.holds("", date(2025, 12, 31))] == ["N"]
    assert [row.code.value for row in rows if row.holds("", date(2026, 1, 1))] == ["D"]


@pytest.mark.parametrize("line", [",N,X,,,,default,a", ",N,N,soon,,,default,a", ",N,N,,,,certain,a"])
def test_a_broken_table_names_file_line_and_remedy(line):
    with pytest.raises(BadRule, match=r"flags.csv line 2: .*give edition, flag"):
        read_table([HEAD, line])
