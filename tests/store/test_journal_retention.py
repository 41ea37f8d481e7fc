import random
import resource
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_makers import DAY_US, HOUR_US, T0, entries, frame
from signed_world import AT, LATER, outside

from mingcha.core.clock import from_us
from mingcha.core.errors import BadRule
from mingcha.core.refs import FrameRef
from mingcha.store.journal import (
    Direction,
    DroppedEntry,
    Entry,
    Journal,
    JournalReader,
    Notary,
    StatementFailed,
    keys,
    licences,
    reduced,
    retention,
    statements,
    tree,
)
from mingcha.store.journal.retention import Holds

YEARS = AT + timedelta(days=4000)


def of_class(name, n, us):
    plain = frame(n, us)
    plain = plain._replace(raw=plain.raw + random.Random(n).randbytes(90))  # so that it takes room
    if name == "reply":
        return Entry(Direction.OUT, plain.received_us, plain.conn, plain.mn, "", plain.raw)
    verdict = {"station": "accepted", "quarantine": "quarantine", "rejected": "rejected:crc"}[name]
    return plain._replace(verdict=verdict)


@pytest.fixture
def data(tmp_path):
    """Three days; each has a block of each class and one of all classes."""
    n = 0
    with Journal(tmp_path / "journal") as journal:
        for day in range(3):
            for hour, names in enumerate([*([name] for name in retention.CLASSES), retention.CLASSES]):
                us = T0 + day * DAY_US + hour * HOUR_US
                some = [of_class(name, n + k, us) for k, name in enumerate([*names] * 20)]
                journal.append(some)
                n += len(some)
    Notary.in_data(tmp_path).checkpoint(at=AT)
    return tmp_path


def years(**days):
    """The settings with other ages."""
    return {
        name: replace(entry, values=((date(2020, 1, 1), str(days.get(name, "forever"))),))
        for name, entry in retention.ages().items()
    }


def planned(data, holds=None, at=YEARS, **days):
    return retention.plan(JournalReader(data / "journal"), at, years(**days), holds or Holds())


def done(data, plan, at=YEARS):
    return retention.carry_out(Notary.in_data(data), plan, at=at, by="the archivist")


def kept(data):
    return dict(JournalReader(data / "journal").entries())


def classes(data):
    return Counter(retention.class_of(e) for e in kept(data).values())


def faults(data):
    return {(f.journal, f.block, f.code) for f in JournalReader(data / "journal").verify().problems}


@settings(deadline=None)
@given(st.lists(entries, min_size=1, max_size=40), st.data())
def test_what_is_kept_is_read_and_proven_however_often_a_block_is_reduced(some, draw):
    rest, gone = reduced.whole(some), set()
    root = tree.root(tree.leaves(some))
    for number in (1, 2):
        gone |= set(draw.draw(st.lists(st.integers(0, len(some) - 1))))
        payload = rest.without(gone, number)
        rest = reduced.unpack(payload, "here")
        assert rest.entries == [(i, e) for i, e in enumerate(some) if i not in gone]
        assert rest.root == root
        assert reduced.statement_of(payload) == number
        for index, e in rest.entries:
            [leaf] = tree.leaves([e])
            assert tree.proves(leaf, index, len(some), tree.proof_known(rest.nodes, len(some), index), root)


def test_our_own_settings_keep_stations_for_ever_and_are_said_to_be_default():
    assert retention.ages()["station"].on(date(2026, 11, 23)) == "forever"
    assert {entry.sureness for entry in retention.ages().values()} == {"default"}
    assert set(retention.ages()) == set(retention.CLASSES)


@pytest.mark.parametrize(
    ("text", "says"),
    [("stations: {title: x, values: {2026-01-01: '9'}, cite: x, sureness: default}", "no class"),
     ("reply: {title: x, values: {2026-01-01: 'soon'}, cite: x, sureness: default}", "a number of days"),
     ("reply: {values: {2026-01-01: '9'}}", "title")],
)  # fmt: skip
def test_a_wrong_file_of_settings_names_key_and_remedy(tmp_path, text, says):
    (tmp_path / "retention.yaml").write_text(text)
    with pytest.raises(BadRule, match=says):
        retention.ages(tmp_path / "retention.yaml")


