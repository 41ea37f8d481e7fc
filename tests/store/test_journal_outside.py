"""The script of the package against what it must find, where mingcha cannot be imported."""

import json
import random
import re
import shutil
import sqlite3
import zipfile

import pytest
from journal_makers import DAY_US, HOUR_US, T0, frame
from signed_world import AT, LATER, SCRIPT, grown, outside, signed

from mingcha.core.clock import from_us
from mingcha.core.spans import Span
from mingcha.store.journal import Journal, JournalReader, Notary, export, keys, statements, verify_package
from mingcha.store.journal.files import COLUMNS

MIDDLE = Span(from_us(T0 + HOUR_US), from_us(T0 + DAY_US + 2 * HOUR_US))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    signed(data)
    export(JournalReader(data / "journal"), data / "e.zip", MIDDLE, at=AT, mn="M002", masked=bytes.upper)
    return data


@pytest.fixture
def data(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "data")


def change(data, sql, *values, day="20261124"):
    with sqlite3.connect(data / "journal" / f"g0-{day}.sqlite3") as db:
        db.execute(sql, values)


def found(data, *words, path="journal"):
    """Faults the script names; none where it says that all fits."""
    code, told = outside(data / path, *words)
    faults = re.findall("^FAULT (.*)$", told, re.MULTILINE)
    assert code == (1 if faults else 0), told
    return "\n".join(faults)


def test_an_untouched_journal_fits_and_its_head_is_told(data):
    code, told = outside(data / "journal")
    head = JournalReader(data / "journal").head("g0")
    assert code == 0, told
    assert f"head {head.journal}/{head.block}={head.chain}" in told
    assert "12 blocks, 66 frames, 4 signed statements" in told


def test_an_untouched_package_fits_and_is_complete(data):
    code, told = outside(data / "e.zip")
    assert code == 0, told
    assert len(re.findall(r"all \d+ entries of M002 \(complete\)", told)) == 2


def test_the_package_holds_the_script_that_checks_it(data, tmp_path):
    with zipfile.ZipFile(data / "e.zip") as package:
        assert package.read("verify_journal.py") == SCRIPT.read_bytes()
        script = tmp_path / "verify_journal.py"
        script.write_bytes(package.read("verify_journal.py"))
    assert outside(data / "e.zip", script=script)[0] == 0


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_found(data, column):
    with sqlite3.connect(data / "journal" / "g0-20261124.sqlite3") as db:
        [value] = db.execute(f"SELECT {column} FROM blocks WHERE seq = 2").fetchone()
    changed = bytes([value[0] ^ 1]) + value[1:] if isinstance(value, bytes) else value ^ 1 << 20
    change(data, f"UPDATE blocks SET {column} = ? WHERE seq = 2", changed)
    assert "g0-20261124" in found(data)


def test_a_flipped_byte_is_found_or_changes_nothing_that_is_kept(data):
    chance, path = random.Random(5), data / "journal" / "g0-20261124.sqlite3"
    kept, content = list(JournalReader(data / "journal").entries()), path.read_bytes()
    seen = 0
    for _ in range(12):
        changed = bytearray(content)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        if found(data):
            seen += 1
        else:
            assert list(JournalReader(data / "journal").entries()) == kept
    assert seen > 3


def test_a_removed_block_is_found(data):
    change(data, "DELETE FROM blocks WHERE seq = 2")
    assert "g0-20261124/3 number" in found(data)


@pytest.mark.parametrize("day", ["20261123", "20261124", "20261125"])
def test_a_removed_file_is_found(data, day):
    (data / "journal" / f"g0-{day}.sqlite3").unlink()
    assert "expected" in found(data)


def test_reordered_blocks_are_found(data):
    for old, new in ((2, 99), (3, 2), (99, 3)):
        change(data, f"UPDATE blocks SET seq = {new} WHERE seq = {old}")
    assert "g0-20261124/2 previous hash" in found(data)


