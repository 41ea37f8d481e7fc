"""Every plain vector through TCP to a running gateway: verdict in the journal, reply on the wire."""

import asyncio
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from rig import Peer, Rig, anybody, running

from mingcha.gateway.intake import QUARANTINE, REJECTED, usable, word_of
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry

Vector = dict[str, Any]
TEXT = files("mingcha.protocol.hj212") / "vectors" / "hj212_frames.jsonl"
VECTORS: list[Vector] = [json.loads(line) for line in TEXT.read_text(encoding="utf-8").split("\n") if line]
PLAIN = [v for v in VECTORS if not v.get("encrypted") and v["kind"] == "frame"]
REPLIES = {"9011", "9012", "9013", "9014"}
# The frame itself is whole, but the guide to the protocol refuses what it says.
CONTENT_REFUSED = ("MN missing", "CN missing", "DataTime missing")


def bytes_of(vector: Vector) -> bytes:
    return bytes.fromhex(vector["frame_hex"]) if "frame_hex" in vector else vector["frame"].encode("utf-8")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[Entry], list[hj212.Message]]]:
    """id → (entries of its connection, what the gateway answered), all vectors at once."""
    folder: Path = tmp_path_factory.mktemp("vectors")

    async def one(rig: Rig, vector: Vector) -> tuple[str, str, list[hj212.Message]]:
        peer: Peer = await rig.peer()
        name = peer.name
        await peer.send(bytes_of(vector))
        peer.writer.write_eof()
        assert await peer.closed(), f"{vector['id']}: the connection stays open"
        return vector["id"], name, peer.heard

    async def all_of_them() -> dict[str, tuple[list[Entry], list[hj212.Message]]]:
        async with running(folder, anybody) as rig:
            heard = await asyncio.gather(*(one(rig, vector) for vector in VECTORS))
        entries = rig.entries()
        return {id_: ([e for e in entries if e.conn == name], replies) for id_, name, replies in heard}

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_every_byte_of_a_vector_is_in_the_journal_in_order(vector: Vector, told: Any) -> None:
    entries, _ = told[vector["id"]]
    assert b"".join(e.raw for e in entries if e.direction is Direction.IN) == bytes_of(vector)


@pytest.mark.parametrize("vector", PLAIN, ids=lambda v: v["id"])
def test_a_frame_is_used_or_refused_as_its_crc_and_length_say(vector: Vector, told: Any) -> None:
    entries, _ = told[vector["id"]]
    words = [e.verdict for e in entries if e.direction is Direction.IN and e.verdict != "skipped"]
    if vector["note"] in CONTENT_REFUSED:
        assert [word_of(w) for w in words] == [REJECTED]
    elif vector["crc_ok"] and not vector["parsed"].get("MN"):  # refused, or 2025 before the MN is given
        assert [word_of(w) in {REJECTED, QUARANTINE} for w in words] == [True], words
    elif vector["crc_ok"] and vector["length_ok"]:
        assert [usable(w) for w in words] == [True], words
    elif not vector["crc_ok"]:
        assert not any(usable(w) for w in words), words
        assert any(word_of(w) == REJECTED for w in words)


@pytest.mark.parametrize("vector", PLAIN, ids=lambda v: v["id"])
def test_the_answer_is_9014_or_9013_in_the_edition_of_the_sender(vector: Vector, told: Any) -> None:
    entries, replies = told[vector["id"]]
    used = [e for e in entries if e.direction is Direction.IN and usable(e.verdict)]
    header = vector["parsed"] or {}
    flag = header.get("Flag", "0")
    wanted = bool(used) and flag.isdigit() and int(flag) & 1 and header.get("CN") not in REPLIES
    if not wanted:
        assert replies == []
        return
    (reply,) = replies
    assert reply.cn in {"9013", "9014"}
    assert reply.st == "91"
    assert reply.mn == header["MN"]
    if int(flag) >> 2 == 0:
        assert reply.field("QN") == header["QN"]  # 2005: inside CP
        assert "QN" not in reply.header
    else:
        assert reply.qn == header["QN"]
        assert reply.flag == int(flag) >> 2 << 2
    assert [e.raw for e in entries if e.direction is Direction.OUT] == [reply.raw + b"\r\n"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "stream"], ids=lambda v: v["id"])
def test_a_stream_gives_exactly_its_whole_segments(vector: Vector, told: Any) -> None:
    entries, _ = told[vector["id"]]
    used = [e.raw for e in entries if e.direction is Direction.IN and usable(e.verdict)]
    segments = [frame.segment for raw in used if (frame := hj212.frame_of(raw)) is not None]
    expected = [s["segment"] if isinstance(s, dict) else s for s in vector["expected_segments"]]
    assert [segment.decode() for segment in segments] == expected


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "partial"], ids=lambda v: v["id"])
def test_a_frame_cut_short_is_kept_and_refused(vector: Vector, told: Any) -> None:
    entries, replies = told[vector["id"]]
    assert {word_of(e.verdict) for e in entries} == {REJECTED}
    assert replies == []
