"""DuckDB over recent and sealed rows: equal to what the store says, whatever is sealed."""

from datetime import timedelta

import pytest
from history_worlds import OUTLETS, day, hour, pair
from packet_makers import DAY
from test_history_sealing import SIX, fill, late

from mingcha.core.aggregates import HourCode
from mingcha.core.spans import Span
from mingcha.store.telemetry import BadValue
from mingcha.store.telemetry.history import duck

CHECKS = (
    """SELECT outlet, factor, epoch_us(start), code, valid_minutes, mean, minimum, due, received, cause, "first", inputs,
       "version", epoch_us("at"), "current" FROM hours ORDER BY 1, 2, 3, 13""",
    'SELECT outlet, epoch_us(start), mean, partial, "current" FROM days ORDER BY 1, 2',
    'SELECT point, kind, factor, "field", epoch_us("time"), seq, "value", "text", flag FROM readings ORDER BY ALL',
    'SELECT point, kind, epoch_us("time"), seq, delay, journal, block, idx, qn_ms, edition, supplement, layout FROM frames ORDER BY ALL',
    "SELECT count(*) FROM months",
)


@pytest.fixture
def stores(tmp_path):
    one, other = pair(tmp_path, buckets=2)
    fill(one, other, days=4)
    values = [
        hour(OUTLETS[0], "a21026", DAY + timedelta(hours=3), None, HourCode.CALIBRATION, cause="calibration", first="lost"),
        hour(OUTLETS[1], "a21026", DAY + timedelta(hours=4), None, HourCode.NO_DATA, due=False, received=False, cause="stopped"),
    ]  # fmt: skip
    for store in (one, other):
        store.write_hours(values, at=SIX + timedelta(days=1))
        store.write_hours(
            [], at=SIX + timedelta(days=2), whole=(OUTLETS[1], Span(DAY, DAY + timedelta(hours=2)))
        )
        store.write_days(
            [day(OUTLETS[0], "a21026", DAY + timedelta(days=n), n / 3) for n in range(3)], at=SIX
        )
    yield one, other
    one.close()
    other.close()


def asked(store, **options):
    with duck.connect(store, kinds=["2051"], **options) as connection:
        return [connection.sql(check).fetchall() for check in CHECKS]


def test_sealed_half_sealed_and_opened_again_give_the_same_rows(stores):
    one, other = stores
    assert asked(one) == asked(other)
    for days in (2, 10):
        one.seal(DAY + timedelta(days=days))
        assert asked(one) == asked(other)
    for store in stores:
        store.write([late(1, 30)], position=None)
        store.write_hours(
            [hour(OUTLETS[0], "a21026", DAY + timedelta(hours=30), 7.0)], at=SIX + timedelta(days=3)
        )
    assert asked(one) == asked(other)
    span = Span(DAY + timedelta(hours=5), DAY + timedelta(days=1, hours=20))
    assert asked(one, span=span, threads=1, memory="200MB") == asked(other, span=span)


def test_the_values_in_use_are_those_of_the_store(stores):
    one, _ = stores
    one.seal(SIX)
    with duck.connect(one) as connection:
        [(count, total)] = connection.sql('SELECT count(*), sum(mean) FROM hours WHERE "current"').fetchall()
    held = [value for outlet in OUTLETS for value in one.hours(outlet, Span(DAY, SIX))]
    assert count == len(held)
    assert total == pytest.approx(sum(value.mean or 0 for value in held))


def test_nothing_is_fetched_from_elsewhere_and_nothing_left_behind(stores):
    one, _ = stores
    before = {path.name for path in one.path.parent.iterdir()}
    with duck.connect(one) as connection:
        said = dict(connection.sql("SELECT name, value FROM duckdb_settings()").fetchall())
        assert (said["autoinstall_known_extensions"], said["autoload_known_extensions"]) == ("false", "false")
        assert str(one.path.parent) in said["temp_directory"]
    assert {path.name for path in one.path.parent.iterdir()} == before


def test_a_kind_that_is_none_is_refused(stores):
    with pytest.raises(BadValue, match="command number"), duck.connect(stores[0], kinds=["2051' OR 1"]):
        pass
