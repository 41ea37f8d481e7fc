import gzip
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from packet_makers import DAY, KINDS, POINTS, WEEK, histories, packet

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.clock import from_epoch
from mingcha.core.packets import FactorReading
from mingcha.core.spans import Span
from mingcha.store.telemetry import BadValue, Telemetry, TelemetryFailed
from mingcha.store.telemetry.recent import Recent

HOUR = timedelta(hours=1)
OUTLET = "91310000/DA001"
# What this file gave with the mingcha that wrote it (schema version 2); one body of it opens with NUL.
OLD = Path(__file__).with_name("readings_v2.sqlite3.gz")
OLD_DIGEST = {
    "readings": "b69bce71cd34ccffa99b8dfadad0440114b24b6d7526233ecc57096559550b59",
    "hours": "4448af5119147e73039ad1a0d9ac0392dee39c4a2b9413ea59a03702d35479e6",
    "days": "95bbcc621c82636d3b81a846acaa45039d48a6472e5673eb86b1c887aa3dc4f5",
}


@pytest.fixture
def store(place):
    where = place.fresh()
    recent = Recent(where)
    yield recent
    recent.close()
    place.done(where)


def hour(n, mean=1.5, outlet=OUTLET):
    return HourValue(outlet, "a21026", DAY + n * HOUR, HourCode.NORMAL, 60, mean)


@settings(max_examples=25, deadline=None)
@given(histories())
def test_rows_taken_out_and_put_back_are_what_they_were(place, packets):
    store = Recent(place.fresh())
    store.write(packets, position=None)
    before, latest, dirty = store.digest(), store.latest(), store.dirty(999)
    held = {(point, kind): store.raw_rows(point, kind, WEEK) for point in POINTS for kind in KINDS}
    with store.writing():
        gone = sum(store.drop(*series, WEEK) for series in held)
    assert gone == sum(map(len, held.values()))
    assert store.days_held(WEEK.end) == []
    assert (store.latest(), store.dirty(999)) == (latest, dirty)
    for series, rows in held.items():
        store.restore(*series, rows)
        assert store.raw_rows(*series, WEEK) == rows
    assert store.digest() == before
    untouched = Recent(place.fresh())
    for one in (untouched, untouched, store):
        one.write(packets, position=None)
    assert store.digest() == untouched.digest()
    for one in (store, untouched):
        one.close()
        place.done(one.where)


def test_the_days_that_can_be_sealed_are_those_that_ended(store):
    first = datetime(1969, 12, 31, 23, 59, tzinfo=UTC)  # a clock that was never set
    times = [first, DAY, DAY + timedelta(hours=7, minutes=59, seconds=59), DAY + 8 * HOUR, DAY + 40 * HOUR]
    store.write([packet(n, at=at, a21026="1") for n, at in enumerate(times)], position=None)
    store.write([packet(9, point="M0/32", kind="2051", a21026="1")], position=None)
    assert store.days_held(DAY + 33 * HOUR) == [
        ("M0/32", "2051", date(2026, 11, 22)),
        ("M1/31", "2011", date(1969, 12, 31)),
        ("M1/31", "2011", date(2026, 11, 22)),
        ("M1/31", "2011", date(2026, 11, 23)),
    ]
    assert len(store.days_held(DAY + 24 * HOUR)) == 3
    assert store.days_held(from_epoch(0)) == [("M1/31", "2011", date(1969, 12, 31))]


def test_results_taken_out_and_put_back_are_what_they_were(store):
    store.write_hours([hour(0), hour(1), hour(30)], at=DAY)
    store.write_hours([hour(0, 2.5), hour(0, outlet="X/DA001")], at=DAY + HOUR)
    store.write_hours([hour(0)], at=DAY + 2 * HOUR, whole=(OUTLET, Span(DAY, DAY + 2 * HOUR)))
    before, numbers = store.digest(), store.hour_numbers(OUTLET, WEEK)
    assert store.results_held("hour", WEEK.end) == [
        (OUTLET, date(2026, 11, 22)), (OUTLET, date(2026, 11, 23)), ("X/DA001", date(2026, 11, 22)),
    ]  # fmt: skip
    assert store.results_held("day", WEEK.end) == []
    rows = store.result_rows("hour", WEEK, [OUTLET])
    assert [(row.start, row.version) for row in rows] == sorted((row.start, row.version) for row in rows)
    assert len(rows) == 6
    assert store.drop_results("hour", WEEK, [OUTLET]) == 6
    assert (store.hours(OUTLET, WEEK), len(store.hours("X/DA001", WEEK))) == ([], 1)
    store.restore_results("hour", rows)
    assert (store.digest(), store.hour_numbers(OUTLET, WEEK)) == (before, numbers)
    assert store.drop_results("hour", WEEK) == 7


