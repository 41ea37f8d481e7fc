import random
import shutil
import sqlite3

import pytest
from journal_makers import DAY_US, T0, filled, frame

from mingcha.store.journal import Anchor, Journal, JournalReader
from mingcha.store.journal.files import COLUMNS


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    filled(folder)
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "journal")


def change(folder, sql, *values, day="20261124"):
    with sqlite3.connect(folder / f"g0-{day}.sqlite3") as db:
        db.execute(sql, values)


def codes(folder, **options):
    report = JournalReader(folder).verify(**options)
    return {(f.journal, f.block, f.code) for f in report.problems}


def test_an_untouched_journal_is_clean(folder):
    report = JournalReader(folder).verify()
    assert (report.ok, report.blocks, report.frames) == (True, 12, 66)
    assert [h.block for h in report.heads] == [4]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("seed", range(3))
def test_a_changed_column_is_found_and_its_block_named(folder, column, seed):
    chance = random.Random(f"{column}{seed}")
    with sqlite3.connect(folder / "g0-20261124.sqlite3") as db:
        [value] = db.execute(f"SELECT {column} FROM blocks WHERE seq = 2").fetchone()
    if isinstance(value, bytes):
        at, bit = chance.randrange(len(value)), 1 << chance.randrange(8)
        changed = value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :]
    else:
        changed = value ^ (1 << chance.choice([7, 20, 40]))
    change(folder, f"UPDATE blocks SET {column} = ? WHERE seq = 2", changed)
    report = JournalReader(folder).verify()
    assert not report.ok
    if column != "seq":
        assert any(
            (f.journal, f.block) == ("g0-20261124", 2) and f.expected != f.found for f in report.problems
        )


def test_every_bit_of_a_stored_payload_counts(folder):
    with sqlite3.connect(folder / "g0-20261124.sqlite3") as db:
        [payload] = db.execute("SELECT payload FROM blocks WHERE seq = 1").fetchone()
    for at in range(0, len(payload) * 8, 5):
        flipped = bytearray(payload)
        flipped[at // 8] ^= 1 << at % 8
        change(folder, "UPDATE blocks SET payload = ? WHERE seq = 1", bytes(flipped))
        assert ("g0-20261124", 1, "stored") in codes(folder), f"bit {at}"


def test_a_flipped_byte_of_the_file_is_found_or_changes_nothing_that_is_kept(whole, tmp_path):
    kept = list(JournalReader(whole).entries())
    chance = random.Random(7)
    found = 0
    for n in range(60):
        folder = shutil.copytree(whole, tmp_path / str(n))
        path = folder / "g0-20261124.sqlite3"
        data = bytearray(path.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        reader = JournalReader(folder)
        if reader.verify().ok:
            assert list(reader.entries()) == kept
        else:
            found += 1
        shutil.rmtree(folder)
    assert found > 20


def test_a_removed_block_is_missing(folder):
    change(folder, "DELETE FROM blocks WHERE seq = 2")
    assert ("g0-20261124", 2, "missing") in codes(folder)


def test_a_removed_last_block_is_missing(folder):
    change(folder, "DELETE FROM blocks WHERE seq = 4", day="20261125")
    assert codes(folder) == {("g0-20261125", 3, "tail")}


def test_a_removed_middle_file_breaks_the_chain_of_the_next(folder):
    (folder / "g0-20261124.sqlite3").unlink()
    assert codes(folder) == {("g0-20261125", 1, "prev")}


def test_a_removed_first_file_breaks_the_chain_of_the_next(folder):
    (folder / "g0-20261123.sqlite3").unlink()
    assert codes(folder) == {("g0-20261124", 1, "prev")}


def test_reordered_blocks_are_found(folder):
    change(folder, "UPDATE blocks SET seq = 99 WHERE seq = 2")
    change(folder, "UPDATE blocks SET seq = 2 WHERE seq = 3")
    change(folder, "UPDATE blocks SET seq = 3 WHERE seq = 99")
    found = codes(folder)
    assert {("g0-20261124", 2, "chain"), ("g0-20261124", 2, "prev"), ("g0-20261124", 3, "chain")} <= found


def test_a_renamed_file_is_found(folder):
    (folder / "g0-20261125.sqlite3").rename(folder / "g0-20261126.sqlite3")
    assert ("g0-20261126", 1, "chain") in codes(folder)


def test_a_forged_block_with_right_hashes_breaks_the_next(folder, tmp_path):
    """Somebody writes block 4 of the middle day anew, all hashes right, and leaves the rest."""
    forged = tmp_path / "forged"
    with Journal(forged) as journal:
        for day in range(2):
            journal.append([frame(900 + day, T0 + day * DAY_US)])
    shutil.copy(forged / "g0-20261124.sqlite3", folder)
    assert ("g0-20261125", 1, "prev") in codes(folder)


def test_a_file_that_is_no_database_is_named(folder):
    (folder / "g0-20261124.sqlite3").write_bytes(b"not a database" * 100)
    assert ("g0-20261124", 0, "unreadable") in codes(folder)


def test_a_cut_off_end_shows_against_an_anchor(folder):
    head = JournalReader(folder).head("g0")
    anchor = Anchor(head.journal, head.block, head.chain)
    assert codes(folder, anchors=[anchor]) == set()
    change(folder, "DELETE FROM blocks WHERE seq = 4", day="20261125")
    change(folder, "PRAGMA user_version = 3", day="20261125")
    assert codes(folder) == set()
    assert codes(folder, anchors=[anchor]) == {("g0-20261125", 4, "anchor")}


def test_a_wholly_rewritten_journal_shows_against_an_anchor(folder, tmp_path):
    head = JournalReader(folder).head("g0")
    other = tmp_path / "other"
    with Journal(other) as journal:
        for n in range(4):
            journal.append([frame(n, T0 + 2 * DAY_US)])
    assert codes(other, anchors=[Anchor(head.journal, head.block, head.chain)]) == {
        ("g0-20261125", 4, "anchor")
    }
