"""The compiled block packer gives the bytes of its pure twin, and the C SHA-256 those of hashlib."""

import hashlib
import os
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mingcha.store.journal import Direction, Entry, entry, packing

TIMES = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(1_700_000_000_000_000, 1_900_000_000_000_000)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "A" * 24, "127.0.0.1:9", "rejected:crc", "中文", "\ud800"]
)
RAWS = st.binary(max_size=300) | st.just(b"##0010MN=" + b"A" * 24 + b";CP=&&&&")
ENTRIES = st.lists(
    st.builds(Entry, st.sampled_from(Direction), TIMES, TEXTS, TEXTS, TEXTS, RAWS), min_size=1, max_size=40
)
ORDINARY = Entry(Direction.IN, 1_790_000_000_000_000, "c", "A" * 24, "accepted", b"##0010MN=" + b"A" * 24)


def compiled() -> Any:
    try:
        return import_module("mingcha.store.journal._pack")
    except ImportError:
        return pytest.skip("no compiler built the packer here; the twin serves")


def outcome(pack: Any, entries: Any) -> Any:
    try:
        return pack(entries)
    except (OverflowError, ValueError, TypeError, packing.tree.struct.error) as error:
        return type(error)


@given(ENTRIES)
@example([ORDINARY])
@example([ORDINARY._replace(mn="A" * 65, raw=b"x" * 70 + b"A" * 65)])
@example(
    [ORDINARY._replace(mn="A", raw=b"b" * 0xFFFE + b"A"), ORDINARY._replace(mn="A", raw=b"b" * 0xFFFF + b"A")]
)
@example([ORDINARY._replace(conn="x" * 0xFFFF), ORDINARY._replace(conn="y" * 0x10000)])
@example([ORDINARY._replace(received_us=-(1 << 62)), ORDINARY._replace(received_us=1 << 62)])
@example([ORDINARY._replace(received_us=k, raw=bytes(k)) for k in range(257)])
def test_both_pack_the_same_bytes(entries: list[Entry]) -> None:
    compiled()
    found = outcome(packing.pack, entries)
    assert found == outcome(packing.pack_pure, entries)
    if isinstance(found, tuple):
        assert entry.decode(found[0]) == entries


@given(st.lists(st.builds(Entry, st.sampled_from(Direction), st.integers(0, (1 << 62) - 1), st.text("ab", max_size=3),
                          st.text("01", max_size=5), st.text("xy中", max_size=3), st.binary(max_size=200)),
                min_size=1, max_size=300))  # fmt: skip
def test_the_compiled_packer_takes_what_is_ordinary_itself(entries: list[Entry]) -> None:
    assert compiled().pack(entries) == packing.pack_pure(entries)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 255, 256, 257, 4097])
def test_the_tree_of_any_size_is_the_same(count: int) -> None:
    entries = [ORDINARY._replace(conn=f"c{k % 7}", raw=ORDINARY.raw + b"%d" % k) for k in range(count)]
    assert compiled().pack(entries) == packing.pack_pure(entries)


@pytest.mark.parametrize("odd", [(), None, ORDINARY[:5], (*ORDINARY[:5], bytearray(b"x")), (2.5, *ORDINARY[1:]),
                                 (-1, *ORDINARY[1:]), (*ORDINARY[:2], b"c", *ORDINARY[3:])])  # fmt: skip
def test_what_is_not_ordinary_is_left_to_the_twin(odd: Any) -> None:
    assert compiled().pack([ORDINARY, odd]) is None


def test_nothing_is_left_to_the_twin() -> None:
    assert compiled().pack([]) is None


@pytest.mark.parametrize("plain", [True, False])
@given(parts=st.lists(st.binary(max_size=200), max_size=6))
@example(parts=[])
@example(parts=[bytes(range(256)) * 40])
def test_the_digest_is_that_of_hashlib(plain: bool, parts: list[bytes]) -> None:
    assert compiled().digest(parts, plain=plain) == hashlib.sha256(b"".join(parts)).digest()


@pytest.mark.parametrize("plain", [True, False])
def test_the_digest_of_every_short_length_is_that_of_hashlib(plain: bool) -> None:
    digest = compiled().digest
    for size in range(260):
        text = bytes(k * 7 & 255 for k in range(size))
        assert digest([text], plain=plain) == hashlib.sha256(text).digest(), size
        assert digest([text[: size // 3], text[size // 3 :]], plain=plain) == hashlib.sha256(text).digest(), (
            size
        )


def test_the_pure_twin_is_chosen_by_its_variable() -> None:
    code = "from mingcha.store.journal import packing; print(packing.BACKEND)"
    found = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "MINGCHA_PURE": "1"}, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert found.stdout.strip() == "pure"
