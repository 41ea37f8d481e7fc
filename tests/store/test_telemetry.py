import itertools
import random
import resource
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_store import NaiveStore
from packet_makers import DAY, FACTORS, KINDS, POINTS, WEEK, histories, packet
from places import opened

from mingcha.core.clock import to_epoch, to_us
from mingcha.core.packets import FactorReading, number
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry import BadValue, SchemaTooNew, Telemetry, TelemetryFailed
from mingcha.store.telemetry.recent.codec import storable


@pytest.fixture
def store(place):
    where = place.fresh()
    telemetry = opened(where)
    yield telemetry
    telemetry.close()
    place.done(where)


@pytest.fixture
def file_store(tmp_path):
    telemetry = Telemetry(tmp_path / "readings.sqlite3")
    yield telemetry
    telemetry.close()


def fresh(place, packets, cuts=()):
    """A store that took the packets in batches cut at ``cuts``."""
    telemetry = opened(place.fresh())
    edges = [0, *sorted(c % (len(packets) + 1) for c in cuts), len(packets)]
    for start, end in itertools.pairwise(edges):
        telemetry.write(packets[start:end], position=None)
    return telemetry


def done(place, *stores):
    for one in stores:
        one.close()
        place.done(one.where)


def shuffled(packets, seed):
    """Another order of arrival that keeps the order within each key."""
    queues = {}
    for one in packets:
        queues.setdefault((one.point, one.cn, one.time), []).append(one)
    chance, found = random.Random(seed), []
    while queues:
        key = chance.choice(sorted(queues))
        found.append(queues[key].pop(0))
        if not queues[key]:
            del queues[key]
    return found


@settings(max_examples=40, deadline=None)
@given(histories(), st.lists(st.integers(0, 99), max_size=6), st.integers())
def test_batches_and_order_among_keys_do_not_change_the_digest(place, packets, cuts, seed):
    whole, cut = fresh(place, packets), fresh(place, shuffled(packets, seed), cuts)
    assert whole.digest() == cut.digest()
    assert whole.latest() == cut.latest()
    done(place, whole, cut)


@settings(max_examples=40, deadline=None)
@given(histories(), st.lists(st.integers(0, 99), max_size=4), st.none() | st.integers(0, 30))
def test_series_are_those_of_the_naive_store(place, packets, cuts, known_s):
    as_of = None if known_s is None else DAY + timedelta(seconds=known_s)
    store, naive = fresh(place, packets, cuts), NaiveStore(packets, as_of=as_of)
    for point, kind, factor, field in itertools.product(POINTS, KINDS, FACTORS, ("Rtd", "Avg")):
        found = store.series(point, kind, factor, WEEK, field=field, as_of=as_of)
        expected = naive.series(point, kind, factor, WEEK, field)
        assert found.times.tolist() == [to_epoch(row[0]) for row in expected]
        assert found.texts == [storable(row[1]) for row in expected]
        assert found.flags == [row[2] for row in expected]
        assert found.refs == [row[3] for row in expected]
        assert found.received.tolist() == [to_us(row[4]) for row in expected]
        assert found.versions.tolist() == [row[5] for row in expected]
        floats = [np.nan if number(row[1]) is None else float(row[1]) for row in expected]
        assert np.array_equal(found.values, np.array(floats), equal_nan=True)
        columns = store.packets(point, kind, WEEK, as_of=as_of).get(factor, {})
        assert (columns[field].texts if field in columns else []) == found.texts
    done(place, store)


@settings(max_examples=40, deadline=None)
@given(histories(), st.lists(st.integers(0, 99), max_size=4))
def test_latest_is_that_of_the_naive_store(place, packets, cuts):
    store, naive = fresh(place, packets, cuts), NaiveStore(packets)
    # A reading with neither field nor flag says nothing and is not kept.
    expected = {
        key: (time, {name: storable(text) for name, text in texts.items()})
        for key, (time, texts) in naive.latest().items()
        if texts or naive.factors[key[0], key[1], time, key[2]].flag
    }
    found = {(one.point, one.kind, one.factor): (one.time, dict(one.fields)) for one in store.latest()}
    if all(r.fields or r.flag for p in packets for r in p.readings):
        assert found == expected
    some = store.latest([POINTS[0]], kind="2011")
    assert some == [one for one in store.latest() if (one.point, one.kind) == (POINTS[0], "2011")]
    done(place, store)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_history_tells_every_version_and_marks_the_one_in_use(place, packets):
    store, naive = fresh(place, packets), NaiveStore(packets)
    for (point, kind, time, factor), known in naive.factors.items():
        found = store.history(point, kind, time, factor)
        for field, versions in known.versions.items():
            mine = [v for v in found if v.field == field]
            assert [(v.text, v.flag, v.ref) for v in mine] == [(storable(t), f, r) for t, f, r, _ in versions]
            [used] = [v for v in mine if v.current]
            assert used.ref == naive.current(point, kind, time, factor, field)[2]
    done(place, store)


