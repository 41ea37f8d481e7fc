"""Sealing, one thing at a time."""

import threading
from datetime import timedelta

import numpy as np
import pytest
from history_worlds import ALL, OUTLETS, hour, pair, same, same_readings
from packet_makers import DAY, packet

from mingcha.core.aggregates import HourCode
from mingcha.core.packets import FactorReading, Packet
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry, TelemetryFailed, rebuild
from mingcha.store.telemetry.history import sealer, tidying
from mingcha.store.telemetry.history.check import health

SIX = DAY + timedelta(days=6)


def fill(*stores, days=5):
    for store in stores:
        store.write(
            [
                packet(n, at=DAY + timedelta(hours=n), point=point, kind="2051", a21026=f"{n % 7}.50 N", w01018="x D")
                for n in range(days * 24)
                for point in ("M1/31", "M2/32")
            ],
            position=None,
        )  # fmt: skip
        for outlet in OUTLETS:
            store.write_hours(
                [hour(outlet, "a21026", DAY + timedelta(hours=n), n / 7) for n in range(days * 24)], at=SIX
            )


@pytest.fixture
def stores(tmp_path):
    one, other = pair(tmp_path, buckets=2)
    fill(one, other)
    yield one, other
    one.close()
    other.close()


def late(n, hours, text="9.9 N", point="M1/31"):
    return packet(10_000 + n, at=DAY + timedelta(hours=hours), point=point, kind="2051", a21026=text)


def test_sealing_moves_closed_days_and_nothing_changes_for_who_asks(stores):
    one, other = stores
    report = one.seal(DAY + timedelta(days=3))
    assert report.rows > 200
    assert one.sealed_until() <= DAY + timedelta(days=3)
    assert one.days_held(DAY + timedelta(days=3)) == []
    assert len(one.days_held(SIX)) < len(other.days_held(SIX))
    same(one, other)


def test_sealing_twice_does_nothing_the_second_time(stores):
    one, _ = stores
    one.seal(DAY + timedelta(days=3))
    report = one.seal(DAY + timedelta(days=3))
    assert (report.partitions, report.rows) == (0, 0)


def test_a_day_that_has_not_ended_is_not_sealed(stores):
    one, _ = stores
    one.seal(DAY + timedelta(days=1))  # 16:00 UTC: of the UTC day that began before, only the first half
    assert {day for _, _, day in one.days_held(SIX)} >= {(DAY + timedelta(days=1)).date()}


def test_late_readings_bring_a_day_back_and_keep_its_versions(stores):
    one, other = stores
    one.seal(SIX)
    for store in stores:
        report = store.write([late(1, 30), late(2, 31, "2.50 N"), late(3, 31, "- D")], position=None)
        assert (report.stored, report.revisions) == (3, 3)
    assert [(point, kind) for point, kind, _ in one.days_held(SIX)] == [("M1/31", "2051")]
    same(one, other)
    one.seal(SIX)
    same(one, other)
    assert len(one.history("M1/31", "2051", DAY + timedelta(hours=31), "a21026")) == 3
    assert health(one).reopened == 0


def test_a_duplicate_of_a_sealed_reading_is_known_as_one(stores):
    one, _ = stores
    one.seal(SIX)
    again = packet(5, at=DAY + timedelta(hours=5), kind="2051", a21026="5.50 N", w01018="x D")
    assert one.write([again], position=None).duplicates == 1


def test_what_was_known_when_is_told_across_the_seam(stores):
    one, other = stores
    for store in stores:
        store.write([late(1, 30)], position=None)
    one.seal(SIX)
    for minutes in (5, 60, 10_000, 10_002):
        same_readings(one, other, ALL, DAY + timedelta(minutes=minutes))
    before = one.hours(OUTLETS[0], ALL, as_of=SIX - timedelta(seconds=1))
    assert before == []


def test_restating_sealed_hours_adds_a_version(stores):
    one, other = stores
    one.seal(SIX)
    value = hour(
        OUTLETS[0], "a21026", DAY + timedelta(hours=3), None, HourCode.CALIBRATION, cause="calibration"
    )
    for store in stores:
        assert store.write_hours([value], at=SIX + timedelta(days=1)) == [value]
        assert store.write_hours([value], at=SIX + timedelta(days=2)) == []
    assert [v.version for v in one.hour_versions(OUTLETS[0], "a21026", value.start)] == [1, 2]
    same(one, other)
    one.seal(SIX)
    same(one, other)


