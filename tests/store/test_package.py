import json
import random
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_makers import DAY_US, HOUR_US, T0, filled, frame

from mingcha.core.clock import from_us
from mingcha.core.spans import Span
from mingcha.store.journal import Journal, JournalReader, PackageFailed, export, tree, verify_package

AT = datetime(2026, 11, 30, tzinfo=UTC)
MIDDLE = Span(from_us(T0 + HOUR_US), from_us(T0 + DAY_US + 3 * HOUR_US))


@pytest.fixture
def reader(tmp_path):
    filled(tmp_path / "journal")
    return JournalReader(tmp_path / "journal")


@pytest.fixture
def package(reader, tmp_path):
    export(reader, tmp_path / "evidence.zip", MIDDLE, at=AT, mn="M002")
    return tmp_path / "evidence.zip"


def parts(path):
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name) for name in found.namelist()}


def written(path, contents):
    with zipfile.ZipFile(path, "w") as out:
        for name, data in contents.items():
            out.writestr(name, data)
    return path


@given(st.integers(1, 600), st.data())
def test_every_leaf_is_proven_and_no_other_leaf_is(count, data):
    hashes = [bytes([n % 256, n // 256]) * 16 for n in range(count)]
    index = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(0, count - 1))
    top, path = tree.root(hashes), tree.proof(hashes, index)
    assert tree.proves(hashes[index], index, count, path, top)
    if other != index:
        assert not tree.proves(hashes[other], index, count, path, top)
        assert not tree.proves(hashes[index], other, count, path, top)
    assert not tree.proves(hashes[index], index, count, path[:-1], top)
    assert not tree.proves(hashes[index], index, count, path, bytes(32))


def test_a_package_holds_what_was_received_in_the_span_and_verifies(reader, package):
    expected = [(r, e) for r, e in reader.entries() if from_us(e.received_us) in MIDDLE and e.mn == "M002"]
    report = verify_package(package, against=reader)
    assert report.problems == []
    assert report.frames == len(expected) > 0
    lines = [json.loads(line) for line in parts(package)["frames.jsonl"].splitlines()]
    assert [line["ref"] for line in lines] == [str(ref) for ref, _ in expected]
    assert b"M003" not in parts(package)["frames.jsonl"]
    assert report.manifest["made_at"] == AT.isoformat()


def test_a_package_of_everything_ends_at_the_head(reader, tmp_path):
    whole = Span(from_us(0), from_us(T0 + 9 * DAY_US))
    export(reader, tmp_path / "all.zip", whole, at=AT)
    report = verify_package(tmp_path / "all.zip")
    head = reader.head("g0")
    assert (report.ok, report.frames, report.blocks) == (True, 66, 12)
    assert report.heads == {"g0": f"{head.journal}/{head.block} {head.chain}"}


def test_a_span_without_frames_gives_an_empty_package_that_verifies(reader, tmp_path):
    manifest = export(reader, tmp_path / "none.zip", Span(from_us(0), from_us(1)), at=AT)
    assert manifest["files"]["frames.jsonl"]["lines"] == 0
    assert verify_package(tmp_path / "none.zip").ok


def test_a_flipped_byte_of_the_package_never_changes_what_verifies(package, tmp_path):
    intact, chance, data = parts(package), random.Random(3), package.read_bytes()
    found = 0
    for n in range(150):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path = tmp_path / f"{n}.zip"
        path.write_bytes(changed)
        if verify_package(path).ok:
            assert parts(path) == intact
        else:
            found += 1
    assert found > 100


def tampered(contents, edit):
    """The package after ``edit`` of its frames, with line counts and digests made right again."""
    from hashlib import sha256

    frames = [json.loads(line) for line in contents["frames.jsonl"].splitlines()]
    frames = edit(frames)
    text = b"".join(json.dumps(frame).encode() + b"\n" for frame in frames)
    manifest = json.loads(contents["manifest.json"])
    manifest["files"]["frames.jsonl"] = {"lines": len(frames), "sha256": sha256(text).hexdigest()}
    return {**contents, "frames.jsonl": text, "manifest.json": json.dumps(manifest).encode()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("raw", "AAAA"), ("mn", "M009"), ("conn", "x"), ("verdict", "rejected"), ("direction", "out"),
        ("received_us", T0), ("ref", "g0-20261123/3/1"), ("ref", "g0-20261201/1/1"),
    ],
)  # fmt: skip
def test_a_frame_changed_with_all_digests_made_right_is_found_by_its_proof(package, tmp_path, field, value):
    path = written(
        tmp_path / "t.zip",
        tampered(parts(package), lambda frames: [{**frames[0], field: value}, *frames[1:]]),
    )
    report = verify_package(path)
    assert any("frame g0-" in problem for problem in report.problems), report.problems


def test_a_block_left_out_of_the_package_is_found(package, tmp_path):
    contents = parts(package)
    lines = contents["blocks.jsonl"].splitlines(keepends=True)
    contents["blocks.jsonl"] = b"".join(lines[:2] + lines[3:])
    report = verify_package(written(tmp_path / "t.zip", contents))
    assert any("previous hash" in problem for problem in report.problems)


def test_a_package_of_another_journal_does_not_fit_this_one(reader, tmp_path):
    with Journal(tmp_path / "other") as journal:
        for n in range(5):
            journal.append([frame(n, T0 + n * HOUR_US)])
    export(JournalReader(tmp_path / "other"), tmp_path / "o.zip", MIDDLE, at=AT)
    assert verify_package(tmp_path / "o.zip").ok
    assert not verify_package(tmp_path / "o.zip", against=reader).ok


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_package_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    assert not verify_package(path).ok
    assert not verify_package(tmp_path / "missing.zip").ok


def test_a_package_that_cannot_be_written_leaves_no_file(reader, tmp_path):
    with pytest.raises(PackageFailed, match="No package was written"):
        export(reader, tmp_path / "no" / "folder.zip", MIDDLE, at=AT)
    assert not list(tmp_path.glob(".*"))
