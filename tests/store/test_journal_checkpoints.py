import json
import resource
import shutil
import sqlite3
import stat
from datetime import timedelta

import pytest
from journal_makers import DAY_US, HOUR_US, T0, frame
from signed_world import AT, LATER, grown, signed

from mingcha.core.errors import BrokenEvidence
from mingcha.store.journal import (
    Journal,
    JournalReader,
    KeyTrouble,
    Notary,
    StatementFailed,
    keys,
    statements,
)


@pytest.fixture
def data(tmp_path):
    signed(tmp_path)
    return tmp_path


def stated(data):
    return statements.read(data / "journal" / statements.FILE)


def faults(data, **options):
    report = JournalReader(data / "journal").verify(**options)
    return {(f.journal, f.block, f.code) for f in report.problems}


def written(data, lines):
    (data / "journal" / statements.FILE).write_bytes(b"".join(line + b"\n" for line in lines))


def test_the_first_use_makes_a_key_only_its_owner_can_read(data):
    path = data / "journal_key.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stated(data)[0].body["public"] == Notary.in_data(data).public_key(at=AT) == keys.load(path).public


def test_every_finished_file_gets_a_checkpoint_at_its_end_and_the_last_one_now(data):
    heads = [one.body["heads"][0] for one in stated(data) if one.kind == "checkpoint"]
    assert [(h["journal"], h["block"], h["after"]) for h in heads] == [
        (f"g0-202611{day}", 4, 0) for day in (23, 24, 25)
    ]
    assert [(h["blocks"], h["frames"], h["stations"]) for h in heads] == [(4, 22, 5), (8, 44, 5), (12, 66, 5)]
    head = JournalReader(data / "journal").head("g0")
    assert (heads[-1]["journal"], heads[-1]["block"], heads[-1]["chain"]) == (
        head.journal,
        head.block,
        head.chain,
    )


def test_a_checkpoint_with_nothing_new_says_so_and_the_next_goes_on(data):
    notary = Notary.in_data(data)
    [quiet] = notary.checkpoint(at=LATER)
    assert quiet.body["heads"][0]["after"] == quiet.body["heads"][0]["block"] == 4
    assert quiet.body["heads"][0]["counts_root"] == ""
    grown(data)
    [more] = notary.checkpoint(at=LATER)
    assert (more.body["heads"][0]["after"], more.body["heads"][0]["block"]) == (4, 6)
    assert more.body["heads"][0]["frames"] == 76
    report = JournalReader(data / "journal").verify()
    assert (report.problems, report.statements) == ((), 6)


def test_gateways_are_signed_together(tmp_path):
    with Journal(tmp_path / "journal", gateway="g1") as one, Journal(tmp_path / "journal") as zero:
        zero.append([frame(1)])
        one.append([frame(2, T0 + DAY_US)])
        zero.append([frame(3, T0 + 2 * DAY_US)])
    made = Notary.in_data(tmp_path).checkpoint(at=AT)
    assert [[h["journal"] for h in one.body["heads"]] for one in made] == [
        ["g0-20261123"], ["g0-20261123", "g1-20261124"], ["g0-20261125", "g1-20261124"],
    ]  # fmt: skip
    assert faults(tmp_path) == set()


def test_a_checkpoint_is_due_after_its_time_and_when_a_file_begins(data):
    notary, ten = Notary.in_data(data), timedelta(minutes=10)
    assert not notary.due(LATER - timedelta(seconds=1), ten)
    assert notary.due(LATER, ten)
    with Journal(data / "journal") as journal:
        journal.append([frame(1, T0 + 5 * DAY_US)])
    assert notary.due(AT, ten)


def test_nothing_is_due_where_there_is_no_journal(tmp_path):
    notary = Notary.in_data(tmp_path)
    assert not notary.due(AT, timedelta(0))
    assert notary.checkpoint(at=AT) == []


@pytest.mark.parametrize("back", [0, 1])
def test_an_end_cut_off_together_with_its_count_shows(data, back):
    """What the chain alone cannot tell (FORMAT.md §5)."""
    with sqlite3.connect(data / "journal" / "g0-20261125.sqlite3") as db:
        db.execute("DELETE FROM blocks WHERE seq > ?", (3 - back,))
        db.execute(f"PRAGMA user_version = {3 - back}")
    assert faults(data) == {("g0-20261125", 4, "checkpoint")}
    with pytest.raises(BrokenEvidence, match="cut off or written anew"):
        Notary.in_data(data).checkpoint(at=LATER)
    assert len(stated(data)) == 4