def test_a_plan_changes_nothing(data):
    before = {path: path.read_bytes() for path in (data / "journal").iterdir() if path.suffix == ".sqlite3"}
    assert planned(data, station=1, reply=1, quarantine=1, rejected=1).classes.total() == 2 * 160
    assert {path: path.read_bytes() for path in before} == before


def test_what_is_old_goes_class_by_class_and_the_newest_file_stays(data):
    plan = planned(data, quarantine=400)
    assert set(plan.classes) == {"quarantine"}
    stated = done(data, plan)
    assert classes(data) == {
        "station": 120,
        "reply": 120,
        "rejected": 120,
        "quarantine": 120 - plan.classes.total(),
    }
    assert stated.body["by"] == "the archivist"
    assert stated.body["settings"]["quarantine"] == {
        "days": "400",
        "cite": "mingcha default",
        "sureness": "default",
    }
    assert stated.body["dropped"] == {"quarantine": plan.classes.total()}
    assert faults(data) == set()
    assert {ref.journal for ref, e in kept(data).items() if retention.class_of(e) == "quarantine"} >= {
        "g0-20261125"
    }


def test_the_age_is_counted_to_the_microsecond(data):
    first = next(iter(kept(data).values()))
    age = from_us(first.received_us) + timedelta(days=30)
    assert planned(data, at=age, station=30).classes.total() == 0
    assert planned(data, at=from_us(first.received_us + DAY_US) + timedelta(days=30), station=30).cuts


def test_verify_says_dropped_under_which_record_and_reading_says_it_too(data):
    number = done(data, planned(data, station=1)).number
    report = JournalReader(data / "journal").verify()
    assert report.ok
    assert all(gone.statements == (number,) for gone in report.dropped)
    assert f"20 entries dropped under record {number}" in str(report.dropped[0])
    with pytest.raises(DroppedEntry, match=f"record {number}"):
        JournalReader(data / "journal").read(FrameRef("g0-20261123", 1, 3))


def test_names_of_what_is_kept_do_not_change(data):
    before = kept(data)
    done(data, planned(data, station=1, rejected=1))
    after = kept(data)
    assert after.items() <= before.items()
    assert len(after) < len(before)


def test_what_goes_is_no_longer_in_the_file(data):
    secret = next(e.raw for e in kept(data).values() if retention.class_of(e) == "rejected")
    plan = planned(data, rejected=1)
    size = (data / "journal" / "g0-20261123.sqlite3").stat().st_size
    done(data, plan)
    assert (data / "journal" / "g0-20261123.sqlite3").stat().st_size < size
    assert secret not in [e.raw for e in kept(data).values()][:80]
    assert not list((data / "journal").glob("g0-20261123.sqlite3-*"))


def test_a_second_run_goes_further_and_finds_nothing_twice(data):
    done(data, planned(data, rejected=1))
    again = planned(data, rejected=1)
    assert again.cuts == []
    assert done(data, again) is None
    done(data, planned(data, rejected=1, station=1, reply=1, quarantine=1))
    assert all(ref.journal == "g0-20261125" for ref in kept(data))
    assert faults(data) == set()


def test_what_cases_refer_to_is_held(data):
    ref = FrameRef("g0-20261123", 1, 7)
    holds = Holds(frozenset({ref}), {"M003": from_us(T0 + DAY_US)})
    plan = planned(data, holds, station=1)
    done(data, plan)
    left = kept(data)
    assert ref in left
    assert plan.held > 1
    late = [
        e
        for r, e in left.items()
        if retention.class_of(e) == "station" and r.journal == "g0-20261124" and r.block == 1
    ]
    assert {e.mn for e in late} == {"M003"}
    assert faults(data) == set()


def test_entries_go_only_where_that_saves_bytes(tmp_path):
    """One short reply among frames: its hash would take more room than it does."""
    with Journal(tmp_path / "journal") as journal:
        some = [frame(n) for n in range(40)]
        some[20] = Entry(Direction.OUT, T0 + 20, "10.0.0.2:4000", "M000", "", b"ok")
        journal.append(some)
        journal.append([frame(99, T0 + DAY_US)])
    Notary.in_data(tmp_path).checkpoint(at=AT)
    plan = planned(tmp_path, reply=1)
    assert (plan.cuts, plan.unprofitable) == ([], 1)


