from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.core import clock

moments = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC))


@given(moments)
def test_digits_of_a_moment_read_back_as_the_moment(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert clock.parse_digits(clock.format_digits(moment, milliseconds=True)) == moment


def test_midnight_in_beijing_is_sixteen_hours_utc() -> None:
    assert clock.parse_digits("20260301000000") == datetime(2026, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "20261301000000",
        "20260230000000",
        "20260101240000",
        "２０２６０１０１００００００",
        "2026010100000 ",
        "+2026010100000",
    ],
)
def test_what_is_no_time_reads_as_none(text: str) -> None:
    assert clock.parse_digits(text) is None


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)))
def test_a_beijing_day_has_twenty_four_hours(day: date) -> None:
    assert clock.day_end(day) - clock.day_start(day) == timedelta(hours=24)
    assert clock.beijing_day(clock.day_start(day)) == day


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        clock.to_epoch(datetime(2026, 1, 1))


@given(moments)
def test_microseconds_survive_the_journal(moment: datetime) -> None:
    assert (
        clock.from_us(round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)))
        == moment
    )