def test_a_whole_year_resent_changes_nothing(tmp_path):
    one, other = pair(tmp_path, buckets=1)
    year = [packet(n, at=DAY - timedelta(days=n), kind="2031", a21026=f"{n}.5 N") for n in range(0, 365, 3)]
    for store in (one, other):
        store.write(year, position=None)
    one.seal(SIX)
    assert len({partition.month for partition in one.partitions()}) >= 12
    for store in (one, other):
        assert store.write(year, position=None).duplicates == len(year)
    same_readings(one, other, kinds=("2031",), points=("M1/31",), factors=("a21026",))
    one.seal(SIX)
    assert one.digest() == other.digest()


def test_texts_of_any_form_come_back_to_the_letter(tmp_path):
    one, other = pair(tmp_path)
    texts = ["007", "-0.0", "-0", "0", "-12.50", "1e5", "NaN", "-", "正常", ".5", "5.", "9" * 18, "9" * 19, "0." + "1" * 17,
             "-0.0000001", "0.0000000", "+1", "1 ", "12345678901.2345678", "999999999999999999", "0.1", "\t", ""]  # fmt: skip
    for store in (one, other):
        store.write(
            [
                Packet(
                    "M1", "31", "2051", DAY + timedelta(minutes=n),
                    (one_factor(text),), "2025", f"2026112{n % 10}990000001", True, None, None,
                )
                for n, text in enumerate(texts)
            ],
            position=None,
        )  # fmt: skip
    one.seal(SIX)
    assert one.days_held(SIX) == []
    same_readings(one, other, points=("M1/31",), kinds=("2051",), factors=("a21026",))
    assert one.digest() == other.digest()


def one_factor(text):
    return FactorReading("a21026", (("Avg", text),), "")


@pytest.mark.parametrize("step", ["written", "verified", "told"])
def test_readings_that_come_while_a_day_is_sealed_are_not_lost(stores, step):
    one, other = stores
    came = []

    def watch(reached):
        if reached == step and not came:
            came.append(late(1, 30))
            one.write(came, position=None)

    assert one.seal(SIX, watch=watch).waiting == []
    other.write(came, position=None)
    same(one, other)
    one.seal(SIX)
    same(one, other)


def test_a_partition_that_never_rests_waits_for_the_next_time(stores):
    one, other = stores
    count = iter(range(100))

    def watch(reached):
        if reached == "verified":
            packets = [late(n := next(count), 30 + n % 3, f"{n}.1 N", point) for point in ("M1/31", "M2/32")]
            for store in stores:
                store.write(packets, position=None)

    report = one.seal(SIX, watch=watch)
    assert report.waiting
    same(one, other)
    one.seal(SIX)
    same(one, other)


def test_a_station_projected_again_while_it_is_sealed_is_sealed_anew(stores):
    one, other = stores
    done = []

    def gather(start, positions):
        return [late(n, n) for n in range(3)]

    def watch(reached):
        if reached == "verified" and not done:
            done.append(one.project_again("M1", DAY, gather))

    one.seal(SIX, watch=watch)
    other.project_again("M1", DAY, gather)
    same(one, other)


