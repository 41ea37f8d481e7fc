import os
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.store.blobs import BlobFailed, Blobs, BlobTooLarge


@given(st.binary(max_size=200))
def test_what_is_put_is_got_under_its_digest(tmp_path_factory, data):
    blobs = Blobs(tmp_path_factory.getbasetemp() / "blobs")
    name = blobs.put(data)
    assert name == sha256(data).hexdigest()
    assert blobs.get(name) == data
    assert name in blobs


def test_equal_bytes_are_kept_once(tmp_path):
    blobs = Blobs(tmp_path)
    assert blobs.put(b"photo") == blobs.put(b"photo")
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1


def test_changed_bytes_are_not_given_out_and_are_mended_by_putting_them_again(tmp_path):
    blobs = Blobs(tmp_path)
    name = blobs.put(b"photo")
    path = tmp_path / name[:2] / name
    path.write_bytes(b"phot0")
    with pytest.raises(BrokenEvidence, match=f"{name} expected"):
        blobs.get(name)
    blobs.put(b"photo")
    assert blobs.get(name) == b"photo"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64])
def test_a_name_that_is_none_is_not_found(tmp_path, name):
    with pytest.raises(NotFound):
        Blobs(tmp_path).get(name)


def test_too_many_bytes_are_refused(tmp_path):
    blobs = Blobs(tmp_path)
    with pytest.raises(BlobTooLarge, match="11 bytes given, at most 10"):
        blobs.put(b"x" * 11, cap=10)
    assert blobs.put(b"x" * 10, cap=10) in blobs


def test_a_folder_that_cannot_be_written_stores_nothing(tmp_path):
    (tmp_path / "blobs").write_text("a file stands where the folder should be")
    with pytest.raises(BlobFailed, match="Nothing is stored"):
        Blobs(tmp_path / "blobs").put(b"photo")


def test_no_half_file_is_left_behind(tmp_path):
    blobs = Blobs(tmp_path)
    for n in range(5):
        blobs.put(os.urandom(1000 + n))
    assert not list(tmp_path.rglob(".put-*"))
