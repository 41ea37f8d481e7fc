import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packet_makers import DAY, WEEK, packet
from places import history_of, opened

from mingcha.core.aggregates import DayValue, HourCode, HourValue, MonthValue
from mingcha.core.spans import Span
from mingcha.store.telemetry import BadValue, TelemetryFailed, rebuild
from mingcha.store.telemetry.recent.engines import is_postgres

KILLS = int(os.environ.get("MINGCHA_KILLS", "5"))
HOUR = timedelta(hours=1)
OUTLET = "91310000/DA001"


def hour(n=0, mean=1.5, **more):
    return HourValue(OUTLET, "a21026", DAY + n * HOUR, HourCode.NORMAL, 6, mean, **more)


@pytest.fixture
def store(place):
    where = place.fresh()
    telemetry = opened(where)
    yield telemetry
    telemetry.close()
    place.done(where)


@pytest.fixture
def other(place):
    where = place.fresh()
    telemetry = opened(where)
    yield telemetry
    telemetry.close()
    place.done(where)


@pytest.fixture(scope="module")
def kept(place):
    """One store for all examples of a test."""
    telemetry = opened(place.fresh())
    yield telemetry
    telemetry.close()


floats = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50, deadline=None)
@given(
    value=st.builds(
        HourValue, st.just(OUTLET), st.sampled_from(["a21026", "因子"]), st.just(DAY), st.sampled_from(HourCode),
        st.integers(0, 60), floats, floats, floats, floats, floats, floats, st.text(max_size=5).map(ascii),
    )
)  # fmt: skip
def test_an_hour_comes_back_as_it_was_written(kept, value):
    kept.write_hours([value], at=DAY)
    assert kept.hours(OUTLET, WEEK, factor=value.factor) == [value]
    assert kept.write_hours([value], at=DAY + HOUR) == []


def test_an_equal_value_writes_nothing_and_another_keeps_the_old_one(store):
    assert store.write_hours([hour(0), hour(1)], at=DAY) == [hour(0), hour(1)]
    assert store.write_hours([hour(0), hour(1, 2.5)], at=DAY + HOUR) == [hour(1, 2.5)]
    assert store.hours(OUTLET, WEEK) == [hour(0), hour(1, 2.5)]
    assert store.hours(OUTLET, WEEK, as_of=DAY) == [hour(0), hour(1)]
    versions = store.hour_versions(OUTLET, "a21026", DAY + HOUR)
    assert [(v.version, v.at, v.value) for v in versions] == [
        (1, DAY, hour(1)),
        (2, DAY + HOUR, hour(1, 2.5)),
    ]


def test_months_are_kept_like_hours_and_withdrawn_like_them(store):
    month = MonthValue(OUTLET, "a21026", DAY, 20, 24, 1.25, minimum=0.5)
    store.write_months([month], at=DAY)
    store.write_days([], at=DAY, whole=(OUTLET, WEEK))
    assert store.months(OUTLET, WEEK) == [month]
    before = store.digest()["months"]
    store.write_months([replace(month, mean=1.5)], at=DAY + HOUR)
    assert store.digest()["months"] != before
    store.write_months([], at=DAY + 2 * HOUR, whole=(OUTLET, WEEK))
    assert store.months(OUTLET, WEEK) == []
    assert store.months(OUTLET, WEEK, as_of=DAY) == [month]
    values = [v.value for v in store.month_versions(OUTLET, "a21026", DAY)]
    assert values == [month, replace(month, mean=1.5), None]


def test_days_are_kept_like_hours_and_apart_from_them(store):
    day = DayValue(OUTLET, "a21026", DAY, 20, 24, 1.25, partial=True)
    store.write_days([day], at=DAY)
    store.write_hours([hour(0)], at=DAY)
    assert store.days(OUTLET, WEEK) == [day]
    assert store.write_days([replace(day, partial=False)], at=DAY) != []
    assert [v.value.partial for v in store.day_versions(OUTLET, "a21026", DAY)] == [True, False]
    assert store.hours(OUTLET, WEEK) == [hour(0)]


def test_what_a_whole_span_no_longer_has_is_withdrawn_and_may_come_back(store, other):
    store.write_hours([hour(0), hour(1), hour(3)], at=DAY)
    store.write_hours([replace(hour(0), outlet="X/DA001")], at=DAY)
    part = Span(DAY, DAY + 3 * HOUR)
    assert store.write_hours([hour(0)], at=DAY + HOUR, whole=(OUTLET, part)) == []
    assert store.hours(OUTLET, WEEK) == [hour(0), hour(3)]
    assert store.hours(OUTLET, WEEK, as_of=DAY) == [hour(0), hour(1), hour(3)]
    assert len(store.hours("X/DA001", WEEK)) == 1
    versions = store.hour_versions(OUTLET, "a21026", DAY + HOUR)
    assert [(v.version, v.at, v.value) for v in versions] == [(1, DAY, hour(1)), (2, DAY + HOUR, None)]
    assert store.hour_numbers(OUTLET, part)["a21026", DAY + HOUR] == (2, DAY + HOUR)
    store.write_hours([hour(0)], at=DAY + 2 * HOUR, whole=(OUTLET, part))
    assert len(store.hour_versions(OUTLET, "a21026", DAY + HOUR)) == 2
    other.write_hours([replace(hour(0), outlet="X/DA001"), hour(0), hour(3)], at=DAY)
    assert store.digest() == other.digest()
    assert store.write_hours([hour(1)], at=DAY + 3 * HOUR) == [hour(1)]
    assert store.hour_versions(OUTLET, "a21026", DAY + HOUR)[-1].version == 3