def test_a_journal_written_anew_shows(data, tmp_path):
    other = tmp_path / "other"
    with Journal(other) as journal:
        for n in range(4):
            journal.append([frame(n, T0 + 2 * DAY_US)])
    for path in (data / "journal").glob("*.sqlite3"):
        path.unlink()
    shutil.copy(other / "g0-20261125.sqlite3", data / "journal")
    assert ("g0-20261125", 4, "checkpoint") in faults(data)


def test_nothing_is_signed_over_a_block_that_does_not_fit(data):
    grown(data)
    with sqlite3.connect(data / "journal" / "g0-20261125.sqlite3") as db:
        db.execute("UPDATE blocks SET count = 4 WHERE seq = 6")
    with pytest.raises(BrokenEvidence, match="g0-20261125/6: chain"):
        Notary.in_data(data).checkpoint(at=LATER)
    assert len(stated(data)) == 4


@pytest.mark.parametrize("field", ["chain", "blocks", "frames", "stations", "counts_root"])
def test_what_a_checkpoint_says_is_compared(data, field):
    """The holder of the key signs something untrue."""
    notary = Notary.in_data(data)
    key = keys.load(notary.key_file)
    last = stated(data)[-1]
    head = dict(last.body["heads"][0])
    head[field] = head[field] + 1 if isinstance(head[field], int) else "0" * 64
    forged = statements.made(key, {**last.body, "heads": [head]})
    written(data, [*(s.line for s in stated(data)[:-1]), forged.line])
    assert ("g0-20261125", 4, "checkpoint") in faults(data)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("at", [5, 140, -3])
def test_a_changed_statement_is_found(data, number, at):
    lines = [s.line for s in stated(data)]
    changed = bytearray(lines[number - 1])
    changed[at] ^= 1
    written(data, [*lines[: number - 1], bytes(changed), *lines[number:]])
    assert any(place == "checkpoints" for place, _, _ in faults(data))


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_statement_taken_out_is_found(data, gone):
    lines = [s.line for s in stated(data)]
    written(data, [line for n, line in enumerate(lines, 1) if n != gone])
    assert {code for place, _, code in faults(data) if place == "checkpoints"} & {"number", "key"}


def test_statements_in_another_order_are_found(data):
    lines = [s.line for s in stated(data)]
    written(data, [lines[0], lines[2], lines[1], lines[3]])
    assert ("checkpoints", 3, "number") in faults(data)


def test_somebody_elses_signatures_are_found_by_the_key_one_knows(data):
    known = Notary.in_data(data).public_key(at=AT)
    assert faults(data, trusted=[known]) == set()
    (data / "journal_key.pem").unlink()
    (data / "journal" / statements.FILE).unlink()
    Notary.in_data(data).checkpoint(at=AT)
    assert faults(data) == set()
    assert ("checkpoints", 1, "key") in faults(data, trusted=[known])


def test_a_copy_kept_elsewhere_shows_what_was_removed_here(data, tmp_path):
    grown(data)
    Notary.in_data(data).checkpoint(at=LATER)
    copy = shutil.copy(data / "journal" / statements.FILE, tmp_path / "copy.jsonl")
    with sqlite3.connect(data / "journal" / "g0-20261125.sqlite3") as db:
        db.execute("DELETE FROM blocks WHERE seq > 4")
        db.execute("PRAGMA user_version = 4")
    written(data, [s.line for s in stated(data)[:-1]])
    assert faults(data) == set()
    assert ("g0-20261125", 6, "checkpoint") in faults(data, statements=copy)


def test_a_new_key_is_signed_by_the_old_one_which_is_gone(data):
    notary = Notary.in_data(data)
    first = notary.public_key(at=AT)
    stated_key = notary.rotate(at=LATER)
    second = notary.public_key(at=LATER)
    assert second != first
    assert keys.signed_by(first, stated_key.signature, stated_key.signed)
    notary.checkpoint(at=LATER)
    report = JournalReader(data / "journal").verify(trusted=[first])
    assert (report.problems, report.keys) == ((), (first, second))