def test_what_no_checkpoint_covers_stays(tmp_path):
    with Journal(tmp_path / "journal") as journal:
        for day in range(3):
            journal.append([frame(n, T0 + day * DAY_US) for n in range(30)])
    assert planned(tmp_path, station=1).cuts == []
    Notary.in_data(tmp_path).checkpoint(at=AT)
    assert len(planned(tmp_path, station=1).cuts) == 2


def test_a_block_reduced_without_a_record_is_a_fault(data):
    block = JournalReader(data / "journal").block("g0-20261124", 1)
    with sqlite3.connect(data / "journal" / "g0-20261124.sqlite3") as db:
        db.execute("UPDATE blocks SET payload = ? WHERE seq = 1", (block.rest().without({0, 1}, 2),))
    assert faults(data) == {("g0-20261124", 1, "dropped")}
    assert outside(data / "journal")[0] == 1


def test_more_dropped_than_the_record_names_is_a_fault(data):
    done(data, planned(data, quarantine=1))
    block = JournalReader(data / "journal").block("g0-20261123", 5)
    assert block.is_reduced
    index = next(i for i, e in block.kept() if retention.class_of(e) == "station")
    with sqlite3.connect(data / "journal" / "g0-20261123.sqlite3") as db:
        db.execute("UPDATE blocks SET payload = ? WHERE seq = 5", (block.rest().without({index}, 5),))
    assert faults(data) == {("g0-20261123", 5, "dropped")}
    code, told = outside(data / "journal")
    assert code == 1
    assert "no signed record names" in told


@pytest.mark.parametrize("change", ["other", "gone"])
def test_a_list_that_was_not_signed_allows_nothing(data, change):
    number = done(data, planned(data, station=1)).number
    path = licences.path_of(data / "journal", number)
    path.write_bytes(path.read_bytes() + b"{}\n") if change == "other" else path.unlink()
    assert {("checkpoints", number, "list"), ("g0-20261123", 1, "dropped")} <= faults(data)


def test_a_record_signed_by_another_allows_nothing(data):
    number = done(data, planned(data, station=1)).number
    path = data / "journal" / statements.FILE
    lines = [s.line for s in statements.read(path)]
    forged = statements.made(keys.make(), statements.parse(lines[-1]).body)
    path.write_bytes(b"".join(line + b"\n" for line in [*lines[:-1], forged.line]))
    assert {("checkpoints", number, "signature"), ("g0-20261123", 1, "dropped")} <= faults(data)


@pytest.mark.parametrize("at", range(8, 60, 9))
def test_a_changed_byte_of_a_reduced_block_is_found(data, at):
    done(data, planned(data, quarantine=1))
    with sqlite3.connect(data / "journal" / "g0-20261123.sqlite3") as db:
        [payload] = db.execute("SELECT payload FROM blocks WHERE seq = 5").fetchone()
        changed = payload[:at] + bytes([payload[at] ^ 4]) + payload[at + 1 :]
        db.execute("UPDATE blocks SET payload = ? WHERE seq = 5", (changed,))
    found = faults(data)
    assert found == set() or found & {("g0-20261123", 5, "unreadable"), ("g0-20261123", 5, "dropped")}
    if found == set():  # zstd leaves bits unread
        assert len(kept(data)) == len(kept(data))
    assert (outside(data / "journal")[0] == 1) == bool(found)


def test_a_run_killed_after_it_signed_is_completed_by_the_next(data, monkeypatch):
    plan = planned(data, station=1, rejected=1)
    with monkeypatch.context() as broken:
        broken.setattr(retention, "_rewrite", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            done(data, plan)
    assert classes(data)["station"] == 120
    assert faults(data) == set()
    assert retention.finish(data / "journal") == len(plan.cuts)
    assert retention.finish(data / "journal") == 0
    assert classes(data)["station"] < 120
    assert faults(data) == set()


def test_a_full_disk_leaves_every_block_whole_or_reduced(data):
    plan = planned(data, station=1, reply=1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(StatementFailed, match="free disk space"):
            done(data, plan)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert faults(data) == set()
    retention.finish(data / "journal")
    assert faults(data) == set()


def test_the_outside_verifier_knows_the_record(data):
    number = done(data, planned(data, station=1, quarantine=1)).number
    Notary.in_data(data).checkpoint(at=LATER)
    code, told = outside(data / "journal")
    assert code == 0, told
    assert f"entries dropped under record {number}" in told