def test_the_same_values_again_are_a_duplicate_and_store_nothing(store):
    one, again = packet(1, a01001="1.5 N", a21026="3 N"), packet(2, a01001="1.5 N", a21026="3 N")
    assert store.write([one], position=None).stored == 1
    before = store.digest()
    assert store.write([again, again], position=None).duplicates == 2
    assert store.digest() == before


def test_a_common_frame_is_one_row_and_a_revision_holds_only_what_changed(store):
    store.write([packet(1, a01001="1.5 N", a21026="3 N")], position=None)
    report = store.write([packet(2, a01001="1.5 N", a21026="4 N")], position=None)
    assert (report.stored, report.revisions, report.duplicates) == (1, 1, 0)
    with store.reading() as session:
        found = session.db.execute("SELECT seq, body FROM readings ORDER BY seq").fetchall()
    assert found == [(0, "1.5\t3"), (1, "4")]


def test_split_packs_add_up_and_are_no_revision(store):
    report = store.write([packet(1, a01001="1 N"), packet(2, a21026="2 N")], position=None)
    assert (report.stored, report.revisions) == (2, 0)
    assert [(one.factor, one.ref.index) for one in store.latest()] == [("a01001", 1), ("a21026", 2)]


def test_what_is_no_number_never_replaces_a_number(store):
    store.write([packet(1, a01001="1.5 N"), packet(2, a01001="- D"), packet(3, a01001="- C")], position=None)
    [now] = store.latest()
    assert (now.get("Rtd"), now.flag, now.ref.index) == ("1.5", "N", 1)
    versions = store.history("M1/31", "2011", DAY, "a01001")
    assert [(v.text, v.flag, v.current) for v in versions] == [
        ("1.5", "N", True),
        ("-", "D", False),
        ("-", "C", False),
    ]
    store.write([packet(4, a01001="2 N")], position=None)
    assert store.latest()[0].get("Rtd") == "2"


def test_a_changed_flag_alone_is_a_version(store):
    store.write([packet(1, a01001="1.5 N"), packet(2, a01001="1.5 C")], position=None)
    found = store.series("M1/31", "2011", "a01001", WEEK, field="Rtd")
    assert (found.texts, found.flags, found.versions.tolist()) == (["1.5"], ["C"], [2])
    assert store.latest()[0].flag == "C"


def test_as_of_tells_what_was_known_then(store):
    store.write([packet(1, a01001="1 N"), packet(9, a01001="2 N")], position=None)
    then = DAY + timedelta(minutes=5)
    assert store.series("M1/31", "2011", "a01001", WEEK, field="Rtd", as_of=then).texts == ["1"]
    assert store.series("M1/31", "2011", "a01001", WEEK, field="Rtd").texts == ["2"]
    assert len(store.series("M1/31", "2011", "a01001", WEEK, field="Rtd", as_of=DAY)) == 0


def test_a_frame_that_contradicts_itself_loses_nothing(store):
    one = packet(1, a01001="1 N")
    twice = FactorReading("a01001", (("Rtd", "2"),), "N")
    store.write([replace(one, readings=(*one.readings, twice))], position=None)
    assert [v.text for v in store.history("M1/31", "2011", DAY, "a01001")] == ["1", "2"]


def test_a_span_is_half_open(store):
    store.write([packet(n, at=DAY + timedelta(seconds=n), a01001=str(n)) for n in range(4)], position=None)
    second = timedelta(seconds=1)
    found = store.series("M1/31", "2011", "a01001", Span(DAY + second, DAY + 3 * second), field="Rtd")
    assert found.texts == ["1", "2"]
    part = Span(DAY + second / 2, DAY + second * 1.5)
    assert store.series("M1/31", "2011", "a01001", part, field="Rtd").texts == ["1"]


def test_what_was_never_received_is_empty_and_no_error(store):
    assert len(store.series("M9/31", "2011", "a01001", WEEK, field="Rtd")) == 0
    assert (store.packets("M9/31", "2011", WEEK), store.latest(["M9/31"])) == ({}, [])
    assert (store.history("M9/31", "2011", DAY, "a01001"), store.positions()) == ([], {})


def test_the_position_moves_with_its_rows_and_each_frame_has_its_effect_once(store):
    first, second, third = packet(1, a01001="1 N"), packet(2, a01001="2 N"), packet(3, a01001="1 N")
    store.write([first, second], position=second.ref)
    store.write([first, second, third], position=third.ref)
    store.write([first, second], position=second.ref)
    assert store.positions() == {"g0": third.ref}
    assert [v.text for v in store.history("M1/31", "2011", DAY, "a01001")] == ["1", "2", "1"]
    store.write([], position=FrameRef("g1-20261123", 1, 0))
    assert set(store.positions()) == {"g0", "g1"}


def test_frames_passed_over_earlier_can_be_written_without_position(store):
    store.write([], position=packet(9).ref)
    assert store.write([packet(1, a01001="1 N")], position=None).stored == 1