def test_a_truncated_tail_is_found_by_the_checkpoint(data):
    change(data, "DELETE FROM blocks WHERE seq = 4", day="20261125")
    change(data, "PRAGMA user_version = 3", day="20261125")
    assert "g0-20261125/4: block" in found(data)
    (data / "journal" / statements.FILE).unlink()
    assert found(data) == ""  # without a checkpoint nobody can tell, and it says so
    assert "cut-off end cannot be told" in outside(data / "journal")[1]


def test_a_copy_of_the_checkpoints_shows_a_tail_cut_off_with_them(data, tmp_path):
    grown(data)
    Notary.in_data(data).checkpoint(at=LATER)
    path = data / "journal" / statements.FILE
    copy = shutil.copy(path, tmp_path / "copy.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    change(data, "DELETE FROM blocks WHERE seq > 4", day="20261125")
    change(data, "PRAGMA user_version = 4", day="20261125")
    assert found(data) == ""
    assert "g0-20261125/6" in found(data, "--checkpoints", str(copy))


def test_a_forged_signature_is_found(data):
    path = data / "journal" / statements.FILE
    lines = [s.line for s in statements.read(path)]
    forged = statements.made(keys.make(), statements.parse(lines[-1]).body)
    path.write_bytes(b"".join(line + b"\n" for line in [*lines[:-1], forged.line]))
    assert "statement 4: a signature of key" in found(data)


def test_a_wholly_forged_journal_is_found_by_the_key_one_knows(data, tmp_path):
    known = Notary.in_data(data).public_key(at=AT)
    with Journal(tmp_path / "f" / "journal") as journal:
        journal.append([frame(1)])
    Notary.in_data(tmp_path / "f").checkpoint(at=AT)
    assert found(tmp_path / "f") == ""
    assert "first key" in found(tmp_path / "f", "--key", known)
    assert found(data, "--key", known) == ""


def test_a_rotated_key_fits_and_a_lost_one_only_where_it_is_known(data):
    notary = Notary.in_data(data)
    first = notary.public_key(at=AT)
    notary.rotate(at=LATER)
    notary.checkpoint(at=LATER)
    assert found(data, "--key", first) == ""
    notary.rotate(at=LATER, lost="stolen")
    notary.checkpoint(at=LATER)
    assert "signature of key" in found(data, "--key", first)
    assert found(data, "--key", first, "--key", notary.public_key(at=LATER)) == ""


def test_without_cryptography_it_says_so_and_exits_with_2(data):
    code, told = outside(data / "journal", names=("zstandard",))
    assert code == 2
    assert "signatures were NOT checked" in told
    change(data, "DELETE FROM blocks WHERE seq = 2")
    assert outside(data / "journal", names=("zstandard",))[0] == 1


def test_without_zstandard_a_journal_cannot_be_checked_but_a_package_can(data):
    only = ("cryptography", "cffi", "_cffi_backend")
    code, told = outside(data / "journal", names=only)
    assert (code, "zstandard" in told) == (2, True)
    assert outside(data / "e.zip", names=only)[0] == 0


def test_both_verifiers_agree_on_changed_packages(data):
    content, chance = (data / "e.zip").read_bytes(), random.Random(11)
    for _ in range(15):
        changed = bytearray(content)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        (data / "e.zip").write_bytes(changed)
        assert bool(found(data, path="e.zip")) == (not verify_package(data / "e.zip").ok)


def parts(path):
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def repacked(path, contents):
    """Write the package anew with all digests of the manifest made right."""
    from hashlib import sha256

    manifest = json.loads(contents["manifest.json"])
    for name, content in contents.items():
        if name != "manifest.json":
            manifest["files"][name] = {"lines": content.count(b"\n"), "sha256": sha256(content).hexdigest()}
    with zipfile.ZipFile(path, "w") as out:
        for name, content in {**contents, "manifest.json": json.dumps(manifest).encode()}.items():
            out.writestr(name, content)


def drop_line(content, n):
    lines = content.splitlines(keepends=True)
    return b"".join(lines[:n] + lines[n + 1 :])


def twice(content):
    lines = content.splitlines(keepends=True)
    return b"".join([lines[1], *lines[1:]])


CHANGES = {
    "a_frame_left_out": ("frames.jsonl", lambda c: drop_line(c, 2)),
    "a_frame_told_twice_for_another": ("frames.jsonl", twice),
    "a_frame_of_another_text": (
        "frames.jsonl",
        lambda c: c.replace(b'"verdict":"accepted"', b'"verdict":"rejected"', 1),
    ),
    "a_block_left_out": ("blocks.jsonl", lambda c: drop_line(c, 3)),
    "a_count_made_less": ("counts.jsonl", lambda c: c.replace(b'"count":4', b'"count":3', 1)),
    "a_statement_changed": ("checkpoints.jsonl", lambda c: c.replace(b'"frames":44', b'"frames":43', 1)),
    "the_key_left_out": ("checkpoints.jsonl", lambda c: drop_line(c, 0)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_package_changed_with_all_digests_made_right_is_found_by_both(data, name):
    file, edit = CHANGES[name]
    contents = parts(data / "e.zip")
    assert edit(contents[file]) != contents[file]
    repacked(data / "e.zip", {**contents, file: edit(contents[file])})
    assert found(data, path="e.zip")
    assert not verify_package(data / "e.zip").ok


def test_signatures_taken_out_are_a_fault_for_whoever_names_the_key(data):
    known = Notary.in_data(data).public_key(at=AT)
    contents = parts(data / "e.zip")
    for n, left in enumerate((b"", contents["checkpoints.jsonl"].splitlines(keepends=True)[0])):
        repacked(data / f"{n}.zip", {**contents, "checkpoints.jsonl": left, "counts.jsonl": b""})
        assert found(data, path=f"{n}.zip") == ""
        assert verify_package(data / f"{n}.zip").ok
        assert "frames covered by no checkpoint" in found(data, "--key", known, path=f"{n}.zip")
        assert not verify_package(data / f"{n}.zip", trusted=[known]).ok
    (data / "journal" / statements.FILE).unlink()
    assert "none found" in found(data, "--key", known)
    assert not JournalReader(data / "journal").verify(trusted=[known]).ok


def test_frames_of_another_journal_beside_true_checkpoints_are_a_fault_for_whoever_names_the_key(
    data, tmp_path
):
    known = Notary.in_data(data).public_key(at=AT)
    with Journal(tmp_path / "f", gateway="g7") as journal:
        journal.append([frame(n, T0 + 2 * HOUR_US) for n in range(9)])
    export(JournalReader(tmp_path / "f"), tmp_path / "f.zip", MIDDLE, at=AT, mn="M002")
    forged = {**parts(tmp_path / "f.zip"), "checkpoints.jsonl": parts(data / "e.zip")["checkpoints.jsonl"]}
    repacked(data / "f.zip", forged)
    assert "frames covered by no checkpoint" in found(data, "--key", known, path="f.zip")
    assert not verify_package(data / "f.zip", trusted=[known]).ok


def test_a_count_left_out_is_told_as_not_proven(data):
    contents = parts(data / "e.zip")
    repacked(data / "e.zip", {**contents, "counts.jsonl": drop_line(contents["counts.jsonl"], 0)})
    assert "completeness of M002 not proven" in outside(data / "e.zip")[1]
    assert "no signed count of M002" in verify_package(data / "e.zip").open[0]


@pytest.mark.parametrize("mn", ["A", "M0015", "Z"])
def test_that_a_station_sent_nothing_is_proven(data, mn):
    export(JournalReader(data / "journal"), data / "n.zip", MIDDLE, at=AT, mn=mn)
    assert outside(data / "n.zip")[1].count(f"all 0 entries of {mn} (complete)") == 2
    assert verify_package(data / "n.zip").complete == [
        f"g0-2026112{d}/1–4: all 0 entries of {mn}" for d in (3, 4)
    ]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_package_is_said_to_be_none(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    assert "cannot be read" in found(tmp_path, path="x.zip")