def test_a_key_that_the_old_one_did_not_sign_is_refused_unless_known(data):
    notary = Notary.in_data(data)
    first = notary.public_key(at=AT)
    notary.rotate(at=LATER, lost="the disk with the key burnt")
    second = notary.public_key(at=LATER)
    notary.checkpoint(at=LATER)
    assert faults(data) == {("checkpoints", 5, "key")}
    assert faults(data, trusted=[first]) == {("checkpoints", 5, "key")}
    assert faults(data, trusted=[first, second]) == set()


def test_a_kill_between_statement_and_new_key_file_is_mended(data):
    notary = Notary.in_data(data)
    old = notary.key_file.read_bytes()
    notary.rotate(at=LATER)
    new = keys.load(notary.key_file)
    notary.key_file.rename(notary.key_file.with_name("journal_key.pem.next"))
    notary.key_file.write_bytes(old)
    notary.key_file.chmod(0o600)
    assert notary.public_key(at=LATER) == new.public
    assert notary.checkpoint(at=LATER)
    assert faults(data) == set()


def test_a_kill_before_the_statement_leaves_the_old_key(data):
    notary = Notary.in_data(data)
    public = notary.public_key(at=AT)
    keys.make().save(notary.key_file.with_name("journal_key.pem.next"))
    assert notary.public_key(at=LATER) == public
    notary.rotate(at=LATER)
    assert faults(data) == set()


def test_a_lost_or_exchanged_key_is_said(data):
    path = data / "journal_key.pem"
    path.rename(data / "away.pem")
    with pytest.raises(KeyTrouble, match="--lost"):
        Notary.in_data(data).checkpoint(at=LATER)
    keys.make().save(path)
    with pytest.raises(KeyTrouble, match="that signed last expected"):
        Notary.in_data(data).checkpoint(at=LATER)


def test_a_key_others_can_read_is_not_used(data):
    (data / "journal_key.pem").chmod(0o644)
    with pytest.raises(KeyTrouble, match="mode 644 found, 600 expected"):
        Notary.in_data(data).checkpoint(at=LATER)


def test_a_file_that_is_no_key_is_said(data):
    (data / "journal_key.pem").write_bytes(b"-----BEGIN NOTHING-----\n")
    with pytest.raises(KeyTrouble, match="PEM"):
        Notary.in_data(data).checkpoint(at=LATER)


def test_a_torn_line_was_never_stated(data):
    path = data / "journal" / statements.FILE
    whole = path.read_bytes()
    for size in (1, 200, whole.index(b"\n")):
        path.write_bytes(whole + whole[:size])
        assert faults(data) == set()
        Notary.in_data(data).checkpoint(at=LATER)
        assert faults(data) == set()
        assert len(stated(data)) == 5
        path.write_bytes(whole)


def test_a_full_disk_states_nothing_and_the_next_try_goes_on(data):
    path = data / "journal" / statements.FILE
    while (
        path.stat().st_size < 40_000
    ):  # larger than SQLite's shared memory, so that only our file meets the limit
        Notary.in_data(data).checkpoint(at=LATER)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
    try:
        with pytest.raises(StatementFailed, match="NOT made"):
            Notary.in_data(data).checkpoint(at=LATER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert Notary.in_data(data).checkpoint(at=LATER)
    assert faults(data) == set()


def test_the_last_statement_is_found_far_behind_others(data, monkeypatch):
    monkeypatch.setattr(statements, "_TAIL_BYTES", 900)
    path = data / "journal" / statements.FILE
    assert statements.last(path).number == 4
    assert statements.last(path, "key").number == 1
    assert statements.last(path, "retention") is None


def test_no_signature_is_needed_to_verify_an_unsigned_journal(tmp_path):
    with Journal(tmp_path) as journal:
        journal.append([frame(1, T0 + HOUR_US)])
    report = JournalReader(tmp_path).verify()
    assert (report.ok, report.statements, report.keys) == (True, 0, ())


def test_a_statement_is_one_line_of_plain_json(data):
    for one in stated(data):
        assert json.loads(one.line[129:]) == one.body


def test_a_process_killed_while_it_writes_a_key_stands_in_nobodys_way(tmp_path):
    path = tmp_path / "key.pem"
    path.with_name("key.pem.part").write_bytes(b"-----BEGIN PRIV")
    key = keys.make()
    key.save(path)
    assert keys.load(path).public == key.public
    assert [one.name for one in tmp_path.iterdir()] == ["key.pem"]
    with pytest.raises(FileExistsError):
        keys.make().save(path)
    assert keys.load(path).public == key.public