def test_touched_hours_are_dirty_until_cleaned(store):
    late = DAY - timedelta(hours=30)
    store.write([packet(1, a01001="1"), packet(2, at=late, a01001="1"), packet(3, a01001="1")], position=None)
    hours = [item[1].start for item in store.dirty(10)]
    assert hours == [late, DAY]
    assert store.dirty(1) == store.dirty(10)[:1]
    store.clean(store.dirty(10))
    assert store.dirty(10) == []


def test_an_hour_touched_again_after_it_was_given_out_stays_dirty(store):
    store.write([packet(1, a01001="1")], position=None)
    given_out = store.dirty(10)
    store.write([packet(2, a01001="2")], position=None)
    store.clean(given_out)
    assert store.dirty(10) == given_out
    store.clean(given_out)
    assert store.dirty(10) == []


def test_a_duplicate_touches_no_hour(store):
    store.write([packet(1, a01001="1")], position=None)
    store.clean(store.dirty(10))
    store.write([packet(2, a01001="1")], position=None)
    assert store.dirty(10) == []


@pytest.mark.parametrize("change", [{"cn": "abc"}, {"edition": "1999"}])
def test_a_packet_that_cannot_be_kept_stores_nothing_of_its_batch(store, change):
    with pytest.raises(BadValue, match="expected"):
        store.write(
            [packet(1, point="NEW/31", a01001="1"), replace(packet(2, a01001="2"), **change)],
            position=packet(2).ref,
        )
    assert (store.latest(), store.positions()) == ([], {})
    assert store.write([packet(1, point="NEW/31", a01001="1")], position=None).stored == 1
    assert store.latest()[0].point == "NEW/31"


def test_a_newer_file_is_refused_with_a_remedy(tmp_path):
    with sqlite3.connect(tmp_path / "r.sqlite3") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaTooNew, match=r"version 99 found.*mingcha rebuild"):
        Telemetry(tmp_path / "r.sqlite3")


def test_a_full_disk_keeps_rows_and_position_as_they_were(file_store):
    file_store.write([packet(0, a01001="1")], position=packet(0).ref)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    many = [packet(n, at=DAY + timedelta(minutes=n), a01001="x" * 900) for n in range(1, 600)]
    try:
        with pytest.raises(TelemetryFailed, match="position has not moved"):
            file_store.write(many, position=many[-1].ref)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (len(file_store.latest()), file_store.positions()) == (1, {"g0": packet(0).ref})
    assert file_store.write(many, position=many[-1].ref).stored == 599


def test_threads_read_while_one_writes(store):
    wrong = []

    def read():
        for _ in range(60):
            found = store.series("M1/31", "2011", "a01001", WEEK, field="Rtd")
            if found.texts != [str(k) for k in range(len(found))]:
                wrong.append(found.texts)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for one in readers:
        one.start()
    for n in range(60):
        store.write([packet(n, at=DAY + timedelta(minutes=n), a01001=str(n))], position=None)
    for one in readers:
        one.join()
    assert wrong == []


def test_fields_can_be_named_so_that_no_others_are_read(store):
    reading = FactorReading("a21026", (("Min", "1"), ("Avg", "2"), ("Max", "3")), "N")
    store.write([replace(packet(0), readings=(reading,))], position=None)
    found = store.packets("M1/31", "2011", WEEK, fields=("Avg", "Max"))
    assert {field: column.texts for field, column in found["a21026"].items()} == {"Avg": ["2"], "Max": ["3"]}
    assert found["a21026"]["Avg"].flags == ["N"]


def test_hours_can_be_made_dirty_without_a_reading(store):
    hour = timedelta(hours=1)
    store.touch([("M1/31", Span(DAY + hour / 2, DAY + 2 * hour))])
    assert store.dirty(9) == [("M1/31", Span(DAY + n * hour, DAY + (n + 1) * hour)) for n in range(2)]
    store.clean(store.dirty(9))
    assert store.dirty(9) == []


def test_every_hour_of_a_point_can_be_made_dirty_again(store):
    late = DAY + timedelta(days=3, minutes=7)
    store.write([packet(0, a21026="1"), packet(1, at=late, a21026="2")], position=None)
    store.write([packet(2, point="M2/32", a21026="3")], position=None)
    store.clean(store.dirty(9))
    store.touch_point("M1/31")
    assert [(point, span.start) for point, span in store.dirty(9)] == [
        ("M1/31", DAY),
        ("M1/31", late - timedelta(minutes=7)),
    ]


def test_whether_a_point_reported_in_a_span_is_known(store):
    store.write([packet(0, a21026="1")], position=None)
    second = timedelta(seconds=1)
    assert store.has_readings("M1/31", Span(DAY, DAY + second))
    assert not store.has_readings("M1/31", Span(DAY + second, DAY + timedelta(days=1)))
    assert not store.has_readings("M9/31", WEEK)
