"""Factor codes between 2005 and the later editions: only codes change, and what has none is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.protocol.hj212 import factors
from mingcha.protocol.hj212.translate import counterpart, translated

BOTH = [f for f in factors.table() if f.code and f.code_2005]
LATER = [f for f in factors.table() if f.code and not f.code_2005 and "x" not in f.code]
EARLIER = [f for f in factors.table() if not f.code]


@pytest.mark.parametrize(
    ("code", "old"), [("w01018", "011"), ("w21003", "060"), ("w00000", "B01"), ("w01001", "001")]
)
def test_the_codes_of_the_table_go_both_ways(code: str, old: str) -> None:
    assert translated(f"{code}-Rtd=1".encode(), came="2017", to="2005") == (f"{old}-Rtd=1".encode(), ())
    for to in ("2017", "2025"):
        assert translated(f"{old}-Rtd=1".encode(), came="2005", to=to) == (f"{code}-Rtd=1".encode(), ())


def test_every_factor_with_two_codes_comes_back_as_it_was() -> None:
    assert len(BOTH) > 80
    for factor in BOTH:
        assert counterpart(factor.code, "2005") == (factor.code_2005, "")
        assert counterpart(factor.code_2005, "2025") == (factor.code, "")
        assert counterpart(factor.code, "2017") == (factor.code, "")
        assert counterpart(factor.code_2005, "2005") == (factor.code_2005, "")


def test_separators_times_text_and_order_stay_as_they_were() -> None:
    cp = b"DataTime=20260101080000; w01018-Rtd=36.4,w01018-Flag=N,w21003-Rtd=-1E2;SB1-RS=1;i11001-Info=//w01018-Rtd=3,;b//"
    found, left = translated(cp, came="2017", to="2005")
    assert found.startswith(b"DataTime=20260101080000; 011-Rtd=36.4,011-Flag=N,060-Rtd=-1E2;SB1-RS=1")
    assert [name for name, _ in left] in ([], ["i11001-Info"])
    if not left:
        assert found.endswith(b"//w01018-Rtd=3,;b//")


def test_what_has_no_code_is_left_out_and_said_why() -> None:
    cp = b"DataTime=1;a99999-Rtd=1,w01018-Rtd=2"
    found, left = translated(cp, came="2017", to="2005")
    assert found == b"DataTime=1;011-Rtd=2"
    assert left == (("a99999-Rtd", "a99999 is in no table of factors"),)
    later = LATER[0]
    _, left = translated(f"{later.code}-Rtd=1".encode(), came="2025", to="2005")
    assert left[0][1] == f"{later.code} ({later.name_zh}) has no code in 2005"
    _, left = translated(f"{EARLIER[0].code_2005}-Rtd=1".encode(), came="2005", to="2017")
    assert "given up after 2005" in left[0][1]


def test_a_station_s_own_code_goes_as_the_one_it_stands_for() -> None:
    own = (("COD", "w01018"),)
    assert translated(b"COD-Rtd=1", came="2017", to="2005", own=own) == (b"011-Rtd=1", ())


@given(st.binary(max_size=200), st.sampled_from(["2017", "2025", None]), st.sampled_from(["2017", "2025"]))
def test_where_the_codes_are_the_same_nothing_changes(cp: bytes, came: str | None, to: str) -> None:
    assert translated(cp, came=came, to=to) == (cp, ())


@given(st.binary(max_size=200), st.sampled_from(["2005", "2025"]))
def test_no_bytes_make_it_fail_and_a_second_time_changes_nothing(cp: bytes, to: str) -> None:
    came = "2017" if to == "2005" else "2005"
    found, left = translated(cp, came=came, to=to)
    assert translated(found, came=came, to=to)[1] == ()
    assert len(left) <= cp.count(b"=")
