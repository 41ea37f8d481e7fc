import resource
import sqlite3
import subprocess
import sys
import threading
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_makers import DAY_US, HOUR_US, T0, entries, filled, frame

from mingcha.core.errors import BrokenEvidence, LocalError, NotFound
from mingcha.core.refs import FrameRef
from mingcha.store.journal import Journal, JournalFailed, JournalFormat, JournalInUse, JournalReader
from mingcha.store.journal import entry as layout


@given(st.lists(entries, max_size=20))
def test_a_payload_gives_back_what_went_in(some):
    assert layout.decode(layout.encode(some)) == some


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_a_cut_payload_is_broken_evidence_and_never_another_error(some, data):
    payload = layout.encode(some)
    cut = data.draw(st.integers(0, len(payload) - 1))
    with pytest.raises(BrokenEvidence):
        layout.decode(payload[:cut])


def test_lone_surrogates_and_long_names_survive(tmp_path):
    odd = frame(1).__class__(0, T0, "\udcff连接", "\ud800" * 3, "rejected:" + "x" * 300, b"\x00\xff")
    with Journal(tmp_path) as journal:
        [ref] = journal.append([odd])
    assert JournalReader(tmp_path).read(ref) == odd


def test_refs_count_blocks_from_one_and_frames_from_zero(tmp_path):
    with Journal(tmp_path) as journal:
        assert [str(r) for r in journal.append([frame(0), frame(1)])] == [
            "g0-20261123/1/0",
            "g0-20261123/1/1",
        ]
        assert [str(r) for r in journal.append([frame(2)])] == ["g0-20261123/2/0"]
        assert journal.append([]) == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(entries, min_size=1, max_size=5), max_size=8))
def test_the_reader_gives_every_entry_in_the_order_it_was_appended(tmp_path_factory, batches):
    folder = tmp_path_factory.mktemp("journal")
    refs = []
    with Journal(folder) as journal:
        for batch in batches:
            refs += journal.append(batch)
    reader = JournalReader(folder)
    found = list(reader.entries())
    assert [ref for ref, _ in found] == refs == sorted(refs)
    assert [e for _, e in found] == [e for batch in batches for e in batch]
    for k, ref in enumerate(refs):
        assert reader.read(ref) == found[k][1]
        assert list(reader.entries(after=ref)) == found[k + 1 :]
    assert reader.verify().ok


def test_the_day_of_a_file_is_the_beijing_day_of_the_newest_entry(tmp_path):
    with Journal(tmp_path) as journal:
        before_midnight, after = frame(0, T0 - 2), frame(1, T0)
        assert journal.append([before_midnight])[0].journal == "g0-20261122"
        assert journal.append([before_midnight, after])[0].journal == "g0-20261123"


def test_a_clock_set_back_never_writes_into_an_earlier_file(tmp_path):
    with Journal(tmp_path) as journal:
        journal.append([frame(0, T0 + DAY_US)])
        assert str(journal.append([frame(1, T0)])[0]) == "g0-20261124/2/0"
    assert JournalReader(tmp_path).verify().ok


def test_a_past_day_is_one_plain_file(tmp_path):
    filled(tmp_path, days=2)
    assert not list(tmp_path.glob("g0-20261123.sqlite3-*"))
    with sqlite3.connect(tmp_path / "g0-20261123.sqlite3") as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_the_chain_goes_on_across_files_and_restarts(tmp_path):
    with Journal(tmp_path) as journal:
        journal.append([frame(0)])
    reader = JournalReader(tmp_path)
    first = reader.head("g0")
    with Journal(tmp_path) as journal:
        journal.append([frame(1, T0 + DAY_US)])
    second = reader.block("g0-20261124", 1)
    assert second.prev.hex() == first.chain == reader.block_hash(FrameRef("g0-20261123", 1, 0))
    assert reader.block("g0-20261123", 1).prev == sha256(b"mingcha journal 1\ng0").digest()


def test_context_crosses_blocks_and_files(tmp_path):
    written = filled(tmp_path)
    reader = JournalReader(tmp_path)
    found = [ref for ref, _ in reader.entries()]
    for k in (0, 1, 22, 40, len(written) - 1):
        near = reader.context(found[k], 3)
        assert [ref for ref, _ in near] == found[max(0, k - 3) : k + 4]