def test_parts_of_a_transaction_count_together_or_not_at_all(store):
    store.write([packet(1, a21026="1")], position=packet(1).ref)
    before = store.digest()

    def failing():
        with store.writing():
            store.write([packet(2, a21026="2")], position=packet(2).ref)
            store.write_hours([hour(0)], at=DAY)
            assert store.hours(OUTLET, WEEK) == [hour(0)]
            raise ValueError("after the parts")

    with pytest.raises(ValueError, match="after"):
        failing()
    assert (store.digest(), store.positions()) == (before, {"g0": packet(1).ref})
    with store.writing():
        store.write([packet(2, a21026="2")], position=packet(2).ref)
        store.write_hours([hour(0)], at=DAY)
    assert (store.hours(OUTLET, WEEK), store.positions()) == ([hour(0)], {"g0": packet(2).ref})


def test_a_part_that_failed_cannot_be_passed_over(store):
    def passing_over():
        with store.writing():
            store.write([packet(1, a21026="1")], position=packet(1).ref)
            with pytest.raises(BadValue, match="say None"):
                store.write_hours([hour(0, float("nan"))], at=DAY)

    with pytest.raises(TelemetryFailed, match="a part of this write failed"):
        passing_over()
    assert store.positions() == {}


def test_a_read_is_of_one_moment_and_cannot_write(store):
    store.write([packet(1, a21026="1")], position=None)
    with store.reading():
        assert len(store.latest()) == 1
        with pytest.raises(RuntimeError, match="end the read first"):
            store.write([packet(2, a21026="2")], position=None)


class Reopening(Recent):
    """Keeps what it was asked to bring back."""

    def __init__(self, where, until):
        super().__init__(where)
        self.until, self.asked = until, []

    def _sealed_until(self):
        return self.until

    def _reopen(self, wanted):
        self.asked.append(("days", sorted(wanted)))

    def _reopen_received(self, points, since_us):
        self.asked.append(("received", points))

    def _reopen_newest(self, points):
        self.asked.append(("newest", points))

    def _reopen_results(self, level, outlet, span):
        self.asked.append((level, outlet, span))

    def _sealed_hours(self, point):
        return (0, 3600)


def test_what_may_be_sealed_is_asked_for_before_it_is_compared(place):
    where = place.fresh()
    store = Reopening(where, DAY + HOUR)
    late = packet(3, at=DAY - timedelta(days=1), a21026="3")
    store.write([packet(1, a21026="1"), packet(2, at=DAY + 9 * HOUR, a21026="2"), late], position=None)
    assert store.asked == [
        ("days", [("M1/31", "2011", date(2026, 11, 21)), ("M1/31", "2011", date(2026, 11, 22))])
    ]
    store.asked.clear()
    store.project_again("M1", DAY, lambda start, positions: [packet(1, a21026="1")])
    assert [asked[0] for asked in store.asked] == ["received", "newest", "days"]
    assert store.note("again") == "1"
    store.asked.clear()
    store.write_hours([hour(0), hour(3)], at=DAY, whole=(OUTLET, Span(DAY, DAY + 8 * HOUR)))
    assert store.asked == [("hour", OUTLET, Span(DAY, DAY + 9 * HOUR))]
    store.clean(store.dirty(99))
    store.touch_point("M1/31")
    assert [span.start for _, span in store.dirty(99)][:2] == [from_epoch(0), from_epoch(3600)]
    store.close()
    place.done(where)


def test_notes_and_names_are_kept(store):
    store.set_note("sealed", "1")
    store.set_note("sealed", "2")
    assert (store.note("sealed"), store.note("nothing")) == ("2", None)
    store.write([packet(1, a21026="1")], position=None)
    store.write_hours([hour(0)], at=DAY)
    assert (store.points_named(), store.outlets_named()) == (["M1/31"], [OUTLET])
    assert store.generation() != ""


def test_a_file_of_schema_version_2_is_raised_and_holds_what_it_held(tmp_path):
    path = tmp_path / "readings.sqlite3"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    store = Telemetry(path)
    found = store.digest()
    assert {name: found[name] for name in OLD_DIGEST} == OLD_DIGEST
    assert len(store.dirty(99)) == 17
    assert [v.text for v in store.history("M1/31", "2011", DAY, "a34013")] == ["\0x", "a\tb"]
    [last] = store.positions().values()
    odd = FactorReading("a34013", (("Rtd", "\0x"), ("Avg", "a\tb")), "N")
    again = replace(packet(61), readings=(odd,))
    assert store.write([again], position=again.ref).duplicates == 1
    assert store.positions()["g0"] > last
    store.set_note("sealed", "nothing yet")
    assert store.restatements() == []
    store.close()
    assert Telemetry(path).digest() == found
