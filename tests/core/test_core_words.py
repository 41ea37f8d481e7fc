"""The small words of core: moves, references, spans, numbers, terms, digests."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.core.clock import BEIJING
from mingcha.core.digest import canonical, digest
from mingcha.core.errors import IllegalMove
from mingcha.core.moves import diagram, moves_from, states, step
from mingcha.core.packets import number
from mingcha.core.refs import FrameRef
from mingcha.core.rounding import exact, round_to
from mingcha.core.spans import Span, merged
from mingcha.core.workdays import Calendar, due_hours, due_same_day, due_working_days

TABLE = {("open", "close"): "closed", ("open", "note"): "open", ("closed", "reopen"): "open"}
START = datetime(2026, 3, 1, tzinfo=UTC)
spans = st.builds(
    lambda a, n: Span(START + timedelta(minutes=a), START + timedelta(minutes=a + n)),
    st.integers(0, 500),
    st.integers(1, 60),
)


def test_a_move_of_the_table_is_made() -> None:
    assert step(TABLE, "open", "close") == "closed"


def test_an_illegal_move_names_the_legal_ones() -> None:
    with pytest.raises(IllegalMove, match="close is not possible from closed; possible: reopen"):
        step(TABLE, "closed", "close")


def test_the_diagram_shows_every_move() -> None:
    assert diagram(TABLE).count("-->") == len(TABLE)
    assert states(TABLE) == ["open", "closed"]
    assert moves_from(TABLE, "open") == ["close", "note"]


@given(st.from_regex(r"[a-z0-9]{1,8}-[0-9]{8}", fullmatch=True), st.integers(1, 10**9), st.integers(0, 10**6))
def test_a_reference_reads_back(journal: str, block: int, index: int) -> None:
    ref = FrameRef(journal, block, index)
    assert FrameRef.parse(str(ref)) == ref


@pytest.mark.parametrize(
    "text", ["", "g0", "g0-20261123/1", "g0-20261123/1/2/3", "g0-2026/1/2", "../x-20261123/1/2"]
)
def test_a_text_of_another_form_names_no_frame(text: str) -> None:
    with pytest.raises(ValueError, match="names no frame"):
        FrameRef.parse(text)


@given(st.lists(spans, max_size=20))
def test_merged_spans_cover_the_same_minutes_and_do_not_touch(given_spans: list[Span]) -> None:
    out = merged(given_spans)
    minutes = {m for s in given_spans for m in s.steps(timedelta(minutes=1))}
    assert {m for s in out for m in s.steps(timedelta(minutes=1))} == minutes
    assert all(a.end < b.start for a, b in pairwise(out))


@pytest.mark.parametrize(
    ("text", "value"),
    [("12.30", 12.3), ("-0.5", -0.5), ("007", 7.0), ("1e3", None), (" 1", None), ("1_0", None), ("nan", None), ("inf", None),
     (".5", None), ("5.", None), ("+5", None), ("-", None), ("", None), ("１", None), (None, None)],
)  # fmt: skip
def test_only_plain_decimal_texts_are_numbers(text: str | None, value: float | None) -> None:
    assert number(text) == value


def test_a_float_is_compared_as_it_is_written() -> None:
    assert exact(0.1) == Decimal("0.1")
    assert exact(100.04) > Decimal(100)


@pytest.mark.parametrize(("value", "rounded"), [("0.25", "0.2"), ("0.35", "0.4"), ("0.251", "0.3")])
def test_halves_round_to_even(value: str, rounded: str) -> None:
    assert round_to(Decimal(value), Decimal("0.1")) == Decimal(rounded)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5))
def test_a_digest_does_not_depend_on_the_order_of_keys(values: dict) -> None:
    assert digest(values) == digest(dict(reversed(values.items())))


def test_a_nan_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match=r"Out of range|not JSON compliant"):
        canonical({"x": float("nan")})


def beijing(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BEIJING)


CALENDAR = Calendar(
    "test",
    frozenset({2026}),
    {date(2026, 10, d): "国庆" for d in range(1, 8)},
    {date(2026, 10, 10): "调休上班"},
)


def test_the_same_day_ends_at_twenty_four_hours() -> None:
    assert due_same_day(beijing(2026, 3, 1, 0, 10)).at == beijing(2026, 3, 2)
    assert due_same_day(beijing(2026, 3, 1, 23, 59)).at == beijing(2026, 3, 2)


def test_hours_run_through_holidays() -> None:
    assert due_hours(beijing(2026, 10, 1, 20), 12).at == beijing(2026, 10, 2, 8)


def test_working_days_skip_holidays_and_count_make_up_days() -> None:
    due = due_working_days(beijing(2026, 9, 30, 9), 3, CALENDAR)
    assert due.counted == (date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 10))
    assert due.at == beijing(2026, 10, 11)
    assert not due.provisional


def test_a_year_without_notice_is_provisional() -> None:
    assert due_working_days(beijing(2026, 12, 31, 9), 1, CALENDAR).provisional