def test_what_is_not_there_is_not_found(tmp_path):
    filled(tmp_path, days=1)
    reader = JournalReader(tmp_path)
    for ref in (FrameRef("g0-20261123", 1, 5), FrameRef("g0-20261123", 99, 0), FrameRef("g1-20261123", 1, 0)):
        with pytest.raises(NotFound):
            reader.read(ref)
    assert reader.head("g9") is None
    assert JournalReader(tmp_path / "nowhere").gateways() == []


def test_several_gateways_are_followed_each_from_its_position(tmp_path):
    zero = filled(tmp_path, days=1)
    one = filled(tmp_path, days=1, gateway="g1")
    reader = JournalReader(tmp_path)
    everything = list(reader.since({}))
    assert len(everything) == len(zero) + len(one)
    assert [e.received_us for _, e in everything] == sorted(e.received_us for e in zero + one)
    last = {
        gateway: [r for r, _ in everything if r.journal.startswith(gateway)][4] for gateway in ("g0", "g1")
    }
    rest = list(reader.since(last))
    assert {ref for ref, _ in rest} == {ref for ref, _ in everything if ref > last[ref.journal[:2]]}


def test_a_second_writer_is_refused_and_told_who_holds_it(tmp_path):
    with Journal(tmp_path):
        with pytest.raises(JournalInUse, match=r"gateway 'g0'.*process \d+.*another name"):
            Journal(tmp_path)
        Journal(tmp_path, gateway="g1").close()
    Journal(tmp_path).close()


def test_a_second_writer_in_another_process_is_refused(tmp_path):
    code = f"from mingcha.store.journal import Journal; from pathlib import Path; Journal(Path({str(tmp_path)!r}))"
    with Journal(tmp_path):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "JournalInUse" in done.stderr


def test_a_bad_gateway_name_is_refused(tmp_path):
    with pytest.raises(LocalError, match="lower-case letters and digits"):
        Journal(tmp_path, gateway="../g0")


def test_a_file_of_another_kind_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "g0-20261123.sqlite3") as db:
        db.execute("PRAGMA application_id = 77")
    with pytest.raises(JournalFormat, match="application_id 0x4d"):
        Journal(tmp_path)


def append_until_refused(journal):
    """Append one frame a block; return how many were stored and what refused the next."""
    for n in range(1, 60):
        try:
            journal.append([frame(n)])
        except JournalFailed as error:
            return n, error
    raise AssertionError("the disk never got full")


def test_a_full_disk_stores_nothing_and_the_next_append_goes_on(tmp_path):
    with Journal(tmp_path) as journal:
        journal.append([frame(0)])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, hard))  # Python ignores SIGXFSZ: EFBIG instead
        try:
            stored, error = append_until_refused(journal)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "NOT stored" in str(error)
        assert not error.permanent
        assert len(list(JournalReader(tmp_path).entries())) == stored
        journal.append([frame(100)])
    reader = JournalReader(tmp_path)
    assert [e for _, e in reader.entries()] == [*(frame(n) for n in range(stored)), frame(100)]
    assert reader.verify().ok


def test_a_closed_journal_stores_nothing(tmp_path):
    journal = Journal(tmp_path)
    journal.close()
    with pytest.raises(JournalFailed, match="closed"):
        journal.append([frame(0)])
    assert list(JournalReader(tmp_path).entries()) == []


def test_threads_share_a_journal(tmp_path):
    with Journal(tmp_path) as journal:
        refs = []
        threads = [
            threading.Thread(
                target=lambda k=k: refs.extend(journal.append([frame(k * 100 + n)]) for n in range(20))
            )
            for k in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    reader = JournalReader(tmp_path)
    assert len({str(r) for [r] in refs}) == 80
    assert reader.verify().frames == 80
    assert reader.verify().ok


def test_a_reader_in_another_process_follows_the_writer(tmp_path):
    code = f"""
import sys, time
from pathlib import Path
from mingcha.store.journal import JournalReader
reader, after, seen = JournalReader(Path({str(tmp_path)!r})), None, 0
while seen < 300:
    for after, entry in reader.entries(after=after):
        assert entry.raw.startswith(b"##"), entry
        seen += 1
    time.sleep(0.002)
print(seen, reader.verify().ok)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with Journal(tmp_path) as journal:
        for n in range(100):
            journal.append([frame(n * 3 + k, T0 + n * HOUR_US) for k in range(3)])
    assert child.communicate(timeout=60)[0].split() == ["300", "True"]