def test_days_are_withdrawn_like_hours(store):
    day = DayValue(OUTLET, "a21026", DAY, 20, 24, 1.25)
    store.write_days([day], at=DAY)
    store.write_days([], at=DAY + HOUR, whole=(OUTLET, WEEK))
    assert store.days(OUTLET, WEEK) == []
    assert [v.value for v in store.day_versions(OUTLET, "a21026", DAY)] == [day, None]


def test_digests_of_hours_are_of_the_values_in_use(store, other):
    store.write_hours([hour(0, 9.0), hour(1)], at=DAY)
    store.write_hours([hour(0)], at=DAY + HOUR)
    other.write_hours([hour(1)], at=DAY)
    other.write_hours([hour(0)], at=DAY)
    assert store.digest() == other.digest()
    other.write_hours([hour(0, 3.0)], at=DAY)
    assert store.digest()["hours"] != other.digest()["hours"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_and_nothing_is_written(store, bad):
    with pytest.raises(BadValue, match="say None"):
        store.write_hours([hour(0), hour(1, bad)], at=DAY)
    assert store.hours(OUTLET, WEEK) == []


def left_beside(store):
    """What a rebuild left behind: files, or tables."""
    if is_postgres(store.where):
        with store.reading() as session:
            [count] = session.db.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname LIKE '%rebuild'"
            ).fetchone()
        return count
    return len(list(store.path.parent.glob("*.rebuild*")))


def test_a_rebuild_takes_the_place_of_what_readers_have_open(store):
    store.write([packet(1, a01001="1", a21026="2"), packet(2, a01001="9")], position=packet(2).ref)
    reader = opened(store.where)
    assert len(reader.latest()) == 2
    with rebuild(store.where, history_of(store.where)) as anew:
        # Other names in another order: ids learnt from the old file would now say something else.
        anew.write([packet(1, point="M7/31", w01018="5")], position=packet(1).ref)
        assert len(reader.latest()) == 2
    for one in (reader, store):
        assert [(x.point, x.factor, x.get("Rtd")) for x in one.latest()] == [("M7/31", "w01018", "5")]
        assert one.positions() == {"g0": packet(1).ref}
    store.write([packet(3, point="M1/31", a01001="4")], position=packet(3).ref)
    assert [x.point for x in reader.latest()] == ["M1/31", "M7/31"]
    assert left_beside(store) == 0
    reader.close()


def test_a_rebuild_that_fails_leaves_everything_as_it_was(store):
    store.write([packet(1, a01001="1")], position=packet(1).ref)
    before = store.digest()

    def failing():
        with rebuild(store.where, history_of(store.where)) as anew:
            anew.write([packet(2, a01001="2")], position=packet(2).ref)
            raise TelemetryFailed("the disk went away")

    with pytest.raises(TelemetryFailed):
        failing()
    assert store.digest() == before
    assert left_beside(store) == 0


def test_a_rebuild_of_the_same_packets_has_the_same_digest(store):
    packets = [packet(n, at=DAY + n % 7 * HOUR, a01001=str(n % 3)) for n in range(40)]
    store.write(packets, position=packets[-1].ref)
    before = store.digest()
    with rebuild(store.where, history_of(store.where)) as anew:
        for one in packets:
            anew.write([one], position=one.ref)
    assert store.digest() == before


WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from packet_makers import DAY, packet
from places import opened
store = opened(sys.argv[1])
done = store.positions().get("g0")
n = 0 if done is None else (done.block - 1) * 10 + done.index + 1
print("open", flush=True)
while True:
    some = [packet(k, at=DAY + timedelta(minutes=k), a01001=str(k)) for k in range(n, n + 1 + n % 9)]
    store.write(some, position=some[-1].ref)
    n += len(some)
"""


def test_a_projector_killed_at_any_moment_leaves_rows_and_position_in_step(place):
    chance = random.Random(os.environ.get("MINGCHA_SEED", "1"))
    path = place.fresh()
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout.readline() == "open\n"
        time.sleep(chance.uniform(0, 0.25))
        child.kill()
        child.wait()
        child.stdout.close()
        store = opened(path)
        done = store.positions().get("g0")
        rows = store.series(
            "M1/31", "2011", "a01001", replace(WEEK, end=DAY + timedelta(days=900)), field="Rtd"
        )
        last = -1 if done is None else (done.block - 1) * 10 + done.index
        assert rows.texts == [str(k) for k in range(last + 1)]
        assert set(rows.versions.tolist()) <= {1}
        store.close()


def test_the_number_of_versions_of_many_hours_is_read_at_once(store):
    store.write_hours([hour(0), hour(1)], at=DAY)
    store.write_hours([hour(0, 2.5)], at=DAY + HOUR)
    assert store.hour_numbers(OUTLET, WEEK) == {
        ("a21026", DAY): (2, DAY + HOUR),
        ("a21026", DAY + HOUR): (1, DAY),
    }


def test_a_value_that_comes_twice_in_one_write_gets_two_versions(store):
    assert store.write_hours([hour(0, 1.0), hour(0, 2.0), hour(0, 2.0)], at=DAY) == [
        hour(0, 1.0),
        hour(0, 2.0),
    ]
    assert [v.value.mean for v in store.hour_versions(OUTLET, "a21026", DAY)] == [1.0, 2.0]