def test_two_sealers_at_once_leave_everything_there_once(stores):
    one, other = stores
    second = Telemetry(one.where)
    failed = []

    def run(store):
        try:
            store.seal(SIX)
        except TelemetryFailed as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(store,)) for store in (one, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.seal(SIX)
    second.close()
    same(one, other)
    assert health(one).broken == []


def test_a_file_written_wrongly_is_found_and_nothing_is_taken(stores, monkeypatch):
    one, other = stores
    right = sealer.readings.encode

    def wrong(point, rows):
        values, frames = right(point, rows)
        return values.slice(0, max(values.num_rows - 1, 0)), frames

    monkeypatch.setattr(sealer.readings, "encode", wrong)
    with pytest.raises((TelemetryFailed, KeyError)):
        one.seal(SIX)
    monkeypatch.undo()
    same(one, other)
    one.seal(SIX)
    same(one, other)


def test_many_sealings_leave_few_files_and_the_old_ones_go(stores):
    one, other = stores
    for days in range(1, 6):
        for store in stores:
            store.write([late(days * 10 + n, 24 * days - 24 + n) for n in range(3)], position=None)
        one.seal(DAY + timedelta(days=days))
    same(one, other)
    assert max(sum(file.table == "readings" for file in s.files) for s in sealed(one)) <= sealer.FILES_MAX
    before = files(one)
    assert tidying.tidy(one, one.shelf, keep_hours=0) > 0
    assert len(files(one)) < len(before)
    assert health(one).broken == []
    same(one, other)


def sealed(store):
    with store.reading() as session:
        return sealer.pointers.everything(session)


def files(store):
    return list((store.path.parent / "history").rglob("*.parquet"))


def test_the_delta_tables_say_what_is_in_use(stores):
    one, _ = stores
    one.seal(DAY + timedelta(days=3))
    one.write([late(1, 30)], position=None)
    one.seal(SIX)
    for name in ("readings", "frames", "hours"):
        live = one.shelf.table(one.generation(), name).live()
        assert {*live} == {file.path for s in sealed(one) for file in s.files if file.table == name}


def test_a_rebuild_has_equal_digests_and_takes_history_with_it(stores):
    one, other = stores
    one.seal(SIX)
    before, old = one.digest(), one.generation()
    with rebuild(one.where) as fresh:
        fill(fresh)
        fresh.seal(DAY + timedelta(days=2))
        assert fresh.digest() == before
    assert one.digest() == before == other.digest()
    assert one.generation() != old
    same(one, other)
    one.seal(SIX)
    same(one, other)


def test_a_rebuild_that_fails_leaves_readings_and_history(stores):
    one, other = stores
    one.seal(SIX)
    with pytest.raises(RuntimeError, match="no"):
        broken_rebuild(one)
    same(one, other)


def broken_rebuild(store):
    with rebuild(store.where) as fresh:
        fill(fresh, days=1)
        raise RuntimeError("no")


def test_both_engines_seal_and_open_again(place, tmp_path):
    where = place.fresh()
    one, other = pair(tmp_path, where, history=tmp_path / "history", buckets=2)
    fill(one, other, days=3)
    one.seal(DAY + timedelta(days=2))
    for store in (one, other):
        store.write([late(1, 3), late(2, 60)], position=None)
        store.write_hours(
            [hour(OUTLETS[0], "a21026", DAY + timedelta(hours=3), 99.5)], at=SIX + timedelta(days=1)
        )
    same(one, other)
    one.project_again("M2", DAY, lambda start, positions: [late(3, 5, point="M2/32")])
    other.project_again("M2", DAY, lambda start, positions: [late(3, 5, point="M2/32")])
    same(one, other)
    one.seal(SIX)
    same(one, other)
    one.close()
    other.close()
    place.done(where)


def test_columns_of_results_are_those_of_a_store_that_never_sealed(stores):
    one, _ = stores
    gone = hour(
        OUTLETS[0], "a21026", DAY + timedelta(hours=9), None, HourCode.FAULT, cause="fault", inputs="x"
    )
    for store in stores:
        store.write_hours(
            [gone],
            at=SIX + timedelta(days=1),
            whole=(OUTLETS[0], Span(gone.start, gone.start + timedelta(hours=3))),
        )
    one.seal(DAY + timedelta(days=3))
    for as_of in (None, SIX):
        found, wanted = (
            store.columns("hour", OUTLETS[0], ALL, ["a21026"], as_of=as_of)["a21026"] for store in stores
        )
        for name in wanted.__slots__:
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)


def test_touching_a_point_finds_its_sealed_hours(stores):
    one, other = stores
    one.seal(SIX)
    for store in stores:
        store.clean(store.dirty(10_000))
        store.touch_point("M1/31")
    assert one.dirty(10_000) == other.dirty(10_000) != []


def test_a_missing_file_is_named_with_its_remedy(stores):
    one, _ = stores
    one.seal(SIX)
    for path in files(one):
        path.unlink()
    assert health(one).broken
    fresh = Telemetry(one.where)
    with pytest.raises(TelemetryFailed, match="MINGCHA_HISTORY"):
        fresh.packets("M1/31", "2051", Span(DAY, SIX))
    fresh.close()
